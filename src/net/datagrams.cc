#include "net/datagrams.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/address.h"

namespace muster::net {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;
using ip::udp;

Error invalid(const std::string& text) {
  return {ErrorCode::invalid_argument, text};
}

bool any_or_empty(const std::string& host) {
  error_code error;
  const auto address = ip::make_address(host, error);
  return host.empty() || (!error && address.is_unspecified());
}

std::string version_text(IpVersion version) {
  return version == IpVersion::v4 ? "IPv4" : "IPv6";
}

std::string socket_error_text(const error_code& error, std::uint16_t port) {
  const std::string number = std::to_string(port);
  if (error == boost::asio::error::address_in_use) {
    return "UDP port " + number +
           " is taken by another program, so that probes and beacons are not heard: stop it (`ss "
           "-ulpn 'sport = :" +
           number + "'` names it), or choose another port for discovery on all machines";
  }
  if (error == boost::asio::error::access_denied) {
    return "this user may not listen on UDP port " + number + ": choose one from 1024 on";
  }
  return "no datagrams: " + error.message();
}

std::string send_error_text(const ip::address& to, const error_code& error) {
  std::string text = "sending to " + to.to_string() + " failed: " + error.message();
  if (error == boost::asio::error::access_denied || error.value() == EPERM) {
    text += " (a firewall of this machine forbids it: `nft list ruleset` shows its rules)";
  }
  return text;
}

}  // namespace

Datagrams::Datagrams(Loop& loop, const Options& options, OnDatagram on_datagram)
    : loop_(loop),
      options_(options),
      on_datagram_(std::move(on_datagram)),
      buffer_(options.datagram_bytes_max),
      alive_(std::make_shared<bool>(true)),
      watch_(std::make_unique<InterfaceWatch>(
          loop, options.watch, [this](const std::vector<Interface>& all) { follow(all); })) {
  if (!any_or_empty(options_.bind)) bind_ = unmapped(ip::make_address(options_.bind));
  add_families();
  open_sockets();
  follow(watch_->now());
}

Datagrams::~Datagrams() {
  *alive_ = false;
}

void Datagrams::add_families() {
  const bool multicast = options_.mode == DiscoveryMode::multicast;
  if (!multicast && options_.mode != DiscoveryMode::broadcast) return;
  const bool any = bind_.is_unspecified();
  if (any || bind_.is_v4()) {
    families_.push_back({.version = IpVersion::v4, .group = ip::make_address(options_.group_v4)});
  }
  if (multicast && (any || bind_.is_v6())) {
    families_.push_back({.version = IpVersion::v6, .group = ip::make_address(options_.group_v6)});
  }
}

// ---- Sockets ------------------------------------------------------------------------------------

void Datagrams::open_sockets() {
  next_mend_ = loop_.now() + options_.mend_after;
  for (Family& family : families_) {
    const std::string error = open_socket(family, 0, family.sender);
    family.error = open_socket(family, options_.port, family.listener);
    if (family.error.empty()) family.error = error;
  }
}

std::string Datagrams::open_socket(const Family& family, std::uint16_t port,
                                   std::optional<DatagramSocket>& socket) {
  if (socket) return {};
  auto opened = DatagramSocket::open(
      loop_.context(), {.version = family.version, .port = port, .ttl = options_.ttl});
  if (!opened) {
    // A machine without IPv6 lacks nothing here.
    if (opened.error() == boost::asio::error::address_family_not_supported) return {};
    return socket_error_text(opened.error(), options_.port);
  }
  socket.emplace(std::move(*opened));
  listen(*socket);
  return {};
}

std::string Datagrams::listen_error() const {
  for (const Family& family : families_) {
    if (!family.error.empty()) return family.error;
  }
  return {};
}

void Datagrams::mend() {
  if (loop_.now() < next_mend_) return;
  open_sockets();
  join_all();
}

// ---- Interfaces ---------------------------------------------------------------------------------

bool Datagrams::narrowed() const {
  return !options_.interfaces.empty() || !bind_.is_unspecified();
}

bool Datagrams::multicasts(const Interface& interface) const {
  return options_.mode == DiscoveryMode::multicast && (interface.multicast || interface.loopback);
}

bool Datagrams::suitable(const Interface& interface) const {
  const auto& names = options_.interfaces;
  if (!names.empty() && std::ranges::find(names, interface.name) == names.end()) return false;
  if (!bind_.is_unspecified() && !is_address_of({interface}, bind_)) return false;
  if (bind_.is_loopback() && !interface.loopback) return false;
  if (!interface.up) return false;
  const bool v4 = family_of(IpVersion::v4) != nullptr && !interface.v4.empty();
  const bool v6 = family_of(IpVersion::v6) != nullptr && !interface.v6.empty();
  const bool broadcasts = v4 && std::ranges::any_of(interface.v4, [](const Interface::V4& own) {
                            return !own.broadcast.is_unspecified();
                          });
  return (multicasts(interface) && (v4 || v6)) || broadcasts;
}

