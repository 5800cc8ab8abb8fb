// Units that act by themselves: for `--auto`, whole cities, and the simulator.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "mobility/crew.h"
#include "mobility/fix.h"
#include "mobility/messages.h"
#include "mobility/vehicle.h"

namespace muster::mobility {

/// One unit without its client: hears orders, drives or switches, and says what the group is to be
/// told. One request is on its way at a time: after `advance` gave some, `answered` is called for
/// each before it gives any more.
///
/// Pure. Thread-safety: none.
class Actor {
 public:
  virtual ~Actor() = default;
  /// To be sent first, and again in each new session.
  virtual SignOn sign_on() const = 0;
  /// The unit was signed on in a session; what was heard in another one is void.
  virtual void signed_on() {}
  virtual void hear(const Order& /*order*/, Instant /*now*/) {}
  /// All orders that stand, after some may have been missed.
  virtual void hear_all(const std::vector<Order>& /*orders*/, Instant /*now*/) {}
  virtual void hear(const Approach& /*approach*/, Instant /*now*/) {}
  virtual void answered(const Request& request, const Result<Receipt>& receipt, Instant now) = 0;
  /// Goes on to `now`, which never goes back, and says what the group is to be told.
  virtual std::vector<Request> advance(Instant now) = 0;
  virtual Fix fix() const = 0;
  /// What it does, in a few words for people.
  virtual std::string doing() const = 0;
};

/// How long things take, when the pace is 1; all are divided by it.
struct ActorTimes {
  Duration accept{std::chrono::seconds{3}};
  Duration on_scene{std::chrono::seconds{90}};
  Duration at_hospital{std::chrono::seconds{120}};
  Duration stay{std::chrono::minutes{10}};      ///< Of a patient, then the bed is free again.
  Duration crashed{std::chrono::minutes{3}};    ///< Then it is towed away, and drives on.
  Duration give_way{std::chrono::seconds{4}};   ///< After each word of an ambulance near by.
  Duration say_again{std::chrono::seconds{1}};  ///< After an error. Not divided.
};

/// Where an actor is, and how fast it lives.
struct ActorPlace {
  RoadMap map;
  Router& router;  ///< Of the map; outlives the actor.
  OnEdge at{};
  std::uint32_t pace{1};  ///< 1 to 1,000.
  Instant now{};
  ActorTimes times{};
};

/// Accepts its orders, drives to the scene, to the hospital, and is available again there.
class AmbulanceActor final : public Actor {
 public:
  AmbulanceActor(std::string id, ActorPlace place, Capabilities capabilities);

  SignOn sign_on() const override;
  void signed_on() override { crew_.reset(); }
  using Actor::hear;
  void hear(const Order& order, Instant now) override;
  void hear_all(const std::vector<Order>& orders, Instant now) override;
  void answered(const Request& request, const Result<Receipt>& receipt, Instant now) override;
  std::vector<Request> advance(Instant now) override;
  Fix fix() const override { return vehicle_.fix(); }
  std::string doing() const override;
  const Crew& crew() const { return crew_; }

 private:
  void head_for(Geographic place);
  void job_changed(Instant now);
  bool is_ready(StepKind next, Instant now) const;

  Crew crew_;
  const Capabilities capabilities_;
  const ActorPlace place_;
  Vehicle vehicle_;
  Instant since_{};  // The job is as it is.
  std::optional<Instant> quiet_until_{};
  bool is_to_report_back_{false};  // It has no job, by another's word.
  bool waits_{false};              // For an answer.
};

/// Drives about, gives way to ambulances, and crashes when it is told to.
class CarActor final : public Actor {
 public:
  CarActor(std::string id, ActorPlace place, std::uint64_t seed);

  void crash(Severity severity, std::uint32_t occupants);
  bool has_crashed() const { return crashed_at_.has_value() || report_.has_value(); }
  /// How often it gave way.
  std::uint64_t gave_way() const { return gave_way_; }

  SignOn sign_on() const override;
  using Actor::hear;
  void hear(const Approach& approach, Instant now) override;
  void answered(const Request& request, const Result<Receipt>& receipt, Instant now) override;
  std::vector<Request> advance(Instant now) override;
  Fix fix() const override { return vehicle_.fix(); }
  std::string doing() const override;

 private:
  const std::string id_;
  const ActorPlace place_;
  Vehicle vehicle_;
  Random random_;
  std::optional<Report> report_{};  // To be sent.
  bool waits_{false};
  std::optional<Instant> quiet_until_{};
  std::optional<Instant> crashed_at_{};
  std::optional<Instant> gives_way_until_{};
  std::uint64_t gave_way_{0};
};

/// Takes patients in, and has their beds free again after a while.
class HospitalActor final : public Actor {
 public:
  HospitalActor(std::string id, ActorPlace place, std::uint32_t beds, Capabilities capabilities);

  SignOn sign_on() const override;
  void signed_on() override;
  using Actor::hear;
  void hear(const Order& order, Instant now) override;
  void hear_all(const std::vector<Order>& orders, Instant now) override;
  void answered(const Request& request, const Result<Receipt>& receipt, Instant now) override;
  std::vector<Request> advance(Instant now) override;
  Fix fix() const override { return {.place = where_}; }
  std::string doing() const override;

 private:
  void take_in(Instant now);

  const std::string id_;
  const ActorPlace place_;
  const Geographic where_;
  const std::uint32_t beds_;
  const Capabilities capabilities_;
  std::uint32_t free_{0};  // As the group said last.
  std::map<IncidentId, std::uint32_t> expected_{};
  std::vector<Instant> leave_at_{};  // Patients.
  bool waits_{false};
  std::optional<Instant> quiet_until_{};
};

/// A light at its crossing: its programme, and greens for ambulances.
class LightActor final : public Actor {
 public:
  /// Precondition: the map has a crossing there.
  LightActor(std::string id, ActorPlace place, NodeIndex node);

  SignOn sign_on() const override;
  void signed_on() override;
  using Actor::hear;
  void hear(const Order& order, Instant now) override;
  void hear_all(const std::vector<Order>& orders, Instant now) override;
  void answered(const Request& request, const Result<Receipt>& receipt, Instant now) override;
  std::vector<Request> advance(Instant now) override;
  Fix fix() const override { return {.place = where_}; }
  std::string doing() const override;
  const SignalController& controller() const { return controller_; }
  /// How many movements its crossing has.
  std::size_t movements() const;

 private:
  const std::string id_;
  const ActorPlace place_;
  const NodeIndex node_;
  const Geographic where_;
  SignalController controller_;
  std::uint32_t order_{0};  // The newest heard.
  bool holds_{false};
  bool rejected_{false};                    // There is no such way over the crossing.
  std::optional<PreemptionStatus> told_{};  // Of that order.
  bool waits_{false};
  std::optional<Instant> quiet_until_{};
};

}  // namespace muster::mobility
