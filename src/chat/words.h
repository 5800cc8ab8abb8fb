// What names and texts of the chat may look like.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "muster/error.h"

namespace muster::chat {

constexpr std::size_t person_bytes_max = 32;
constexpr std::size_t room_bytes_max = 64;
constexpr std::size_t text_bytes_max = 4'096;
constexpr std::size_t topic_text_bytes_max = 512;
constexpr std::size_t key_bytes_max = 64;
constexpr std::size_t inbox_bytes_min = 16;
constexpr std::size_t inbox_bytes_max = 64;

// All text is UTF-8 without control characters (C0, DEL, C1), line and paragraph separators and
// marks that turn the direction of writing, so that no line can pretend to be another one on a
// terminal. Errors: INVALID_ARGUMENT, saying what is wrong and what is allowed.

/// 1 to `person_bytes_max` bytes, no space in it, and none of `/ @ # ,` at its front.
[[nodiscard]] Result<void> validate_person(std::string_view name);
/// 1 to `room_bytes_max` bytes, no space in it, and none of `/ @ #` at its front.
[[nodiscard]] Result<void> validate_room(std::string_view room);
/// 1 to `text_bytes_max` bytes.
[[nodiscard]] Result<void> validate_text(std::string_view text);
/// At most `topic_text_bytes_max` bytes.
[[nodiscard]] Result<void> validate_topic_text(std::string_view text);
/// At most `key_bytes_max` bytes; empty: none.
[[nodiscard]] Result<void> validate_key(std::string_view key);
/// `inbox_bytes_min` to `inbox_bytes_max` digits and small letters.
[[nodiscard]] Result<void> validate_inbox(std::string_view inbox);

/// What two names share that are taken for the same: they differ in the case of ASCII letters only.
std::string folded(std::string_view name);
/// `name` with a number behind it, cut so that it stays a valid name: `ann2`.
std::string numbered(std::string_view name, std::size_t number);

}  // namespace muster::chat
