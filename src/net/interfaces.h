// The network interfaces of this machine: what they can, their addresses, and when they change.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/time.h"
#include "net/loop.h"

namespace muster::net {

/// One network interface, as the system has it now.
struct Interface {
  struct V4 {
    boost::asio::ip::address_v4 address;
    /// Reaches every machine of its network; on loopback every process. Unspecified: there is none.
    boost::asio::ip::address_v4 broadcast;
    friend bool operator==(const V4&, const V4&) = default;
  };
  unsigned index{0};
  std::string name;
  bool up{false};
  bool multicast{false};
  bool loopback{false};
  bool point_to_point{false};
  std::vector<V4> v4{};                           ///< In the order of the system.
  std::vector<boost::asio::ip::address_v6> v6{};  ///< Link-local ones with their scope.
  friend bool operator==(const Interface&, const Interface&) = default;
};

/// All of them, ordered by index; also those that are down. Empty if the system does not tell.
std::vector<Interface> interfaces();

/// Whether `address` is one of an interface in `all`, or a loopback address.
bool is_address_of(const std::vector<Interface>& all, const boost::asio::ip::address& address);

/// Tells when interfaces or their addresses come and go. The kernel says when to look (rtnetlink);
/// where it refuses, a timer looks every few seconds. Bursts of news are told once.
///
/// Thread-safety: none. Destroying it ends the calls.
class InterfaceWatch {
 public:
  struct Options {
    Duration gather{
        std::chrono::milliseconds{100}};     ///< News that come in this time are told once.
    Duration poll{std::chrono::seconds{3}};  ///< Without rtnetlink.
    bool use_netlink{true};
  };
  /// Called from the loop with what there is now, and only when that differs from before.
  using OnChange = std::function<void(const std::vector<Interface>&)>;

  InterfaceWatch(Loop& loop, const Options& options, OnChange on_change);
  ~InterfaceWatch();
  InterfaceWatch(const InterfaceWatch&) = delete;
  InterfaceWatch& operator=(const InterfaceWatch&) = delete;

  /// What there was when it looked last.
  const std::vector<Interface>& now() const { return now_; }
  /// Whether the kernel tells; otherwise the timer looks.
  bool told_by_kernel() const { return netlink_.is_open(); }

 private:
  bool open_netlink();
  void wait_for_news();
  void take_news();
  void look_after(Duration time);
  void look();

  Loop& loop_;
  const Options options_;
  OnChange on_change_;
  std::vector<Interface> now_;
  boost::asio::posix::stream_descriptor netlink_;
  boost::asio::steady_timer timer_;
  bool timer_set_{false};
  std::shared_ptr<bool> alive_;  // For handlers that come after the end.
};

}  // namespace muster::net
