#include "cli/chat_program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "chat/words.h"
#include "cli/json_line.h"
#include "group/group.h"
#include "wire/control.h"

namespace muster::cli {
namespace {

constexpr std::size_t unanswered_max = 512;  // Then no more is read until half is answered.
constexpr std::uint32_t lines_on_terminal = 10;
constexpr std::chrono::seconds leaving_time{2};

std::string user_name() {
  const char* const user = std::getenv("USER");
  return user != nullptr && chat::validate_person(user) ? user : "";
}

}  // namespace

ChatProgram::ChatProgram(net::Loop& loop, const ChatOptions& options, ChatGroup group)
    : loop_(loop),
      options_(options),
      group_(std::move(group)),
      colours_(wants_colour() && !options.client.json),
      stops_(loop.context(), SIGINT, SIGTERM),
      timer_(loop.context()) {
  for (const wire::MemberStatus& member : group_.members.members()) {
    names_[member.number()] = member.name();
  }
}

ExitCode ChatProgram::run() {
  stops_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) leave_chat();
  });
  if (is_interactive()) {
    terminal_ = std::make_unique<Terminal>(
        loop_.context(), "",
        Terminal::Handlers{.on_line = [this](const std::string& line) { take_line(line); },
                           .on_end = [this] { leave_chat(); }});
  } else {
    reader_ = std::make_unique<LineReader>(
        loop_.context(), STDIN_FILENO,
        LineReader::Handlers{.on_line = [this](const std::string& line) { take_line(line); },
                             .on_end = [this] { end_of_input(); }});
  }
  if (!options_.name.empty()) {
    sign_in(options_.name);
  } else if (terminal_) {
    ask_name(user_name(), "");
  } else if (!user_name().empty()) {
    sign_in(user_name());
  } else {
    fmt::print(stderr, "nobody knows your name: say it with `muster chat NAME`\n");
    return 2;
  }
  client::run_until_stopped(loop_);
  terminal_.reset();
  return exit_;
}

// ---- Beginning ----------------------------------------------------------------------------------

void ChatProgram::ask_name(const std::string& proposed, const std::string& why) {
  if (!why.empty()) complain({ErrorCode::already_exists, why}, "");
  proposed_name_ = proposed;
  terminal_->set_prompt(proposed.empty() ? "your name: " : "your name [" + proposed + "]: ");
  asking_name_ = true;
  terminal_->begin();
}

void ChatProgram::sign_in(const std::string& name) {
  if (!client_) {
    client_ = std::make_unique<ChatClient>(
        loop_,
        ChatClient::Options{
            .client = {.session = {.id = {}, .seeds = group_.servers, .tags = options_.client.tags},
                       .secret = options_.client.secret(),
                       .discovery = options_.client.rediscovery()},
            .name = name,
            .inbox = make_inbox(options_.client.key, name),
            .timeout = options_.client.timeout},
        handlers());
  }
  client_->sign_in(name, [this](const Result<chat::Receipt>& receipt) { signed_in(receipt); });
}

void ChatProgram::signed_in(const Result<chat::Receipt>& receipt) {
  if (leaving_) return;
  if (!receipt && receipt.error().code == ErrorCode::already_exists && terminal_) {
    return propose_name(receipt.error());
  }
  if (!receipt) {
    exit_ = report(receipt.error());
    return leave_chat();
  }
  const std::uint32_t lines = options_.history.value_or(terminal_ ? lines_on_terminal : 0);
  client_->join(options_.room, lines,
                [this](const Result<chat::RoomState>& room) { joined_first(room); });
}

void ChatProgram::propose_name(const Error& refused) {
  client_->ask(chat::AskPerson{proposed_name_.empty() ? options_.name : proposed_name_},
               [this, why = refused.message](const Result<Bytes>& answer) {
                 const auto person = answer ? chat::decode_person(*answer)
                                            : Result<chat::PersonState>(answer.error());
                 ask_name(person ? person->free_name : "", why);
               });
}

void ChatProgram::joined_first(const Result<chat::RoomState>& room) {
  if (leaving_) return;
  if (!room) {
    exit_ = report(room.error());
    return leave_chat();
  }
  room_ = room->room;
  if (!options_.client.json) {
    show_beginning();
    show(room_text(*room, colours_));
  }
  if (terminal_) {
    update_prompt();
    terminal_->begin();
  }
  for (const std::string& text : options_.send) say(text, false);
  if (reader_) reader_->resume();
}

void ChatProgram::show_beginning() {
  std::string servers;
  std::string leader = "none";
  for (const wire::MemberStatus& member : group_.members.members()) {
    if (member.state() == wire::ServerState::LEFT) continue;
    servers += (servers.empty() ? "" : ", ") + member.name();
    if (member.role() == wire::Role::LEADER) leader = member.name();
  }
  const auto& hello = client_->session().hello();
  show(fmt::format("group {}: servers {}; leader {}; your home is {}", group_.name, servers, leader,
                   hello ? hello->name() : client_->session().server().value_or("none")));
}

