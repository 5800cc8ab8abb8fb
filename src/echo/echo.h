// The smallest useful service: says back what it is told, and keeps count of it.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "muster/copy_on_write.h"
#include "muster/machine.h"

namespace muster::echo {

inline constexpr ServiceId service_id{2};

/// What the service remembers of one session: how many commands, and a chain over their payloads
/// (CRC32C of each payload, continued from the chain before it). A client that keeps the same tally
/// can prove that everything acknowledged took effect once and in order.
struct Tally {
  std::uint64_t count{0};
  std::uint32_t chain{0};
  friend bool operator==(const Tally&, const Tally&) = default;

  void add(BytesView payload);
};

/// Replies to each command with its own payload.
///
/// Query: 16 bytes, a session id. Answer: `count` (8 bytes), `chain` (4 bytes), little-endian;
/// zeros for a session that has said nothing. Memory: one tally for each open session.
class Echo final : public service::Machine {
 public:
  ServiceId id() const override { return service_id; }
  std::string_view name() const override { return "echo"; }
  void apply(const service::Command& command, service::Output& output) override;
  void session_ended(SessionId session, Position at, LogTime now, service::Output& output) override;
  Result<Bytes> query(BytesView request) const override;
  service::FrozenParts freeze() const override;
  [[nodiscard]] Result<void> restore(BytesView part) override;
  void clear() override;

 private:
  struct Block final : service::Part {
    void encode(Bytes& out) const override;
    std::map<SessionId, Tally> tallies;
  };
  using Blocks = std::array<service::CopyOnWrite<Block>, 64>;

  static std::size_t block_of(SessionId session);

  Blocks blocks_;
};

/// The query for a session's tally, and its answer read back.
Bytes tally_query(SessionId session);
Result<Tally> read_tally(BytesView answer);

}  // namespace muster::echo
