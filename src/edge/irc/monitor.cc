// Whether somebody is there (IRCv3 MONITOR).
#include <utility>

#include "chat/chat.h"
#include "chat/words.h"
#include "edge/irc/impl.h"
#include "edge/irc/isupport.h"

namespace muster::edge::irc {

void Connection::Impl::monitor(const Message& message) {
  const std::string sub = upper(message.param(0));
  const bool lacks_names = (sub == "+" || sub == "-") && message.param(1).empty();
  if (lacks_names) return numeric(err_needmoreparams, {"MONITOR"}, "Not enough parameters");
  if (sub == "+") {
    watch(split_list(message.param(1)));
  } else if (sub == "-") {
    for (const std::string& name : split_list(message.param(1))) unwatch(name);
  } else if (sub == "C") {
    while (!watched_.empty()) unwatch(std::string(watched_.begin()->first));
  } else if (sub == "L") {
    std::vector<std::string> names;
    names.reserve(watched_.size());
    for (const auto& [folded, name] : watched_) names.push_back(name);
    numeric_list(rpl_monlist, {}, names, ',');
    numeric(rpl_endofmonlist, {}, "End of MONITOR list");
  } else if (sub == "S") {
    for (const auto& [folded, name] : watched_) tell_whether_there(name);
  }
}

// What is told afterwards follows right upon what was read.
void Connection::Impl::watch(const std::vector<std::string>& names) {
  std::string left_out;
  for (const std::string& name : names) {
    if (!chat::validate_person(name)) continue;
    if (watched_.contains(chat::folded(name))) continue;
    if (watched_.size() >= watched_max) {
      left_out += (left_out.empty() ? "" : ",") + name;
      continue;
    }
    watched_.emplace(chat::folded(name), name);
    tell_whether_there(name);
  }
  if (left_out.empty()) return;
  numeric(err_monlistfull, {std::to_string(watched_max), left_out}, "Monitor list is full.");
}

void Connection::Impl::tell_whether_there(const std::string& name) {
  ask<chat::PersonState>(
      chat::AskPerson{name}, chat::decode_person,
      [this, name](const chat::PersonState& person, LogIndex index) {
        if (person.signed_in) {
          numeric(rpl_mononline, {}, person.name + "!" + person.user + "@" + person.host);
        } else {
          numeric(rpl_monoffline, {}, name);
        }
        const std::string topic = chat::presence_topic(name);
        if (!watched_.contains(chat::folded(name)) || follows_.contains(topic)) return;
        const wire::EventPosition from = wire::beginning_of(index + 1);
        follows_[topic] = {.what = Follow::What::presence, .name = name, .from = from};
        native_.follow(topic, from);
      });
}

void Connection::Impl::unwatch(const std::string& name) {
  watched_.erase(chat::folded(name));
  const std::string topic = chat::presence_topic(name);
  if (follows_.erase(topic) > 0) native_.unfollow(topic);
}

// Away and full names are told as to those who share a room, and only once.
void Connection::Impl::tell_presence(const EncodedLine& event, const Follow& follow) {
  const chat::Line& line = event.line;
  if (line.kind == chat::Kind::online) {
    return say_now(numeric_line(rpl_mononline, {}, prefix_of(line, "")));
  }
  if (line.kind == chat::Kind::offline) {
    return say_now(numeric_line(rpl_monoffline, {}, follow.name));
  }
  if (!has(Capability::extended_monitor) || is_self(line.from)) return;
  if (!persons_told_.emplace(event.position.command, line.kind).second) return;
  std::string text;
  append_lines(text, line,
               {.position = event.position.command,
                .time = event.time,
                .capabilities = capabilities_,
                .server_name = options_.server_name});
  put(text);
}

}  // namespace muster::edge::irc
