// What a client says, and what it says of itself.
#include <algorithm>
#include <utility>

#include "chat/words.h"
#include "edge/irc/impl.h"
#include "edge/irc/isupport.h"

namespace muster::edge::irc {
namespace {

constexpr std::string_view ctcp_action =
    "\x01"
    "ACTION ";
constexpr char ctcp_end = '\x01';

chat::Kind kind_of(chat::Manner manner) {
  switch (manner) {
    case chat::Manner::action:
      return chat::Kind::action;
    case chat::Manner::notice:
      return chat::Kind::notice;
    case chat::Manner::tags:
      return chat::Kind::tags;
    default:
      return chat::Kind::message;
  }
}

}  // namespace

void Connection::Impl::privmsg(const Message& message) {
  talk(message, chat::Manner::message);
}
void Connection::Impl::notice_command(const Message& message) {
  talk(message, chat::Manner::notice);
}
void Connection::Impl::tagmsg(const Message& message) {
  if (!has(Capability::message_tags)) {
    return numeric(err_unknowncommand, {"TAGMSG"}, "Unknown command");
  }
  talk(message, chat::Manner::tags);
}

// To a NOTICE nobody answers by itself, not even that it failed (RFC 2812, section 3.3.2).
void Connection::Impl::talk(const Message& message, chat::Manner manner) {
  const bool quiet = manner == chat::Manner::notice;
  const std::vector<std::string> targets = split_list(message.param(0));
  std::string_view text = message.param(1);
  if (targets.empty()) {
    if (quiet) return;
    return numeric(err_norecipient, {}, "No recipient given (" + message.command + ")");
  }
  if (text.empty() && manner != chat::Manner::tags) {
    if (quiet) return;
    return numeric(err_notexttosend, {}, "No text to send");
  }
  if (targets.size() > targets_max) {
    if (quiet) return;
    return numeric(err_toomanytargets, {targets[targets_max]}, "Too many targets");
  }
  if (manner == chat::Manner::message && text.starts_with(ctcp_action)) {
    text.remove_prefix(ctcp_action.size());
    if (text.ends_with(ctcp_end)) text.remove_suffix(1);
    manner = chat::Manner::action;
    if (text.empty()) text = " ";
  }
  if (manner == chat::Manner::tags) text = {};
  for (const std::string& target : targets) talk_to(target, message, manner, std::string(text));
}

void Connection::Impl::talk_to(const std::string& target, const Message& message,
                               chat::Manner manner, const std::string& text) {
  const std::string tags = has(Capability::message_tags) ? message.client_tags() : std::string{};
  if (manner == chat::Manner::tags && tags.empty()) return;
  const bool to_room = target.starts_with('#');
  chat::Line line{.kind = to_room ? kind_of(manner) : chat::Kind::direct,
                  .room = to_room ? target.substr(1) : std::string{},
                  .from = {},
                  .to = to_room ? std::string{} : target,
                  .text = text,
                  .manner = to_room ? chat::Manner::message : manner,
                  .tags = tags};
  chat::Request request =
      to_room
          ? chat::Request(
                chat::Say{.room = line.room, .text = text, .manner = manner, .tags = tags})
          : chat::Request(chat::Direct{.to = target, .text = text, .manner = manner, .tags = tags});
  const auto command = write(request);
  if (!command) return;
  await(*command, [this, target, manner, line = std::move(line)](const Native::Answer& answer) {
    const bool done = answer && answer->refusals.empty();
    if (!done && manner != chat::Manner::notice) tell_refusals(answer, target);
    if (!done) return;
    if (has(Capability::echo_message)) echo(*answer, line);
    const bool wants_answer = manner == chat::Manner::message || manner == chat::Manner::action;
    if (!wants_answer || answer->away.empty()) return;
    then([this, target, away = answer->away] { numeric(rpl_away, {target}, away); });
  });
}

// Where it is followed the event is the echo, so that it has its place among what others say.
void Connection::Impl::echo(const chat::Receipt& receipt, const chat::Line& line) {
  if (line.kind == chat::Kind::direct || is_in(line.room)) return barrier();
  chat::Line own = line;
  own.from = nick_;
  own.user = user_ + "@" + host_;
  std::string text;
  append_lines(text, own,
               {.position = receipt.position,
                .time = receipt.time,
                .capabilities = capabilities_,
                .server_name = options_.server_name});
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find("\r\n");
    say(std::string(rest.substr(0, end)));
    rest.remove_prefix(end + 2);
  }
}

void Connection::Impl::away(const Message& message) {
  const std::string text(front_of(message.param(0), away_bytes_max));
  order(chat::SetAway{text}, nick_, [this, is_away = !text.empty()](const chat::Receipt&) {
    then([this, is_away] {
      if (is_away) return numeric(rpl_nowaway, {}, "You have been marked as being away");
      numeric(rpl_unaway, {}, "You are no longer marked as being away");
    });
  });
}

void Connection::Impl::setname(const Message& message) {
  const std::string text(message.param(0));
  if (text.empty() || text.size() > chat::real_name_bytes_max) {
    return fail("SETNAME", "INVALID_REALNAME", {}, "Realname is not valid");
  }
  order(chat::SetRealName{text}, nick_);
}

}  // namespace muster::edge::irc
