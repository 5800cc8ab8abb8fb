// What one person does in the chat: comes and goes, speaks, is made operator and makes others
// unhappy.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "chat/messages.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "session/topics.h"
#include "sim/chat_checkers.h"
#include "sim/scenario.h"

namespace muster::sim {

/// Decides what a client's person says next, by chance, from few names and rooms, so that people
/// get into each other's way; and which topics it follows. Draws from numbers of its own.
/// Thread-safety: none.
class ChatLoad {
 public:
  /// What becomes of what is followed.
  struct Change {
    std::vector<std::string> unfollow{};
    std::vector<std::pair<std::string, Position>> follow{};
  };

  /// References outlive this.
  ChatLoad(std::uint32_t client, const Scenario& scenario, ChatCheckers& checkers);

  /// Whether the next operation of this client is one of these.
  bool wants() { return random_.chance(options_.share); }
  /// The next command, or nothing while it waits to be let in.
  std::optional<chat::Request> next();
  /// Its program dies now, and starts anew: the same person, in another session.
  bool departs();
  /// A new session: nobody is signed in. Also of what was sent and not answered.
  void session_began();
  Change answered(const chat::Request& request, const Result<chat::Receipt>& receipt);

  void told(const session::TopicNews& news) { follower_.told(news); }
  const ChatFollower& follower() const { return follower_; }
  void begin_anew() { follower_.begin_anew(); }

 private:
  chat::Request sign_in();
  chat::Request anything();
  chat::Request of_itself();
  chat::Request of_opers();
  chat::Request of_a_room();
  chat::Request say();
  chat::SetModes modes();
  chat::ModeChange mode_change();
  const std::string& some_name();
  const std::string& some_room();
  std::string text();
  std::string key();
  void follow(const std::string& topic, Position from, Change& change);

  const std::uint32_t client_;
  const ChatOptions& options_;
  Random random_;
  Random opers_random_;
  ChatFollower follower_;
  std::string inbox_;
  std::optional<chat::Direct> direct_{};  // The last one, to be sent once more.
  bool signed_in_{false};
  bool asked_{false};  // To be.
  std::size_t departures_{0};
  std::uint64_t keys_{0};
  std::uint64_t texts_{0};
  std::uint64_t opers_{0};
  Position newest_{};  // Of what was answered.
};

}  // namespace muster::sim
