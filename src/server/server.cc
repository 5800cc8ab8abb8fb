#include "server/server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <random>
#include <span>
#include <utility>

#include "server/left_behind.h"
#include "server/log.h"
#include "storage/machine_id.h"

namespace muster::server {
namespace {

using namespace std::chrono_literals;

constexpr auto good_order_time = 8s;  // For a node that was asked to stop.
constexpr auto last_words_time = 1s;  // For goodbyes on their way out.
constexpr auto timer_sleep_max = 1h;  // Far deadlines are looked at again.
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
  links_max_ = std::min(options_.node.links_max, allow_many_descriptors(options_.owns_process));
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
}

Server::~Server() {
  for (const auto& [number, link] : links_) link->abort();
}

// ---- Start --------------------------------------------------------------------------------------

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
  options_.node.heartbeat_secret = options_.admission.secret;
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
                                .rejoins = options_.joins};
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

node::Now Server::now() const {
  return {loop_.now(), loop_.wall_time()};
}

Server::End Server::run() {
  disk_->run([this](std::vector<storage::DiskResult> results) {
    loop_.step("disk results", [&] { disk_is_done(std::move(results)); });
  });
  listeners_.start();
  if (heartbeats_) heartbeats_->start();
  drain_later();
  loop_.run();
  disk_->stop();
  end_.exit_code = exit_.code;
  end_.reason = exit_.reason;
  if (exit_.afterwards != node::Afterwards::keep) archive_data();
  return std::move(end_);
}

// ---- In: what happens is stepped into the node --------------------------------------------------

void Server::step(node::Input input) {
  if (ending_) return;
  node_->step(std::move(input), now());
  drain_later();
}

/// At the end of the queue: the handlers that are ready now come first, and share the drain.
void Server::drain_later() {
  if (std::exchange(drain_posted_, true)) return;
  boost::asio::post(loop_.context(), [this] {
    drain_posted_ = false;
    loop_.step("deciding", [this] { drain(); });
  });
}

void Server::drain() {
  if (ending_) return;
  carry_out(node_->drain(now()));
  if (!ending_) arm_timer();
}

/// The timer is left as it is when the deadline has only moved away: going off early is cheaper
/// than setting it anew after each step.
void Server::arm_timer() {
  const Instant deadline = std::min(node_->deadline(), loop_.now() + timer_sleep_max);
  if (armed_for_ && *armed_for_ <= deadline) return;
  armed_for_ = deadline;
  node_timer_.expires_at(std::chrono::steady_clock::time_point(deadline.time_since_epoch()));
  node_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || ending_) return;
    armed_for_.reset();
    loop_.step("timers", [this] { timer_is_due(); });
  });
}

void Server::timer_is_due() {
  if (node_->deadline() > loop_.now()) return arm_timer();
  step(node::Tick{});
}

void Server::on_open(net::Link& /*link*/) {}  // Links come here when they are open.

void Server::on_frame(net::Link& link, wire::Frame frame) {
  ++traffic_.frames_received;
  traffic_.bytes_received += wire::frame_header_bytes + frame.body.size();
  trace_.received({link.number()}, frame, loop_.now());
  step(node::FrameReceived{.link = {link.number()}, .frame = std::move(frame)});
}

void Server::on_close(net::Link& link, const Error& error) {
  log_->debug("link {} to {} is gone: {}", link.number(), link.remote_address(), error.message);
  if (error.code != ErrorCode::unavailable && error.code != ErrorCode::aborted) {
    closings_.say("the link to " + link.remote_address() + " was closed: " + error.message,
                  loop_.now());
  }
  links_.erase(link.number());
  step(node::LinkClosed{.link = {link.number()}, .reason = error.message});
  end_when_links_are_gone();
}

void Server::adopt(std::shared_ptr<net::Link> link, bool dialled, const std::string& address) {
  if (ending_) return link->abort();
  const node::LinkId id{link->number()};
  const bool peer = link->agreement().kind == wire::LinkKind::peer;
  log_->debug("link {} {} {} ({})", id.value, dialled ? "to" : "from", address,
              peer ? "server" : "client");
  link->observe(*this);
  links_.emplace(id.value, std::move(link));
  step(node::LinkOpened{.link = id, .peer = peer, .dialled = dialled, .address = address});
}

void Server::dialled(const std::string& address, net::DialResult result) {
  if (result.link) return adopt(std::move(result.link), true, address);
  log_->debug("dialling {} failed{}: {}", address, result.refused ? " (refused)" : "",
              result.error->message);
  step(node::DialFailed{
      .address = address, .refused = result.refused, .reason = result.error->message});
}

void Server::disk_is_done(std::vector<storage::DiskResult> results) {
  std::optional<Error> fatal;
  for (const storage::DiskResult& result : results) {
    const auto* const failed = std::get_if<storage::Failed>(&result.outcome);
    if (failed == nullptr) continue;
    log_->debug("disk job {} failed: {}", result.id, failed->error.message);
    if (failed->fatal && !fatal) fatal = failed->error;
  }
  if (fatal) return end({1, "the disk failed, so this server stops: " + fatal->message});
  step(node::DiskDone{.results = std::move(results)});
}

// ---- Out: what the node wants done --------------------------------------------------------------

