// By how much a bid must be above the standing price: tables of steps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auction/money.h"

namespace muster::auction {

/// From the standing price `from` on, the next bid is at least `by` higher.
struct Step {
  Price from;
  Price by;
  friend bool operator==(const Step&, const Step&) = default;
};
/// In ascending order of `from`, the first of which is 0; each `by` is above 0.
using Increments = std::vector<Step>;
constexpr std::size_t increment_steps_max = 64;

/// The step at this standing price. Precondition: the table is valid.
Price increment_at(const Increments& increments, Price standing);

/// Errors: INVALID_ARGUMENT: empty, too long, out of order, or a step of 0.
[[nodiscard]] Result<void> validate_increments(const Increments& increments);

/// Reads a fixed step (`0.50`), a table (`0:0.50,20:1,200:5`), or the name of a table that a house
/// publishes: `trademe`, `gunbroker`, `maxsold`, `eif`. A named table has the house's numbers in
/// whatever currency is given. Errors: INVALID_ARGUMENT, also if the currency has too few decimals
/// for the named table.
[[nodiscard]] Result<Increments> parse_increments(std::string_view text, const Currency& currency);
/// `0.50`, or `0.00:0.50,20.00:1.00`: `parse_increments` reads it back.
std::string to_text(const Increments& increments, const Currency& currency);

}  // namespace muster::auction
