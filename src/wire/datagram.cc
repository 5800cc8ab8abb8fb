#include "wire/datagram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "muster/check.h"
#include "muster/codec.h"
#include "muster/ids.h"
#include "wire/control.h"

namespace muster::wire {

namespace {

constexpr std::array<std::uint8_t, 4> datagram_magic{0x8d, 'M', 'U', 'D'};
constexpr std::size_t header_bytes = 12;
constexpr std::size_t digest_bytes = 32;
constexpr std::string_view purpose = "muster datagram";

enum class Kind : std::uint8_t { probe = 1, beacon = 2 };
enum class DatagramProof : std::uint8_t { none = 0, secret = 1 };

/// A datagram of this version whose layout is right, and of which nothing is proven.
struct Parts {
  Kind kind{Kind::probe};
  BytesView payload;
  BytesView said;    ///< What the digest is made of.
  BytesView digest;  ///< Empty: none.
};

/// RFC 2104 over `said`; the purpose tells it apart from the proofs of a preface.
Bytes digest_of(BytesView secret, BytesView said) {
  Bytes message;
  message.reserve(sizeof(std::uint32_t) + purpose.size() + said.size());
  Writer writer(message);
  writer.sized(purpose);
  writer.raw(said);
  Bytes digest(digest_bytes);
  unsigned size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(),
           reinterpret_cast<unsigned char*>(digest.data()), &size);
  check(made != nullptr && size == digest_bytes);
  return digest;
}

Error not_a_datagram(const std::string& what) {
  return Error{ErrorCode::invalid_argument,
               what + "; the sender is at fault, or something else uses this port"};
}

bool is_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (text.size() > address_bytes_max || colon == std::string_view::npos) return false;
  const auto is_visible = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!std::ranges::all_of(text, is_visible)) return false;
  const std::string_view digits = text.substr(colon + 1);
  if (digits.empty() || digits.size() > 5) return false;
  unsigned port = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return false;
    port = port * 10 + static_cast<unsigned>(digit - '0');
  }
  return port >= 1 && port <= 65'535;
}

bool is_name_or_empty(std::string_view text) {
  return text.empty() || validate_name(text).has_value();
}

bool is_id_or_empty(std::string_view text) {
  return text.empty() || parse_id<ServerId>(text).has_value();
}

/// What is beyond its limits in a message; empty if nothing is.
std::string_view fault_in(const Probe& probe) {
  if (!is_name_or_empty(probe.group())) return "a probe's group is no name";
  if (!is_id_or_empty(probe.server_id())) return "a probe's server id is none";
  return {};
}

std::string_view fault_in(const Beacon& beacon) {
  if (!validate_name(beacon.group())) return "a beacon's group is no name";
  if (!is_id_or_empty(beacon.group_id())) return "a beacon's group id is none";
  if (!parse_id<ServerId>(beacon.server_id())) return "a beacon's server id is none";
  if (!validate_name(beacon.name())) return "a beacon's server name is none";
  if (!is_name_or_empty(beacon.host())) return "a beacon's host is no name";
  if (!is_name_or_empty(beacon.leader())) return "a beacon's leader is no name";
  if (!is_name_or_empty(beacon.version())) return "a beacon's version is no name";
  if (!is_name_or_empty(beacon.zone())) return "a beacon's zone is no name";
  if (!is_address(beacon.client_address()) || !is_address(beacon.peer_address())) {
    return "a beacon's address has not the form HOST:PORT";
  }
  return {};
}

template <class Message>
Result<Bytes> encode_as(Kind kind, const Message& message, std::size_t size_min, BytesView secret) {
  check(secret.size() <= secret_bytes_max);
  if (const auto fault = fault_in(message); !fault.empty()) {
    return Error{ErrorCode::invalid_argument, std::string(fault) + "; choose another"};
  }
  const std::size_t behind = secret.empty() ? 0 : digest_bytes;
  const Bytes payload = encode(message);
  if (header_bytes + payload.size() + behind > datagram_bytes_max) {
    return Error{ErrorCode::invalid_argument, "a datagram would pass " +
                                                  std::to_string(datagram_bytes_max) +
                                                  " bytes; choose shorter names"};
  }
  Bytes bytes;
  bytes.reserve(datagram_bytes_max);
  Writer writer(bytes);
  writer.raw(std::as_bytes(std::span(datagram_magic)));
  writer.integer(datagram_version);
  writer.integer(static_cast<std::uint8_t>(kind));
  writer.integer(
      static_cast<std::uint8_t>(secret.empty() ? DatagramProof::none : DatagramProof::secret));
  writer.integer(std::uint8_t{0});
  writer.integer(static_cast<std::uint16_t>(payload.size()));
  writer.integer(std::uint16_t{0});
  writer.raw(payload);
  bytes.resize(std::max(bytes.size() + behind, size_min) - behind);
  if (!secret.empty()) writer.raw(digest_of(secret, bytes));
  return bytes;
}

