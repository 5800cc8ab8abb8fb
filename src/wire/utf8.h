// Text that may be anything, told apart from UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace muster::wire {

/// The length in bytes of the character at the front, 1 to 4, or 0 if the front is no UTF-8:
/// neither overlong forms nor surrogates are (RFC 3629, section 4). Precondition: not empty.
std::size_t utf8_character(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace muster::wire
