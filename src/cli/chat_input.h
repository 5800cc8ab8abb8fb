// What somebody typed in the chat, made sense of.
#pragma once

#include <string>
#include <string_view>

namespace muster::cli {

struct ChatInput {
  enum class Kind {
    nothing,  ///< An empty line.
    say,      ///< `text` in the current room.
    action,   ///< `text` in the current room, as of `/me`.
    join,     ///< The room `target`.
    leave,    ///< The room `target`; empty: the current one.
    direct,   ///< `text` to the person `target`.
    nick,     ///< `target` is the new name.
    topic,    ///< `text` is the new topic of the current room; empty: show it.
    who,
    rooms,
    status,
    help,
    quit,
    mistake,  ///< `text` says what is wrong, and what to type instead.
  };
  Kind kind{Kind::nothing};
  std::string target{};
  std::string text{};
  friend bool operator==(const ChatInput&, const ChatInput&) = default;
};

/// Lines that begin with `/` are commands, with `//` they are said without the first one; a line
/// that is just `status` is a command too. Tabs become spaces, which are all that is left out at
/// the ends of a line. A room may be written `#ROOM`.
ChatInput read_chat_input(std::string_view line);

/// The commands, one a line.
std::string_view chat_help();

}  // namespace muster::cli
