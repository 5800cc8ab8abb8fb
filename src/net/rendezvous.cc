#include "net/rendezvous.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

#include "net/address.h"
#include "wire/datagram.h"

namespace muster::net {
namespace {

constexpr const char* loopback = "127.0.0.1:1";  // Where a file of this machine comes from.
constexpr const char* same_secret = "use the same --secret-file on both";

Result<void> complete(std::string& address, const std::string& host) {
  const bool only_port = address.starts_with(':');
  const Result<Address> parsed = parse_address(only_port ? "host" + address : address);
  if (!parsed) return parsed.error();
  if (only_port) address = Address{host, parsed->port}.to_string();
  return {};
}

std::string host_of(const std::string& address) {
  const Result<Address> parsed = parse_address(address);
  return parsed ? parsed->host : address;
}

}  // namespace

Result<void> complete_addresses(wire::Beacon& beacon, const std::string& from) {
  const Result<Address> source = parse_address(from);
  if (!source) return source.error();
  const auto client = complete(*beacon.mutable_client_address(), source->host);
  return client ? complete(*beacon.mutable_peer_address(), source->host) : client;
}

Result<std::unique_ptr<Rendezvous>> Rendezvous::open(Loop& loop, Options options,
                                                     Callbacks callbacks) {
  std::unique_ptr<Rendezvous> made(new Rendezvous(loop, std::move(options), std::move(callbacks)));
  Rendezvous& self = *made;
  if (self.uses_files() && !self.options_.server_id.empty()) {
    // Refuses a name early that no file can have.
    const auto file = LocalBeacon::in({}, self.options_.server_id);
    if (!file) return file.error();
  }
  auto datagrams =
      Datagrams::open(loop, self.options_.datagrams,
                      [&self](const Datagrams::Datagram& datagram) { self.take(datagram); });
  if (!datagrams) return datagrams.error();
  self.datagrams_ = std::move(*datagrams);
  return made;
}

Rendezvous::Rendezvous(Loop& loop, Options options, Callbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      alive_(std::make_shared<bool>(true)) {}

Rendezvous::~Rendezvous() {
  *alive_ = false;
}

// ---- What is said -------------------------------------------------------------------------------

void Rendezvous::announce(const wire::Beacon& beacon) {
  const auto bytes = wire::encode_beacon(beacon, options_.secret);
  if (!bytes) return notice("this server can't be announced: " + bytes.error().message);
  write_file(*bytes);
  datagrams_->send_to_all(*bytes);
  if (const auto error = datagrams_->listen_error(); !error.empty()) notice(error);
}

void Rendezvous::answer(const wire::Beacon& beacon, const std::string& to) {
  const auto bytes = wire::encode_beacon(beacon, options_.secret);
  if (!bytes) return notice("a probe can't be answered: " + bytes.error().message);
  const auto sent = datagrams_->send_to(to, *bytes);
  if (!sent) notice("a probe can't be answered: " + sent.error().message);
}

void Rendezvous::probe(const wire::Probe& probe) {
  read_files();
  const auto bytes = wire::encode_probe(probe, options_.secret);
  if (!bytes) return notice("nobody can be asked: " + bytes.error().message);
  datagrams_->send_to_all(*bytes);
  if (const auto error = datagrams_->listen_error(); !error.empty()) notice(error);
}

// ---- Files of this machine ----------------------------------------------------------------------

bool Rendezvous::uses_files() const {
  return options_.datagrams.mode != DiscoveryMode::off;
}

bool Rendezvous::find_folder() {
  if (!folder_.empty()) return true;
  if (!uses_files()) return false;
  Result<std::string> found =
      options_.folder.empty() ? local_beacon_folder() : Result<std::string>(options_.folder);
  if (!found) {
    notice(found.error().message);
    return false;
  }
  folder_ = std::move(*found);
  return true;
}

void Rendezvous::write_file(BytesView beacon) {
  if (options_.server_id.empty() || !find_folder()) return;
  if (!file_) file_.emplace(LocalBeacon::in(folder_, options_.server_id).value());
  const auto written = file_->write(beacon);
  if (written) return;
  notice(written.error().message);
  file_.reset();
  folder_.clear();  // It may have been removed: it is made anew the next time.
}

void Rendezvous::read_files() {
  if (!find_folder()) return;
  const auto files = read_local_beacons(folder_);
  if (!files) {
    folder_.clear();
    return notice(files.error().message);
  }
  for (const Bytes& bytes : *files) {
    const auto datagram = wire::decode_datagram(bytes, options_.secret);
    if (!datagram) {
      take_unproven({.bytes = bytes, .from = loopback, .interface = {}, .same_machine = true},
                    datagram.error());
    } else if (const auto* beacon = std::get_if<wire::Beacon>(&*datagram)) {
      take_beacon(*beacon, loopback, true);
    }
  }
}

// ---- What is heard ------------------------------------------------------------------------------

void Rendezvous::take(const Datagrams::Datagram& datagram) {
  const auto said = wire::decode_datagram(datagram.bytes, options_.secret);
  if (!said) return take_unproven(datagram, said.error());
  if (const auto* beacon = std::get_if<wire::Beacon>(&*said)) {
    take_beacon(*beacon, datagram.from, datagram.same_machine);
  } else {
    take_probe(std::get<wire::Probe>(*said), datagram.from, datagram.same_machine);
  }
}

/// Told if it concerns this group, or may concern it because its version can't be read. Whatever
/// else comes to the port is nobody's business here.
void Rendezvous::take_unproven(const Datagrams::Datagram& datagram, const Error& why) {
  if (why.code == ErrorCode::unimplemented)
    return foreign(host_of(datagram.from), datagram.from, why.message);
  if (why.code != ErrorCode::unauthenticated) return;
  const auto group = wire::claimed_group(datagram.bytes);
  if (!group || (!options_.group.empty() && *group != options_.group)) return;
  const std::string where =
      datagram.same_machine ? "on this machine" : "on another machine (" + datagram.from + ")";
  // A machine answers from several of its addresses, and by file: it is told of once.
  foreign(datagram.same_machine ? "this machine" : host_of(datagram.from), datagram.from,
          "a server of group " + *group + " " + where +
              (options_.secret.empty() ? " has a secret, and there is none here: "
                                       : " has no secret or another one: ") +
              same_secret + "; --group NAME keeps them apart");
}

bool Rendezvous::lets_in(bool same_machine) const {
  return !options_.secret.empty() || options_.open || same_machine;
}

bool Rendezvous::is_wanted(const wire::Beacon& beacon) const {
  if (beacon.server_id() == options_.server_id) return false;
  return options_.group.empty() || beacon.group() == options_.group ||
         beacon.group_id() == options_.group;
}

/// An address of another machine in what claims to come from this one would lead there.
bool Rendezvous::is_of_this_machine(const wire::Beacon& beacon) const {
  return std::ranges::all_of(
      std::initializer_list<std::string>{beacon.client_address(), beacon.peer_address()},
      [this](const std::string& address) {
        const std::string host = host_of(address);
        if (host == "localhost") return true;
        boost::system::error_code error;
        const auto number = boost::asio::ip::make_address(host, error);
        return !error && is_address_of(datagrams_->machine(), number);
      });
}

void Rendezvous::take_beacon(wire::Beacon beacon, const std::string& from, bool same_machine) {
  if (!is_wanted(beacon)) return;
  if (!complete_addresses(beacon, from)) return;  // Nobody could dial what it names.
  const bool anybody = !options_.secret.empty() || options_.open;
  if (!anybody && !(same_machine && is_of_this_machine(beacon))) {
    return foreign(beacon.server_id(), from,
                   "a server of group " + beacon.group() + " answers on another machine (" +
                       (same_machine ? host_of(beacon.client_address()) : host_of(from)) +
                       "): to join it " + same_secret +
                       ", or --open; --group NAME keeps them apart");
  }
  deliver([this, beacon = std::move(beacon), same_machine]() mutable {
    if (callbacks_.on_beacon) callbacks_.on_beacon(std::move(beacon), same_machine);
  });
}

void Rendezvous::take_probe(const wire::Probe& probe, const std::string& from, bool same_machine) {
  if (!lets_in(same_machine)) return;
  if (!options_.server_id.empty() && probe.server_id() == options_.server_id) return;
  const Instant now = loop_.now();
  if (now - second_begun_ >= std::chrono::seconds{1}) {
    second_begun_ = now;
    probes_this_second_ = 0;
  }
  if (probes_this_second_ >= options_.probes_per_second_max) {
    ++probes_dropped_;
    return;
  }
  ++probes_this_second_;
  deliver([this, probe, from] {
    if (callbacks_.on_probe) callbacks_.on_probe(probe, from);
  });
}

void Rendezvous::foreign(const std::string& who, const std::string& from,
                         const std::string& remedy) {
  if (!is_news("foreign " + who, options_.foreign_apart)) return;
  deliver([this, from, remedy] {
    if (callbacks_.on_foreign) callbacks_.on_foreign(from, remedy);
  });
}

void Rendezvous::notice(const std::string& text) {
  if (!is_news(text, options_.notices_apart)) return;
  deliver([this, text] {
    if (callbacks_.on_notice) callbacks_.on_notice(text);
  });
}

bool Rendezvous::is_news(const std::string& text, Duration apart) {
  const Instant now = loop_.now();
  if (const auto known = told_.find(text); known != told_.end()) {
    if (now - known->second < apart) return false;
    told_.erase(known);
  }
  if (told_.size() >= options_.news_max) {
    const auto oldest =
        std::ranges::min_element(told_, {}, [](const auto& one) { return one.second; });
    if (oldest == told_.end() || now - oldest->second < apart) return false;
    told_.erase(oldest);
  }
  told_.emplace(text, now);
  return true;
}

void Rendezvous::deliver(std::function<void()> call) {
  boost::asio::post(loop_.context(), [alive = alive_, call = std::move(call)] {
    if (*alive) call();
  });
}

// ---- How it fares -------------------------------------------------------------------------------

std::vector<InterfaceState> Rendezvous::interfaces() const {
  return datagrams_->states();
}

std::string Rendezvous::summary() const {
  if (options_.datagrams.mode == DiscoveryMode::off) return "none (discovery is off)";
  if (options_.datagrams.mode == DiscoveryMode::local) return "none (only files of this machine)";
  std::string text;
  for (const InterfaceState& state : interfaces()) {
    text += (text.empty() ? "" : ", ") + state.name;
    if (!state.address.empty()) text += " (" + state.address + ")";
    if (!state.error.empty()) text += " [" + state.error + "]";
  }
  if (text.empty()) text = "none (no interface is up)";
  const std::string error = datagrams_->listen_error();
  return error.empty() ? text : text + "; " + error;
}

}  // namespace muster::net
