// Fixed-width little-endian integers and length-prefixed bytes, written and read without surprises.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "muster/bytes.h"
#include "muster/uuid.h"

namespace muster {

static_assert(std::endian::native == std::endian::little, "Muster's formats are little-endian");

/// Appends values to a byte vector that the caller owns. Thread-safety: none.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  template <std::integral Integer>
  void integer(Integer value) {
    const auto bytes = std::bit_cast<std::array<std::byte, sizeof(Integer)>>(value);
    raw(bytes);
  }
  void uuid(const Uuid& id) { raw(std::as_bytes(std::span(id.bytes))); }
  void raw(BytesView bytes) {
    if (bytes.empty()) return;
    const std::size_t at = out_.size();
    out_.resize(at + bytes.size());
    std::memcpy(out_.data() + at, bytes.data(), bytes.size());
  }
  /// A 32-bit length, then the bytes. Precondition: they are fewer than 2^32.
  void sized(BytesView bytes) {
    check(bytes.size() <= 0xffffffffU);
    integer(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  void sized(std::string_view text) { sized(as_bytes(text)); }

 private:
  Bytes& out_;
};

/// Reads what `Writer` wrote, from bytes that may be anything. After the first read past the end
/// every read gives zero or nothing and `ok()` is false: decode first, ask once at the end.
class Reader {
 public:
  explicit Reader(BytesView bytes) : rest_(bytes) {}

  template <std::integral Integer>
  Integer integer() {
    std::array<std::byte, sizeof(Integer)> bytes{};
    const BytesView taken = raw(sizeof(Integer));
    if (!taken.empty()) std::memcpy(bytes.data(), taken.data(), sizeof(Integer));
    return std::bit_cast<Integer>(bytes);
  }
  Uuid uuid() {
    Uuid id;
    const BytesView taken = raw(id.bytes.size());
    if (!taken.empty()) std::memcpy(id.bytes.data(), taken.data(), id.bytes.size());
    return id;
  }
  /// The next `size` bytes, or an empty view if there are not so many.
  BytesView raw(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const BytesView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  BytesView sized() { return raw(integer<std::uint32_t>()); }
  std::string text() { return std::string(as_text(sized())); }

  bool ok() const { return ok_; }
  /// All was read, and nothing is left.
  bool finished() const { return ok_ && rest_.empty(); }
  BytesView rest() const { return rest_; }

 private:
  BytesView rest_;
  bool ok_{true};
};

}  // namespace muster
