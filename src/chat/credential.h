// How IRC operators prove who they are, so that no server and no log has their passwords.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "muster/error.h"
#include "wire/sha256.h"

namespace muster::chat {

/// What a proof costs who makes one: the least that RFC 7677 allows, some milliseconds.
inline constexpr std::uint32_t oper_iterations = 4'096;
inline constexpr std::uint32_t oper_iterations_max = 65'536;
inline constexpr std::size_t salt_bytes_max = 64;

/// What the group knows of an IRC operator's password: enough to see that somebody has it, too
/// little to have it. `stored_key` as in RFC 5802, section 3; all zero: there is none.
struct OperCredential {
  std::string salt{};
  std::uint32_t iterations{0};
  wire::Sha256 stored_key{};
  friend bool operator==(const OperCredential&, const OperCredential&) = default;
};

OperCredential make_credential(std::string_view password, std::string salt);

/// `ClientKey` of RFC 5802. Precondition: at least one iteration.
wire::Sha256 oper_proof(std::string_view password, std::string_view salt, std::uint32_t iterations);
/// Errors: INVALID_ARGUMENT if it can't be one.
[[nodiscard]] Result<void> validate(const OperCredential& credential);
bool proves(const wire::Sha256& proof, const OperCredential& credential);

}  // namespace muster::chat
