#include "mobility/crew.h"

#include <algorithm>
#include <utility>

namespace muster::mobility {
namespace {

Error not_now(std::string why) {
  return {ErrorCode::failed_precondition, std::move(why)};
}

}  // namespace

std::optional<StepKind> next_step(const Crew::Job& job) {
  switch (job.reached) {
    case IncidentState::assigned:
      return StepKind::accepted;
    case IncidentState::accepted:
      return StepKind::on_scene;
    case IncidentState::on_scene:
      return StepKind::transporting;
    case IncidentState::transporting:
      return StepKind::handed_over;
    case IncidentState::handed_over:
      return StepKind::closed;
    default:
      return std::nullopt;
  }
}

bool Crew::hear(const Order& order) {
  const bool is_own = job_ && job_->incident == order.incident;
  switch (order.kind) {
    case OrderKind::go_to_scene:
      if (is_own && order.step <= job_->order) return false;
      if (const auto over = over_.find(order.incident); over != over_.end()) {
        if (order.step <= over->second) return false;
      }
      if (job_) end(job_->incident, job_->order);
      job_ = Job{.incident = order.incident,
                 .order = order.step,
                 .scene = order.place,
                 .severity = order.severity,
                 .occupants = order.occupants};
      return true;
    case OrderKind::go_to_hospital:
      if (!is_own || order.step < job_->order || order.step <= job_->hospital_step) return false;
      job_->hospital = order.unit;
      job_->hospital_place = order.place;
      job_->hospital_step = order.step;
      job_->over_capacity = order.over_capacity;
      return true;
    case OrderKind::stand_down:
      if (is_own && order.step < job_->order) return false;
      end(order.incident, order.step);
      return is_own;
    default:
      return false;  // Not for ambulances.
  }
}

bool Crew::hear_all(const std::vector<Order>& orders) {
  const bool still_stands = job_ && std::ranges::any_of(orders, [&](const Order& one) {
                              return one.kind == OrderKind::go_to_scene &&
                                     one.incident == job_->incident && one.step >= job_->order;
                            });
  const bool is_over = job_ && !still_stands;
  if (is_over) end(job_->incident, job_->order);
  bool is_new = is_over;
  for (const Order& order : orders) is_new = hear(order) || is_new;
  return is_new;
}

// Incidents are numbered by place in the log: the first ones are the oldest.
void Crew::end(IncidentId incident, std::uint32_t step) {
  if (job_ && job_->incident == incident) job_.reset();
  auto& over = over_[incident];
  over = std::max(over, step);
  if (over_.size() > over_max) over_.erase(over_.begin());
}

Result<Progress> Crew::say(StepKind reached, Geographic place) const {
  if (!job_) return not_now("there is no order; wait for one");
  const auto next = next_step(*job_);
  if (!next || reached != *next) {
    return not_now("incident " + to_text(job_->incident) + " is " +
                   std::string(name_of(job_->reached)) + (next ? ": next is " : "") +
                   std::string(next ? name_of(*next) : ""));
  }
  if (reached == StepKind::transporting && job_->hospital.empty()) {
    return not_now("no hospital is chosen yet; wait a moment");
  }
  return Progress{.ambulance = id_,
                  .incident = job_->incident,
                  .order = job_->order,
                  .reached = reached,
                  .place = place};
}

void Crew::reached(const Progress& progress) {
  if (!job_ || job_->incident != progress.incident || job_->order != progress.order) return;
  const IncidentState state = state_after(progress.reached);
  if (state == IncidentState::closed) return end(progress.incident, progress.order);
  job_->reached = std::max(job_->reached, state);
}

}  // namespace muster::mobility
