// Amounts, tables of increments and lots as people type them: what is taken is written, and read
// back as the same.
#include <cstdint>

#include "auction/increments.h"
#include "auction/money.h"
#include "auction/terms.h"
#include "muster/check.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(auction::currency_from(text).has_value());
  for (const char* code : {"EUR", "JPY", "BHD"}) {
    const auction::Currency currency = auction::currency_from(code).value();
    if (const auto price = auction::parse_price(text, currency)) {
      check(*price <= auction::price_max);
      check(auction::parse_price(to_text(*price, currency), currency).value() == *price);
      check(auction::parse_price(to_text_with_currency(*price, currency), currency).value() ==
            *price);
    }
    if (const auto steps = auction::parse_increments(text, currency)) {
      check(auction::validate_increments(*steps).has_value());
      check(auction::parse_increments(to_text(*steps, currency), currency).value() == *steps);
    }
  }
  if (const auto lot = auction::parse_lot(text)) {
    check(auction::parse_lot(to_text(*lot)).value() == *lot);
  }
  return 0;
}
