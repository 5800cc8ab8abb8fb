// Sends datagrams to whoever listens on the networks of this machine, and hears theirs.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/time.h"
#include "net/datagram_socket.h"
#include "net/interfaces.h"
#include "net/loop.h"
#include "wire/limits.h"

namespace muster::net {

/// How servers are looked for.
enum class DiscoveryMode : std::uint8_t {
  multicast,  ///< On every interface; by broadcast too where no multicast of others arrives.
  broadcast,  ///< To the broadcast address of every interface; IPv4 only.
  local,      ///< Only among the processes of this machine and user, by files.
  off         ///< Not at all.
};

/// RFC 2365: a group that stays within an organisation.
constexpr const char* default_group_v4 = "239.192.77.85";
/// RFC 4291, section 2.7: a group of one link (scope 2) that nobody assigned (T = 1); RFC 3307,
/// section 4.3: such groups have numbers from 8000:0000 on. The rest reads port 8886, `Mu`.
constexpr const char* default_group_v6 = "ff12::8886:4d75";
constexpr std::uint16_t default_discovery_port = 8886;

/// How discovery fares on one interface: for `muster doctor`, and for errors that name what was
/// asked.
struct InterfaceState {
  std::string name;
  std::string address{};      ///< Where its datagrams come from; IPv4 if it has that.
  bool multicast{false};      ///< It is in the group, by either IP version.
  bool broadcast{false};      ///< The latest sending went to its broadcast address too.
  bool sends{false};          ///< The latest sending left on it, at least one way.
  bool heard_own{false};      ///< A datagram sent to the group here came back here.
  bool heard_others{false};   ///< Multicast of another machine arrived here.
  std::uint64_t sent{0};      ///< Datagrams.
  std::uint64_t received{0};  ///< Of others, also those of other processes of this machine.
  std::string error{};        ///< The latest that has not been mended; empty: none.
};

/// Datagrams to and from one port of every suitable interface: those that are up, have an address,
/// and are loopback or fit for the mode. Each is joined and sent on by itself, so that one which
/// fails never keeps the others from working, and those that come and go are followed.
///
/// All listen on IPv4 and IPv6, but send on IPv6 only where there is no IPv4 (or it fails): of two
/// on one network at least one hears the other, and its address is one that others can use too. A
/// link-local one, which means nothing on a third machine, is a source only if there is no other.
///
/// Sent from a socket of its own, which hears the answers: the discovery port is shared by all
/// servers of a machine, and of several sockets on one port the system gives a datagram to all of
/// them only if it came by multicast or broadcast. Its own datagrams are not delivered.
///
/// If another program holds the port, this goes on without listening (`listen_error` says so) and
/// tries again now and then.
/// Thread-safety: none. Destroying it ends the calls; not from within one.
class Datagrams {
 public:
  struct Options {
    DiscoveryMode mode{DiscoveryMode::multicast};  ///< With `local` and `off` it does nothing.
    std::uint16_t port{default_discovery_port};
    std::string group_v4{default_group_v4};
    std::string group_v6{default_group_v6};
    int ttl{1};                             ///< Of multicast: how many routers it may pass, plus 1.
    std::vector<std::string> interfaces{};  ///< Only these, by name; empty: all.
    std::string bind{};                     ///< Only the interface with this address, and only its
                                            ///< IP version; empty or unspecified: all.
    std::size_t interfaces_max{20};         ///< As the kernel's limit of groups for a socket.
    std::size_t datagram_bytes_max{wire::datagram_bytes_max};  ///< A larger one is dropped.
    int receives_per_turn_max{64};  ///< Of each socket, before others get their turn.
    Duration mend_after{std::chrono::seconds{10}};  ///< Between attempts at what failed.
    InterfaceWatch::Options watch{};
  };
  struct Datagram {
    BytesView bytes;           ///< Valid during the call.
    std::string from;          ///< `HOST:PORT`, where an answer goes; with scope if link-local.
    std::string interface;     ///< That it arrived on.
    bool same_machine{false};  ///< From a process of this machine.
  };
  /// `text` for `group_v4` or `group_v6`, whichever it is.
  /// Errors: INVALID_ARGUMENT if it is no multicast address.
  [[nodiscard]] static Result<void> set_group(Options& options, const std::string& text);

