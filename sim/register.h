// A service for the simulator: a few registers that are written, compared and set, and read.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "muster/copy_on_write.h"
#include "muster/machine.h"

namespace muster::sim {

inline constexpr ServiceId register_service{100};
/// An event for each command that writes: how many there were with it (8 bytes), its operation.
inline constexpr std::string_view register_topic = "registers";
/// Of an event, or of the topic's state.
std::uint64_t event_number(BytesView payload);

/// Which operation of which client: names a command for all time, whatever session it travels in.
struct OperationId {
  std::uint32_t client{};
  std::uint64_t number{};
  friend auto operator<=>(const OperationId&, const OperationId&) = default;
};

struct RegisterCommand {
  enum class Kind : std::uint8_t { write = 1, compare_and_set = 2, read = 3 };

  OperationId id;
  Kind kind{Kind::write};
  std::uint32_t key{};
  std::uint64_t value{};     ///< To be written.
  std::uint64_t expected{};  ///< What must be there for `compare_and_set`.
  std::uint32_t padding{};   ///< Bytes kept with the value, to make the state larger.
};

Bytes encode(const RegisterCommand& command);
/// Errors: `invalid_argument` if the bytes are no command.
[[nodiscard]] Result<RegisterCommand> decode_register_command(BytesView payload);

/// What a command does to the value it meets; the rule that both the service and the checker of
/// linearizability use. Nothing: it is refused and changes nothing.
std::optional<std::uint64_t> value_after(const RegisterCommand& command, std::uint64_t before);

/// Registers by number, 0 at first. Reply to a command: the value afterwards, 8 bytes; a
/// `compare_and_set` that finds another value is refused with `failed_precondition`. Query: 4
/// bytes, the key; answer: 8 bytes, the value.
class Register final : public service::Machine {
 public:
  ServiceId id() const override { return register_service; }
  std::string_view name() const override { return "register"; }
  void apply(const service::Command& command, service::Output& output) override;
  /// How many events there were, 8 bytes.
  Result<Bytes> topic_state(std::string_view topic) const override;
  Result<Bytes> query(BytesView request) const override;
  service::FrozenParts freeze() const override;
  [[nodiscard]] Result<void> restore(BytesView part) override;
  void clear() override { blocks_ = {}; }

 private:
  struct Cell {
    std::uint64_t value{0};
    Bytes padding{};
  };
  struct Block final : service::Part {
    void encode(Bytes& out) const override;
    std::map<std::uint32_t, Cell> cells;
  };
  using Blocks = std::array<service::CopyOnWrite<Block>, 4>;

  service::CopyOnWrite<Block>& block_of(std::uint32_t key) { return blocks_[key % blocks_.size()]; }
  std::uint64_t value(std::uint32_t key) const;
  void publish(const OperationId& id, service::Output& output);

  Blocks blocks_;
};

}  // namespace muster::sim
