// Money: whole numbers of a currency's smallest unit, read from decimal text and written as such.
#pragma once

#include <boost/system/result.hpp>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/error.h"

namespace muster::auction {

/// A currency of ISO 4217: three capital letters, and how many decimals its minor unit is.
struct Currency {
  std::string code{"EUR"};
  std::uint8_t decimals{2};
  friend bool operator==(const Currency&, const Currency&) = default;
};
/// The currency with this code, in any case of letters; of those in use (the amendments of
/// 1 January 2026), without funds, metals and testing codes. Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<Currency> currency_from(std::string_view code);

/// An amount in minor units: 1250 is 12.50 EUR, 1250 JPY, 1.250 BHD. Never negative.
struct Price {
  std::uint64_t minor{};
  friend auto operator<=>(Price, Price) = default;
};
/// No price is above it, so that neither the sum of two nor that of all bids of a lot overflows.
constexpr Price price_max{1'000'000'000'000'000};

/// The sum, or nothing above `price_max`.
constexpr std::optional<Price> add(Price a, Price b) {
  if (a > price_max || b > price_max || a.minor + b.minor > price_max.minor) return std::nullopt;
  return Price{a.minor + b.minor};
}
/// `a - b`, or nothing below zero.
constexpr std::optional<Price> subtract(Price a, Price b) {
  if (b > a) return std::nullopt;
  return Price{a.minor - b.minor};
}

/// Why a text is no price.
enum class PriceFault : std::uint8_t {
  not_a_number = 1,
  negative = 2,
  too_many_decimals = 3,
  other_currency = 4,
  too_large = 5,
};
using PriceOrFault = boost::system::result<Price, PriceFault>;

/// Reads `12.50`, `12`, `12.50 EUR` or `EUR 12.50`: digits, then at most as many decimals as the
/// currency has. No sign, no exponent, no separator of thousands, no floating point.
[[nodiscard]] PriceOrFault read_price(std::string_view text, const Currency& currency);
/// The same. Errors: INVALID_ARGUMENT, in words, with what to write instead.
[[nodiscard]] Result<Price> parse_price(std::string_view text, const Currency& currency);
/// With all decimals of the currency: `12.50`, `1250`, `1.250`. `read_price` reads it back.
std::string to_text(Price price, const Currency& currency);
/// `12.50 EUR`.
std::string to_text_with_currency(Price price, const Currency& currency);

}  // namespace muster::auction
