// The table of commands.
#include <algorithm>
#include <array>

#include "edge/irc/impl.h"
#include "wire/utf8.h"

namespace muster::edge::irc {

std::span<const Connection::Impl::Command> Connection::Impl::commands() {
  // By name; the least number of parameters; whether it counts before somebody is registered.
  static constexpr std::array table{
      Command{"ADMIN", &Impl::admin},
      Command{"AWAY", &Impl::away},
      Command{"CAP", &Impl::cap, 0, true},
      Command{"CHATHISTORY", &Impl::chathistory},
      Command{"CHGHOST", &Impl::chghost, 2},
      Command{"CONNECT", &Impl::not_over_irc},
      Command{"DIE", &Impl::not_over_irc},
      Command{"ERROR", &Impl::nothing, 0, true},
      Command{"HELP", &Impl::help},
      Command{"INFO", &Impl::info},
      Command{"INVITE", &Impl::invite, 2},
      Command{"ISON", &Impl::ison, 1},
      Command{"JOIN", &Impl::join, 1},
      Command{"KICK", &Impl::kick, 2},
      Command{"KILL", &Impl::kill, 2},
      Command{"LINKS", &Impl::links},
      Command{"LIST", &Impl::list},
      Command{"LUSERS", &Impl::lusers},
      Command{"MAP", &Impl::map},
      Command{"MODE", &Impl::mode, 1},
      Command{"MONITOR", &Impl::monitor, 1},
      Command{"MOTD", &Impl::motd},
      Command{"NAMES", &Impl::names},
      Command{"NICK", &Impl::nick, 0, true},
      Command{"NOTICE", &Impl::notice_command},
      Command{"OPER", &Impl::oper, 2},
      Command{"PART", &Impl::part, 1},
      Command{"PASS", &Impl::pass, 1, true},
      Command{"PING", &Impl::ping, 0, true},
      Command{"PONG", &Impl::pong, 0, true},
      Command{"PRIVMSG", &Impl::privmsg},
      Command{"QUIT", &Impl::quit, 0, true},
      Command{"REHASH", &Impl::not_over_irc},
      Command{"RESTART", &Impl::not_over_irc},
      Command{"SETNAME", &Impl::setname, 1},
      Command{"SQUIT", &Impl::not_over_irc},
      Command{"STATS", &Impl::stats},
      Command{"SUMMON", &Impl::summon},
      Command{"TAGMSG", &Impl::tagmsg},
      Command{"TIME", &Impl::time},
      Command{"TOPIC", &Impl::topic, 1},
      Command{"USER", &Impl::user, 4, true},
      Command{"USERHOST", &Impl::userhost, 1},
      Command{"USERS", &Impl::users},
      Command{"VERSION", &Impl::version},
      Command{"WALLOPS", &Impl::wallops, 1},
      Command{"WHO", &Impl::who},
      Command{"WHOIS", &Impl::whois},
      Command{"WHOWAS", &Impl::whowas},
  };
  return table;
}

void Connection::Impl::take_line(const LineReader::Line& line) {
  if (line.too_long) {
    begin_task({.command = "*"});
    numeric(err_inputtoolong, {}, "Input line was too long");
  } else if (const auto message = parse_message(line.text)) {
    begin_task(*message);
    if (!wire::is_utf8(message->command)) task_->command.assign(1, '*');
    if (wire::is_utf8(line.text)) {
      handle(*message);
    } else {
      fail(wire::is_utf8(message->command) ? message->command : "*", "INVALID_UTF8", {},
           "Message rejected, your IRC software MUST use UTF-8 encoding on this network");
    }
  }
  task_ = nullptr;
  run_tasks();
}

void Connection::Impl::handle(const Message& message) {
  const std::span<const Command> table = commands();
  const auto found = std::ranges::lower_bound(table, message.command, {}, &Command::name);
  const bool known = found != table.end() && found->name == message.command;
  if (phase_ == Phase::registering && !(known && found->before)) {
    return numeric(err_notregistered, {}, "You have not registered");
  }
  if (!known) return numeric(err_unknowncommand, {message.command}, "Unknown command");
  if (message.params.size() < found->params) {
    return numeric(err_needmoreparams, {message.command}, "Not enough parameters");
  }
  (this->*found->handler)(message);
}

}  // namespace muster::edge::irc
