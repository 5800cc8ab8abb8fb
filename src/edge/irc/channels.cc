// Rooms: coming, going, topics, who is there.
#include <algorithm>
#include <utility>

#include "chat/chat.h"
#include "chat/words.h"
#include "edge/irc/impl.h"
#include "edge/irc/isupport.h"
#include "edge/irc/modes.h"

namespace muster::edge::irc {
namespace {

constexpr std::int64_t milliseconds_per_second = 1'000;

std::string seconds(LogTime time) {
  return std::to_string(time.milliseconds / milliseconds_per_second);
}

bool has_mode(std::string_view modes, char mode) {
  return modes.find(mode) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> Connection::Impl::room_of(std::string_view channel) {
  if (channel.size() > 1 && channel.starts_with('#')) return std::string(channel.substr(1));
  numeric(err_nosuchchannel, {channel}, "No such channel");
  return std::nullopt;
}

bool Connection::Impl::is_in(std::string_view room) const {
  return rooms_.contains(chat::folded(room));
}

bool Connection::Impl::may_see(const chat::Channel& channel) const {
  return channel.exists && (!has_mode(channel.modes, 's') || is_in(channel.room));
}

// ---- Coming and going ---------------------------------------------------------------------------

void Connection::Impl::join(const Message& message) {
  if (message.param(0).empty()) {
    return numeric(err_needmoreparams, {"JOIN"}, "Not enough parameters");
  }
  if (message.param(0) == "0") {
    for (const auto& [room, topic] : rooms_) order(chat::Leave{.room = room}, "#" + room);
    return;
  }
  // One without a key has an empty place among the keys.
  std::string_view keys = message.param(1);
  for (const std::string& channel : split_list(message.param(0))) {
    const std::string_view key = keys.substr(0, keys.find(','));
    keys.remove_prefix(std::min(key.size() + 1, keys.size()));
    join_one(channel, std::string(key));
  }
}

void Connection::Impl::join_one(const std::string& channel, const std::string& key) {
  const auto room = room_of(channel);
  if (!room) return;
  order(chat::Join{.room = *room, .key = key}, channel,
        [this, room = *room](const chat::Receipt& receipt) { joined(room, receipt); });
}

// From the place of its own coming on it hears all; who is there is read after that.
void Connection::Impl::joined(const std::string& room, const chat::Receipt& receipt) {
  if (is_in(room)) return;
  follow_room(room, {.command = receipt.position, .sub = 0});
  ask_channel({.room = room}, [this, room](const chat::Channel& channel) {
    const auto topic = rooms_.find(chat::folded(room));
    if (topic == rooms_.end()) {  // It has left by now.
      return numeric(rpl_endofnames, {"#" + channel.room}, "End of /NAMES list");
    }
    follows_.at(topic->second).name = channel.room;
    tell_topic(channel, false);
    tell_names(channel, "#" + channel.room);
  });
}

void Connection::Impl::follow_room(const std::string& room, wire::EventPosition from) {
  const std::string topic = chat::room_topic(room);
  rooms_[chat::folded(room)] = topic;
  follows_[topic] = {.what = Follow::What::room, .name = room, .from = from};
  native_.follow(topic, from);
}

void Connection::Impl::leave_room(const std::string& room) {
  const auto found = rooms_.find(chat::folded(room));
  if (found == rooms_.end()) return;
  native_.unfollow(found->second);
  follows_.erase(found->second);
  rooms_.erase(found);
}

void Connection::Impl::part(const Message& message) {
  const std::string reason(front_of(message.param(1), part_bytes_max));
  for (const std::string& channel : split_list(message.param(0))) {
    if (const auto room = room_of(channel)) {
      order(chat::Leave{.room = *room, .reason = reason}, channel);
    }
  }
}

void Connection::Impl::kick(const Message& message) {
  const auto room = room_of(message.param(0));
  if (!room) return;
  const std::string reason(front_of(message.param(2), kick_bytes_max));
  for (const std::string& name : split_list(message.param(1))) {
    order(chat::Kick{.room = *room, .name = name, .reason = reason}, "#" + *room);
  }
}

void Connection::Impl::invite(const Message& message) {
  const auto room = room_of(message.param(1));
  if (!room) return;
  const std::string name(message.param(0));
  order(chat::Invite{.room = *room, .name = name}, "#" + *room,
        [this, name, room = *room](const chat::Receipt&) {
          then([this, name, room] { numeric(rpl_inviting, {name, "#" + room}); });
        });
}

// ---- Topics and names ---------------------------------------------------------------------------

void Connection::Impl::topic(const Message& message) {
  const auto room = room_of(message.param(0));
  if (!room) return;
  if (message.params.size() > 1) {
    const std::string text(front_of(message.param(1), topic_bytes_max));
    return order(chat::SetTopic{.room = *room, .text = text}, "#" + *room);
  }
  ask_channel({.room = *room, .people = false}, [this, room = *room](const chat::Channel& channel) {
    if (may_see(channel)) return tell_topic(channel, true);
    numeric(err_nosuchchannel, {"#" + room}, "No such channel");
  });
}

void Connection::Impl::tell_topic(const chat::Channel& channel, bool none_too) {
  const std::string name = "#" + channel.room;
  if (channel.topic.empty()) {
    if (none_too) numeric(rpl_notopic, {name}, "No topic is set");
    return;
  }
  numeric(rpl_topic, {name}, channel.topic);
  if (channel.topic_by.empty()) return;
  numeric(rpl_topicwhotime, {name, channel.topic_by, seconds(channel.topic_time)});
}

void Connection::Impl::names(const Message& message) {
  if (message.param(0).empty()) return numeric(rpl_endofnames, {"*"}, "End of /NAMES list");
  for (const std::string& name : split_list(message.param(0))) {
    // What is no room's name has nobody in it.
    ask_channel({.room = name.starts_with('#') ? name.substr(1) : std::string{}},
                [this, name](const chat::Channel& channel) { tell_names(channel, name); });
  }
}

void Connection::Impl::tell_names(const chat::Channel& channel, std::string_view asked) {
  if (may_see(channel)) {
    const bool inside = is_in(channel.room);
    std::vector<std::string> words;
    words.reserve(channel.people.size());
    for (const chat::Member& member : channel.people) {
      if (!inside && has_mode(member.modes, 'i')) continue;
      std::string word = prefixes_of(member.ranks, has(Capability::multi_prefix)) + member.name;
      if (has(Capability::userhost_in_names)) word += "!" + member.user + "@" + member.host;
      words.push_back(std::move(word));
    }
    const std::string_view symbol = has_mode(channel.modes, 's') ? "@" : "=";
    numeric_list(rpl_namreply, {symbol, "#" + channel.room}, words);
  }
  numeric(rpl_endofnames, {asked}, "End of /NAMES list");
}

}  // namespace muster::edge::irc
