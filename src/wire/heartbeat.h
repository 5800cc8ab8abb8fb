// Heartbeats: a client's signs of life to its home, as datagrams or as frames of its connection.
//
//   heartbeat, 36 bytes and what follows          answer to one that came as a frame, 16 bytes
//     0  u8   0x8d 'M' 'H', then version 1          0  u64  counter of the heartbeat answered
//     4  u8   flags: 1 a digest follows, 2 answer    8  u64  newest counter that came by datagram
//     5  u8   bytes of the payload
//     6  u16  zero
//     8  16 B session id
//    24  u32  epoch
//    28  u64  counter
//   then the payload, and with flag 1 a digest of 8 bytes
//
// Little-endian.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/limits.h"

namespace muster::wire {

constexpr std::size_t heartbeat_header_bytes = 36;
constexpr std::size_t heartbeat_digest_bytes = 8;
constexpr std::size_t heartbeat_bytes_max =
    heartbeat_header_bytes + heartbeat_payload_bytes_max + heartbeat_digest_bytes;

/// How often a client gives a sign of life, and how long it may be missed.
struct HeartbeatTimes {
  Duration interval{};  ///< Zero: it promises none.
  Duration timeout{};   ///< Silence after which its session ends; zero: as the group has it.
  friend bool operator==(const HeartbeatTimes&, const HeartbeatTimes&) = default;
};

constexpr Duration heartbeat_interval_min = std::chrono::milliseconds{15};
constexpr Duration heartbeat_interval_max = std::chrono::seconds{60};
constexpr Duration session_timeout_min = std::chrono::seconds{2};
constexpr Duration session_timeout_max = std::chrono::hours{24};

/// The shortest silence that ends a session with this interval: also what a client gets that asks
/// for less.
constexpr Duration shortest_timeout(Duration interval) {
  return std::max(session_timeout_min, 10 * interval);
}
/// The silence after which a client with this interval is suspected to be gone.
constexpr Duration suspect_after(Duration interval) {
  return std::max<Duration>(std::chrono::milliseconds{500}, 5 * interval);
}
/// How often a heartbeat goes over the connection although datagrams pass: so often that the home
/// hears of a client whose datagrams have just ceased to pass before it suspects it.
constexpr Duration connection_interval(const HeartbeatTimes& times) {
  return std::max(times.interval, std::min<Duration>(std::chrono::seconds{1}, times.timeout / 5));
}

/// What a client asked for when it opened its session, in milliseconds.
/// Errors: INVALID_ARGUMENT for an interval or timeout that is out of bounds.
[[nodiscard]] Result<HeartbeatTimes> to_heartbeat_times(std::uint64_t interval_ms,
                                                        std::uint64_t timeout_ms);

struct Heartbeat {
  SessionId session{};
  Epoch epoch{};             ///< Of the session's attachment.
  std::uint64_t counter{};   ///< One more for each; from 1 for each epoch.
  bool wants_answer{false};  ///< Of one that goes over the connection.
  BytesView payload{};       ///< Newest-value data; at most `heartbeat_payload_bytes_max`.
};

/// What the digests of one attachment are made with.
struct HeartbeatKey {
  std::uint64_t low{};
  std::uint64_t high{};
  friend bool operator==(const HeartbeatKey&, const HeartbeatKey&) = default;
};

/// The key of this attachment: the first 16 bytes of HMAC-SHA-256 (RFC 2104) with the group's
/// secret over a name of its purpose, the session and the epoch. Both sides make it; it never goes
/// over the wire. Precondition: the secret is not empty.
HeartbeatKey heartbeat_key(BytesView secret, SessionId session, Epoch epoch);

/// SipHash-2-4 (Aumasson and Bernstein, 2012): a digest that costs tens of nanoseconds.
std::uint64_t siphash(const HeartbeatKey& key, BytesView bytes);

/// Lays a heartbeat out, with a digest if there is a key. Precondition: the payload is within its
/// limit.
Bytes encode_heartbeat(const Heartbeat& heartbeat, const std::optional<HeartbeatKey>& key);

/// A heartbeat read in place; borrows its bytes.
class HeartbeatView {
 public:
  /// Nothing if the bytes are no heartbeat: from outside, at a rate at which no error text is worth
  /// making. Does not allocate.
  static std::optional<HeartbeatView> parse(BytesView bytes);

  const Heartbeat& heartbeat() const { return heartbeat_; }
  /// Whether it carries the digest that this key gives.
  bool is_proven_by(const HeartbeatKey& key) const;

 private:
  HeartbeatView() = default;

  Heartbeat heartbeat_;
  BytesView said_;
  std::optional<std::uint64_t> digest_;
};

/// What the home answers to a heartbeat that came over the connection and asked for it.
struct HeartbeatHeard {
  std::uint64_t counter{};      ///< The heartbeat that is answered.
  std::uint64_t by_datagram{};  ///< The newest that came by datagram; 0: none did.
  friend bool operator==(const HeartbeatHeard&, const HeartbeatHeard&) = default;
};
Bytes encode_heartbeat_heard(const HeartbeatHeard& heard);
/// Errors: INVALID_ARGUMENT if the bytes are no such answer.
[[nodiscard]] Result<HeartbeatHeard> decode_heartbeat_heard(BytesView bytes);

}  // namespace muster::wire
