// One person in the chat: through elections, the death of servers, and the end of sessions.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat/messages.h"
#include "client/client.h"
#include "muster/error.h"
#include "muster/time.h"
#include "net/loop.h"

namespace muster::cli {

/// A fresh inbox (see `chat::Chat`): 128 random bits from the system's cryptographic source.
std::string make_inbox();
/// The same key and name give the same one, so that who says something again is the same person
/// although the session before may not have ended yet. Without a key it is any.
std::string make_inbox(const std::string& key, const std::string& name);

/// A person who signs in, goes into rooms and hears what happens there. Each line is told once and
/// in order of its room, over however many servers. When the group has ended the session, a new one
/// is opened, the person signs in again and goes back into the rooms, and is told what was missed.
/// What was sent and is unanswered is "perhaps applied" then, and is not sent again; what never
/// left this client goes out in the new session.
///
/// Handlers are called from the loop, never from within a call. Thread-safety: none.
class ChatClient {
 public:
  struct Options {
    client::Client::Options client;  ///< `session.id` and `session.name` are filled in.
    std::string name;                ///< Valid.
    std::string inbox;
    Duration timeout;
    std::size_t waiting_max{1'024};  ///< Requests while there is no session.
  };
  struct Handlers {
    std::function<void(const chat::Line&)> on_line;
    std::function<void()> on_told;  ///< More was told of some topic: see `was_told`.
    /// What was kept of a room or inbox stands for events that are missing; `lines` were told.
    std::function<void(const chat::RoomState&, std::size_t lines)> on_gap;
    std::function<void(const session::TopicNews&)> on_group;  ///< Of the topic `group`.
    std::function<void(const session::StateChange&)> on_change;
    std::function<void(const std::string& room)> on_put_out;  ///< By somebody else.
    /// Signed in again in a new session; under another name if the own one was taken meanwhile.
    std::function<void(const std::string& name)> on_renewed;
    /// Signing in again came to nothing so far; it is tried on.
    std::function<void(const Error&)> on_trouble;
  };
  using OnReceipt = std::function<void(const Result<chat::Receipt>&)>;
  using OnRoom = std::function<void(const Result<chat::RoomState>&)>;
  using OnAnswer = std::function<void(const Result<Bytes>&)>;

  /// Precondition: `loop` outlives it.
  ChatClient(net::Loop& loop, Options options, Handlers handlers);
  ChatClient(const ChatClient&) = delete;
  ChatClient& operator=(const ChatClient&) = delete;

  /// Signs in; to be called again with another name when one is refused. The rest only after it
  /// succeeded.
  void sign_in(const std::string& name, OnReceipt done);
  /// Goes into a room: calls `done` with it, tells what of its last `lines` there is, and from then
  /// on what happens there.
  void join(const std::string& room, std::uint32_t lines, OnRoom done);
  void leave(const std::string& room, OnReceipt done);
  /// Any other request.
  void request(const chat::Request& request, OnReceipt done);
  /// A read of the local state.
  void ask(const chat::Query& query, OnAnswer done);
  /// Ends the session; its person leaves all rooms. Afterwards nothing is called but `done`.
  void end(std::function<void()> done);

  const std::string& name() const { return options_.name; }
  /// A room that this person is in, as it is now, without lines; nullptr if it is none.
  const chat::RoomState* room(const std::string& name) const;
  /// In order of their names.
  std::vector<std::string> rooms() const;
  /// Whether what happened at this place of a room, or of the inbox if `room` is empty, was told,
  /// or is not to be told since this person is not there.
  bool was_told(const std::string& room, Position position) const;
  /// Requests and reads that have no answer yet.
  std::size_t unanswered() const { return unanswered_; }
  const session::Session& session() const { return client_->session(); }

 private:
  struct Waiting {
    chat::Request request;
    OnReceipt done;
  };

  void begin_session();
  void learn_server(const std::string& address);
  void session_ended();
  void renew();
  void renewed(const Result<chat::Receipt>& receipt);
  void renew_later();
  void choose_another_name();
  void fail_waiting(const Error& error);
  void send(const chat::Request& request, OnReceipt done);
  void forget(const std::string& room);
  void put_out(const std::string& room);
  void enter(const std::string& room, std::uint32_t lines, OnRoom done);
  void follow(const std::string& topic, std::optional<wire::EventPosition> from);
  void follow_all();
  void take(const session::TopicNews& news);
  void take(const session::TopicEvents& news);
  void take(const session::TopicGap& news);
  void take(const chat::Line& line);

  net::Loop& loop_;
  Options options_;
  const Handlers handlers_;
  std::unique_ptr<client::Client> client_;
  bool renewing_{false};  // A new session has not signed in yet.
  bool ending_{false};
  std::deque<Waiting> waiting_;                                       // For a new session.
  std::map<std::string, chat::RoomState> rooms_;                      // Folded; without lines.
  std::map<std::string, std::optional<wire::EventPosition>> places_;  // Of topics followed.
  std::size_t unanswered_{0};
  boost::asio::steady_timer retry_;
  std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};
};

}  // namespace muster::cli
