// The mobility service as servers of the simulator run it: watched, with an advisor that at times
// says what is old.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "mobility/mobility.h"
#include "muster/advisor.h"
#include "muster/machine.h"
#include "sim/mobility_checkers.h"
#include "sim/scenario.h"

namespace muster::sim {

/// Before each command of a client stands its operation, as in all commands of the simulator.
Bytes with_operation(OperationId id, const mobility::Request& request);

/// A city of the product that takes commands of clients with an operation before them, and tells
/// the checkers what it does.
class CityHall final : public service::Machine {
 public:
  /// Those that a server has, the newest last: a snapshot is loaded into another one.
  using Halls = std::vector<const CityHall*>;

  /// References outlive this.
  CityHall(std::size_t server, const Scenario& scenario, MobilityCheckers& checkers, Halls& halls);
  ~CityHall() override;
  CityHall(const CityHall&) = delete;
  CityHall& operator=(const CityHall&) = delete;

  ServiceId id() const override { return city_.id(); }
  std::string_view name() const override { return city_.name(); }
  void apply(const service::Command& command, service::Output& output) override;
  std::optional<LogTime> deadline() const override { return city_.deadline(); }
  void expire(LogTime now, service::Output& output) override;
  void session_ended(SessionId session, Position at, LogTime now, service::Output& output) override;
  Result<Bytes> topic_state(std::string_view topic) const override {
    return city_.topic_state(topic);
  }
  Result<Bytes> query(BytesView request) const override { return city_.query(request); }
  service::FrozenParts freeze() const override { return city_.freeze(); }
  [[nodiscard]] Result<void> restore(BytesView part) override { return city_.restore(part); }
  void clear() override { city_.clear(); }
  std::unique_ptr<service::Advisor> make_advisor() const override;

  const mobility::Mobility& city() const { return city_; }

 private:
  const std::size_t server_;
  const Scenario& scenario_;
  mobility::Mobility city_;
  MobilityCheckers& checkers_;
  Halls& halls_;
};

}  // namespace muster::sim
