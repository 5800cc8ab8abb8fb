#include "auction/increments.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "muster/check.h"

namespace muster::auction {
namespace {

Error wrong_table(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what)};
}

constexpr std::uint8_t published_decimals = 2;

constexpr Step step(std::uint64_t from, std::uint64_t by) {
  return {.from = {from}, .by = {by}};
}

// Tables as houses publish them, in hundredths of their currency.

/// Trade Me, help: "Placing a bid".
constexpr std::array trademe{step(0, 50),           step(20'00, 1'00),     step(200'00, 5'00),
                             step(1'000'00, 10'00), step(5'000'00, 50'00), step(25'000'00, 100'00)};
/// GunBroker, support question 1018: "How are bid increments determined?".
constexpr std::array gunbroker{step(0, 25), step(10'00, 1'00), step(50'00, 2'00),
                               step(100'00, 5'00), step(1'000'00, 25'00)};
/// MaxSold, support: "How do the bid increments work?"; its ranges include their upper ends.
constexpr std::array maxsold{step(0, 1'00),          step(35'01, 5'00),
                             step(100'01, 10'00),    step(1'000'01, 50'00),
                             step(5'000'01, 100'00), step(10'000'01, 250'00)};
/// Estonian Internet Foundation, `update_minimum_bid_step` of its auction centre (public source):
/// a tenth of the power of ten that the price has reached.
constexpr std::array eif{step(0, 1),
                         step(1'00, 10),
                         step(10'00, 1'00),
                         step(100'00, 10'00),
                         step(1'000'00, 100'00),
                         step(10'000'00, 1'000'00),
                         step(100'000'00, 10'000'00)};

struct NamedTable {
  std::string_view name;
  std::span<const Step> steps;
};
constexpr std::array<NamedTable, 4> named_tables{
    {{"trademe", trademe}, {"gunbroker", gunbroker}, {"maxsold", maxsold}, {"eif", eif}}};

/// An amount of a named table in the currency's minor unit, if it has so many decimals.
std::optional<Price> in_currency(Price published, const Currency& currency) {
  std::uint64_t minor = published.minor;
  for (std::uint8_t at = published_decimals; at < currency.decimals; ++at) minor *= 10;
  for (std::uint8_t at = currency.decimals; at < published_decimals; ++at) {
    if (minor % 10 != 0) return std::nullopt;
    minor /= 10;
  }
  return Price{minor};
}

Result<Increments> named(const NamedTable& table, const Currency& currency) {
  Increments increments;
  for (const Step& each : table.steps) {
    const auto from = in_currency(each.from, currency);
    const auto by = in_currency(each.by, currency);
    if (!from || !by) {
      return wrong_table("the table " + std::string(table.name) + " has steps too small for " +
                         currency.code + "; write a table of your own, such as 0:1,100:5");
    }
    increments.push_back({*from, *by});
  }
  return increments;
}

}  // namespace

Price increment_at(const Increments& increments, Price standing) {
  const auto after = std::ranges::upper_bound(increments, standing, {}, &Step::from);
  check(after != increments.begin());
  return std::prev(after)->by;
}

Result<void> validate_increments(const Increments& increments) {
  if (increments.empty())
    return wrong_table("a table of increments is empty; give a step at least");
  if (increments.size() > increment_steps_max) {
    return wrong_table("a table of increments has " + std::to_string(increments.size()) +
                       " steps; at most " + std::to_string(increment_steps_max) + " are allowed");
  }
  if (increments.front().from != Price{}) {
    return wrong_table("a table of increments must begin at 0; add a step from there");
  }
  for (std::size_t at = 0; at < increments.size(); ++at) {
    if (at > 0 && increments[at].from <= increments[at - 1].from) {
      return wrong_table("a table of increments must ascend; put its steps in order");
    }
    if (increments[at].by == Price{}) {
      return wrong_table("an increment must be above 0, or bidding would not end; raise it");
    }
    if (increments[at].by > price_max || increments[at].from > price_max) {
      return wrong_table("an increment is too large; give a smaller one");
    }
  }
  return {};
}

Result<Increments> parse_increments(std::string_view text, const Currency& currency) {
  for (const NamedTable& table : named_tables) {
    if (text == table.name) return named(table, currency);
  }
  Increments increments;
  std::string_view rest = text;
  while (increments.size() <= increment_steps_max) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, end);
    const std::size_t colon = part.find(':');
    const bool is_fixed = colon == std::string_view::npos && end == text.size();
    const auto from = is_fixed ? Result<Price>(Price{})
                               : parse_price(part.substr(0, std::min(colon, end)), currency);
    if (!from) return from.error();
    const std::size_t value = is_fixed ? 0 : std::min(colon, end - 1) + 1;
    const auto by = parse_price(part.substr(value), currency);
    if (!by) return by.error();
    increments.push_back({*from, *by});
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  if (auto valid = validate_increments(increments); !valid) return valid.error();
  return increments;
}

std::string to_text(const Increments& increments, const Currency& currency) {
  if (increments.size() == 1) return to_text(increments.front().by, currency);
  std::string text;
  for (const auto& [from, by] : increments) {
    if (!text.empty()) text += ',';
    text += to_text(from, currency) + ":" + to_text(by, currency);
  }
  return text;
}

}  // namespace muster::auction
