// How a server starts: ports, disk, discovery, and the node over them.
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <random>
#include <span>
#include <utility>

#include "server/log.h"
#include "server/server.h"
#include "storage/machine_id.h"

namespace muster::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration slow_reports_apart = 10s;
constexpr Duration closings_told_apart = 5s;
constexpr std::size_t opening_max = 1'024;  // Connections that have not said who they are.
constexpr std::size_t descriptors_kept_back_max = 256;  // For files, listeners and datagrams.

std::uint64_t random_number() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

Uuid new_id() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return Uuid::make_v7(std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch),
                       random_number(), random_number());
}

std::string host_name() {
  boost::system::error_code error;
  const std::string name = boost::asio::ip::host_name(error);
  return error ? std::string() : name;
}

std::optional<std::string> environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// Each client is a descriptor, and the limit of a login shell is often 1,024: it is raised as far
/// as that is allowed, if `raise`. Returns how many connections leave enough of them for everything
/// else: a server that can't open the next file of its log has to stop.
std::size_t allow_many_descriptors(bool raise) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
  if (raise) {
    const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;  // It does for a few.
  }
  return limit.rlim_cur - std::min<rlim_t>(limit.rlim_cur / 2, descriptors_kept_back_max);
}

/// Every value of a failed result is thrown: a start that can't go on ends in `main`.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw ErrorException(result.error());
  return std::move(*result);
}

}  // namespace

Server::Server(Options options, OnReady on_ready)
    : options_(std::move(options)),
      on_ready_(std::move(on_ready)),
      log_(options_.log_sink ? make_log(options_.log_level, options_.log_sink)
                             : make_log(options_.log_level)),
      closings_(closings_told_apart, [this](const std::string& text) { log_->warn(text); }),
      trace_(log_),
      loop_({.reports_apart = slow_reports_apart}),
      signals_(loop_.context()),
      node_timer_(loop_.context()),
      stop_timer_(loop_.context()) {
  links_max_ =
      std::min(options_.node.edge.links_max, allow_many_descriptors(options_.owns_process));
  if (options_.owns_process) std::signal(SIGPIPE, SIG_IGN);
  loop_.on_slow_step([this](std::string_view what, Duration length, std::uint64_t unreported) {
    log_->warn("the loop was busy with {} for {} ms ({} more since the last report)", what,
               std::chrono::duration_cast<std::chrono::milliseconds>(length).count(), unreported);
  });
  if (options_.owns_process) {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    wait_for_signal();
  }
  listen();
  open_heartbeats();
  open_disk();
  open_rendezvous();
  make_node();
  open_irc();
}

void Server::listen() {
  const auto open = [this](std::uint16_t port) {
    const net::Listener::Options options{.bind = {options_.bind, port},
                                         .admission = options_.admission,
                                         .links_max = links_max_,
                                         .opening_max = std::min(opening_max, links_max_ / 4)};
    return net::Listener::open(
        loop_, options,
        [this](std::shared_ptr<net::Link> link) {
          const std::string address = link->remote_address();
          adopt(std::move(link), false, address);
        },
        [this](const std::string& text) { log_->warn(text); });
  };
  listeners_ = value_or_throw(open_ports({.client = options_.client_port,
                                          .peer = options_.peer_port,
                                          .who_holds = options_.who_holds,
                                          .one = options_.one_port},
                                         open));

  const Ports ports{listeners_.client->port(), listeners_.peer_port()};
  const net::Admission& admission = options_.admission;
  const Advertised advertised = value_or_throw(
      advertised_addresses(options_.advertise, ports,
                           {.bind = options_.bind,
                            .seeds = options_.node.seeds,
                            .others_let_in = admission.open || !admission.secret.empty(),
                            .interfaces = net::interface_addresses()}));
  options_.node.client_address = advertised.client;
  options_.node.peer_address = advertised.peer;
  if (options_.advertise.empty() && options_.bind.empty() &&
      (admission.open || !admission.secret.empty())) {
    // Whoever hears a datagram knows best by which address it came.
    options_.node.announced_client_address = ":" + std::to_string(ports.client);
    options_.node.announced_peer_address = ":" + std::to_string(ports.peer);
  }
  options_.node.host = host_name();
  options_.node.seed = random_number();
  dialer_ = std::make_unique<net::Dialer>(
      loop_,
      net::Dialer::Options{.kind = wire::LinkKind::peer, .secret = options_.admission.secret});
}

/// Clients notice that datagrams don't pass, and use their connections.
void Server::open_heartbeats() {
  options_.node.edge.heartbeats.secret = options_.admission.secret;
  auto receiver = net::HeartbeatReceiver::open(
      loop_,
      {.bind = {options_.bind, listeners_.client->port()},
       .open = options_.admission.open || !options_.admission.secret.empty()},
      [this](std::span<const BytesView> datagrams) {
        step(node::HeartbeatsReceived{.datagrams = datagrams});
      });
  if (receiver) {
    heartbeats_ = std::move(*receiver);
  } else {
    log_->warn("heartbeats come over connections only, which costs more: {}",
               receiver.error().message);
  }
}

