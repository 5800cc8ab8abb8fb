// What must always hold of the chat: one small class per invariant, fed with all that machines do
// and with all that clients are told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "chat/chat.h"
#include "muster/bytes.h"
#include "muster/ids.h"
#include "session/topics.h"
#include "sim/chat_model.h"
#include "sim/register.h"

namespace muster::sim {

/// What one machine did with a command, when a session ended, or when time passed. Where others did
/// the same before, the checksum alone stands for it.
struct ChatDeed {
  struct Told {
    std::string topic;
    chat::Line line;
    std::uint32_t checksum;
  };
  std::optional<Position> position{};  ///< Nothing: a session ended, or time passed.
  LogTime time{};
  std::optional<SessionId> session{};  ///< Nothing: time passed.
  std::optional<chat::Request> request{};
  std::optional<chat::Receipt> receipt{};
  std::vector<Told> events{};
  std::uint32_t checksum{};  ///< Of all that was told and answered.
};

/// All machines, and all replays, tell and answer the same: at a command, at the end of a session,
/// and at a time.
class ChatsAlike {
 public:
  /// True: nobody did this before.
  bool seen(std::size_t server, const ChatDeed& deed);
  bool is_new(const ChatDeed& deed) const;

 private:
  std::map<Position, std::uint32_t> commands_;
  std::map<SessionId, std::uint32_t> endings_;
  std::map<LogTime, std::uint32_t> passings_;
  Position position_;
  LogTime time_;
};

/// What machines told on each topic, in order, and what rooms looked like from place to place.
class ChatTopics {
 public:
  struct Event {
    std::optional<Position> position;  ///< Nothing: of a session's end, after the one before.
    std::uint32_t checksum{};
  };
  void told(const ChatDeed& deed);
  /// Rooms look like that from this deed on.
  void shown(const ChatDeed& deed, const std::string& topic, const std::string& words);
  const std::vector<Event>& events(const std::string& topic) const;
  /// Whether a room may have looked like that at the end of this entry.
  bool may_be(const std::string& topic, LogIndex index, const std::string& words) const;

 private:
  struct Look {
    std::optional<Position> since;
    std::string words;
  };
  std::map<std::string, std::vector<Event>> events_;
  std::map<std::string, std::vector<Look>> looks_;
};

/// All that must hold of machines, and what clients know.
struct ChatCheckers {
  explicit ChatCheckers(const chat::Chat::Options& limits) : model(limits) {}
  ChatCheckers(const ChatCheckers&) = delete;
  ChatCheckers& operator=(const ChatCheckers&) = delete;

  /// A client makes a command: that one must be the one that takes effect.
  void made(OperationId id, const chat::Request& request) { commands.emplace(id, request); }
  /// A machine did something: what the rules say, and as all others do it.
  void seen(std::size_t server, const ChatDeed& deed);
  /// At the end, of each server: what it has is what the rules made of the commands.
  void found(std::size_t server, const std::string& what, const std::string& has,
             const std::string& should) const;

  ChatModel model;
  ChatsAlike alike;
  ChatTopics topics;
  std::map<OperationId, chat::Request> commands;
  std::set<std::string> rooms;  ///< That there ever were, as they were first written.
  std::uint64_t lines{0};       ///< That machines told.
  std::uint64_t refusals{0};    ///< That the rules wanted.

 private:
  void hold(const ChatDeed& deed, const ChatOutcome& outcome) const;
};

/// What a client follows of the chat: it is told each line once and in order, over all links and
/// sessions, or of a gap with a state that is so.
class ChatFollower {
 public:
  /// `topics` outlives this.
  ChatFollower(std::uint32_t client, const ChatTopics& topics)
      : name_("client " + std::to_string(client)), topics_(topics) {}

  /// From this place on. Nothing happens if it is followed.
  void follow(const std::string& topic, Position from);
  void unfollow(const std::string& topic) { places_.erase(topic); }
  bool follows(const std::string& topic) const { return places_.contains(topic); }
  /// It turns to another group.
  void begin_anew() { places_.clear(); }
  void told(const session::TopicNews& news);
  /// Each topic with the first place that it was not told.
  std::map<std::string, wire::EventPosition> places() const;
  /// It was told all there is.
  bool complete() const;
  std::uint64_t lines() const { return lines_; }
  std::uint64_t gaps() const { return gaps_; }

 private:
  struct Place {
    wire::EventPosition at;  ///< To ask for.
    Position from{};         ///< Nothing before it was, or will be, told.
    std::size_t next{0};     ///< Of the topic's events.
    bool exact{false};       ///< It is that one; else the first one from `from` on.
  };
  void told(const session::TopicEvents& news, Place& place);
  void told(const session::TopicReached& news, Place& place) const;
  void told(const session::TopicGap& news, Place& place);
  void skip_earlier(const std::string& topic, Place& place) const;
  /// The first event that it lacks for certain, of those up to an entry.
  std::optional<std::size_t> lacks(const std::string& topic, const Place& place,
                                   std::optional<LogIndex> up_to) const;
  [[noreturn]] void fail(const std::string& what) const;

  std::string name_;
  const ChatTopics& topics_;
  std::map<std::string, Place> places_;
  std::uint64_t lines_{0};
  std::uint64_t gaps_{0};
};

}  // namespace muster::sim
