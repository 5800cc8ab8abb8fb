// A service in whose memory a bit has turned over, on one server.
#pragma once

#include <memory>
#include <utility>

#include "muster/machine.h"

namespace muster::sim {

/// Behaves as the machine within, but encodes its state with one bit flipped.
class Flipped final : public service::Machine {
 public:
  explicit Flipped(std::unique_ptr<service::Machine> machine) : machine_(std::move(machine)) {}

  ServiceId id() const override { return machine_->id(); }
  std::string_view name() const override { return machine_->name(); }
  void apply(const service::Command& command, service::Output& output) override {
    machine_->apply(command, output);
  }
  std::optional<LogTime> deadline() const override { return machine_->deadline(); }
  void expire(LogTime now, service::Output& output) override { machine_->expire(now, output); }
  void session_ended(SessionId session, Position at, LogTime now,
                     service::Output& output) override {
    machine_->session_ended(session, at, now, output);
  }
  Result<Bytes> query(BytesView request) const override { return machine_->query(request); }
  service::FrozenParts freeze() const override {
    service::FrozenParts parts = machine_->freeze();
    for (auto& part : parts) part = std::make_shared<FlippedPart>(std::move(part));
    return parts;
  }
  [[nodiscard]] Result<void> restore(BytesView part) override { return machine_->restore(part); }
  void clear() override { machine_->clear(); }

 private:
  class FlippedPart final : public service::Part {
   public:
    explicit FlippedPart(std::shared_ptr<const service::Part> part) : part_(std::move(part)) {}
    void encode(Bytes& out) const override {
      const std::size_t before = out.size();
      part_->encode(out);
      if (out.size() > before) out.back() ^= std::byte{1};
    }

   private:
    std::shared_ptr<const service::Part> part_;
  };

  std::unique_ptr<service::Machine> machine_;
};

}  // namespace muster::sim
