// `muster chat`: talk in rooms, on a terminal or from a script.
#include "chat/chat.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chat/words.h"
#include "cli/chat_client.h"
#include "cli/chat_lines.h"
#include "cli/chat_program.h"
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/options.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

/// Some server that answers, and what it knows of the others.
Result<ChatGroup> find_group(net::Loop& loop, const ClientOptions& options) {
  const auto answer = client::ask(loop, options.question(),
                                  {.type = wire::FrameType::members_request,
                                   .body = SharedBytes(wire::encode(wire::MembersRequest{}))});
  if (!answer) return answer.error();
  auto members = wire::decode<wire::Members>(answer->frame.body.view());
  if (!members) return members.error();
  ChatGroup group{.servers = {answer->address}, .name = answer->hello.group(), .members = {}};
  const auto add = [&](const std::string& address) {
    if (!address.empty() && std::ranges::find(group.servers, address) == group.servers.end()) {
      group.servers.push_back(address);
    }
  };
  for (const std::string& server : options.servers) add(server);
  group.members = std::move(*members);
  return group;
}

// ---- --history ----------------------------------------------------------------------------------

/// The latest state if the group can tell it, else what the server at hand has.
Result<session::ReadResult> read_room(net::Loop& loop, client::Client& client,
                                      const ChatOptions& options) {
  const SharedBytes query(
      chat::encode(chat::Query{chat::AskRoom{options.room, options.history.value_or(0)}}));
  std::optional<Result<session::ReadResult>> result;
  for (const auto consistency : {client::Consistency::linearizable, client::Consistency::local}) {
    const auto asked = client.read(chat::service_id, query, consistency, options.client.timeout,
                                   [&](Result<session::ReadResult> answer) {
                                     result = std::move(answer);
                                     loop.stop();
                                   });
    if (!asked) return asked.error();
    client::run_until_stopped(loop);
    const bool no_majority = !*result && ((*result).error().code == ErrorCode::unavailable ||
                                          (*result).error().code == ErrorCode::deadline_exceeded);
    if (!no_majority) return *result;
    if (consistency == client::Consistency::local) break;
    fmt::print(stderr, "the group has no majority now: this is what one server has\n");
  }
  return *result;
}

ExitCode print_history(net::Loop& loop, const ChatOptions& options, const ChatGroup& group) {
  client::Client client(loop, {.session = {.id = {}, .seeds = group.servers, .only_follows = true},
                               .secret = options.client.secret(),
                               .discovery = options.client.rediscovery()});
  const auto answer = read_room(loop, client, options);
  if (!answer) return report(answer.error());
  const auto state = chat::decode_room_state(answer->payload.view());
  if (!state) return report(state.error());
  const Colours colours(wants_colour() && !options.client.json);
  for (const chat::Line& line : state->lines) {
    const ChatView view{.self = "", .room = state->room};
    fmt::print("{}\n", options.client.json ? chat_json(line) : chat_text(line, view, colours));
  }
  return 0;
}

// ---- --send -------------------------------------------------------------------------------------

/// Says what is to be said, all at once and in order, and waits for the answers.
class Sending {
 public:
  Sending(net::Loop& loop, const ChatOptions& options, const ChatGroup& group)
      : loop_(loop),
        options_(options),
        client_(
            loop,
            {.client = {.session = {.id = {}, .seeds = group.servers, .tags = options.client.tags},
                        .secret = options.client.secret(),
                        .discovery = options.client.rediscovery()},
             .name = options.name,
             .inbox = make_inbox(options.client.key, options.name),
             .timeout = options.client.timeout},
            handlers()) {}

  ExitCode run() {
    client_.sign_in(options_.name, [this](const Result<chat::Receipt>& receipt) {
      if (!receipt) fail(receipt.error());
      signed_in_ = receipt.has_value();
    });
    look_for_room();
    client::run_until_stopped(loop_);
    return exit_;
  }

 private:
  // A room that there is is spoken to from outside; one that there is not is made.
  void look_for_room() {
    client_.ask(chat::AskChannel{.room = options_.room, .people = false},
                [this](const Result<Bytes>& answer) {
                  const auto channel = answer ? chat::decode_channel(*answer)
                                              : Result<chat::Channel>(answer.error());
                  // Why it can't be made, is why nothing can be said there.
                  if (channel && !channel->exists) {
                    client_.request(chat::Join{options_.room}, [](const auto&) {});
                  }
                  say_all();
                });
  }
  void say_all() {
    for (std::size_t i = 0; i < options_.send.size(); ++i) {
      chat::Say say{.room = options_.room, .text = options_.send[i]};
      if (!options_.client.key.empty())
        say.key = options_.client.key + (i == 0 ? "" : "/" + std::to_string(i));
      client_.request(
          say, [this, say](const Result<chat::Receipt>& receipt) { answered(say, receipt); });
    }
  }