  using OnDatagram = std::function<void(const Datagram&)>;

  /// Errors: INVALID_ARGUMENT for options that can never work, with the remedy. What the system
  /// refuses is no error here: it is in `states` and `listen_error`.
  [[nodiscard]] static Result<std::unique_ptr<Datagrams>> open(Loop& loop, const Options& options,
                                                               OnDatagram on_datagram);
  ~Datagrams();
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;

  /// On every suitable interface, to whoever listens. Returns how many datagrams left.
  std::size_t send_to_all(BytesView bytes);
  /// To one address (`HOST:PORT`, a number), as it stood in `Datagram::from`.
  /// Errors: INVALID_ARGUMENT; UNAVAILABLE if the system refuses.
  [[nodiscard]] Result<void> send_to(const std::string& address, BytesView bytes);

  /// One for each suitable interface, and for each that was named and is not there.
  std::vector<InterfaceState> states() const;
  /// Why nothing is heard on the discovery port, and what to do; empty: all is well, or the mode
  /// needs no port.
  std::string listen_error() const;
  /// Interfaces of this machine now, suitable or not.
  const std::vector<Interface>& machine() const { return watch_->now(); }

 private:
  /// One suitable interface.
  struct Place {
    Interface interface;
    InterfaceState state;
    bool joined_v4{false};
    bool joined_v6{false};
    std::string join_error{};
    std::string send_error{};
  };
  /// The sockets of one IP version. Once open, a socket stays.
  struct Family {
    IpVersion version;
    boost::asio::ip::address group;
    std::optional<DatagramSocket> sender{};
    std::optional<DatagramSocket> listener{};
    std::string error{};
  };

  Datagrams(Loop& loop, const Options& options, OnDatagram on_datagram);
  void add_families();
  void open_sockets();
  std::string open_socket(const Family& family, std::uint16_t port,
                          std::optional<DatagramSocket>& socket);
  void follow(const std::vector<Interface>& all);
  void add_place(const Interface& interface, std::vector<Place>& before);
  void note_missing(const std::vector<Interface>& all, std::size_t beyond_limit);
  bool suitable(const Interface& interface) const;
  bool multicasts(const Interface& interface) const;
  void join_all();
  void join(Place& place, Family& family);
  void leave(const Place& place);
  void mend();
  std::size_t send_from(Place& place, BytesView bytes);
  std::size_t multicast_from(Place& place, BytesView bytes);
  std::size_t broadcast_from(Place& place, BytesView bytes);
  bool send_one(Place& place, Family& family, const boost::asio::ip::address& to, BytesView bytes);
  boost::asio::ip::address source_on(const Interface& interface, IpVersion version) const;
  void listen(DatagramSocket& socket);
  void receive_all(DatagramSocket& socket);
  void take(const DatagramSocket& socket, const DatagramSocket::Received& received);
  bool narrowed() const;
  Place* place_of(unsigned interface_index);
  Family* family_of(IpVersion version);
  const Family* family_of(IpVersion version) const;

  Loop& loop_;
  const Options options_;
  OnDatagram on_datagram_;
  boost::asio::ip::address bind_;  // Unspecified: all.
  Bytes buffer_;
  std::vector<Family> families_;  // Never changes its size once sockets are open.
  std::vector<Place> places_;
  std::vector<InterfaceState> missing_;
  Instant next_mend_{};
  std::shared_ptr<bool> alive_;  // For handlers that come after the end.
  std::unique_ptr<InterfaceWatch> watch_;
};

}  // namespace muster::net
