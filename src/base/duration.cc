#include "muster/duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace muster {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Duration length;
};
// Longest first, so that the shortest text is found from the front.
constexpr std::array<Unit, 6> units{
    {{"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}, {"", 1ms}}};

constexpr Duration longest_duration = std::chrono::hours{24 * 365 * 100};

std::optional<Duration> unit_named(std::string_view name) {
  const auto found = std::ranges::find(units, name, &Unit::name);
  if (found == units.end()) return std::nullopt;
  return found->length;
}

bool is_bare_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const Error malformed{ErrorCode::invalid_argument,
                        "'" + std::string(text) +
                            "' is no duration: write a number and a unit, for instance 15ms, 3s, "
                            "2m or 24h (without a unit: milliseconds)"};
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number) || number < 0) return malformed;
  const auto unit = unit_named(text.substr(static_cast<std::size_t>(end - text.data())));
  if (!unit) return malformed;
  const double microseconds = number * static_cast<double>(unit->count());
  if (microseconds > static_cast<double>(longest_duration.count())) return malformed;
  return Duration(std::llround(microseconds));
}

std::string to_text(Duration duration) {
  for (const Unit& unit : units) {
    if (duration.count() != 0 && duration % unit.length == Duration::zero()) {
      return std::to_string(duration / unit.length) + std::string(unit.name);
    }
  }
  return "0ms";
}

std::string check_range(std::string_view text, Duration value, const DurationRange& range) {
  if (value >= range.lowest && value < range.plausible && is_bare_number(text)) {
    return std::string(text) + " is " + std::string(text) + " ms: write " + std::string(text) + "s";
  }
  if (value < range.lowest) {
    return std::string(text) + " is too short: at least " + to_text(range.lowest);
  }
  if (value > range.highest) {
    return std::string(text) + " is too long: at most " + to_text(range.highest);
  }
  return {};
}

}  // namespace muster
