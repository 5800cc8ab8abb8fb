// Those who follow a topic, and what they must be told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "muster/ids.h"
#include "session/topics.h"
#include "sim/violation.h"

namespace muster::sim {

/// The events of the registers' topic as machines published them. Each carries how many there were
/// before it, and so does the topic's state: what is missing or comes twice shows by that alone.
class PublishedEvents {
 public:
  /// A machine published an event: the first to do so sets what it is, for all servers and replays.
  void published(std::size_t server, Position position, BytesView payload);
  /// How many there are in all, and up to the end of an entry.
  std::uint64_t count() const { return events_.size(); }
  std::uint64_t count_up_to(LogIndex index) const;
  /// The checksum of the event of this number, from 1 on; nothing if there is none.
  std::optional<std::uint32_t> checksum(std::uint64_t number) const;

 private:
  struct Event {
    Position position;
    std::uint32_t checksum{};
  };
  std::map<std::uint64_t, Event> events_;    // By number.
  std::map<LogIndex, std::uint64_t> up_to_;  // The newest of each entry that has any.
};

/// Invariant 6: a follower sees each event once and in order, over all links and sessions, or is
/// told of a gap together with the state that stands for what is missing.
class Follower {
 public:
  /// `published` outlives this.
  Follower(std::uint32_t client, const PublishedEvents& published)
      : name_("client " + std::to_string(client)), published_(published) {}

  void told(const session::TopicNews& news);
  /// It turns to another group: what it knows is of no use there.
  void begin_anew() { next_.reset(), last_.reset(); }
  /// The first place that it was not told; nothing before it was told anything.
  std::optional<wire::EventPosition> next() const { return next_; }
  /// It was told all there is.
  bool complete() const { return !last_ || *last_ == published_.count(); }
  std::uint64_t events() const { return events_; }
  std::uint64_t gaps() const { return gaps_; }

 private:
  void told(const session::TopicEvents& news);
  void told(const session::TopicReached& news);
  void told(const session::TopicGap& news);
  [[noreturn]] void fail(const std::string& what) const;

  std::string name_;
  const PublishedEvents& published_;
  std::optional<wire::EventPosition> next_;
  std::optional<std::uint64_t> last_;  // The number of the last event that it knows of.
  std::uint64_t events_{0};
  std::uint64_t gaps_{0};
};

}  // namespace muster::sim
