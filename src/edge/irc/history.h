// What a CHATHISTORY asks for (IRCv3 draft/chathistory), as a query of the chat.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "chat/messages.h"
#include "edge/irc/message.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::edge::irc {

/// A message, or a time.
using Selector = std::variant<Position, LogTime>;

/// `timestamp=2026-11-26T11:31:41.123Z` or `msgid=12.3`. Nothing for anything else.
std::optional<Selector> parse_selector(std::string_view text);
/// `2026-11-26T11:31:41.123Z`; the fraction may be missing.
std::optional<LogTime> parse_time(std::string_view text);

void set_after(chat::AskHistory& query, const Selector& selector);
void set_before(chat::AskHistory& query, const Selector& selector);

}  // namespace muster::edge::irc
