#include "wire/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

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

Sha256 hmac_sha256(BytesView key, BytesView bytes) {
  Sha256 hash{};
  unsigned size = 0;
  const unsigned char* const made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(hash.data()), &size);
  check(made != nullptr && size == hash.size());
  return hash;
}

Sha256 pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations) {
  Sha256 key{};
  const int made =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()),
                        static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                        static_cast<int>(key.size()), reinterpret_cast<unsigned char*>(key.data()));
  check(made == 1);
  return key;
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
