// Dials addresses: name, connection and preface, up to an open link or the reason why there is
// none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "muster/bytes.h"
#include "muster/error.h"
#include "net/link.h"
#include "net/loop.h"

namespace muster::net {

/// What became of a dial.
struct DialResult {
  std::shared_ptr<Link> link;    ///< Open. Call `observe` on it before returning. Null: none.
  bool refused{false};           ///< Every address answered that nobody listens there.
  std::optional<Error> error{};  ///< Set if there is no link.
};

/// Names are resolved anew at each dial; all their addresses are tried, one after the other.
/// Thread-safety: none. Destroying it gives up what is under way, without a call.
class Dialer {
 public:
  struct Options {
    wire::LinkKind kind{wire::LinkKind::client};
    Bytes secret{};                                     ///< Empty: none.
    Duration address_timeout{std::chrono::seconds{2}};  ///< To connect, for each address.
    Duration resolve_timeout{std::chrono::seconds{5}};
    std::size_t addresses_max{8};  ///< Of one name; the rest is not tried.
    std::size_t dials_max{256};    ///< Under way at once.
    LinkOptions link{};
  };
  /// Called exactly once for each dial, from the loop, never from within `dial`.
  using OnDone = std::function<void(DialResult)>;
  using DialId = std::uint64_t;

  Dialer(Loop& loop, Options options);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  /// `address` is `HOST:PORT`. Failures come through `on_done`: INVALID_ARGUMENT for what is no
  /// address, RESOURCE_EXHAUSTED beyond `dials_max`, UNAVAILABLE for what cannot be reached, or
  /// what the preface failed with (UNAUTHENTICATED for a wrong secret).
  DialId dial(const std::string& address, OnDone on_done);
  /// Gives a dial up; it is not called back. Harmless when it is done.
  void cancel(DialId id);
  std::size_t under_way() const { return dials_.size(); }

 private:
  class Dial;

  void finish(DialId id, DialResult result);

  Loop& loop_;
  const Options options_;
  DialId next_id_{1};
  std::map<DialId, std::shared_ptr<Dial>> dials_;
};

}  // namespace muster::net
