// 128-bit identifiers, UUID version 7 (RFC 9562, section 5.7): ordered by the time of their making.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// Sixteen bytes in network order; the all-zero value means "none".
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// A version 7 UUID from a Unix time in milliseconds and 74 random bits (taken from 128 given).
  static Uuid make_v7(std::chrono::milliseconds unix_time, std::uint64_t random_high,
                      std::uint64_t random_low);
  /// Reads the form `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, either case; nothing if it is not that.
  static std::optional<Uuid> parse(std::string_view text);

  bool is_nil() const { return *this == Uuid{}; }
  std::string to_string() const;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// Hash for unordered containers; the random end of the id is hash enough.
struct UuidHash {
  std::size_t operator()(const Uuid& id) const noexcept;
};

}  // namespace muster
