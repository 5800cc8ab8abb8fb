// Datagrams by which servers and clients find each other: a probe asks, a beacon tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "muster/bytes.h"
#include "muster/error.h"
#include "wire/limits.h"
#include "wire/muster.pb.h"

namespace muster::wire {

/// The version of the layout below. Magic and version stand first in every version.
constexpr std::uint8_t datagram_version = 1;

/// What a datagram may be. Ids in it parse, names and addresses are within their limits.
using Datagram = std::variant<Probe, Beacon>;

/// A datagram is, little-endian: magic, u8 version, u8 kind, u8 authentication, u8 zero, u16 bytes
/// of payload, u16 zero; the payload, a protobuf message; zeros up to `datagram_bytes_max` in a
/// probe, so that no answer is larger than the question; and with a secret HMAC-SHA-256 (RFC 2104)
/// over a name of its purpose and all that stands before it.
///
/// The digest proves that somebody who knows the secret said this once. It hides nothing, and a
/// datagram that was recorded can be sent again: what it says is a hint where to dial, and the
/// preface of the connection asks for a fresh proof.
///
/// `secret` is empty where there is none. Precondition: it is within `secret_bytes_max`.
/// Errors: INVALID_ARGUMENT if a field is beyond its limit, names no id or no address, so that
/// nothing is sent that `decode_datagram` refuses. Within the limits the longest beacon fits.
[[nodiscard]] Result<Bytes> encode_probe(const Probe& probe, BytesView secret);
[[nodiscard]] Result<Bytes> encode_beacon(const Beacon& beacon, BytesView secret);

/// Reads a datagram that may be anything.
/// Errors: INVALID_ARGUMENT if it is not Muster's, or malformed; UNIMPLEMENTED if it has another
/// version; UNAUTHENTICATED if the digest is missing or wrong, or is there and `secret` is empty.
/// The message of each says what the operator can do.
[[nodiscard]] Result<Datagram> decode_datagram(BytesView bytes, BytesView secret);

/// The group that a beacon of this version names, whoever sent it: unproven, only to tell an
/// operator that somebody of that group can't be heard. Nothing if it is no well-formed beacon.
std::optional<std::string> claimed_group(BytesView bytes);

}  // namespace muster::wire