void Datagrams::follow(const std::vector<Interface>& all) {
  std::vector<Interface> chosen;
  std::ranges::copy_if(all, std::back_inserter(chosen),
                       [this](const Interface& one) { return suitable(one); });
  // Where the limit cuts, bridge ports with nothing but a link-local address go first.
  std::ranges::stable_sort(chosen, {}, [](const Interface& one) {
    if (one.loopback) return 0;
    return one.v4.empty() ? 2 : 1;
  });
  const std::size_t taken = std::min(chosen.size(), options_.interfaces_max);
  std::vector<Place> before = std::exchange(places_, {});
  for (std::size_t i = 0; i < taken; ++i) add_place(chosen[i], before);
  for (const Place& gone : before) leave(gone);
  note_missing(all, chosen.size() - taken);
  join_all();
}

/// With the state that it had, if it was there.
void Datagrams::add_place(const Interface& interface, std::vector<Place>& before) {
  const auto known = std::ranges::find_if(before, [&](const Place& place) {
    return place.interface.index == interface.index && place.interface.name == interface.name;
  });
  if (known == before.end()) {
    places_.push_back({.interface = interface, .state = {.name = interface.name}});
  } else {
    places_.push_back(std::move(*known));
    before.erase(known);
    places_.back().interface = interface;
  }
  const bool by_v4 = family_of(IpVersion::v4) != nullptr && !interface.v4.empty();
  places_.back().state.address =
      source_on(interface, by_v4 ? IpVersion::v4 : IpVersion::v6).to_string();
}

void Datagrams::note_missing(const std::vector<Interface>& all, std::size_t beyond_limit) {
  missing_.clear();
  if (families_.empty()) return;
  for (const std::string& name : options_.interfaces) {
    if (std::ranges::any_of(places_, [&](const Place& place) { return place.state.name == name; }))
      continue;
    const bool there = std::ranges::find(all, name, &Interface::name) != all.end();
    missing_.push_back({.name = name,
                        .error = there ? "is down, has no address, or can't reach many at once"
                                       : "there is no such interface: `ip address` lists them"});
  }
  if (beyond_limit > 0) {
    missing_.push_back({.name = std::to_string(beyond_limit) + " more",
                        .error = "not used, as there are more than " +
                                 std::to_string(options_.interfaces_max) +
                                 ": name those to use with --interface"});
  }
}

void Datagrams::join_all() {
  for (Place& place : places_) {
    if (!multicasts(place.interface)) continue;
    place.join_error.clear();
    for (Family& family : families_) join(place, family);
    place.state.multicast = place.joined_v4 || place.joined_v6;
  }
}

void Datagrams::join(Place& place, Family& family) {
  const bool v4 = family.version == IpVersion::v4;
  bool& joined = v4 ? place.joined_v4 : place.joined_v6;
  const bool has_address = v4 ? !place.interface.v4.empty() : !place.interface.v6.empty();
  if (joined || !has_address || !family.listener) return;
  const error_code error = family.listener->join(family.group, place.interface.index);
  joined = !error || error == boost::asio::error::address_in_use;  // It was in it already.
  if (!joined) {
    place.join_error = "can't join " + family.group.to_string() + ": " + error.message();
  }
}

void Datagrams::leave(const Place& place) {
  for (Family& family : families_) {
    const bool joined = family.version == IpVersion::v4 ? place.joined_v4 : place.joined_v6;
    if (joined && family.listener) family.listener->leave(family.group, place.interface.index);
  }
}

std::vector<InterfaceState> Datagrams::states() const {
  std::vector<InterfaceState> all;
  for (const Place& place : places_) {
    all.push_back(place.state);
    all.back().error = place.send_error.empty() ? place.join_error : place.send_error;
  }
  all.insert(all.end(), missing_.begin(), missing_.end());
  return all;
}

Datagrams::Place* Datagrams::place_of(unsigned interface_index) {
  const auto found = std::ranges::find_if(
      places_, [&](const Place& place) { return place.interface.index == interface_index; });
  return found == places_.end() ? nullptr : &*found;
}

Datagrams::Family* Datagrams::family_of(IpVersion version) {
  const auto found = std::ranges::find(families_, version, &Family::version);
  return found == families_.end() ? nullptr : &*found;
}

const Datagrams::Family* Datagrams::family_of(IpVersion version) const {
  const auto found = std::ranges::find(families_, version, &Family::version);
  return found == families_.end() ? nullptr : &*found;
}

// ---- Sending ------------------------------------------------------------------------------------

std::size_t Datagrams::send_to_all(BytesView bytes) {
  mend();
  std::size_t sent = 0;
  for (Place& place : places_) sent += send_from(place, bytes);
  return sent;
}

std::size_t Datagrams::send_from(Place& place, BytesView bytes) {
  place.send_error.clear();
  std::size_t sent = multicast_from(place, bytes);
  const bool multicast_may_do = place.interface.loopback ? sent > 0 : place.state.heard_others;
  place.state.broadcast = false;
  if (options_.mode == DiscoveryMode::broadcast || !multicast_may_do) {
    const std::size_t broadcast = broadcast_from(place, bytes);
    place.state.broadcast = broadcast > 0;
    sent += broadcast;
  }
  place.state.sends = sent > 0;
  place.state.sent += sent;
  return sent;
}

