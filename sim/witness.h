// A machine that tells the checkers what it is given to apply.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "muster/machine.h"
#include "sim/checkers.h"

namespace muster::sim {

/// Passes everything on to the machine it wraps, and reports each command with its answer. Answers
/// of queries it ends with a mark of the server's group, since there may be several for a while.
class Witness final : public service::Machine {
 public:
  using GroupOf = std::function<std::optional<GroupId>()>;

  /// `checkers` outlives this; `group` gives the server's group.
  Witness(std::size_t server, std::unique_ptr<service::Machine> machine, Checkers& checkers,
          GroupOf group)
      : server_(server),
        machine_(std::move(machine)),
        checkers_(checkers),
        group_(std::move(group)) {}

  ServiceId id() const override { return machine_->id(); }
  std::string_view name() const override { return machine_->name(); }
  void apply(const service::Command& command, service::Output& output) override;
  std::optional<LogTime> deadline() const override { return machine_->deadline(); }
  void expire(LogTime now, service::Output& output) override { machine_->expire(now, output); }
  void session_ended(SessionId session, Position at, LogTime now,
                     service::Output& output) override {
    machine_->session_ended(session, at, now, output);
  }
  Result<Bytes> topic_state(std::string_view topic) const override {
    return machine_->topic_state(topic);
  }
  Result<Bytes> query(BytesView request) const override;
  service::FrozenParts freeze() const override { return machine_->freeze(); }
  [[nodiscard]] Result<void> restore(BytesView part) override { return machine_->restore(part); }
  void clear() override { machine_->clear(); }
  std::unique_ptr<service::Advisor> make_advisor() const override;
  const service::Machine& machine() const { return *machine_; }
  void set_behaviour(std::uint32_t version) override { machine_->set_behaviour(version); }

 private:
  std::size_t server_;
  std::unique_ptr<service::Machine> machine_;
  Checkers& checkers_;
  GroupOf group_;
};

/// Every command of the simulator's clients begins with its operation.
OperationId operation_of(BytesView payload);

/// What follows it.
BytesView without_operation(BytesView payload);

/// The answer of a query without the mark, and the mark.
struct MarkedAnswer {
  BytesView answer;
  std::uint64_t group{0};
};
MarkedAnswer read_mark(BytesView marked);
std::uint64_t mark_of(GroupId group);

}  // namespace muster::sim
