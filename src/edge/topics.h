// Topics: the events of late, and who follows them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/lazy_deque.h"
#include "edge/link.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "replica/replica.h"
#include "wire/events.h"
#include "wire/methods.pb.h"
#include "wire/muster.pb.h"

namespace muster::edge {

/// Tells followers of topics each event once and in order, or that events are missing.
///
/// What one turn of the loop gave for a topic is laid out once, as a frame, and kept for a while:
/// all followers get that frame, and those who come later or are slow get it from here. Beyond the
/// limits the oldest frames are forgotten; whoever would have needed them is told of a gap, with
/// the topic's state.
///
/// A follower is a place in its topic. Each link has a window: what was sent on it and not yet
/// taken in by the client, which answers a ping that is sent along with every quarter of it. When
/// the window is full the link is sent no more until the client has answered, and then goes on from
/// its place: a slow client costs no more memory than its window, and others nothing.
///
/// A place that was not applied here yet is waited for. Cost of an event: O(log topics) once, and
/// O(1) for each follower and turn. Pure. Thread-safety: none.
class Topics {
 public:
  struct Options {
    std::size_t topics_max{16'384};                        ///< With events that are kept.
    std::size_t events_per_topic_max{16'384};              ///< Kept.
    std::size_t bytes_max{std::size_t{32} << 20U};         ///< Of events kept, all topics.
    std::size_t frame_bytes_max{std::size_t{256} << 10U};  ///< One event may be more.
    std::size_t follows_max{262'144};                      ///< All links.
    std::size_t window_bytes{std::size_t{1} << 20U};       ///< Of one link.
    Duration mark_interval{std::chrono::seconds{4}};       ///< Between two `reached` marks.
  };

  /// What is to be sent goes to the end of `outputs`, which outlives this.
  Topics(const Options& options, std::vector<LinkOutput>& outputs)
      : options_(options), outputs_(outputs) {}
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;

  /// A client wants to be told. Errors: as `wire::validate_topic`; RESOURCE_EXHAUSTED at a limit.
  [[nodiscard]] Result<void> follow(LinkId link, const wire::Follow& request,
                                    const replica::Replica& local, Instant now);
  void unfollow(LinkId link, std::string_view topic);
  void link_closed(LinkId link);
  /// The client has answered a ping: it took in what was sent before it.
  void answered(LinkId link, const replica::Replica& local);

  /// What was applied since the last call, up to `local.applied()`; also when that gave no events.
  void applied(const std::vector<replica::Event>& events, const replica::Replica& local);
  /// The state was replaced by a snapshot: what came in between can't be told.
  void restored(const replica::Replica& local);

  void tick(Instant now);
  std::optional<Instant> deadline() const;

  /// The links that follow a topic, in order.
  std::vector<LinkId> links() const;
  bool has_followers() const { return follows_ > 0; }
  std::size_t bytes_kept() const { return bytes_; }
  std::size_t topics_kept() const { return topics_kept_; }
  std::size_t follows() const { return follows_; }

  // For operators (inspection.cc).
  /// The last events of a topic that are kept, oldest first: at most `events_max`, and at least one
  /// that fits into `bytes_max`; payloads that don't are left out, and `text` says so.
  wire::TopicHistory history(const std::string& topic, std::size_t events_max,
                             std::size_t bytes_max) const;
  /// Followers that wait for a place, or that earlier events must be taken in.
  void add_held_back(wire::HeldBackList& list, Instant now, std::size_t rows_max) const;

 private:
  struct Topic;
  struct Link;
  /// One frame of events.
  struct Piece {
    Topic* topic;
    wire::EventPosition first;
    wire::EventPosition last;
    std::size_t events{0};
    std::size_t bytes{0};  // Of memory.
    SharedBytes body{};
  };
  using Pieces = std::list<Piece>;
  /// A piece while events are taken in.
  struct Building {
    wire::EventsBuilder frame;
    wire::EventPosition first;
    wire::EventPosition last;
    std::size_t events{0};
  };
  struct Follow {
    Link* link;
    Topic* topic;
    wire::EventPosition from;  // The first place that was not told.
    bool behind{true};         // Not all that is kept was sent.
    std::size_t place{0};      // In the topic's list.
    Instant since{};
  };
  struct Topic {
    std::string name;
    SharedBytes header;             // Of a frame's body.
    wire::EventPosition kept_from;  // All events from here on are kept.
    LazyDeque<Pieces::iterator> pieces{};
    std::size_t events{0};
    std::vector<Follow*> follows{};
    std::unique_ptr<Building> building{};
    LogIndex mark_index{};  // Of `mark`.
    SharedBytes mark{};
  };
  struct Link {
    LinkId id;
    std::vector<std::unique_ptr<Follow>> follows{};
    std::size_t behind{0};             // Of `follows`.
    std::size_t unanswered{0};         // Bytes.
    std::size_t since_ping{0};         // Of those, the ones that no ping asks about yet.
    std::vector<std::size_t> pings{};  // Bytes that each asks about.
  };
  struct Mark {
    Instant at;
    LinkId link;
  };
  struct Gap {
    std::string topic{};
    LogIndex index{};
    SharedBytes body{};
  };

  Topic& topic(std::string_view name);
  void forget_if_idle(Topic& topic);
  void take(const replica::Event& event, std::vector<Topic*>& touched);
  void seal(Topic& topic);
  void forget_front(Topic& topic);
  void forget_oldest();
  void tell(Follow& follow, const Piece& piece);
  void catch_up(Follow& follow, const replica::Replica& local);
  void tell_gap(Follow& follow, const replica::Replica& local);
  void tell_reached(Follow& follow);
  void send(Link& link, wire::FrameType type, std::vector<SharedBytes> body);
  bool window_is_open(const Link& link) const { return link.unanswered < options_.window_bytes; }
  static void set_behind(Follow& follow, bool behind);
  void remove(Link& link, std::size_t place);

  const Options options_;
  LogIndex applied_;
  // Of a topic that has no entry in `topics_` no event before this is known to be kept.
  wire::EventPosition forgotten_to_{wire::beginning_of(LogIndex{1})};
  std::map<std::string, Topic, std::less<>> topics_;
  std::unordered_map<LinkId, Link> links_;  // Never iterated where order reaches an output.
  Pieces pieces_;                           // Of all topics, oldest first.
  std::size_t bytes_{0};
  std::size_t topics_kept_{0};
  std::size_t follows_{0};
  std::deque<Mark> marks_;  // By time.
  Gap gap_;                 // The last one told, for the next who misses the same.
  std::vector<LinkOutput>& outputs_;
};

}  // namespace muster::edge
