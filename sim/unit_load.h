// One unit of a simulated city: an actor of the product, and the whims of the people in it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "mobility/actor.h"
#include "muster/ids.h"
#include "session/topics.h"
#include "sim/mobility_checkers.h"
#include "sim/scenario.h"

namespace muster::sim {

/// Decides what a client says as a unit, hears what it is told, and checks both. Draws from numbers
/// of its own. Thread-safety: none.
class UnitLoad {
 public:
  static constexpr Duration apart{std::chrono::milliseconds(50)};  ///< Between two `advance`.
  struct Said {
    mobility::Request request{};
    bool by_actor{false};  ///< Else of somebody's own accord.
  };

  /// `client` counts from 1, up to `MobilityOptions::units`. References outlive this.
  UnitLoad(std::uint32_t client, const Scenario& scenario, MobilityCheckers& checkers, Instant now);

  /// To be followed once it is signed on, from there on.
  std::vector<std::string> topics() const;
  /// A new session: nothing is signed on.
  void session_began();
  /// Goes on, and says what is to be sent: first of all that it is there.
  std::vector<Said> advance(Instant now);
  /// Of all that was said, also of what was not sent or what a session took with it. True: it is
  /// signed on now, and its topics are to be followed.
  bool answered(const Said& said, const Result<mobility::Receipt>& receipt, Instant now);
  void told(const session::TopicNews& news, Instant now);
  /// No crashes, whims and nonsense any more; what is under way goes on.
  void calm_down() { calm_ = true; }
  /// Its client dies now, and starts anew.
  bool departs();
  Bytes fix() const { return mobility::encode(actor_->fix()); }

 private:
  std::unique_ptr<mobility::Actor> make_actor(std::uint32_t client, const Scenario& scenario,
                                              Instant now);
  mobility::OnEdge somewhere();
  bool happens(double per_second);
  void act_at_will(std::vector<Said>& out, Instant now);
  std::optional<mobility::Request> whim();
  mobility::Request nonsense();
  mobility::Request forged();
  void hear(const mobility::Order& order, Instant now);
  void told_events(const session::TopicEvents& news, Instant now);
  void told_gap(const session::TopicGap& news, Instant now);
  void check_lights() const;
  const mobility::Incident* any_incident();
  const mobility::Unit* any_unit(mobility::Kind kind);

  const MobilityOptions& options_;
  MobilityCheckers& checkers_;
  Random random_;
  mobility::Router router_;
  mobility::CarActor* car_{nullptr};
  mobility::LightActor* light_{nullptr};
  const mobility::Crossing* crossing_{nullptr};  // Of the light.
  std::unique_ptr<mobility::Actor> actor_;
  mobility::UnitId id_{};
  bool calm_{false};
  bool signed_on_{false};
  std::optional<Instant> sign_on_at_{};
  std::optional<Instant> off_duty_since_{};
  std::size_t crashes_{0};
  std::vector<mobility::Order> heard_{};      // The newest few.
  std::optional<mobility::Order> unheard_{};  // The newest.
  using Taken = std::tuple<mobility::IncidentId, std::uint32_t, mobility::StepKind>;
  std::set<Taken> taken_{};  // Steps that the group has, in this session.
  std::map<mobility::IncidentId, std::uint32_t> seen_{};  // Of incidents, the newest step.
};

}  // namespace muster::sim
