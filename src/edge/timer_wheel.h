// Many deadlines that move often, at a constant cost each.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "muster/check.h"
#include "muster/time.h"

namespace muster::edge {

/// A hashed timing wheel (Varghese and Lauck, 1987, scheme 5 with lists by place): one deadline for
/// each place of a table that its user keeps, in buckets as wide as a tick. `set` and `clear` cost
/// O(1), `advance` what it reports and what lies in the buckets passed. Deadlines beyond the turn
/// of the wheel are looked at once per turn. A deadline is reported up to a tick late, never early.
///
/// Allocates only when a place is higher than any before. Pure. Thread-safety: none.
class TimerWheel {
 public:
  using Place = std::uint32_t;

  /// Precondition: positive.
  explicit TimerWheel(Duration tick) : tick_(tick) {
    check(tick > Duration::zero());
    heads_.fill(none);
  }

  /// The place's deadline is `due`, whatever it was.
  void set(Place place, Instant due) {
    if (place >= entries_.size()) entries_.resize(place + 1);
    clear(place);
    const std::int64_t tick = std::max(tick_of(due), passed_ + 1);
    const std::size_t bucket = bucket_of(tick);
    Entry& entry = entries_[place];
    entry = {.tick = tick, .next = heads_[bucket], .before = none, .set = true};
    if (entry.next != none) entries_[entry.next].before = place;
    heads_[bucket] = place;
    occupied_[bucket / bits] |= std::uint64_t{1} << (bucket % bits);
    ++size_;
  }

  /// The place has no deadline, whether it had one or not.
  void clear(Place place) {
    if (place >= entries_.size() || !entries_[place].set) return;
    Entry& entry = entries_[place];
    const std::size_t bucket = bucket_of(entry.tick);
    if (entry.before != none) entries_[entry.before].next = entry.next;
    if (entry.next != none) entries_[entry.next].before = entry.before;
    if (heads_[bucket] == place) heads_[bucket] = entry.next;
    if (heads_[bucket] == none) occupied_[bucket / bits] &= ~(std::uint64_t{1} << (bucket % bits));
    entry.set = false;
    --size_;
  }

  bool is_set(Place place) const { return place < entries_.size() && entries_[place].set; }
  std::size_t size() const { return size_; }

  /// Calls `expired(place)` for each whose deadline has come; it has none any more, and may be set
  /// anew from within, as may others.
  template <class Expired>
  void advance(Instant now, Expired expired) {
    const std::int64_t current = now.time_since_epoch() / tick_;
    if (current <= passed_) return;
    // After a long pause once around is enough: every bucket was looked at.
    std::int64_t tick = std::max(passed_, current - static_cast<std::int64_t>(buckets)) + 1;
    passed_ = current;
    for (; tick <= current; ++tick) {
      due_.clear();
      for (Place at = heads_[bucket_of(tick)]; at != none; at = entries_[at].next) {
        if (entries_[at].tick <= current) due_.push_back(at);
      }
      for (const Place place : due_) {
        if (!is_set(place) || entries_[place].tick > current) continue;  // Changed from within.
        clear(place);
        expired(place);
      }
    }
  }

  /// When `advance` may next have something to report: never later than that, at times earlier.
  std::optional<Instant> next() const {
    if (size_ == 0) return std::nullopt;
    for (std::int64_t tick = passed_ + 1;;) {
      const std::size_t bucket = bucket_of(tick);
      const std::uint64_t word = occupied_[bucket / bits] >> (bucket % bits);
      if (word != 0) return Instant{(tick + std::countr_zero(word)) * tick_};
      tick += static_cast<std::int64_t>(bits - bucket % bits);
    }
  }

 private:
  static constexpr Place none = ~Place{0};
  static constexpr std::size_t buckets = 512;
  static constexpr std::size_t bits = 64;

  struct Entry {
    std::int64_t tick{0};
    Place next{none};
    Place before{none};
    bool set{false};
  };

  static std::size_t bucket_of(std::int64_t tick) {
    return static_cast<std::size_t>(tick) % buckets;
  }
  /// The first tick that does not begin before `due`.
  std::int64_t tick_of(Instant due) const {
    const Duration since = due.time_since_epoch();
    return since / tick_ + (since % tick_ > Duration::zero() ? 1 : 0);
  }

  const Duration tick_;
  std::int64_t passed_{-1};  // All ticks up to here were reported.
  std::size_t size_{0};
  std::vector<Entry> entries_;
  std::array<Place, buckets> heads_{};
  std::array<std::uint64_t, buckets / bits> occupied_{};
  std::vector<Place> due_;  // Of one bucket; kept for its memory.
};

}  // namespace muster::edge
