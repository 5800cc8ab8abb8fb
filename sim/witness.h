// A machine that tells the checkers what it is given to apply.
#pragma once

#include <cstddef>
#include <memory>

#include "service/machine.h"
#include "sim/checkers.h"

namespace muster::sim {

/// Passes everything on to the machine it wraps, and reports each command with its answer.
class Witness final : public service::Machine {
 public:
  /// `order` outlives this.
  Witness(std::size_t server, std::unique_ptr<service::Machine> machine, OneOrder& order)
      : server_(server), machine_(std::move(machine)), order_(order) {}

  ServiceId id() const override { return machine_->id(); }
  std::string_view name() const override { return machine_->name(); }
  void apply(const service::Command& command, service::Output& output) override;
  std::optional<LogTime> deadline() const override { return machine_->deadline(); }
  void expire(LogTime now, service::Output& output) override { machine_->expire(now, output); }
  void session_ended(SessionId session, service::Output& output) override {
    machine_->session_ended(session, output);
  }
  Result<Bytes> query(BytesView request) const override { return machine_->query(request); }
  service::FrozenParts freeze() const override { return machine_->freeze(); }
  [[nodiscard]] Result<void> restore(BytesView part) override { return machine_->restore(part); }
  void clear() override { machine_->clear(); }

 private:
  std::size_t server_;
  std::unique_ptr<service::Machine> machine_;
  OneOrder& order_;
};

/// Every command of the simulator's clients begins with its operation.
OperationId operation_of(BytesView payload);

}  // namespace muster::sim
