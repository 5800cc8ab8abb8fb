// What the chat shows: its lines, who is where, and what becomes of the group, for people and JSON.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "chat/messages.h"
#include "cli/colours.h"
#include "wire/muster.pb.h"

namespace muster::cli {

/// A text of others for a terminal: without control characters, marks that turn the direction of
/// writing, and the codes of IRC for colours and the like.
std::string harmless(std::string_view text);

/// A line as an object: `index`, `ordinal`, `room`, `from`, `to`, `text`, `time`, `kind`.
std::string chat_json(const chat::Line& line);

/// A line for people, `HH:MM` of this place's time first. `self`: who reads it; `room`: where that
/// is, so that lines of other rooms name theirs.
struct ChatView {
  std::string self;
  std::string room;
};
std::string chat_text(const chat::Line& line, const ChatView& view, const Colours& colours);
/// The same without time and room.
std::string chat_words(const chat::Line& line, const ChatView& view, const Colours& colours);

/// `lobby: ann, bob; cats`.
std::string room_text(const chat::RoomState& state, const Colours& colours);
std::string rooms_text(const chat::Rooms& rooms);

/// The same as objects, told apart by `kind`: `ROOM` with `room topic people`, `ROOMS` with a list
/// `rooms` of `room topic people lines`.
std::string room_json(const chat::RoomState& state);
std::string rooms_json(const chat::Rooms& rooms);

/// Names of servers by number, as far as they are known.
using ServerNames = std::map<std::uint32_t, std::string>;
void learn_names(const wire::GroupEvent& event, ServerNames& names);
/// What happened to the group, for people who talk about other things: `b left us; c leads now (14
/// ms)`. Empty if it is nothing to them.
std::string quiet_text(const wire::GroupEvent& event, const ServerNames& names);

/// The live view, several lines.
std::string view_text(const wire::Status& status, const wire::Members& members,
                      std::string_view home, const Colours& colours);
/// As an object: `kind` `STATUS`, `home`, `status` and `members` as those commands have them.
std::string view_json(const wire::Status& status, const wire::Members& members,
                      std::string_view home);

}  // namespace muster::cli
