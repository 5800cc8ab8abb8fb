#include "muster/uuid.h"

#include <cstring>

namespace muster {
namespace {

constexpr std::array<std::size_t, 4> dash_positions{8, 13, 18, 23};

int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

bool is_dash_position(std::size_t at) {
  for (const std::size_t position : dash_positions) {
    if (position == at) return true;
  }
  return false;
}

}  // namespace

Uuid Uuid::make_v7(std::chrono::milliseconds unix_time, std::uint64_t random_high,
                   std::uint64_t random_low) {
  Uuid id;
  const auto milliseconds = static_cast<std::uint64_t>(unix_time.count());
  for (std::size_t i = 0; i < 6; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(milliseconds >> (8 * (5 - i)));
  }
  id.bytes[6] = static_cast<std::uint8_t>(0x70U | ((random_high >> 8U) & 0x0fU));
  id.bytes[7] = static_cast<std::uint8_t>(random_high);
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[8 + i] = static_cast<std::uint8_t>(random_low >> (8 * (7 - i)));
  }
  id.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.bytes[8] & 0x3fU));
  return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash_position(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = digit_value(text[i]);
    if (value < 0) return std::nullopt;
    std::uint8_t& byte = id.bytes[nibble / 2];
    byte = static_cast<std::uint8_t>((static_cast<unsigned>(byte) << 4U) |
                                     static_cast<unsigned>(value));
    ++nibble;
  }
  return id;
}

std::string Uuid::to_string() const {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (const std::uint8_t byte : bytes) {
    if (is_dash_position(text.size())) text.push_back('-');
    text.push_back(digits[byte >> 4U]);
    text.push_back(digits[byte & 0x0fU]);
  }
  return text;
}

std::size_t UuidHash::operator()(const Uuid& id) const noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::memcpy(&low, id.bytes.data() + 8, sizeof low);
  std::memcpy(&high, id.bytes.data(), sizeof high);
  return static_cast<std::size_t>((low ^ (high * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL);
}

}  // namespace muster
