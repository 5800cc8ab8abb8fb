// Money in and out as text, and the amounts that are refused.
#include "auction/money.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace muster::auction::money_test {
namespace {

Currency currency(std::string_view code) {
  return currency_from(code).value();
}

TEST(MoneyTest, CurrenciesHaveTheDecimalsOfIso4217) {
  EXPECT_EQ(currency("EUR"), (Currency{"EUR", 2}));
  EXPECT_EQ(currency("jpy"), (Currency{"JPY", 0}));
  EXPECT_EQ(currency("Bhd"), (Currency{"BHD", 3}));
  EXPECT_EQ(currency("ZWG"), (Currency{"ZWG", 2}));
  EXPECT_EQ(currency("AED").decimals, 2);
  for (const char* none :
       {"", "E", "EU", "EURO", "XXX", "XAU", "DEM", "BI ", "F C", "US1", " EUR"}) {
    EXPECT_FALSE(currency_from(none)) << none;
  }
  EXPECT_EQ(currency_from("DEM").error().code, ErrorCode::invalid_argument);
}

TEST(MoneyTest, ReadsDecimalTextExactly) {
  const auto read = [](std::string_view text, std::string_view code) {
    return parse_price(text, currency(code)).value().minor;
  };
  EXPECT_EQ(read("12.50", "EUR"), 1250U);
  EXPECT_EQ(read("12.5", "EUR"), 1250U);
  EXPECT_EQ(read("12", "EUR"), 1200U);
  EXPECT_EQ(read("0", "EUR"), 0U);
  EXPECT_EQ(read("0.01", "EUR"), 1U);
  EXPECT_EQ(read("007.07", "EUR"), 707U);
  EXPECT_EQ(read("12.50 EUR", "EUR"), 1250U);
  EXPECT_EQ(read("eur 12.50", "EUR"), 1250U);
  EXPECT_EQ(read("1250", "JPY"), 1250U);
  EXPECT_EQ(read("1.005", "BHD"), 1005U);
  EXPECT_EQ(read("0.1", "BHD"), 100U);
  EXPECT_EQ(read("10000000000000.00", "EUR"), price_max.minor);
  EXPECT_EQ(read("1000000000000000", "JPY"), price_max.minor);
}

TEST(MoneyTest, SaysWhyATextIsNoPrice) {
  const auto fault = [](std::string_view text, std::string_view code = "EUR") {
    return read_price(text, currency(code)).error();
  };
  for (const char* text : {"", ".", "12.", ".5", "1e3", "1,50", "1 000", "0x10", "+1", "--1",
                           "12.5.0", "abc", "1.2x", "NaN", " 1", "1 ", "\xd9\xa1", "EUR", "EUR "}) {
    EXPECT_EQ(fault(text), PriceFault::not_a_number) << text;
  }
  EXPECT_EQ(fault("-1"), PriceFault::negative);
  EXPECT_EQ(fault("-0.01 EUR"), PriceFault::negative);
  EXPECT_EQ(fault("12.505"), PriceFault::too_many_decimals);
  EXPECT_EQ(fault("12.500"), PriceFault::too_many_decimals);
  EXPECT_EQ(fault("12.0", "JPY"), PriceFault::too_many_decimals);
  EXPECT_EQ(fault("12.5000", "BHD"), PriceFault::too_many_decimals);
  EXPECT_EQ(fault("12.50 USD"), PriceFault::other_currency);
  EXPECT_EQ(fault("USD 12.50"), PriceFault::other_currency);
  EXPECT_EQ(fault("10000000000000.01"), PriceFault::too_large);
  EXPECT_EQ(fault("99999999999999999999999999999999"), PriceFault::too_large);
  EXPECT_EQ(fault(std::string(100'000, '9')), PriceFault::too_large);
}

TEST(MoneyTest, SaysInWordsWhatToWriteInstead) {
  const auto words = [](std::string_view text, std::string_view code = "EUR") {
    return parse_price(text, currency(code)).error().message;
  };
  EXPECT_EQ(words("12,50"), "\"12,50\" is no price; write digits and a point, such as 12.50");
  EXPECT_EQ(words("-1"), "\"-1\" is negative; a price is 0 or more");
  EXPECT_EQ(words("1.5", "JPY"), "\"1.5\" has too many decimals; JPY has 0");
  EXPECT_EQ(words("1 USD"), "\"1 USD\" is in another currency; the price must be in EUR");
  EXPECT_EQ(words(std::string(99, '9')),
            "a text of 99 bytes is too large; at most 10000000000000.00 EUR is possible");
}

TEST(MoneyTest, WritesAllDecimalsAndReadsThemBack) {
  EXPECT_EQ(to_text(Price{5}, currency("EUR")), "0.05");
  EXPECT_EQ(to_text(Price{0}, currency("EUR")), "0.00");
  EXPECT_EQ(to_text(Price{1250}, currency("EUR")), "12.50");
  EXPECT_EQ(to_text(Price{1250}, currency("JPY")), "1250");
  EXPECT_EQ(to_text(Price{7}, currency("BHD")), "0.007");
  EXPECT_EQ(to_text_with_currency(Price{1250}, currency("EUR")), "12.50 EUR");
  Random random(1);
  for (int i = 0; i < 2'000; ++i) {
    const Price price{random.next() % (price_max.minor + 1)};
    for (const char* code : {"EUR", "JPY", "BHD"}) {
      EXPECT_EQ(parse_price(to_text(price, currency(code)), currency(code)).value(), price);
    }
  }
}

TEST(MoneyTest, SumsAndDifferencesStayWithinTheLimits) {
  EXPECT_EQ(add(Price{1}, Price{2}), Price{3});
  EXPECT_EQ(add(price_max, Price{0}), price_max);
  EXPECT_EQ(add(price_max, Price{1}), std::nullopt);
  EXPECT_EQ(add(Price{~std::uint64_t{0}}, Price{1}), std::nullopt);
  EXPECT_EQ(add(Price{1}, Price{~std::uint64_t{0}}), std::nullopt);
  EXPECT_EQ(subtract(Price{3}, Price{2}), Price{1});
  EXPECT_EQ(subtract(Price{2}, Price{3}), std::nullopt);
}

}  // namespace
}  // namespace muster::auction::money_test
