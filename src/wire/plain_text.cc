#include "wire/plain_text.h"

#include <cstdint>
#include <string>

#include "wire/utf8.h"

namespace muster::wire {
namespace {

Error not_plain(std::string_view what, const std::string& why) {
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

}  // namespace

Result<void> validate_plain_text(std::string_view what, std::string_view text,
                                 std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return not_plain(what, "has " + std::to_string(text.size()) + " bytes; at most " +
                               std::to_string(bytes_max) + " are allowed");
  }
  while (!text.empty()) {
    const std::size_t length = utf8_character(text);
    if (length == 0) return not_plain(what, "is not UTF-8; send it as UTF-8");
    if (is_unprintable(code_point(text.substr(0, length)))) {
      return not_plain(what, "has control characters; leave them out");
    }
    text.remove_prefix(length);
  }
  return {};
}

Result<void> validate_plain_word(std::string_view what, std::string_view word,
                                 std::size_t bytes_max, std::string_view not_first) {
  if (word.empty()) return not_plain(what, "must not be empty");
  if (auto valid = validate_plain_text(what, word, bytes_max); !valid) return valid;
  if (word.find(' ') != std::string_view::npos) return not_plain(what, "must not have spaces");
  if (not_first.find(word.front()) != std::string_view::npos) {
    return not_plain(what, "must not begin with " + std::string(1, word.front()));
  }
  return {};
}

}  // namespace muster::wire
