// Masks that people are told apart by: `NICK!USER@HOST` with `*` and `?`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace muster::chat {

constexpr std::size_t mask_bytes_max = 128;

/// Whether the whole text is as the pattern says: `*` stands for anything, `?` for one character;
/// the case of ASCII letters does not count. Cost: the product of their lengths at worst.
bool matches(std::string_view pattern, std::string_view text);

/// The mask in full, as IRC servers complete it: `ann` is `ann!*@*`, `host.example` is
/// `*!*@host.example`, `user@host` is `*!user@host`. Nothing if it can't be one: it is empty,
/// longer than `mask_bytes_max` in full, has spaces, commas or control characters, or is not UTF-8.
std::optional<std::string> full_mask(std::string_view mask);

}  // namespace muster::chat