// ---- Input --------------------------------------------------------------------------------------

void ChatProgram::take_line(const std::string& line) {
  if (leaving_) return;
  ++lines_taken_;
  if (!asking_name_) return take_input(read_chat_input(line));
  const ChatInput input = read_chat_input(line);
  const std::string name = input.text.empty() ? proposed_name_ : input.text;
  if (input.kind == ChatInput::Kind::quit) return leave_chat();
  if (const auto valid = chat::validate_person(name); !valid) return complain(valid.error(), "");
  proposed_name_ = name;
  asking_name_ = false;
  terminal_->set_prompt("");
  sign_in(name);
}

void ChatProgram::take_input(const ChatInput& input) {
  switch (input.kind) {
    case ChatInput::Kind::nothing:
      return;
    case ChatInput::Kind::say:
    case ChatInput::Kind::action:
      return say(input.text, input.kind == ChatInput::Kind::action);
    case ChatInput::Kind::join:
      return join(input.target);
    case ChatInput::Kind::leave:
      return leave(input.target.empty() ? room_ : input.target);
    case ChatInput::Kind::direct:
      return send(chat::Direct{.to = input.target, .text = input.text, .key = key_of_line()},
                  "to " + input.target + ": " + input.text);
    case ChatInput::Kind::nick:
      return send(chat::Nick{input.target}, "/nick " + input.target);
    case ChatInput::Kind::topic:
      if (input.text.empty()) return show_topic();
      return send(chat::SetTopic{room_, input.text}, "/topic " + input.text);
    case ChatInput::Kind::who:
      return show_who();
    case ChatInput::Kind::rooms:
      return show_rooms();
    case ChatInput::Kind::status:
      return show_status();
    case ChatInput::Kind::help:
      return show_help();
    case ChatInput::Kind::quit:
      return quit();
    case ChatInput::Kind::mistake:
      return complain({ErrorCode::invalid_argument, input.text}, "");
  }
}

void ChatProgram::end_of_input() {
  input_ended_ = true;
  finish_when_done();
}

// Whoever pipes in the same lines again says none of them twice.
std::string ChatProgram::key_of_line() const {
  const std::string& key = options_.client.key;
  return key.empty() ? key : fmt::format("{}/{}", key, lines_taken_);
}

void ChatProgram::say(const std::string& text, bool action) {
  if (room_.empty()) {
    return complain({ErrorCode::failed_precondition, "you are in no room: /join one"}, text);
  }
  send(chat::Say{.room = room_,
                 .text = text,
                 .manner = action ? chat::Manner::action : chat::Manner::message,
                 .key = key_of_line()},
       text);
}

void ChatProgram::send(const chat::Request& request, const std::string& what) {
  client_->request(request, [this, request, what](const Result<chat::Receipt>& receipt) {
    sent(receipt, request, what);
  });
  if (reader_ && client_->unanswered() >= unanswered_max) reader_->pause();
}

void ChatProgram::sent(const Result<chat::Receipt>& receipt, const chat::Request& request,
                       const std::string& what) {
  if (receipt) {
    const auto* const said = std::get_if<chat::Say>(&request);
    if ((said != nullptr || std::holds_alternative<chat::Direct>(request)) && !receipt->repeated) {
      Position& last = acknowledged_[said != nullptr ? said->room : ""];
      last = std::max(last, receipt->position);
    }
    if (std::holds_alternative<chat::Nick>(request)) update_prompt();
  } else {
    complain(receipt.error(), what);
  }
  go_on_reading();
  finish_when_done();
}

void ChatProgram::go_on_reading() {
  if (!reader_ || quitting_ || moving_) return;
  if (client_->unanswered() < unanswered_max / 2) reader_->resume();
}

// What is piped in behind a change of rooms is meant for what comes of it.
void ChatProgram::set_moving(bool moving) {
  moving_ = moving;
  if (!moving) return go_on_reading();
  if (reader_) reader_->pause();
}

void ChatProgram::join(const std::string& room) {
  if (const chat::RoomState* const known = client_->room(room)) return go_to(known->room);
  set_moving(true);
  client_->join(room, terminal_ ? lines_on_terminal : 0,
                [this, room](const Result<chat::RoomState>& state) {
                  set_moving(false);
                  if (!state) return complain(state.error(), "/join " + room);
                  if (!options_.client.json) show(room_text(*state, colours_));
                  go_to(state->room);
                  finish_when_done();
                });
}

void ChatProgram::leave(const std::string& room) {
  set_moving(true);
  client_->leave(room, [this, room](const Result<chat::Receipt>& receipt) {
    set_moving(false);
    if (!receipt) return complain(receipt.error(), "/leave " + room);
    go_elsewhere(room);
    quiet("you left " + room);
    finish_when_done();
  });
}

void ChatProgram::go_elsewhere(const std::string& left) {
  if (chat::folded(left) != chat::folded(room_)) return;
  const std::vector<std::string> others = client_->rooms();
  go_to(others.empty() ? "" : others.front());
}

