// What the tests of several folders need to write down bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/random.h"
#include "muster/bytes.h"
#include "muster/check.h"

namespace muster::wire::testing {

/// Bytes from their hexadecimal form; spaces and line breaks are passed over.
inline Bytes from_hex(std::string_view text) {
  Bytes bytes;
  int digits = 0;
  unsigned value = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    check(digit != std::string_view::npos);
    value = value * 16 + static_cast<unsigned>(digit);
    if (++digits % 2 == 0) bytes.push_back(static_cast<std::byte>(value & 0xffU));
  }
  check(digits % 2 == 0);
  return bytes;
}

inline std::string to_hex(BytesView bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4U];
    text += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

inline Bytes random_bytes(Random& random, std::size_t size) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  return bytes;
}

/// Calls `decode` with every prefix of `valid`, and with copies in which one to four bytes differ:
/// the decoder must not crash, and what is cut must not pass.
template <class Decode>
bool survives_damage(const Bytes& valid, std::uint64_t seed, const Decode& decode) {
  for (std::size_t size = 0; size < valid.size(); ++size) {
    if (decode(BytesView(valid).first(size))) return false;
  }
  Random random(seed);
  for (int round = 0; round < 20'000; ++round) {
    Bytes damaged = valid;
    for (std::uint64_t i = 0; i <= random.below(4); ++i) {
      damaged[random.below(damaged.size())] = static_cast<std::byte>(random.below(256));
    }
    decode(damaged);
  }
  return true;
}

}  // namespace muster::wire::testing