void Server::open_disk() {
  const std::uint16_t port = listeners_.client->port();
  node::Options& node = options_.node;
  if (options_.data_folder.empty()) {
    options_.data_folder = value_or_throw(default_data_folder(node.group, port, environment));
  }
  const bool name_given = !node.name.empty();
  if (!name_given) node.name = default_name(host_name(), port);
  const storage::Identity fresh{.server = {new_id()},
                                .group_name = node.group,
                                .group = {},
                                .number = {},
                                .name = node.name,
                                .branch = {},
                                .rejoins = options_.joins,
                                .leaves_behind = {},
                                .former = options_.former};
  DiskStart start;
  disk_ = value_or_throw(Disk::open(
      loop_.context(), {.folder = options_.data_folder, .fresh = fresh, .rejoin = options_.rejoin},
      start, [this] { log_->info("recovering what lies in {} ...", options_.data_folder); }));
  for (const std::string& warning : start.warnings) log_->warn(warning);
  if (start.rejoining && !start.rejoining->archived.empty()) {
    log_->warn("the former data is archived in {}; this server joins anew, as a standby",
               start.rejoining->archived);
  }
  restart_ = std::move(start.restart);
  node.machine = storage::machine_id(disk_->folder());
  node.folder = std::filesystem::absolute(disk_->folder()).string();
  if (!name_given && !restart_.identity.name.empty()) node.name = restart_.identity.name;
}

/// What does not work of discovery is told and done without: seeds and clients' own options remain.
void Server::open_rendezvous() {
  options_.datagrams.bind = options_.bind;
  options_.node.discovery = options_.datagrams.mode != net::DiscoveryMode::off;
  if (!options_.node.discovery) return;
  rendezvous_ = value_or_throw(net::Rendezvous::open(
      loop_,
      {.datagrams = options_.datagrams,
       .secret = options_.admission.secret,
       .open = options_.admission.open,
       .server_id = restart_.identity.server.uuid.to_string(),
       .group = options_.node.group},
      {.on_beacon =
           [this](wire::Beacon beacon, bool from_here) {
             step(node::BeaconHeard{.beacon = std::move(beacon), .from_here = from_here});
           },
       .on_probe =
           [this](wire::Probe probe, const std::string& from) {
             step(node::ProbeHeard{.probe = std::move(probe), .from = from});
           },
       .on_foreign =
           [this](const std::string& from, const std::string& remedy) {
             step(node::ForeignHeard{.from = from, .remedy = remedy});
           },
       .on_notice = [this](const std::string& text) { log_->warn(text); }}));
}

void Server::make_node() {
  log_start();
  node_ =
      std::make_unique<node::Node>(options_.node, std::move(restart_), options_.machines, now());
  begun_ = loop_.now();
  add_methods();
}

/// IRC clients prove nothing, not even that they know the group's secret: that those of other
/// machines are let in is a choice of its own.
void Server::open_irc() {
  if (!options_.irc_port) return;
  const node::Options& node = options_.node;
  gateway::IrcGateway::Options options{.bind = {options_.bind, *options_.irc_port},
                                       .open = options_.irc_open || options_.admission.open,
                                       .connections_max = links_max_ / 2,
                                       .irc = options_.irc};
  const bool open = options.open;
  options.irc.server_name = edge::irc::as_server_name(node.name + "." + node.group);
  options.irc.network = node.group;
  options.irc.version = "muster-" + node.version;
  options.irc.started = loop_.wall_time();
  irc_ = value_or_throw(gateway::IrcGateway::open(
      loop_, std::move(options),
      {.opened =
           [this](edge::LinkId link, const std::string& address) {
             step(node::LinkOpened{.link = link, .address = address, .bound = true});
           },
       .frame =
           [this](edge::LinkId link, wire::Frame frame) {
             step(node::FrameReceived{.link = link, .frame = std::move(frame)});
           },
       .closed =
           [this](edge::LinkId link, const std::string& reason) {
             step(node::LinkClosed{.link = link, .reason = reason});
             end_when_links_are_gone();
           }},
      [this](const std::string& text) { closings_.say(text, loop_.now()); }));
  if (open) {
    log_->warn("IRC clients connect to port {}, from any machine: whoever reaches it is let in",
               irc_->port());
  } else {
    log_->info("IRC clients of this machine connect to port {}; --irc-open lets others in, too",
               irc_->port());
  }
}

void Server::log_start() const {
  const node::Options& node = options_.node;
  log_->info("server {} of group {}, data in {}", node.name, node.group, disk_->folder());
  log_->info("clients connect to {}, servers to {}", node.client_address, node.peer_address);
  if (!options_.admission.secret.empty()) return;
  if (!options_.admission.hosts.empty()) {
    log_->warn("no secret: whoever connects from an address in the entry file is let in");
  } else if (options_.admission.open) {
    log_->warn("--open: whoever reaches these ports is let in; --secret-file prevents that");
  } else {
    log_->info("only processes of this machine are let in: --secret-file or --open change that");
  }
}

}  // namespace muster::server
