// Accepts connections on one port, and hands them over when their preface is done.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "net/acceptor.h"
#include "net/address.h"
#include "net/link.h"
#include "net/loop.h"
#include "net/sparse_notices.h"

namespace muster::net {

/// Who is let in.
struct Admission {
  Bytes secret{};    ///< Of the group; empty: none.
  bool open{false};  ///< Without a secret also from other machines (`--open`).
  /// Names or numbers of hosts that need no secret (of an entry file). They are resolved when the
  /// listener is opened: one that can't be is let in no more than any other.
  std::vector<std::string> hosts{};
};

/// Listens as an `Acceptor` does. Without a secret only processes of this machine are let in,
/// unless the admission is open or names the host. Thread-safety: none.
class Listener : private LinkObserver {
 public:
  struct Options {
    Address bind{};
    Admission admission{};
    std::size_t links_max{30'000};   ///< Of the whole loop; a connection beyond is closed at once,
                                     ///< unless one in its preface can make room.
    std::size_t opening_max{1'024};  ///< In their preface; the oldest makes room for a new one.
    Duration pause{std::chrono::milliseconds{250}};  ///< When descriptors have run out.
    Duration notices_apart{std::chrono::seconds{5}};
    LinkOptions link{};
  };
  /// The link is open. Call `observe` on it before returning.
  using OnLink = std::function<void(std::shared_ptr<Link>)>;
  /// One plain line about connections that were not let in; at most one for `notices_apart`.
  using OnNotice = std::function<void(const std::string&)>;

  /// Errors: as `Acceptor::open`.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(Loop& loop, const Options& options,
                                                              OnLink on_link, OnNotice on_notice);
  ~Listener() override;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Begins to accept. Until then connections wait in the kernel's queue.
  void start() { acceptor_->start(); }
  /// The port it listens on, also when it was asked for port 0.
  std::uint16_t port() const { return acceptor_->port(); }
  /// Accepts no more; connections in their preface are dropped, those handed over stay.
  void close();

 private:
  Listener(Loop& loop, const Options& options, OnLink on_link, OnNotice on_notice);
  void take(boost::asio::ip::tcp::socket socket);
  void drop_oldest_opening();
  void resolve_hosts();
  bool needs_no_secret(const boost::asio::ip::address& remote) const;
  void notice(const std::string& text);
  void on_open(Link& link) override;
  void on_frame(Link& link, wire::Frame frame) override;
  void on_close(Link& link, const Error& error) override;

  Loop& loop_;
  const Options options_;
  OnLink on_link_;
  SparseNotices notices_;
  std::set<boost::asio::ip::address> hosts_;                // Those that need no secret.
  std::map<std::uint64_t, std::shared_ptr<Link>> opening_;  // By number: the oldest first.
  std::unique_ptr<Acceptor> acceptor_;                      // Last: it calls this.
};

}  // namespace muster::net
