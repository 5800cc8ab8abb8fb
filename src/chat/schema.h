// What the messages of the chat share in their schema.
#pragma once

#include <string_view>

#include "chat/chat.pb.h"
#include "chat/messages.h"
#include "muster/error.h"
#include "muster/ids.h"

namespace muster::chat {

/// Of `what` in a message that a later version may know.
Error unknown_to_this_version(std::string_view what);

void put(Position position, schema::Place& out);
Position to_position(const schema::Place& place);

/// An ASCII letter or digit. Errors: INVALID_ARGUMENT.
Result<char> to_letter(std::uint32_t letter);

void put(const Line& line, schema::Line& out);
Result<Line> to_line(schema::Line&& line);

}  // namespace muster::chat
