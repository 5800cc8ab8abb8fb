// Modes of rooms and of the client itself.
#include <utility>

#include "chat/words.h"
#include "edge/irc/impl.h"
#include "edge/irc/isupport.h"
#include "edge/irc/modes.h"

namespace muster::edge::irc {
namespace {

constexpr std::int64_t milliseconds_in_second = 1'000;

std::string in_seconds(LogTime time) {
  return std::to_string(time.milliseconds / milliseconds_in_second);
}

struct ListNumerics {
  std::string_view entry;
  std::string_view end;
  std::string_view text;
};

ListNumerics numerics_of(char letter) {
  switch (letter) {
    case 'e':
      return {rpl_exceptlist, rpl_endofexceptlist, "End of channel exception list"};
    case 'I':
      return {rpl_invexlist, rpl_endofinvexlist, "End of channel invite exception list"};
    default:
      return {rpl_banlist, rpl_endofbanlist, "End of channel ban list"};
  }
}

}  // namespace

void Connection::Impl::mode(const Message& message) {
  if (!message.param(0).starts_with('#')) return own_mode(message);
  if (const auto room = room_of(message.param(0))) room_mode(*room, message);
}

void Connection::Impl::room_mode(const std::string& room, const Message& message) {
  const std::string name = "#" + room;
  if (message.params.size() < 2) {
    return ask_channel({.room = room, .people = false},
                       [this, name](const chat::Channel& channel) { tell_modes(channel, name); });
  }
  const RoomModes modes = parse_room_modes({message.params.begin() + 1, message.params.end()});
  for (const char letter : modes.unknown) {
    numeric(err_unknownmode, {std::string(1, letter)}, "is unknown mode char to me");
  }
  for (const char letter : modes.lacking) {
    numeric(err_invalidmodeparam, {name, std::string(1, letter), "*"},
            "You must specify a parameter for this mode");
  }
  std::vector<chat::ModeChange> changes = modes.changes;
  if (changes.size() > chat::mode_changes_max) changes.resize(chat::mode_changes_max);
  if (!changes.empty()) order(chat::SetModes{.room = room, .changes = std::move(changes)}, name);
  for (const char letter : modes.lists) {
    ask_channel({.room = room, .people = false, .lists = true},
                [this, name, letter](const chat::Channel& channel) {
                  if (may_see(channel)) return tell_masks(channel, letter);
                  numeric(err_nosuchchannel, {name}, "No such channel");
                });
  }
}

// What the key is, is for those inside.
void Connection::Impl::tell_modes(const chat::Channel& channel, std::string_view asked) {
  if (!may_see(channel)) return numeric(err_nosuchchannel, {asked}, "No such channel");
  std::string letters = "+";
  std::string parameters;
  const auto add = [&](char letter, std::string_view parameter) {
    letters += letter;
    if (!parameter.empty()) parameters += " " + std::string(parameter);
  };
  for (const char letter : channel.modes) {
    if (flag_letters.find(letter) != std::string_view::npos) add(letter, "");
  }
  if (!channel.key.empty()) add('k', is_in(channel.room) ? std::string_view(channel.key) : "*");
  if (channel.people_max > 0) add('l', std::to_string(channel.people_max));
  const std::string name = "#" + channel.room;
  say(format_line(options_.server_name,
                  std::string(rpl_channelmodeis) + " " + std::string(target()) + " " + name + " " +
                      letters + parameters,
                  {}));
  numeric(rpl_creationtime, {name, in_seconds(channel.created)});
}

void Connection::Impl::tell_masks(const chat::Channel& channel, char letter) {
  const std::string name = "#" + channel.room;
  const ListNumerics numerics = numerics_of(letter);
  for (const chat::Mask& mask : channel.masks) {
    if (mask.mode != letter) continue;
    numeric(numerics.entry, {name, mask.mask, mask.by, in_seconds(mask.time)});
  }
  numeric(numerics.end, {name}, numerics.text);
}

void Connection::Impl::own_mode(const Message& message) {
  if (!is_self(message.param(0))) {
    return ask_person(std::string(message.param(0)), [this](const chat::PersonState& person) {
      if (!person.signed_in) return numeric(err_nosuchnick, {person.name}, "No such nick/channel");
      numeric(err_usersdontmatch, {}, "Can't view or change modes for other users");
    });
  }
  if (message.params.size() < 2) {
    return ask_person(nick_, [this](const chat::PersonState& person) {
      numeric(rpl_umodeis, {"+" + person.modes});
    });
  }
  const PersonModes modes = parse_person_modes(message.param(1));
  if (!modes.changes.empty()) order(chat::SetOwnModes{modes.changes}, nick_);
  if (modes.unknown) numeric(err_umodeunknownflag, {}, "Unknown MODE flag");
}

}  // namespace muster::edge::irc
