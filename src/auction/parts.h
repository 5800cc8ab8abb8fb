// What the parts of the auction's snapshots have in common. A state has one form: maps ascend,
// texts have their length before them, what is optional has a byte 0 or 1 before it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

#include "auction/money.h"
#include "auction/terms.h"
#include "muster/codec.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::auction {

// The first byte of a part, in the order of the parts: per lot its entries, then itself; then the
// receipts of commands with keys, then the house, which is last.
constexpr std::uint8_t entries_tag = 1;
constexpr std::uint8_t lot_tag = 2;
constexpr std::uint8_t keys_tag = 3;
constexpr std::uint8_t house_tag = 4;

// Bounds on what is read, far outside of all that is possible, so that nothing overflows.
constexpr std::int64_t time_bound = std::int64_t{1} << 52U;
constexpr std::uint64_t count_bound = std::uint64_t{1} << 52U;

constexpr bool is_sane(LogTime time) {
  return time.milliseconds > -time_bound && time.milliseconds < time_bound;
}

inline void write_position(Writer& writer, Position position) {
  writer.integer(position.index.value);
  writer.integer(position.ordinal);
}

inline void write_price_if(Writer& writer, const std::optional<Price>& price) {
  writer.integer(static_cast<std::uint8_t>(price.has_value()));
  if (price) writer.integer(price->minor);
}

/// Reads what the parts are made of, and remembers whether all of it was possible: read first, ask
/// `ok()` once at the end.
class PartReader {
 public:
  explicit PartReader(Reader& reader) : reader_(reader) {}

  bool ok() const { return good_ && reader_.ok(); }
  bool finished() const { return good_ && reader_.finished(); }
  /// What was read does not hold together.
  void fail() { good_ = false; }
  void expect(bool holds) { good_ = good_ && holds; }

  template <std::integral Integer>
  Integer integer() {
    return reader_.integer<Integer>();
  }
  std::string text() { return reader_.text(); }
  bool flag() {
    const auto value = reader_.integer<std::uint8_t>();
    expect(value <= 1);
    return value == 1;
  }
  /// Precondition: the type's values are 1 to `last`.
  template <class Value>
  Value value(Value last) {
    const auto number = reader_.integer<std::uint8_t>();
    expect(number >= 1 && number <= static_cast<std::uint8_t>(last));
    return static_cast<Value>(number);
  }
  std::uint64_t count() {
    const auto number = reader_.integer<std::uint64_t>();
    expect(number < count_bound);
    return number;
  }
  Position position() {
    const LogIndex index{reader_.integer<std::uint64_t>()};
    return {.index = index, .ordinal = reader_.integer<std::uint32_t>()};
  }
  LogTime time() {
    const LogTime time{reader_.integer<std::int64_t>()};
    expect(is_sane(time));
    return time;
  }
  std::chrono::milliseconds span() {
    const std::chrono::milliseconds span{reader_.integer<std::int64_t>()};
    expect(span.count() >= 0 && span.count() < time_bound);
    return span;
  }
  /// `most`: what is asked for may be one increment above the largest price.
  Price price(Price most = price_max) {
    const Price price{reader_.integer<std::uint64_t>()};
    expect(price <= most);
    return price;
  }
  std::optional<Price> price_if() { return flag() ? std::optional(price()) : std::nullopt; }
  std::array<std::byte, 32> hash() {
    std::array<std::byte, 32> hash{};
    const BytesView bytes = reader_.raw(hash.size());
    if (!bytes.empty()) std::memcpy(hash.data(), bytes.data(), hash.size());
    return hash;
  }

 private:
  Reader& reader_;
  bool good_{true};
};

}  // namespace muster::auction