  ChatClient::Handlers handlers() {
    return {.on_line = [](const chat::Line&) {},
            .on_told = [] {},
            .on_gap = [](const chat::RoomState&, std::size_t) {},
            .on_group = [](const session::TopicNews&) {},
            .on_change = [](const session::StateChange&) {},
            .on_put_out = [](const std::string&) {},
            .on_renewed = [](const std::string&) {},
            .on_trouble = [](const Error&) {}};
  }

  void answered(const chat::Say& say, const Result<chat::Receipt>& receipt) {
    if (receipt) {
      print(say, *receipt);
    } else {
      fmt::print(stderr, "not acknowledged: {}\n", say.text);
      // What follows from having no name was told with that.
      if (signed_in_ || receipt.error().outcome == Outcome::perhaps_applied) fail(receipt.error());
    }
    if (++answered_ < options_.send.size()) return;
    client_.end([this] { loop_.stop(); });
  }

  void print(const chat::Say& say, const chat::Receipt& receipt) const {
    if (!options_.client.json) return;
    const std::string line = chat_json({.position = receipt.position,
                                        .time = receipt.time,
                                        .kind = chat::Kind::message,
                                        .room = say.room,
                                        .from = receipt.name,
                                        .text = say.text});
    const std::string repeated = receipt.repeated ? "true" : "false";
    fmt::print("{},\"repeated\":{}}}\n", line.substr(0, line.size() - 1), repeated);
  }

  void fail(const Error& error) { exit_ = std::max(exit_, report(error)); }

  net::Loop& loop_;
  const ChatOptions& options_;
  ChatClient client_;
  bool signed_in_{false};
  std::size_t answered_{0};
  ExitCode exit_{0};
};

// ---- Usage --------------------------------------------------------------------------------------

void check_words(ChatOptions& options) {
  const auto refuse = [](const std::string& option, const Result<void>& valid) {
    if (!valid) throw CLI::ValidationError(option, valid.error().message);
  };
  if (options.room.starts_with('#')) options.room.erase(0, 1);
  refuse("--room", chat::validate_room(options.room));
  if (!options.name.empty()) refuse("NAME", chat::validate_person(options.name));
  for (const std::string& text : options.send) refuse("--send", chat::validate_text(text));
  // Room for what tells several texts apart.
  constexpr std::size_t suffix_bytes = 8;
  if (options.client.key.size() > chat::key_bytes_max - suffix_bytes) {
    throw CLI::ValidationError(
        "--key",
        "a key has at most " + std::to_string(chat::key_bytes_max - suffix_bytes) + " bytes");
  }
  refuse("--key", chat::validate_key(options.client.key));
  const bool says = !options.send.empty() || !(is_interactive() || options.history);
  if (!options.client.key.empty() && (!says || options.follow)) {
    throw CLI::ValidationError("--key",
                               "is for --send, or for lines that are piped in; without --follow");
  }
}

ExitCode run(ChatOptions& options) {
  check_words(options);
  const bool sends = !options.send.empty() && !options.follow;
  const bool only_history = options.history && !options.follow && (sends || !is_interactive());
  if (sends && options.name.empty()) {
    const char* const user = std::getenv("USER");
    if (user == nullptr || !chat::validate_person(user)) {
      throw CLI::ValidationError("NAME", "nobody knows your name: say it before --send");
    }
    options.name = user;
  }
  net::Loop loop;
  auto group = find_group(loop, options.client);
  if (!group) return report(group.error());
  if (!sends && !only_history) return ChatProgram(loop, options, std::move(*group)).run();
  ExitCode exit = 0;
  if (sends) exit = Sending(loop, options, *group).run();
  if (only_history && exit == 0) exit = print_history(loop, options, *group);
  return exit;
}

}  // namespace

CLI::App* add_chat(CLI::App& root, ExitCode& exit) {
  CLI::App* command = root.add_subcommand("chat", "talk in rooms, on a terminal or from a script");
  const auto options = std::make_shared<ChatOptions>();
  add_client_options(*command, options->client);
  command
      ->add_option("name", options->name,
                   "what you are called; not given: asked for on a terminal, else $USER")
      ->type_name("NAME");
  command->add_option("--room", options->room, "where to talk")
      ->type_name("ROOM")
      ->capture_default_str();
  command
      ->add_option("--send", options->send,
                   "say it, wait until it is acknowledged, and exit; repeatable")
      ->type_name("TEXT")
      ->expected(1)
      ->take_all();
  command
      ->add_option("--history", options->history,
                   "show the last N lines; without a terminal and --follow that is all")
      ->check(whole_number())
      ->type_name("N");
  command->add_flag("--follow", options->follow,
                    "stay when everything is said and the input has ended");
  command->get_option("--key")->description(
      "with --send, or lines piped in: what the room has of you with this key (and the line's "
      "number) is not said again");
  command->callback([options, &exit] { exit = run(*options); });
  return command;
}

}  // namespace muster::cli