/// Sending comes before the disk: followers store while this server does.
void Server::carry_out(node::Outputs outputs) {
  for (node::LinkOutput& output : outputs.links) {
    if (auto* const frame = std::get_if<node::SendFrame>(&output)) {
      send(std::move(*frame));
    } else if (const auto found = links_.find(std::get<node::CloseLink>(output).link.value);
               found != links_.end()) {
      found->second->close();
    }
  }
  loop_.flush_links();
  for (storage::DiskJob& job : outputs.disk) disk_->submit(std::move(job));
  for (const node::Dial& wanted : outputs.dials) dial(wanted.address);
  for (const node::Announce& one : outputs.announcements) announce(one);
  for (const node::SendProbe& one : outputs.probes) {
    if (rendezvous_) rendezvous_->probe(one.probe);
  }
  for (const node::Notice& notice : outputs.notices) log_->log(level_of(notice.level), notice.text);
  if (outputs.ready) tell_ready(*outputs.ready);
  if (outputs.presence && options_.on_presence) options_.on_presence(*outputs.presence);
  if (outputs.exit) end(*outputs.exit);
}

void Server::send(node::SendFrame frame) {
  const auto found = links_.find(frame.link.value);
  if (found == links_.end()) return;  // Gone; the node has been told, or is about to be.
  const std::shared_ptr<net::Link> link = found->second;
  ++traffic_.frames_sent;
  traffic_.bytes_sent += wire::frame_header_bytes;
  for (const SharedBytes& part : frame.body) traffic_.bytes_sent += part.size();
  trace_.sends(frame, loop_.now());
  if (link->send(frame.type, frame.lane, std::move(frame.body))) return;
  const std::string reason =
      "it does not take in what is sent to it: " + std::to_string(link->queued_bytes()) +
      " bytes wait";
  closings_.say("the link to " + link->remote_address() + " was closed: " + reason, loop_.now());
  links_.erase(found);
  link->abort();
  step(node::LinkClosed{.link = frame.link, .reason = reason});
}

void Server::dial(const std::string& address) {
  dialer_->dial(address, [this, address](net::DialResult result) {
    loop_.step("a new link", [&] { dialled(address, std::move(result)); });
  });
}

void Server::announce(const node::Announce& one) {
  if (!rendezvous_) return;
  if (one.to.empty()) {
    rendezvous_->announce(one.beacon);
  } else {
    rendezvous_->answer(one.beacon, one.to);
  }
}

void Server::tell_ready(const node::BecameReady& ready) {
  on_ready_({.group = ready.group,
             .server = options_.node.name,
             .number = ready.number,
             .client_port = listeners_.client->port(),
             .peer_port = listeners_.peer_port(),
             .leader = ready.leader});
}

std::string Server::Ready::to_line() const {
  return "ready group=" + group + " server=" + server + " number=" + std::to_string(number.value) +
         " port=" + std::to_string(client_port) + " peer-port=" + std::to_string(peer_port) +
         " leader=" + leader;
}

// ---- End ----------------------------------------------------------------------------------------

void Server::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (stopping_) ::_exit(128 + signal);
    log_->info("stopping; a second signal ends it at once");
    stop_in_good_order();
    wait_for_signal();
  });
}

void Server::request_stop() {
  boost::asio::post(loop_.context(), [this] {
    if (stopping_ || ending_) return;
    log_->info("stopping, as it was asked to");
    stop_in_good_order();
  });
}

void Server::stop_in_good_order() {
  stopping_ = true;
  step(node::StopRequested{});
  stop_timer_.expires_after(good_order_time);
  stop_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) end({0, "stopped without having handed over: nobody took over in time"});
  });
}

void Server::end(const node::Exit& exit) {
  if (std::exchange(ending_, true)) return;
  exit_ = exit;
  log_->log(exit.code == 0 ? spdlog::level::info : spdlog::level::err, exit.reason);
  rendezvous_.reset();  // Nobody is to find what is about to end.
  listeners_.close();
  heartbeats_.reset();
  dialer_.reset();
  node_timer_.cancel();
  for (const auto& [number, link] : links_) link->close();
  stop_timer_.expires_after(last_words_time);
  stop_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) loop_.stop();
  });
  end_when_links_are_gone();
}

/// The folder is moved aside, never deleted; what comes after is a new server.
void Server::archive_data() {
  const Result<std::string> archived = disk_->archive();
  if (!archived) {
    log_->error("the data could not be archived: {}", archived.error().message);
    end_.exit_code = 1;
    end_.reason = archived.error().message;
    return;
  }
  log_->info("the data is archived in {}", *archived);
  if (exit_.left_behind) tell_left_behind(*archived);
  if (exit_.afterwards != node::Afterwards::archive_rejoin) return;
  end_.again = options_;
  end_.again->client_port = listeners_.client->port();
  end_.again->peer_port = listeners_.peer_port();
  end_.again->rejoin = !exit_.founds;
  end_.again->joins = exit_.joins;
  end_.again->node.gone_from = exit_.gone_from;
  end_.again->node.gave_up = exit_.gave_up;
}

void Server::tell_left_behind(const std::string& archive) {
  storage::RealFiles files;
  const auto commands = export_left_behind(files, archive, *exit_.left_behind);
  if (!commands) {
    log_->error("what only this server knows could not be written down: {}; it is in {}",
                commands.error().message, archive);
    return;
  }
  if (commands->missing_before != LogIndex{}) {
    log_->warn("commands before index {} stand only in the snapshot there",
               commands->missing_before.value);
  }
  if (commands->count == 0) {
    log_->info("its log held no command that the group does not know");
    return;
  }
  log_->warn(
      "{} commands of clients that the group does not know are listed in {}; none of them "
      "is replayed",
      commands->count, commands->path);
}

void Server::end_when_links_are_gone() {
  if (ending_ && links_.empty()) loop_.stop();
}

}  // namespace muster::server
