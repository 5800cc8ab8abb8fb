// What happened in the chat, as lines of IRC.
#pragma once

#include <string>
#include <string_view>

#include "chat/messages.h"
#include "edge/irc/capabilities.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::edge::irc {

/// Where and when something happened, and to whom it is told.
struct Telling {
  Position position;
  LogTime time;
  Capabilities capabilities;
  std::string_view server_name;
  std::string more_tags{};  ///< Before all others: `batch=1`.
  bool to_room{true};       ///< Else it came to a person's own topic.
};

/// Appends the lines that tell of it, with their ends; none where such a client is not told. What
/// is too long for a line becomes several.
void append_lines(std::string& out, const chat::Line& line, const Telling& telling);

/// An event of a person that all its rooms are told of.
bool is_of_person(chat::Kind kind);
/// `NICK!USER@HOST`, or a server's name where nobody did it.
std::string prefix_of(const chat::Line& line, std::string_view server_name);
/// As IRCv3 message ids have it: `INDEX.ORDINAL`.
std::string message_id(Position position);
/// `2026-11-26T11:31:41.123Z`.
std::string time_text(LogTime time);

}  // namespace muster::edge::irc
