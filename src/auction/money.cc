#include "auction/money.h"

#include <algorithm>
#include <array>

#include "muster/check.h"

namespace muster::auction {
namespace {

/// Codes of ISO 4217 by the decimals of their minor unit.
struct CurrenciesOf {
  std::uint8_t decimals;
  std::string_view codes;  // In order, apart by a space.
};
constexpr std::array<CurrenciesOf, 3> currencies{{
    {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"},
    {2,
     "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
     "CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
     "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA "
     "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN "
     "QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP "
     "TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"},
    {3, "BHD IQD JOD KWD LYD OMR TND"},
}};

char capital(char letter) {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

bool is_digit(char each) {
  return each >= '0' && each <= '9';
}

std::string capitals(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), capital);
  return out;
}

bool is_code(std::string_view word) {
  return word.size() == 3 && std::ranges::all_of(word, [](char each) {
           return capital(each) >= 'A' && capital(each) <= 'Z';
         });
}

/// Takes the currency off the front or the end; false if it is another one.
bool strip_currency(std::string_view& text, const Currency& currency) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return true;
  const std::string_view first = text.substr(0, space);
  const std::string_view second = text.substr(space + 1);
  const bool in_front = is_code(first);
  const std::string_view code = in_front ? first : second;
  if (!is_code(code)) return true;  // The space is no digit: not a number.
  text = in_front ? second : first;
  return capitals(code) == currency.code;
}

std::string in_words(PriceFault fault, const Currency& currency) {
  switch (fault) {
    case PriceFault::not_a_number:
      return "is no price; write digits and a point, such as " + to_text(Price{1250}, currency);
    case PriceFault::negative:
      return "is negative; a price is 0 or more";
    case PriceFault::too_many_decimals:
      return "has too many decimals; " + currency.code + " has " +
             std::to_string(currency.decimals);
    case PriceFault::other_currency:
      return "is in another currency; the price must be in " + currency.code;
    case PriceFault::too_large:
      break;
  }
  return "is too large; at most " + to_text_with_currency(price_max, currency) + " is possible";
}

}  // namespace

Result<Currency> currency_from(std::string_view code) {
  const std::string wanted = capitals(code.substr(0, 4));
  if (is_code(wanted)) {
    for (const auto& [decimals, codes] : currencies) {
      if (codes.find(wanted) != std::string_view::npos) return Currency{wanted, decimals};
    }
  }
  return Error{ErrorCode::invalid_argument,
               "this is no currency in use; write its ISO 4217 code, such as EUR, USD or JPY"};
}

PriceOrFault read_price(std::string_view text, const Currency& currency) {
  if (!strip_currency(text, currency)) return PriceFault::other_currency;
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view decimals = text.substr(std::min(point + 1, text.size()));
  const bool has_decimals = point < text.size();
  if (whole.empty() || !std::ranges::all_of(whole, is_digit)) return PriceFault::not_a_number;
  if (has_decimals && (decimals.empty() || !std::ranges::all_of(decimals, is_digit))) {
    return PriceFault::not_a_number;
  }
  if (is_negative) return PriceFault::negative;
  if (decimals.size() > currency.decimals) return PriceFault::too_many_decimals;

  Price price;
  const auto push = [&](char digit) {
    price.minor = price.minor * 10 + static_cast<std::uint64_t>(digit - '0');
    return price <= price_max;
  };
  if (!std::ranges::all_of(whole, push)) return PriceFault::too_large;
  if (!std::ranges::all_of(decimals, push)) return PriceFault::too_large;
  for (std::size_t at = decimals.size(); at < currency.decimals; ++at) {
    if (!push('0')) return PriceFault::too_large;
  }
  return price;
}

Result<Price> parse_price(std::string_view text, const Currency& currency) {
  const PriceOrFault read = read_price(text, currency);
  if (read) return *read;
  constexpr std::size_t quoted_bytes_max = 40;
  const std::string quoted = text.size() <= quoted_bytes_max
                                 ? "\"" + std::string(text) + "\""
                                 : "a text of " + std::to_string(text.size()) + " bytes";
  return Error{ErrorCode::invalid_argument, quoted + " " + in_words(read.error(), currency)};
}

std::string to_text(Price price, const Currency& currency) {
  std::string text = std::to_string(price.minor);
  if (currency.decimals == 0) return text;
  if (text.size() <= currency.decimals) {
    text.insert(0, currency.decimals + 1 - text.size(), '0');
  }
  text.insert(text.size() - currency.decimals, 1, '.');
  return text;
}

std::string to_text_with_currency(Price price, const Currency& currency) {
  return to_text(price, currency) + " " + currency.code;
}

}  // namespace muster::auction
