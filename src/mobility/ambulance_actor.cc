#include <utility>

#include "mobility/actor.h"

namespace muster::mobility {
namespace {

StepKind due_step(const Crew::Job& job) {
  return next_step(job).value();  // A job that is over is none.
}

}  // namespace

AmbulanceActor::AmbulanceActor(std::string id, ActorPlace place, Capabilities capabilities)
    : crew_(std::move(id)),
      capabilities_(capabilities),
      place_(std::move(place)),
      vehicle_(place_.map, place_.router, place_.at, place_.pace, place_.now) {}

SignOn AmbulanceActor::sign_on() const {
  return {.unit = {Kind::ambulance, crew_.id()},
          .place = vehicle_.fix().place,
          .capabilities = capabilities_};
}

void AmbulanceActor::hear(const Order& order, Instant now) {
  if (crew_.hear(order)) job_changed(now);
  if (order.kind == OrderKind::stand_down) is_to_report_back_ = true;
}

void AmbulanceActor::hear_all(const std::vector<Order>& orders, Instant now) {
  if (crew_.hear_all(orders)) job_changed(now);
  if (!crew_.job()) is_to_report_back_ = true;
}

void AmbulanceActor::job_changed(Instant now) {
  const auto& job = crew_.job();
  if (!job || job->reached == IncidentState::assigned) since_ = now;
  if (!job) {
    vehicle_.stop();
  } else if (job->reached == IncidentState::transporting) {
    head_for(job->hospital_place);
  }
}

void AmbulanceActor::head_for(Geographic place) {
  vehicle_.go_on();
  const auto goal = place_.map.locate(place);
  // Off the roads, or with no road there, it walks: it has arrived where it is.
  if (!goal || !vehicle_.go_to(*goal)) vehicle_.stop();
}

bool AmbulanceActor::is_ready(StepKind next, Instant now) const {
  const auto after = [&](Duration time) { return now - since_ >= time / place_.pace; };
  switch (next) {
    case StepKind::accepted:
      return after(place_.times.accept);
    case StepKind::on_scene:
    case StepKind::handed_over:
      return vehicle_.has_arrived();
    case StepKind::transporting:
      return after(place_.times.on_scene) && !crew_.job()->hospital.empty();
    default:
      return after(place_.times.at_hospital);
  }
}

std::vector<Request> AmbulanceActor::advance(Instant now) {
  vehicle_.advance(now);
  if (waits_ || (quiet_until_ && now < *quiet_until_)) return {};
  // Perhaps it did not answer in time, and was taken off duty.
  if (!crew_.job() && is_to_report_back_) {
    waits_ = true;
    return {Request{Duty{.ambulance = crew_.id(), .on = true}}};
  }
  if (!crew_.job()) return {};
  const StepKind next = due_step(*crew_.job());
  if (!is_ready(next, now)) return {};
  auto progress = crew_.say(next, vehicle_.fix().place);
  if (!progress) return {};
  waits_ = true;
  return {Request{std::move(*progress)}};
}

void AmbulanceActor::answered(const Request& request, const Result<Receipt>& receipt, Instant now) {
  waits_ = false;
  quiet_until_.reset();
  const auto* const progress = std::get_if<Progress>(&request);
  if (receipt && std::holds_alternative<Duty>(request)) is_to_report_back_ = false;
  if (receipt && progress == nullptr) return;
  if (!receipt) {
    // Whatever it was, what stands is told by the orders; what still stands is said again.
    quiet_until_ = now + place_.times.say_again;
    return;
  }
  crew_.reached(*progress);
  since_ = now;
  const auto& job = crew_.job();
  if (!job || job->incident != progress->incident) return;
  if (job->reached == IncidentState::accepted) head_for(job->scene);
  if (job->reached == IncidentState::transporting) head_for(job->hospital_place);
}

std::string AmbulanceActor::doing() const {
  const auto& job = crew_.job();
  return job ? std::string(name_of(job->reached)) + " " + to_text(job->incident) : "available";
}

}  // namespace muster::mobility
