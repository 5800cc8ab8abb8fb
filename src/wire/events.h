// What followers of a topic are told: events, how far they were told, and what is missing.
//
//   events header, 4 bytes and the topic    event header, 28 bytes
//     0  u16 length of the topic              0  u32 length of the payload
//     2  u16 zero                             4  u64 index of the entry
//     4  the topic                           12  u32 ordinal of the command in it
//                                            16  u32 number among the events of that ordinal
//   then one event or more                   20  i64 log time of the entry, in milliseconds
//
//   reached: events header, u64 index
//   gap:     events header, u64 index, u32 ErrorCode or 0, the state or the error's message
//
// Nothing in them is about the follower, so that all followers of a topic get the same bytes.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/limits.h"

namespace muster::wire {

constexpr std::size_t events_header_bytes = 4;
constexpr std::size_t event_header_bytes = 28;

/// An event's place among all events: `command` is that of the command that published it (ordinal
/// 0 where none did: a deadline, a membership change), so that it reads like a receipt; `sub`
/// tells apart what was published at the same place. Unique, and increasing within an entry.
struct EventPosition {
  Position command;
  std::uint32_t sub{};
  friend auto operator<=>(const EventPosition&, const EventPosition&) = default;
};
/// The first place of an entry.
constexpr EventPosition beginning_of(LogIndex index) {
  return {.command = {.index = index, .ordinal = 0}, .sub = 0};
}
/// The place right after an event.
constexpr EventPosition after(EventPosition position) {
  return {.command = position.command, .sub = position.sub + 1};
}

/// A topic's name is 1 to `topic_bytes_max` bytes of UTF-8 without control characters.
/// Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<void> validate_topic(std::string_view topic);

/// One event, borrowed from the bytes of its frame.
struct EventView {
  EventPosition position;
  LogTime time;
  BytesView payload;
};

/// The body of an `events` frame, validated once and then read in order.
class EventsView {
 public:
  class Iterator {
   public:
    using value_type = EventView;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(BytesView rest) : rest_(rest) {}
    EventView operator*() const;
    Iterator& operator++();
    /// What is not read yet, this event included.
    BytesView rest() const { return rest_; }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.rest_.size() == b.rest_.size();
    }

   private:
    BytesView rest_;
  };

  /// Errors: INVALID_ARGUMENT if the bytes are no events of a topic, or their places don't
  /// increase; RESOURCE_EXHAUSTED for a payload beyond `event_bytes_max`.
  static Result<EventsView> parse(BytesView bytes);

  std::string_view topic() const { return topic_; }
  Iterator begin() const { return Iterator(events_); }
  Iterator end() const { return Iterator(events_.last(0)); }

 private:
  EventsView() = default;

  std::string_view topic_;
  BytesView events_;
};

/// What the body of a frame of events begins with. Precondition: the topic is valid.
Bytes encode_events_header(std::string_view topic);

/// Lays out events of one topic, in order. Thread-safety: none.
class EventsBuilder {
 public:
  /// Precondition: the topic is valid. `bytes` is what to make room for at once.
  explicit EventsBuilder(std::string_view topic, std::size_t bytes = 0);

  /// Appends an event, unless the frame would pass its limit: then false, and nothing is changed.
  /// Preconditions: the payload is within `event_bytes_max`; the place comes after the last one.
  [[nodiscard]] bool add(const EventView& event);
  bool empty() const { return bytes_.size() == header_bytes_; }
  std::size_t bytes() const { return bytes_.size(); }
  /// The body. Precondition: not empty. The builder is spent.
  Bytes finish() &&;

 private:
  Bytes bytes_;
  std::size_t header_bytes_{0};
};

/// The body of a `reached` frame: all events of the topic up to the end of entry `index` were told.
struct ReachedView {
  std::string_view topic;
  LogIndex index;
  /// Errors: INVALID_ARGUMENT.
  static Result<ReachedView> parse(BytesView bytes);
};
/// Precondition: the topic is valid.
Bytes encode_reached(std::string_view topic, LogIndex index);

/// The body of a `gap` frame: events up to the end of entry `index` are missing; `payload` is the
/// topic's state as of then. The events after it follow.
struct GapView {
  std::string_view topic;
  LogIndex index;
  std::optional<ErrorCode> error;  ///< The state can't be told, and `payload` says why.
  BytesView payload;
  /// Errors: INVALID_ARGUMENT if the bytes are no gap; RESOURCE_EXHAUSTED beyond
  /// `topic_state_bytes_max`.
  static Result<GapView> parse(BytesView bytes);
};
/// Preconditions: the topic is valid. A state beyond `topic_state_bytes_max` becomes an error, and
/// a message beyond it is cut.
Bytes encode_gap(std::string_view topic, LogIndex index, const Result<Bytes>& state);

}  // namespace muster::wire
