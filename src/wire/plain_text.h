// Text of people that other people are shown: what it may look like.
#pragma once

#include <cstddef>
#include <string_view>

#include "muster/error.h"

namespace muster::wire {

/// UTF-8 of at most `bytes_max` bytes without control characters (C0, DEL, C1), line and paragraph
/// separators and marks that turn the direction of writing, so that no line can pretend to be
/// another one on a terminal. `what` names the text in the error. Errors: INVALID_ARGUMENT, saying
/// what is wrong and what is allowed.
[[nodiscard]] Result<void> validate_plain_text(std::string_view what, std::string_view text,
                                               std::size_t bytes_max);

/// The same, not empty, no space in it, and none of `not_first` at its front.
[[nodiscard]] Result<void> validate_plain_word(std::string_view what, std::string_view word,
                                               std::size_t bytes_max, std::string_view not_first);

}  // namespace muster::wire