void ChatProgram::go_to(const std::string& room) {
  room_ = room;
  update_prompt();
}

void ChatProgram::update_prompt() {
  if (terminal_) terminal_->set_prompt(room_.empty() ? "> " : room_ + "> ");
}

// ---- What happens -------------------------------------------------------------------------------

ChatClient::Handlers ChatProgram::handlers() {
  return {
      .on_line = [this](const chat::Line& line) { show_line(line); },
      .on_told = [this] { finish_when_done(); },
      .on_gap =
          [this](const chat::RoomState& state, std::size_t lines) {
            quiet(fmt::format(
                "you were away for a while; {} line{} of {} came since, and others "
                "may be missing",
                lines, lines == 1 ? "" : "s", state.room.empty() ? "direct messages" : state.room));
          },
      .on_group = [this](const session::TopicNews& news) { show_group(news); },
      .on_change = [this](const session::StateChange& change) { show_change(change); },
      .on_put_out =
          [this](const std::string& room) {
            go_elsewhere(room);
            finish_when_done();
          },
      .on_renewed =
          [this](const std::string& name) { quiet("you are back in the chat as " + name); },
      .on_trouble = [this](const Error& error) { quiet(error.message); },
  };
}

void ChatProgram::show_line(const chat::Line& line) {
  if (options_.client.json) {
    show(chat_json(line));
  } else {
    show(chat_text(line, {.self = client_->name(), .room = room_}, colours_));
  }
  if (line.kind != chat::Kind::kill) return;
  exit_ = 1;
  leave_chat();
}

void ChatProgram::show_change(const session::StateChange& change) {
  using Kind = session::StateChange::Kind;
  const auto& hello = client_ ? client_->session().hello() : std::nullopt;
  switch (change.kind) {
    case Kind::lost:
      if (!std::exchange(home_lost_, true)) {
        quiet("lost our home (" + change.reason + "); looking for another");
      }
      return;
    case Kind::resumed:
      home_lost_ = false;
      return quiet("at home with " + (hello ? hello->name() : change.address) + " now");
    case Kind::opened:
      home_lost_ = false;
      return;
    case Kind::ended:
      if (!leaving_) quiet("our session was ended (" + change.reason + "); signing in again");
      return;
    case Kind::connected:
      return;
  }
}

void ChatProgram::show_group(const session::TopicNews& news) {
  const auto* const happened = std::get_if<session::TopicEvents>(&news);
  if (happened == nullptr) return;
  for (const session::Event& each : happened->events) {
    const auto event = wire::decode<wire::GroupEvent>(each.payload.view());
    if (!event) continue;  // Of a newer version: nothing that this one could tell.
    learn_names(*event, names_);
    const std::string text = quiet_text(*event, names_);
    if (!text.empty()) quiet(text);
  }
}

void ChatProgram::show(std::string_view text) {
  if (terminal_) return terminal_->print(text);
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void ChatProgram::quiet(const std::string& text) {
  if (leaving_) return;
  if (terminal_ && !options_.client.json) return show(colours_.quiet("\u00b7 " + text));
  const std::string& level = options_.client.log_level;
  if (level == "info" || level == "debug") fmt::print(stderr, "{}\n", text);
}

void ChatProgram::complain(const Error& error, const std::string& what) {
  if (leaving_) return;
  const bool unknown = error.outcome == Outcome::perhaps_applied;
  std::string text = unknown ? "perhaps said: " + what + " (" + error.message + ")"
                             : error.message + (what.empty() ? "" : ": " + what);
  if (!terminal_) {
    fmt::print(stderr, "{}: {}\n", name_of(error.code), text);
    exit_ = unknown ? 3 : std::max(exit_, 1);
    return finish_when_done();
  }
  show(options_.client.json ? JsonLine{}
                                  .add("kind", "REFUSED")
                                  .add("code", name_of(error.code))
                                  .add("text", text)
                                  .text()
                            : "! " + text);
  finish_when_done();
}

// ---- Leaving ------------------------------------------------------------------------------------

bool ChatProgram::all_was_told() const {
  return std::ranges::all_of(acknowledged_, [this](const auto& item) {
    return client_->was_told(item.first, item.second);
  });
}

void ChatProgram::quit() {
  quitting_ = true;
  if (reader_) reader_->pause();
  end_of_input();
}

void ChatProgram::finish_when_done() {
  const bool stays = options_.follow && !quitting_;
  if (!input_ended_ || stays || leaving_ || !client_) return;
  if (client_->unanswered() > 0 || questions_ > 0) return;  // Each has its time.
  if (all_was_told()) return leave_chat();
  if (std::exchange(waiting_to_be_told_, true)) return;
  timer_.expires_after(options_.client.timeout);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) leave_chat();
  });
}

void ChatProgram::leave_chat() {
  if (std::exchange(leaving_, true)) return;
  if (!client_) return loop_.stop();
  client_->end([this] { loop_.stop(); });
  timer_.expires_after(leaving_time);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) loop_.stop();
  });
}

}  // namespace muster::cli
