#include "chat/words.h"

#include <algorithm>
#include <cstdint>

#include "wire/utf8.h"

namespace muster::chat {
namespace {

Error refused(std::string_view what, const std::string& why) {
  return {ErrorCode::invalid_argument, std::string(what) + " " + why};
}

/// The code point of a character of valid UTF-8.
std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(character[at]); };
  if (character.size() == 1) return byte(0);
  std::uint32_t point = byte(0) & (0xffU >> (character.size() + 1));
  for (std::size_t at = 1; at < character.size(); ++at) point = (point << 6U) | (byte(at) & 0x3fU);
  return point;
}

bool is_unprintable(std::uint32_t point) {
  if (point < 0x20 || (point >= 0x7f && point <= 0x9f)) return true;
  if (point == 0x061c || point == 0x200e || point == 0x200f) return true;  // Marks of direction.
  return (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

Result<void> validate(std::string_view what, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return refused(what, "has " + std::to_string(text.size()) + " bytes; at most " +
                             std::to_string(bytes_max) + " are allowed");
  }
  while (!text.empty()) {
    const std::size_t length = wire::utf8_character(text);
    if (length == 0) return refused(what, "is not UTF-8; send it as UTF-8");
    if (is_unprintable(code_point(text.substr(0, length)))) {
      return refused(what, "has control characters; leave them out");
    }
    text.remove_prefix(length);
  }
  return {};
}

Result<void> validate_word(std::string_view what, std::string_view name, std::size_t bytes_max,
                           std::string_view not_first) {
  if (name.empty()) return refused(what, "must not be empty");
  if (auto valid = validate(what, name, bytes_max); !valid) return valid;
  if (name.find(' ') != std::string_view::npos) return refused(what, "must not have spaces");
  if (not_first.find(name.front()) != std::string_view::npos) {
    return refused(what, "must not begin with " + std::string(1, name.front()));
  }
  return {};
}

}  // namespace

Result<void> validate_person(std::string_view name) {
  return validate_word("a person's name", name, person_bytes_max, "/@#,");
}

Result<void> validate_room(std::string_view room) {
  return validate_word("a room's name", room, room_bytes_max, "/@#");
}

Result<void> validate_text(std::string_view text) {
  if (text.empty()) return refused("a message", "must not be empty");
  return validate("a message", text, text_bytes_max);
}

Result<void> validate_topic_text(std::string_view text) {
  return validate("a room's topic", text, topic_text_bytes_max);
}

Result<void> validate_key(std::string_view key) {
  return validate("a key", key, key_bytes_max);
}

Result<void> validate_inbox(std::string_view inbox) {
  const bool fits = inbox.size() >= inbox_bytes_min && inbox.size() <= inbox_bytes_max;
  const bool plain = std::ranges::all_of(inbox, [](char each) {
    return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'z');
  });
  if (fits && plain) return {};
  return refused("an inbox", "is " + std::to_string(inbox_bytes_min) + " to " +
                                 std::to_string(inbox_bytes_max) + " digits and small letters");
}

std::string folded(std::string_view name) {
  std::string small(name);
  for (char& each : small) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return small;
}

std::string numbered(std::string_view name, std::size_t number) {
  const std::string digits = std::to_string(number);
  std::size_t kept = 0;
  while (kept < name.size()) {
    const std::size_t length = wire::utf8_character(name.substr(kept));
    if (length == 0 || kept + length + digits.size() > person_bytes_max) break;
    kept += length;
  }
  return std::string(name.substr(0, kept)) + digits;
}

}  // namespace muster::chat
