// Durations as people write and read them.
#pragma once

#include <string>
#include <string_view>

#include "muster/error.h"
#include "muster/time.h"

namespace muster {

/// Reads `250us`, `15ms`, `3s`, `2m`, `24h` (fractions too: `1.5s`); a bare number is milliseconds.
/// Errors: INVALID_ARGUMENT, quoting the text and showing the right form.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
/// The shortest form that `parse_duration` reads back: `1500ms`, `3s`.
std::string to_text(Duration duration);

/// What a named duration may be, and when a bare number is taken for a slip.
struct DurationRange {
  Duration lowest{std::chrono::milliseconds{1}};
  Duration highest{std::chrono::hours{24 * 365}};
  /// A bare number that gives less than this was meant as seconds: it is refused with the remedy.
  Duration plausible{Duration::zero()};
};
/// What is wrong with `value`, that `text` was read as, to be said after its name: `3 is 3 ms:
/// write 3s`. Empty: nothing.
std::string check_range(std::string_view text, Duration value, const DurationRange& range);

}  // namespace muster
