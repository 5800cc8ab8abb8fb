// The dispatcher: which ambulance, which hospital, which lights. It proposes, the service decides.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mobility/mobility.h"
#include "mobility/road_map.h"
#include "mobility/router.h"
#include "muster/advisor.h"

namespace muster::mobility {

/// The advisor of `Mobility`. Of what units say with their heartbeats (`Fix`) it takes what is
/// fresh and on the map; else the place that was logged.
///
/// **Ambulances.** The most urgent incident that waits gets the available one that is there first,
/// by the fastest way; a critical one rather an ambulance with advanced life support, if that
/// comes no later than `advanced_worth` after. When none waits, an incident whose ambulance is
/// still on its way gets another one that would be there so much earlier (`better_least`,
/// `better_percent`).
///
/// **Hospitals**, once the ambulance is on scene: the one where the patient is treated first, by
/// travel time and `incoming_wait` for each patient that is promised a bed there; a critical one
/// rather a trauma centre, if that costs no more than `trauma_worth`. On diversion or without a
/// free bed it is none; if all are, the least bad one, over capacity. A patient whose hospital was
/// lost, went on diversion or is over capacity while another has a bed is diverted.
///
/// **Lights** on the way of an ambulance are asked for its green when it will be there within
/// `wave_ahead`, again before that lease ends, and no more once it has passed.
///
/// **Places** of ambulances that drive are logged every `locate_every`, for those around them and
/// for the case that they are lost.
///
/// Cost of an asking: O(open incidents), and a way for each of `compared_max` candidates of each of
/// `decisions_max` incidents. Thread-safety: none.
class Dispatcher final : public service::Advisor {
 public:
  struct Options {
    Duration interval{std::chrono::milliseconds{100}};
    Duration fix_age_max{std::chrono::seconds{3}};
    std::size_t decisions_max{32};  ///< Of each kind, in one asking.
    std::size_t compared_max{12};   ///< The nearest by the straight line.
    Milliseconds advanced_worth{std::chrono::minutes{2}};
    Duration better_every{std::chrono::seconds{5}};
    Milliseconds better_least{std::chrono::minutes{1}};
    std::int64_t better_percent{25};
    Milliseconds incoming_wait{std::chrono::minutes{1}};
    Milliseconds over_capacity_wait{std::chrono::minutes{20}};
    Milliseconds trauma_worth{std::chrono::minutes{10}};
    Duration wave_every{std::chrono::milliseconds{500}};
    Milliseconds wave_ahead{std::chrono::seconds{25}};
    Milliseconds wave_lease{std::chrono::seconds{15}};  ///< Beyond the arrival.
    std::int64_t light_within_cm{5'000};                ///< Of its crossing.
    Duration locate_every{std::chrono::seconds{2}};
    Duration proposed_anew{std::chrono::seconds{1}};
  };

  Dispatcher() : Dispatcher(Options{}) {}
  explicit Dispatcher(const Options& options) : options_(options) {}

  Duration interval() const override { return options_.interval; }
  /// Precondition: `applied` is a `Mobility`.
  std::vector<service::Advice> advise(const service::Machine& applied,
                                      const service::LiveValues& live, Instant now) override;

 private:
  using Advices = std::vector<service::Advice>;
  struct Candidate {
    const Unit* unit{nullptr};
    OnEdge at{};
  };
  struct Nearest {
    const Candidate* candidate{nullptr};
    Milliseconds travel{};
    Milliseconds cost{};
  };
  /// Hospitals as they will be when what is proposed here has been accepted.
  struct Ward {
    const Unit* unit{nullptr};
    OnEdge at{};
    std::int64_t free{0};
    std::int64_t promised{0};
  };
  struct Proposed {
    std::uint64_t version{0};
    Instant at{};
  };
  struct View {
    const Mobility& city;
    const service::LiveValues& live;
    Instant now;
  };

  void follow_map(const Mobility& city);
  std::optional<OnEdge> place_of(const Unit& unit, const View& view, bool fresh_only = false) const;
  std::optional<OnEdge> on_map(Geographic place) const;
  std::vector<Candidate> candidates(const View& view) const;
  std::optional<Nearest> nearest_of(const std::vector<Candidate>& candidates, const OnEdge& to,
                                    Severity severity);

  void assign(const View& view, Advices& out);
  void improve(const View& view, Advices& out);
  bool improve(const Incident& incident, std::vector<Candidate>& free, const View& view,
               Advices& out);
  void choose_hospitals(const View& view, Advices& out);
  std::vector<Ward> wards(const View& view) const;
  void choose_hospital(const Incident& incident, Cause cause, std::vector<Ward>& wards,
                       const View& view, Advices& out);
  void ask_lights(const View& view, Advices& out);
  void ask_lights_for(const Unit& ambulance, const View& view, Advices& out);
  std::optional<OnEdge> goal_of(const Unit& ambulance, const View& view) const;
  std::map<NodeIndex, std::string> lights_by_node(const View& view);
  void log_places(const View& view, Advices& out);

  const Options options_;
  std::optional<RoadMap> map_{};
  std::optional<Router> router_{};
  std::map<std::string, Proposed> proposed_{};  // Ambulances, for which nothing came of it yet.
  std::map<IncidentId, Proposed> looked_at_{};  // Those that wait, by their last step.
  struct Sited {
    Geographic place{};
    std::optional<NodeIndex> node{};
  };
  std::map<std::string, Sited> sited_{};  // Lights.
  std::map<NodeIndex, std::string> light_at_{};
  IncidentId improved_last_{};  // That was looked at; the next asking goes on behind it.
  Instant next_improvement_{};
  Instant next_wave_{};
  Instant next_places_{};
};

}  // namespace muster::mobility
