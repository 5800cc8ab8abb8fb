#include <algorithm>
#include <utility>

#include "mobility/actor.h"

namespace muster::mobility {

CarActor::CarActor(std::string id, ActorPlace place, std::uint64_t seed)
    : id_(std::move(id)),
      place_(std::move(place)),
      vehicle_(place_.map, place_.router, place_.at, place_.pace, place_.now),
      random_(seed) {}

SignOn CarActor::sign_on() const {
  return {.unit = {Kind::car, id_}, .place = vehicle_.fix().place};
}

void CarActor::crash(Severity severity, std::uint32_t occupants) {
  if (has_crashed()) return;
  vehicle_.stop();
  report_ = Report{
      .car = id_, .place = vehicle_.fix().place, .severity = severity, .occupants = occupants};
}

void CarActor::hear(const Approach& approach, Instant now) {
  const Projection& projection = place_.map.projection();
  const auto here = projection.to_plane(vehicle_.fix().place);
  const auto there = projection.to_plane(approach.place);
  if (!here || !there || distance(*here, *there) > approach.radius_cm) return;
  if (!gives_way_until_) ++gave_way_;
  gives_way_until_ = now + place_.times.give_way / place_.pace;
  vehicle_.stop();
}

std::vector<Request> CarActor::advance(Instant now) {
  if (gives_way_until_ && now >= *gives_way_until_) gives_way_until_.reset();
  if (crashed_at_ && now - *crashed_at_ >= place_.times.crashed / place_.pace) crashed_at_.reset();
  if (!gives_way_until_ && !has_crashed()) vehicle_.go_on();
  vehicle_.advance(now);
  if (vehicle_.has_arrived() && !has_crashed()) {
    const std::size_t edges = place_.map.network().edges().size();
    vehicle_.go_to({.edge = {static_cast<std::uint32_t>(random_.below(edges))}});
  }
  if (!report_ || waits_ || (quiet_until_ && now < *quiet_until_)) return {};
  waits_ = true;
  return {Request{*report_}};
}

void CarActor::answered(const Request& request, const Result<Receipt>& receipt, Instant now) {
  if (!std::holds_alternative<Report>(request)) return;
  waits_ = false;
  quiet_until_.reset();
  if (!receipt && receipt.error().code != ErrorCode::invalid_argument) {
    quiet_until_ = now + place_.times.say_again;  // It is said until the group has it.
    return;
  }
  report_.reset();
  crashed_at_ = now;
}

std::string CarActor::doing() const {
  if (has_crashed()) return "crashed";
  return gives_way_until_ ? "gives way" : "drives";
}

}  // namespace muster::mobility
