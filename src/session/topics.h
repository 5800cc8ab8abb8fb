// What a client follows, and how far it was told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/events.h"
#include "wire/frame.h"
#include "wire/limits.h"

namespace muster::session {

struct Event {
  wire::EventPosition position;
  LogTime time;
  SharedBytes payload;
  friend bool operator==(const Event&, const Event&) = default;
};
/// What happened in a topic, in order: each event once, whatever links come and go.
struct TopicEvents {
  std::string topic;
  std::vector<Event> events;
};
/// All events of the entries up to `index` were told. Comes every few seconds, also when nothing
/// happens, and at first once what was missed was told.
struct TopicReached {
  std::string topic;
  LogIndex index;
};
/// Events are missing: `state` stands for all up to the end of entry `index`, or says why there is
/// none. The events after it follow. Of index 0 it says that all before was of another group.
struct TopicGap {
  std::string topic;
  LogIndex index;
  Result<SharedBytes> state;
};
using TopicNews = std::variant<TopicEvents, TopicReached, TopicGap>;
inline const std::string& topic_of(const TopicNews& news) {
  return std::visit([](const auto& one) -> const std::string& { return one.topic; }, news);
}

/// The topics that a client follows, each with the first place it was not told of: what is asked
/// for on the next link, and what is known already and told no more.
///
/// Pure. Thread-safety: none.
class Topics {
 public:
  explicit Topics(std::size_t topics_max) : topics_max_(topics_max) {}

  /// Follows a topic from a place on; without one, from when a server has first answered. Errors:
  /// INVALID_ARGUMENT for a name that can't be; ALREADY_EXISTS if it is followed;
  /// RESOURCE_EXHAUSTED at the limit.
  [[nodiscard]] Result<void> follow(std::string_view topic,
                                    std::optional<wire::EventPosition> from);
  /// Nothing of it is told any more. Nothing happens if it is not followed.
  void unfollow(std::string_view topic);
  void clear() { followed_.clear(), left_.clear(); }
  /// Places known so far mean nothing any more: all topics are followed from now on. Returns them.
  std::vector<std::string> begin_anew();

  /// A new link: everything is to be asked for again.
  void linked();
  /// The server has answered a ping, as often since the link is up.
  void answered(std::uint64_t pings);
  /// What is to be sent on this link. Those with `ping` are to be followed by one; `pings` were
  /// sent before.
  struct Request {
    wire::FrameType type;
    Bytes body;
    bool ping{false};
  };
  std::vector<Request> take_requests(std::uint64_t pings);

  /// Takes what came in, and gives what is new of it. Errors: INVALID_ARGUMENT or
  /// RESOURCE_EXHAUSTED for bytes that make no sense.
  Result<std::optional<TopicNews>> take(wire::FrameType type, const SharedBytes& body);

  bool empty() const { return followed_.empty(); }

 private:
  struct Followed {
    std::optional<wire::EventPosition> from;  // Nothing: from now.
    bool asked{false};                        // On this link.
  };

  Result<std::optional<TopicNews>> take_events(const SharedBytes& body);
  Result<std::optional<TopicNews>> take_reached(BytesView body);
  Result<std::optional<TopicNews>> take_gap(const SharedBytes& body);
  Followed* find(std::string_view topic);

  const std::size_t topics_max_;
  std::map<std::string, Followed, std::less<>> followed_;
  // Followed on this link before: what the server sent until it has answered this ping is not for
  // a follow that comes after. Nothing: the server is still to be told.
  std::map<std::string, std::optional<std::uint64_t>, std::less<>> left_;
};

}  // namespace muster::session
