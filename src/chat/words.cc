#include "chat/words.h"

#include <algorithm>

#include "wire/plain_text.h"
#include "wire/utf8.h"

namespace muster::chat {
namespace {

Error refused(std::string_view what, const std::string& why) {
  return {ErrorCode::invalid_argument, std::string(what) + " " + why};
}

/// A plain word that has none of these characters.
Result<void> validate_word_without(std::string_view what, std::string_view word,
                                   std::size_t bytes_max, std::string_view nowhere,
                                   std::string_view not_first) {
  if (auto valid = wire::validate_plain_word(what, word, bytes_max, not_first); !valid)
    return valid;
  const std::size_t found = word.find_first_of(nowhere);
  if (found == std::string_view::npos) return {};
  return refused(what, "must not have " + std::string(1, word[found]) + " in it");
}

/// What no text has: what ends a line, for IRC or for others.
bool is_control(std::string_view character) {
  if (character.size() == 1) {
    const char each = character.front();
    return each == '\0' || each == '\r' || each == '\n';
  }
  const bool c1 = character >= "\u0080" && character <= "\u009f";
  return c1 || character == "\u2028" || character == "\u2029";
}

Result<void> validate_formatted(std::string_view what, std::string_view text,
                                std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return refused(what, "has " + std::to_string(text.size()) + " bytes; at most " +
                             std::to_string(bytes_max) + " are allowed");
  }
  while (!text.empty()) {
    const std::size_t length = wire::utf8_character(text);
    if (length == 0) return refused(what, "is not UTF-8; send it as UTF-8");
    if (is_control(text.substr(0, length))) {
      return refused(what, "has control characters; leave them out");
    }
    text.remove_prefix(length);
  }
  return {};
}

bool is_tag_key(std::string_view key) {
  if (key.size() < 2 || key.front() != '+') return false;
  return std::ranges::all_of(key.substr(1), [](char each) {
    return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'z') ||
           (each >= 'A' && each <= 'Z') || each == '-' || each == '.' || each == '/';
  });
}

}  // namespace

Result<void> validate_person(std::string_view name) {
  return validate_word_without("a person's name", name, person_bytes_max, ",*?!@:.", "/@#$&+~%:");
}

Result<void> validate_room(std::string_view room) {
  return validate_word_without("a room's name", room, room_bytes_max, ",", "/@&:!");
}

Result<void> validate_user(std::string_view user) {
  return validate_word_without("a user", user, user_bytes_max, "!@,*?", ":");
}

Result<void> validate_host(std::string_view host) {
  return validate_word_without("a host", host, host_bytes_max, "!@,*?", ":");
}

Result<void> validate_server(std::string_view server) {
  if (server.empty()) return {};
  return validate_word_without("a server", server, host_bytes_max, "!@,*?", ":");
}

Result<void> validate_address(std::string_view address) {
  const std::size_t at = address.find('@');
  if (at == std::string_view::npos) return refused("an address", "is USER@HOST");
  if (auto valid = validate_user(address.substr(0, at)); !valid) return valid;
  return validate_host(address.substr(at + 1));
}

Result<void> validate_text(std::string_view text) {
  if (text.empty()) return refused("a message", "must not be empty");
  return validate_formatted("a message", text, text_bytes_max);
}

Result<void> validate_topic_text(std::string_view text) {
  return validate_formatted("a room's topic", text, topic_text_bytes_max);
}

Result<void> validate_reason(std::string_view text) {
  return validate_formatted("a reason", text, reason_bytes_max);
}

Result<void> validate_kill_reason(std::string_view text) {
  return validate_formatted("a reason", text, kill_reason_bytes_max);
}

Result<void> validate_real_name(std::string_view text) {
  return validate_formatted("a full name", text, real_name_bytes_max);
}

Result<void> validate_said(Manner manner, std::string_view text, std::string_view tags) {
  if (auto valid = validate_tags(tags); !valid) return valid;
  if (manner != Manner::tags) return validate_text(text);
  if (!text.empty() || tags.empty()) return refused("what is only tags", "has tags and no text");
  return {};
}

Result<void> validate_tags(std::string_view tags) {
  if (auto valid = wire::validate_plain_text("tags", tags, tags_bytes_max); !valid) return valid;
  if (tags.find(' ') != std::string_view::npos) return refused("tags", "must not have spaces");
  while (!tags.empty()) {
    const std::string_view tag = tags.substr(0, tags.find(';'));
    if (!is_tag_key(tag.substr(0, tag.find('=')))) {
      return refused("tags", "look like +KEY or +KEY=VALUE, with ; between them");
    }
    tags.remove_prefix(tag.size());
    if (tags == ";") return refused("tags", "must not end in ;");
    if (!tags.empty()) tags.remove_prefix(1);
  }
  return {};
}

Result<void> validate_key(std::string_view key) {
  return wire::validate_plain_text("a key", key, key_bytes_max);
}

Result<void> validate_room_key(std::string_view key) {
  return validate_word_without("a room's key", key, key_bytes_max, ",", ":");
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

std::string subject_of(std::string_view word) {
  return word.size() <= reason_bytes_max ? std::string(word) : std::string{};
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
