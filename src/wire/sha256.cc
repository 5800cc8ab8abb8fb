#include "wire/sha256.h"

#include <openssl/evp.h>

#include "muster/check.h"

namespace muster::wire {

Sha256 sha256(BytesView bytes) {
  Sha256 hash{};
  unsigned size = 0;
  const int made =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()), &size,
                 EVP_sha256(), nullptr);
  check(made == 1 && size == hash.size());
  return hash;
}

std::string to_hex(const Sha256& hash) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * hash.size());
  for (const std::byte each : hash) {
    text += digits[std::to_integer<std::size_t>(each) >> 4U];
    text += digits[std::to_integer<std::size_t>(each) & 0xfU];
  }
  return text;
}

}  // namespace muster::wire
