// A sitting in the chat: what is typed or piped in is said, what happens is shown.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/messages.h"
#include "cli/chat_client.h"
#include "cli/chat_input.h"
#include "cli/chat_lines.h"
#include "cli/client_options.h"
#include "cli/colours.h"
#include "cli/commands.h"
#include "cli/line_reader.h"
#include "cli/terminal.h"
#include "client/question.h"
#include "net/loop.h"

namespace muster::cli {

/// What was typed after `muster chat`.
struct ChatOptions {
  ClientOptions client{};
  std::string name{};
  std::string room{"lobby"};
  std::vector<std::string> send{};
  std::optional<std::uint32_t> history{};
  bool follow{false};
};

/// Where the group was found, before the chat begins.
struct ChatGroup {
  std::vector<std::string> servers;  ///< Addresses, those that answered or were named first.
  std::string name;
  wire::Members members;
};

/// Runs the chat until it is left: by `/quit`, by the end of input (unless `follow`), or by a
/// signal. On a terminal it is typed and shown there (`Terminal`); else lines are read from
/// standard input, what can't be said goes to standard error, and the exit code tells of it.
class ChatProgram {
 public:
  ChatProgram(net::Loop& loop, const ChatOptions& options, ChatGroup group);
  ExitCode run();

 private:
  // Beginning.
  void ask_name(const std::string& proposed, const std::string& why);
  void sign_in(const std::string& name);
  void signed_in(const Result<chat::Receipt>& receipt);
  void propose_name(const Error& refused);
  void joined_first(const Result<chat::RoomState>& room);
  void show_beginning();

  // Input.
  void take_line(const std::string& line);
  void take_input(const ChatInput& input);
  void end_of_input();
  std::string key_of_line() const;
  void say(const std::string& text, bool action);
  void send(const chat::Request& request, const std::string& what);
  void join(const std::string& room);
  void leave(const std::string& room);
  void set_moving(bool moving);
  void go_on_reading();
  void show_topic();
  void show_who();
  void show_help();
  void show_rooms();
  void show_status();
  void ask_group(const client::Question::Options& asked, wire::FrameType type, Bytes body,
                 client::Question::OnDone done);
  void sent(const Result<chat::Receipt>& receipt, const chat::Request& request,
            const std::string& what);

  // What happens.
  ChatClient::Handlers handlers();
  void show_line(const chat::Line& line);
  void show_change(const session::StateChange& change);
  void show_group(const session::TopicNews& news);

  void show(std::string_view text);
  void quiet(const std::string& text);
  void complain(const Error& error, const std::string& what);
  void update_prompt();
  void go_to(const std::string& room);
  /// From a room that this person is not in any more.
  void go_elsewhere(const std::string& left);
  void quit();
  void finish_when_done();
  void leave_chat();
  bool all_was_told() const;

  net::Loop& loop_;
  const ChatOptions& options_;
  const ChatGroup group_;
  const Colours colours_;
  std::unique_ptr<ChatClient> client_;
  std::unique_ptr<Terminal> terminal_;
  std::unique_ptr<LineReader> reader_;
  boost::asio::signal_set stops_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<client::Question> question_;
  std::size_t questions_{0};  // Unanswered.
  std::size_t lines_taken_{0};
  std::string proposed_name_{};  // While it is asked for.
  bool asking_name_{false};
  bool home_lost_{false};
  bool input_ended_{false};
  bool moving_{false};              // To or from a room.
  bool quitting_{false};            // As soon as all is answered.
  bool waiting_to_be_told_{false};  // Nothing else is waited for.
  bool leaving_{false};
  std::string room_{};  // Where what is typed is said; empty: nowhere.
  ServerNames names_{};
  std::map<std::string, Position> acknowledged_{};  // The last line said in each room here.
  ExitCode exit_{0};
};

}  // namespace muster::cli
