// The rules of the chat once more, small and by themselves: what the product's machine is held
// against.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/chat.h"
#include "chat/messages.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::sim {

/// What a command did: why not, and what was told on which topic, in order.
struct ChatOutcome {
  std::vector<chat::Reason> refusals{};
  bool repeated{false};
  bool resumed{false};
  std::string name{};
  std::map<std::string, std::vector<std::string>> told{};  ///< By topic, as `words_of` has it.
  friend bool operator==(const ChatOutcome&, const ChatOutcome&) = default;
};
/// `KIND FROM>TO ROOM: TEXT`.
std::string words_of(const chat::Line& line);
std::string words_of(const ChatOutcome& outcome);

/// People and rooms as docs/chat.md has them, in sets and maps. It knows the texts that `ChatLoad`
/// makes, so nothing of what is malformed, and masks of a name alone. Thread-safety: none.
class ChatModel {
 public:
  explicit ChatModel(const chat::Chat::Options& limits) : limits_(limits) {}

  ChatOutcome command(Position position, LogTime time, SessionId session,
                      const chat::Request& request);
  ChatOutcome session_ended(SessionId session, LogTime time);
  void time_passed(LogTime time);

  /// `NAME RANKS` of each person in a room, its modes and its topic; empty: there is no such room.
  std::string room(const std::string& name) const;
  /// Names of the rooms there are, folded.
  std::vector<std::string> rooms() const;
  /// All who are there, with what they say of themselves.
  std::string people() const;
  /// What is kept of a room, and of the direct messages of each person by its inbox.
  std::string history(const std::string& name) const;
  std::map<std::string, std::string> directs() const;
  /// What the state of a room's topic tells: its people and its subject.
  std::string shown(const std::string& name) const;

 private:
  struct Kept {
    LogTime time;
    std::string from;
    std::string text;
    std::string key;
    bool said{false};
  };
  struct Person {
    std::string name;
    std::string inbox;
    std::string real_name;
    std::string away;
    std::string modes{};
    std::string host{"host"};  // As all have signed in.
    std::string oper{};
    std::set<std::string> rooms{};
    std::deque<Kept> directs{};
  };
  struct Room {
    std::string name;
    std::string topic{};
    std::map<std::string, std::set<char>> people{};  // By name, as it is written.
    std::set<char> flags{};
    std::string key{};
    std::uint32_t limit{0};
    std::vector<std::pair<char, std::string>> masks{};  // Of folded names, or `*`.
    std::vector<std::string> invited{};                 // Folded.
    std::deque<Kept> history{};
  };
  /// The changes as others are told of them: `+o-v ann bob`.
  struct ModeWords {
    std::string letters{};
    std::string arguments{};
    char sign{};
    void add(bool set, char letter, const std::string& argument) {
      const char wanted = set ? '+' : '-';
      if (sign != wanted) letters += wanted;
      sign = wanted;
      letters += letter;
      if (!argument.empty()) arguments += " " + argument;
    }
  };
  /// A command on its way.
  struct Turn {
    Position position;
    LogTime time;
    SessionId session;
    ChatOutcome outcome{};
    void refuse(chat::Reason reason) { outcome.refusals.push_back(reason); }
    void tell(const std::string& topic, const chat::Line& line) {
      outcome.told[topic].push_back(words_of(line));
    }
  };

  void play(const chat::SignIn& request, Turn& turn);
  void play(const chat::SignOut& request, Turn& turn);
  void play(const chat::Join& request, Turn& turn);
  void play(const chat::Leave& request, Turn& turn);
  void play(const chat::Say& request, Turn& turn);
  void play(const chat::Direct& request, Turn& turn);
  void play(const chat::Nick& request, Turn& turn);
  void play(const chat::SetTopic& request, Turn& turn);
  void play(const chat::Kick& request, Turn& turn);
  void play(const chat::Invite& request, Turn& turn);
  void play(const chat::SetModes& request, Turn& turn);
  void play(const chat::SetOwnModes& request, Turn& turn);
  void play(const chat::SetAway& request, Turn& turn);
  void play(const chat::SetRealName& request, Turn& turn);
  void play(const chat::Delivered& request, Turn& turn);
  void play(const chat::SetOper& request, Turn& turn);
  void play(const chat::Oper& request, Turn& turn);
  void play(const chat::Kill& request, Turn& turn);
  void play(const chat::Wallops& request, Turn& turn);
  void play(const chat::SetHost& request, Turn& turn);
  bool is_oper(Turn& turn);
  void lose_oper(Person& person, Turn& turn);

  Person& self(const Turn& turn) { return people_.at(turn.session); }
  Person* by_name(std::string_view name);
  bool is_bot(std::string_view name);
  Room* own_room(const std::string& name, Turn& turn);
  std::optional<chat::Reason> why_not_in(const Room& room, const Person& person,
                                         const std::string& key) const;
  std::optional<chat::Reason> why_silent(const Room& room, const Person& person,
                                         const chat::Say& request) const;
  bool change(Room& room, const chat::ModeChange& change, Turn& turn, std::string& argument);
  bool change_rank(Room& room, const chat::ModeChange& change, Turn& turn, std::string& argument);
  bool change_mask(Room& room, const chat::ModeChange& change, std::string& argument) const;
  void tell_room(Room& room, chat::Line line, Turn& turn, const std::string& key = {});
  void tell_around(const Person& person, chat::Line line, Turn& turn);
  void remove(Room& room, const std::string& name);
  void quit(SessionId session, const std::string& reason, Turn& turn);
  void forget_rooms();

  const chat::Chat::Options limits_;
  std::map<SessionId, Person> people_{};
  std::map<std::string, Room> rooms_{};  // By folded name.
  std::map<std::string, chat::OperCredential> opers_{};
};

}  // namespace muster::sim
