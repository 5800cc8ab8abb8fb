// What names and texts of the chat may look like.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "chat/messages.h"
#include "muster/error.h"

namespace muster::chat {

constexpr std::size_t person_bytes_max = 32;
constexpr std::size_t room_bytes_max = 64;
constexpr std::size_t former_names_max = 16;  ///< Of a person, since it signed in.
constexpr std::size_t text_bytes_max = 4'096;
constexpr std::size_t topic_text_bytes_max = 512;
constexpr std::size_t reason_bytes_max = 512;
constexpr std::size_t kill_reason_bytes_max = 400;  ///< It stands within the reason of a quit.
constexpr std::size_t real_name_bytes_max = 128;
constexpr std::size_t user_bytes_max = 16;
constexpr std::size_t host_bytes_max = 64;
constexpr std::size_t tags_bytes_max = 4'094;  ///< As IRC lets clients send.
constexpr std::size_t key_bytes_max = 64;
constexpr std::size_t inbox_bytes_min = 16;
constexpr std::size_t inbox_bytes_max = 64;

// Errors: INVALID_ARGUMENT, saying what is wrong and what is allowed.

// Names are UTF-8 without control characters (C0, DEL, C1), line and paragraph separators and marks
// that turn the direction of writing, so that none can pass for another one.

/// 1 to `person_bytes_max` bytes; no space and none of `,*?!@:.` in it, and none of `/#$&+~%` at
/// its front: what IRC gives a meaning to.
[[nodiscard]] Result<void> validate_person(std::string_view name);
/// 1 to `room_bytes_max` bytes, no space and no `,` in it, and none of `/@&:!` at its front. One
/// that begins with `#` is a room like any other: `##help` of IRC is room `#help`.
[[nodiscard]] Result<void> validate_room(std::string_view room);
/// Not empty; no space and none of `!@,*?` in it.
[[nodiscard]] Result<void> validate_user(std::string_view user);
[[nodiscard]] Result<void> validate_host(std::string_view host);
/// Empty, or as a host.
[[nodiscard]] Result<void> validate_server(std::string_view server);
/// `USER@HOST`.
[[nodiscard]] Result<void> validate_address(std::string_view address);

// Texts are UTF-8. As IRC has it, ASCII's control characters may be in them, but NUL, CR and LF,
// and so may marks of direction; not C1 and line and paragraph separators, at which programs that
// read line by line might break. Whoever shows a text on a terminal makes it harmless first.

/// 1 to `text_bytes_max` bytes.
[[nodiscard]] Result<void> validate_text(std::string_view text);
/// At most `topic_text_bytes_max` bytes.
[[nodiscard]] Result<void> validate_topic_text(std::string_view text);
/// At most `reason_bytes_max` bytes: why somebody goes, is put out or is away.
[[nodiscard]] Result<void> validate_reason(std::string_view text);
/// At most `kill_reason_bytes_max` bytes.
[[nodiscard]] Result<void> validate_kill_reason(std::string_view text);
/// At most `real_name_bytes_max` bytes.
[[nodiscard]] Result<void> validate_real_name(std::string_view text);
/// Of what is said in this manner: `tags` has no text, all else has one.
[[nodiscard]] Result<void> validate_said(Manner manner, std::string_view text,
                                         std::string_view tags);

/// Client-only tags as IRC writes them, or nothing: `+KEY` or `+KEY=VALUE`, with `;` between.
[[nodiscard]] Result<void> validate_tags(std::string_view tags);
/// At most `key_bytes_max` bytes without control characters; empty: none.
[[nodiscard]] Result<void> validate_key(std::string_view key);
/// Of a room with mode `k`: 1 to `key_bytes_max` bytes, no space and no `,` in it, no `:` in front.
[[nodiscard]] Result<void> validate_room_key(std::string_view key);
/// `inbox_bytes_min` to `inbox_bytes_max` digits and small letters.
[[nodiscard]] Result<void> validate_inbox(std::string_view inbox);

/// `word` as what a refusal is about: nothing if it is longer than anything could be.
std::string subject_of(std::string_view word);
/// What two names share that are taken for the same: they differ in the case of ASCII letters only.
std::string folded(std::string_view name);
/// `name` with a number behind it, cut so that it stays a valid name: `ann2`.
std::string numbered(std::string_view name, std::size_t number);

}  // namespace muster::chat
