#include "chat/words.h"

#include <algorithm>

#include "wire/plain_text.h"
#include "wire/utf8.h"

namespace muster::chat {
namespace {

Error refused(std::string_view what, const std::string& why) {
  return {ErrorCode::invalid_argument, std::string(what) + " " + why};
}

}  // namespace

Result<void> validate_person(std::string_view name) {
  return wire::validate_plain_word("a person's name", name, person_bytes_max, "/@#,");
}

Result<void> validate_room(std::string_view room) {
  return wire::validate_plain_word("a room's name", room, room_bytes_max, "/@#");
}

Result<void> validate_text(std::string_view text) {
  if (text.empty()) return refused("a message", "must not be empty");
  return wire::validate_plain_text("a message", text, text_bytes_max);
}

Result<void> validate_topic_text(std::string_view text) {
  return wire::validate_plain_text("a room's topic", text, topic_text_bytes_max);
}

Result<void> validate_key(std::string_view key) {
  return wire::validate_plain_text("a key", key, key_bytes_max);
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