std::size_t Datagrams::multicast_from(Place& place, BytesView bytes) {
  if (!multicasts(place.interface)) return 0;
  for (Family& family : families_) {  // IPv4 first.
    const bool v4 = family.version == IpVersion::v4;
    if (v4 ? place.interface.v4.empty() : place.interface.v6.empty()) continue;
    if (send_one(place, family, family.group, bytes)) return 1;
  }
  return 0;
}

std::size_t Datagrams::broadcast_from(Place& place, BytesView bytes) {
  Family* const family = family_of(IpVersion::v4);
  if (family == nullptr) return 0;
  std::vector<ip::address_v4> done;
  for (const Interface::V4& own : place.interface.v4) {
    const bool none = own.broadcast.is_unspecified() || own.broadcast == own.address;
    if (none || std::ranges::find(done, own.broadcast) != done.end()) continue;
    if (send_one(place, *family, own.broadcast, bytes)) done.push_back(own.broadcast);
  }
  return done.size();
}

bool Datagrams::send_one(Place& place, Family& family, const ip::address& to, BytesView bytes) {
  if (!family.sender) return false;
  const unsigned index = place.interface.index;
  udp::endpoint endpoint(to, options_.port);
  const DatagramSocket::Way way{.interface_index = index,
                                .source = source_on(place.interface, family.version)};
  if (to.is_v6()) endpoint.address(ip::address_v6(to.to_v6().to_bytes(), index));
  const error_code error = family.sender->send(endpoint, way, bytes);
  // A full buffer is as good as a loss on the way; the other IP version does not count where the
  // first one works.
  const bool matters = to.is_v4() || place.interface.v4.empty();
  if (error && error != boost::asio::error::would_block && matters) {
    place.send_error = send_error_text(to, error);
  }
  return !error;
}

ip::address Datagrams::source_on(const Interface& interface, IpVersion version) const {
  const bool bound = !bind_.is_unspecified() && is_address_of({interface}, bind_);
  if (bound && bind_.is_v4() == (version == IpVersion::v4)) return bind_;
  if (version == IpVersion::v4) {
    return interface.v4.empty() ? ip::address_v4{} : interface.v4[0].address;
  }
  const auto global = std::ranges::find_if(
      interface.v6, [](const ip::address_v6& own) { return !own.is_link_local(); });
  if (global != interface.v6.end()) return *global;
  return interface.v6.empty() ? ip::address_v6{} : interface.v6[0];
}

Result<void> Datagrams::send_to(const std::string& address, BytesView bytes) {
  const Result<Address> parsed = parse_address(address);
  if (!parsed) return parsed.error();
  error_code error;
  const ip::address host = ip::make_address(parsed->host, error);
  if (error) return invalid("'" + address + "' is not a number: names are not looked up here");
  const IpVersion version = host.is_v4() ? IpVersion::v4 : IpVersion::v6;
  Family* const family = family_of(version);
  if (family == nullptr || !family->sender) {
    return Error{ErrorCode::unavailable, "nothing can be sent to " + address + ": " +
                                             version_text(version) + " is not used"};
  }
  error = family->sender->send({host, parsed->port}, {}, bytes);
  if (error) return Error{ErrorCode::unavailable, send_error_text(host, error)};
  return {};
}

// ---- Receiving ----------------------------------------------------------------------------------

void Datagrams::listen(DatagramSocket& socket) {
  socket.socket().async_wait(udp::socket::wait_read,
                             [this, &socket, alive = alive_](const error_code& error) {
                               if (error || !*alive) return;
                               loop_.step("receiving datagrams", [&] { receive_all(socket); });
                             });
}

void Datagrams::receive_all(DatagramSocket& socket) {
  const std::shared_ptr<bool> alive = alive_;
  for (int count = 0; count < options_.receives_per_turn_max; ++count) {
    const auto received = socket.receive(buffer_);
    if (!received) break;
    if (!received->truncated) take(socket, *received);
    if (!*alive) return;
  }
  listen(socket);
}

void Datagrams::take(const DatagramSocket& socket, const DatagramSocket::Received& received) {
  const ip::address from = received.from.address();
  const bool same_machine = is_address_of(watch_->now(), from);
  const bool by_multicast = received.to.is_multicast();
  Place* const place = place_of(received.interface_index);
  const Family& family = *family_of(socket.version());
  if (same_machine && family.sender && received.from.port() == family.sender->port()) {
    if (place != nullptr && by_multicast) place->state.heard_own = true;
    return;
  }
  if (place == nullptr && !same_machine && narrowed()) return;
  if (place != nullptr) {
    ++place->state.received;
    if (by_multicast && !same_machine) place->state.heard_others = true;
  }
  const auto& all = watch_->now();
  const auto arrived = std::ranges::find(all, received.interface_index, &Interface::index);
  on_datagram_({.bytes = received.bytes,
                .from = to_string(ip::tcp::endpoint(from, received.from.port())),
                .interface = arrived == all.end() ? std::string{} : arrived->name,
                .same_machine = same_machine});
}

}  // namespace muster::net
