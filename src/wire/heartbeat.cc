#include "wire/heartbeat.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <bit>
#include <cstring>
#include <string_view>

#include "muster/check.h"
#include "muster/codec.h"

namespace muster::wire {

namespace {

constexpr std::uint32_t heartbeat_magic = 0x01'48'4d'8dU;  // 0x8d 'M' 'H' 1
constexpr unsigned has_digest = 1;
constexpr unsigned asks = 2;
constexpr std::string_view key_purpose = "muster heartbeat";
constexpr std::size_t key_digest_bytes = 32;

std::uint64_t word_at(BytesView bytes, std::size_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + offset, sizeof word);
  return word;
}

struct SipState {
  std::uint64_t v0;
  std::uint64_t v1;
  std::uint64_t v2;
  std::uint64_t v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

}  // namespace

Result<HeartbeatTimes> to_heartbeat_times(std::uint64_t interval_ms, std::uint64_t timeout_ms) {
  const auto in_milliseconds = [](Duration duration) {
    return static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(duration).count());
  };
  const bool promised = interval_ms != 0;
  if (promised && (interval_ms < in_milliseconds(heartbeat_interval_min) ||
                   interval_ms > in_milliseconds(heartbeat_interval_max))) {
    return Error{ErrorCode::invalid_argument, "a heartbeat interval of " +
                                                  std::to_string(interval_ms) +
                                                  " ms was asked for; it may be 15 ms to 60 s"};
  }
  if (timeout_ms > in_milliseconds(session_timeout_max)) {
    return Error{ErrorCode::invalid_argument, "a session timeout of " + std::to_string(timeout_ms) +
                                                  " ms was asked for; it may be up to 24 h"};
  }
  HeartbeatTimes times{.interval = std::chrono::milliseconds{interval_ms},
                       .timeout = std::chrono::milliseconds{timeout_ms}};
  if (timeout_ms != 0) times.timeout = std::max(times.timeout, shortest_timeout(times.interval));
  return times;
}

HeartbeatKey heartbeat_key(BytesView secret, SessionId session, Epoch epoch) {
  check(!secret.empty() && secret.size() <= secret_bytes_max);
  Bytes message;
  Writer writer(message);
  writer.sized(key_purpose);
  writer.uuid(session.uuid);
  writer.integer(epoch.value);
  std::array<std::byte, key_digest_bytes> digest{};
  unsigned size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(),
           reinterpret_cast<unsigned char*>(digest.data()), &size);
  check(made != nullptr && size == digest.size());
  return {.low = word_at(digest, 0), .high = word_at(digest, sizeof(std::uint64_t))};
}

std::uint64_t siphash(const HeartbeatKey& key, BytesView bytes) {
  SipState state{.v0 = key.low ^ 0x736f6d6570736575U,
                 .v1 = key.high ^ 0x646f72616e646f6dU,
                 .v2 = key.low ^ 0x6c7967656e657261U,
                 .v3 = key.high ^ 0x7465646279746573U};
  constexpr std::size_t word_bytes = sizeof(std::uint64_t);
  const std::size_t words = bytes.size() / word_bytes;
  for (std::size_t i = 0; i < words; ++i) state.take(word_at(bytes, i * word_bytes));
  std::uint64_t last = std::uint64_t{bytes.size() & 0xffU} << 56U;
  const BytesView rest = bytes.subspan(words * word_bytes);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    last |= std::to_integer<std::uint64_t>(rest[i]) << (8U * i);
  }
  state.take(last);
  state.v2 ^= 0xffU;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

Bytes encode_heartbeat(const Heartbeat& heartbeat, const std::optional<HeartbeatKey>& key) {
  check(heartbeat.payload.size() <= heartbeat_payload_bytes_max);
  Bytes bytes;
  bytes.reserve(heartbeat_bytes_max);
  Writer writer(bytes);
  writer.integer(heartbeat_magic);
  const unsigned flags = (key ? has_digest : 0U) | (heartbeat.wants_answer ? asks : 0U);
  writer.integer(static_cast<std::uint8_t>(flags));
  writer.integer(static_cast<std::uint8_t>(heartbeat.payload.size()));
  writer.integer(std::uint16_t{0});
  writer.uuid(heartbeat.session.uuid);
  writer.integer(heartbeat.epoch.value);
  writer.integer(heartbeat.counter);
  writer.raw(heartbeat.payload);
  if (key) writer.integer(siphash(*key, bytes));
  return bytes;
}

std::optional<HeartbeatView> HeartbeatView::parse(BytesView bytes) {
  if (bytes.size() < heartbeat_header_bytes || bytes.size() > heartbeat_bytes_max) return {};
  Reader reader(bytes);
  if (reader.integer<std::uint32_t>() != heartbeat_magic) return {};
  const unsigned flags = reader.integer<std::uint8_t>();
  const auto payload_bytes = reader.integer<std::uint8_t>();
  const auto zero = reader.integer<std::uint16_t>();
  const std::size_t bytes_after = (flags & has_digest) != 0 ? heartbeat_digest_bytes : 0;
  if (flags > (has_digest | asks) || zero != 0 || payload_bytes > heartbeat_payload_bytes_max ||
      bytes.size() != heartbeat_header_bytes + payload_bytes + bytes_after) {
    return {};
  }
  HeartbeatView view;
  view.heartbeat_.wants_answer = (flags & asks) != 0;
  view.heartbeat_.session = {reader.uuid()};
  view.heartbeat_.epoch.value = reader.integer<std::uint32_t>();
  view.heartbeat_.counter = reader.integer<std::uint64_t>();
  view.heartbeat_.payload = reader.raw(payload_bytes);
  view.said_ = bytes.first(bytes.size() - bytes_after);
  if (bytes_after > 0) view.digest_ = reader.integer<std::uint64_t>();
  return view;
}

// One comparison of whole words: how long it takes tells nothing of the digest.
bool HeartbeatView::is_proven_by(const HeartbeatKey& key) const {
  return digest_ && *digest_ == siphash(key, said_);
}

Bytes encode_heartbeat_heard(const HeartbeatHeard& heard) {
  Bytes bytes;
  Writer writer(bytes);
  writer.integer(heard.counter);
  writer.integer(heard.by_datagram);
  return bytes;
}

Result<HeartbeatHeard> decode_heartbeat_heard(BytesView bytes) {
  Reader reader(bytes);
  HeartbeatHeard heard;
  heard.counter = reader.integer<std::uint64_t>();
  heard.by_datagram = reader.integer<std::uint64_t>();
  if (reader.finished()) return heard;
  return Error{ErrorCode::invalid_argument, "the answer to a heartbeat has the wrong length"};
}

}  // namespace muster::wire
