// Newest values that servers tell each other: spread in batches, never logged, lost in a crash.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/telemetry.h"

namespace muster::edge {

/// Keeps for each kind and key the newest value, by epoch and counter, and tells each other server
/// those that come from this one: all when its link comes up, then what has changed since it was
/// told last, however often that changed in between (conflation). A server is told again when it
/// has taken in what it was told before, and `interval` has passed: one that is slow misses values,
/// never the newest, and costs no memory.
///
/// A server whose link comes up begins anew: what came from it before is forgotten. What came from
/// one that has gone is kept for `keep`. Values beyond the limits are dropped and counted.
///
/// `put` on a known key costs O(log values) and does not allocate while values do not grow. Pure.
/// Thread-safety: none.
class Telemetry {
 public:
  struct Options {
    Duration interval{std::chrono::milliseconds{100}};
    std::size_t values_max{65'536};
    std::size_t bytes_max{std::size_t{16} << 20U};  ///< Of keys and values.
    Duration again_after{std::chrono::seconds{5}};  ///< What is not answered is told again.
    Duration keep{std::chrono::seconds{30}};        ///< Of who has gone, and that a value has gone.
  };
  /// A value as it is known here.
  struct Known {
    wire::TelemetryStamp stamp;
    BytesView value;                   ///< Valid until the next change.
    std::optional<ServerNumber> from;  ///< Who told it; nothing: this server.
    Instant changed;
  };
  struct ToSend {
    ServerNumber server;
    SharedBytes frame;
  };

  explicit Telemetry(const Options& options) : options_(options) {}
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  /// This server has a value, which counts if its stamp is newer than what is known.
  /// Precondition: key and value are not empty and within their limits.
  void put(const wire::TelemetryValue& value, Instant now);
  /// There is none any more; harmless if there is none, or a newer one.
  void remove(wire::TelemetryKind kind, BytesView key, wire::TelemetryStamp stamp);

  /// The link to another server is up; it is told everything.
  void peer_arrived(ServerNumber server, Instant now);
  void peer_left(ServerNumber server, Instant now);
  /// A telemetry frame of another server; an empty one says that what it was told is taken in.
  /// Errors: as `wire::parse_telemetry`; then nothing has changed.
  [[nodiscard]] Result<void> take(ServerNumber from, BytesView frame, Instant now);

  void tick(Instant now);
  std::optional<Instant> deadline() const;
  std::vector<ToSend> take_frames() { return std::exchange(frames_, {}); }

  std::optional<Known> find(wire::TelemetryKind kind, BytesView key) const;
  /// Calls `visit(key, known)` for each value of a kind, in the order of the keys.
  template <class Visit>
  void for_each(wire::TelemetryKind kind, Visit visit) const {
    for (auto at = places_.lower_bound(KeyView{kind, {}}); at != places_.end(); ++at) {
      if (at->first.kind != kind) return;
      if (!at->second->value.empty()) visit(as_bytes(at->first.text), known(*at->second));
    }
  }

  std::size_t size() const { return places_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct KeyView {
    wire::TelemetryKind kind;
    std::string_view text;
    friend auto operator<=>(const KeyView&, const KeyView&) = default;
  };
  struct Key {
    wire::TelemetryKind kind;
    std::string text;
    KeyView view() const { return {kind, text}; }
  };
  struct Less {
    using is_transparent = void;
    static KeyView view(const Key& key) { return key.view(); }
    static KeyView view(const KeyView& key) { return key; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return view(a) < view(b);
    }
  };
  struct Value;
  using Values = std::list<Value>;
  using Places = std::map<Key, Values::iterator, Less>;
  struct Value {
    Places::iterator place{};
    std::uint64_t version{0};  // Of all changes here; the higher is the later.
    wire::TelemetryStamp stamp{};
    Bytes value{};  // Empty: it has gone.
    std::optional<ServerNumber> from{};
    Instant changed{};
  };
  struct Peer {
    std::uint64_t told{0};      // All versions up to here.
    std::size_t unanswered{0};  // Frames.
    Instant told_at{};
    Instant next{};  // Not told before; while unanswered: told again then.
    std::optional<Instant> left{};
  };

  Known known(const Value& value) const {
    return {
        .stamp = value.stamp, .value = value.value, .from = value.from, .changed = value.changed};
  }
  void change(const wire::TelemetryValue& said, std::optional<ServerNumber> from, Instant now);
  void erase(Values& values, Values::iterator value);
  Values& values_of(std::optional<ServerNumber> from) { return from ? theirs_ : own_; }
  void tell(ServerNumber server, Peer& peer, Instant now);
  void forget(ServerNumber server);
  void sweep(Instant now);
  bool has_news(const Peer& peer) const { return !own_.empty() && own_.back().version > peer.told; }

  const Options options_;
  Places places_;
  Values own_;     // In the order of their versions.
  Values theirs_;  // In the order of their versions.
  std::map<ServerNumber, Peer> peers_;
  std::uint64_t version_{0};
  std::size_t bytes_{0};
  std::uint64_t dropped_{0};
  Instant next_sweep_{};
  Instant now_{};  // As of the last call that had a time.
  std::vector<ToSend> frames_;
};

}  // namespace muster::edge