/// Magic and version, which stand first in every version.
Result<void> recognise(BytesView bytes) {
  if (bytes.size() > datagram_bytes_max || bytes.size() <= datagram_magic.size() ||
      !std::ranges::equal(bytes.first(datagram_magic.size()),
                          std::as_bytes(std::span(datagram_magic)))) {
    return not_a_datagram("what came is no datagram of Muster's");
  }
  const auto version = std::to_integer<unsigned>(bytes[datagram_magic.size()]);
  if (version != datagram_version) {
    return Error{ErrorCode::unimplemented, "a datagram has version " + std::to_string(version) +
                                               ", this program speaks " +
                                               std::to_string(datagram_version) +
                                               "; use the same version of Muster on all machines"};
  }
  return {};
}

Result<Parts> take_apart(BytesView bytes) {
  if (const auto recognised = recognise(bytes); !recognised) return recognised.error();
  Reader reader(bytes.subspan(datagram_magic.size() + 1));
  const auto kind = reader.integer<std::uint8_t>();
  const auto authentication = reader.integer<std::uint8_t>();
  const auto zero = reader.integer<std::uint8_t>();
  const auto payload_bytes = reader.integer<std::uint16_t>();
  const auto more_zero = reader.integer<std::uint16_t>();
  Parts parts;
  parts.kind = static_cast<Kind>(kind);
  parts.payload = reader.raw(payload_bytes);
  const bool known = kind == static_cast<std::uint8_t>(Kind::probe) ||
                     kind == static_cast<std::uint8_t>(Kind::beacon);
  if (!reader.ok() || !known || zero != 0 || more_zero != 0) {
    return not_a_datagram("a datagram is cut off or of no known kind");
  }
  if (authentication > static_cast<std::uint8_t>(DatagramProof::secret)) {
    return not_a_datagram("a datagram is proven in no known way");
  }
  BytesView padding = reader.rest();
  if (authentication == static_cast<std::uint8_t>(DatagramProof::secret)) {
    if (padding.size() < digest_bytes) return not_a_datagram("a datagram is cut off in its digest");
    parts.digest = padding.last(digest_bytes);
    padding = padding.first(padding.size() - digest_bytes);
  }
  parts.said = bytes.first(bytes.size() - parts.digest.size());
  const bool sized =
      parts.kind == Kind::probe ? bytes.size() == datagram_bytes_max : padding.empty();
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  if (!sized || !std::ranges::all_of(padding, is_zero)) {
    return not_a_datagram("a datagram has not the length of its kind");
  }
  return parts;
}

Result<void> authenticate(const Parts& parts, BytesView secret) {
  const auto refuse = [](const std::string& why) { return Error{ErrorCode::unauthenticated, why}; };
  if (secret.empty() && parts.digest.empty()) return {};
  if (secret.empty()) {
    return refuse(
        "a datagram is proven with a secret, and there is none here; give the same --secret-file "
        "to all servers and clients of the group");
  }
  if (parts.digest.empty()) {
    return refuse(
        "a datagram is not proven with the group's secret; give the same --secret-file to all "
        "servers and clients of the group");
  }
  const Bytes expected = digest_of(secret, parts.said);
  if (CRYPTO_memcmp(expected.data(), parts.digest.data(), digest_bytes) != 0) {
    return refuse(
        "a datagram is proven with another secret; give the same --secret-file to all servers and "
        "clients of the group, or another --group to those that are to be kept apart");
  }
  return {};
}

template <class Message>
Result<Message> read(BytesView payload) {
  Result<Message> message = decode<Message>(payload);
  if (!message) return message;
  if (const auto fault = fault_in(*message); !fault.empty())
    return not_a_datagram(std::string(fault));
  return message;
}

}  // namespace

Result<Bytes> encode_probe(const Probe& probe, BytesView secret) {
  return encode_as(Kind::probe, probe, datagram_bytes_max, secret);
}

Result<Bytes> encode_beacon(const Beacon& beacon, BytesView secret) {
  return encode_as(Kind::beacon, beacon, 0, secret);
}

Result<Datagram> decode_datagram(BytesView bytes, BytesView secret) {
  check(secret.size() <= secret_bytes_max);
  const Result<Parts> parts = take_apart(bytes);
  if (!parts) return parts.error();
  if (const auto proven = authenticate(*parts, secret); !proven) return proven.error();
  if (parts->kind == Kind::probe) {
    const Result<Probe> probe = read<Probe>(parts->payload);
    if (!probe) return probe.error();
    return Datagram(*probe);
  }
  const Result<Beacon> beacon = read<Beacon>(parts->payload);
  if (!beacon) return beacon.error();
  return Datagram(*beacon);
}

std::optional<std::string> claimed_group(BytesView bytes) {
  const Result<Parts> parts = take_apart(bytes);
  if (!parts || parts->kind != Kind::beacon) return std::nullopt;
  const Result<Beacon> beacon = read<Beacon>(parts->payload);
  if (!beacon) return std::nullopt;
  return beacon->group();
}

}  // namespace muster::wire
