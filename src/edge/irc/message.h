// One line of IRC: tags, command, parameters.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::edge::irc {

struct Tag {
  std::string key;
  std::string value{};  ///< Not escaped.
  friend bool operator==(const Tag&, const Tag&) = default;
};

/// What a client says (RFC 1459, section 2.3.1; IRCv3 message tags). A prefix is passed over.
struct Message {
  std::vector<Tag> tags{};
  std::string command;  ///< In capital letters.
  std::vector<std::string> params{};

  /// The parameter at that place, or nothing at all: empty.
  std::string_view param(std::size_t place) const {
    return place < params.size() ? std::string_view(params[place]) : std::string_view{};
  }
  /// The value of a tag, or nothing if it is not there.
  std::optional<std::string_view> tag(std::string_view key) const;
  /// Its tags of other clients (`+…`) as they are written, without `@`; those that are none are
  /// left out.
  std::string client_tags() const;
  friend bool operator==(const Message&, const Message&) = default;
};

/// Nothing if there is no command in it. Of a tag that is there twice the last one counts.
std::optional<Message> parse_message(std::string_view line);

std::string escape_tag(std::string_view value);
std::string unescape_tag(std::string_view text);

/// Whether it can be a parameter that others follow.
bool is_middle(std::string_view text);
/// One line without its end: `:PREFIX COMMAND MIDDLE… :TRAILING`. A middle parameter that can't be
/// one becomes `*`. Cut at a character so that it is no longer than a line may be.
std::string format_line(std::string_view prefix, std::string_view command,
                        std::initializer_list<std::string_view> middle,
                        std::optional<std::string_view> trailing = {});
/// The longest front of `text` that has at most `bytes` and ends at a character's end; at least one
/// character if there is one.
std::string_view front_of(std::string_view text, std::size_t bytes);
/// `a,b,,c` as its parts; empty ones are left out.
std::vector<std::string> split_list(std::string_view text);
/// What matches `*` and `?` in a mask; the case of ASCII letters does not count.
bool matches(std::string_view mask, std::string_view text);
std::string upper(std::string_view text);
/// The line with this tag (`label=x`) before its others. One that is in a batch stays in that one.
std::string with_tag(std::string_view tag, std::string_view line);

}  // namespace muster::edge::irc
