#include <algorithm>
#include <utility>

#include "mobility/actor.h"

namespace muster::mobility {

HospitalActor::HospitalActor(std::string id, ActorPlace place, std::uint32_t beds,
                             Capabilities capabilities)
    : id_(std::move(id)),
      place_(std::move(place)),
      where_(place_.map.geographic(place_.at)),
      beds_(beds),
      capabilities_(capabilities),
      free_(beds) {}

SignOn HospitalActor::sign_on() const {
  const auto patients = static_cast<std::uint32_t>(leave_at_.size());
  return {.unit = {Kind::hospital, id_},
          .place = where_,
          .capabilities = capabilities_,
          .beds = beds_ - std::min(beds_, patients)};
}

// The group knows nothing of what was before; the patients are still there.
void HospitalActor::signed_on() {
  expected_.clear();
}

void HospitalActor::hear(const Order& order, Instant now) {
  const auto expected = expected_.find(order.incident);
  if (order.kind == OrderKind::expect_patient) {
    auto& step = expected_[order.incident];
    step = std::max(step, order.step);
  } else if (expected == expected_.end() || order.step < expected->second) {
    return;  // Heard before.
  } else if (order.kind == OrderKind::expect_nobody) {
    expected_.erase(expected);
  } else if (order.kind == OrderKind::patient_arrived) {
    expected_.erase(expected);
    take_in(now);
  }
}

// Who is not expected any more has most likely come.
void HospitalActor::hear_all(const std::vector<Order>& orders, Instant now) {
  const auto before = std::exchange(expected_, {});
  for (const Order& order : orders) {
    if (order.kind == OrderKind::expect_patient) expected_[order.incident] = order.step;
  }
  for (const auto& [incident, step] : before) {
    if (!expected_.contains(incident)) take_in(now);
  }
}

void HospitalActor::take_in(Instant now) {
  if (leave_at_.size() < beds_) leave_at_.push_back(now + place_.times.stay / place_.pace);
}

std::vector<Request> HospitalActor::advance(Instant now) {
  if (waits_ || leave_at_.empty() || now < leave_at_.front()) return {};
  if (quiet_until_ && now < *quiet_until_) return {};
  waits_ = true;
  return {Request{Beds{.hospital = id_, .change = 1}}};
}

void HospitalActor::answered(const Request& request, const Result<Receipt>& receipt, Instant now) {
  if (!std::holds_alternative<Beds>(request)) return;
  waits_ = false;
  quiet_until_.reset();
  // In a new session the beds are told anew with the patients as they are then.
  if (receipt && !leave_at_.empty()) leave_at_.erase(leave_at_.begin());
  if (receipt) free_ = receipt->free_beds;
  if (!receipt) quiet_until_ = now + place_.times.say_again;
}

std::string HospitalActor::doing() const {
  return std::to_string(leave_at_.size()) + " of " + std::to_string(beds_) + " beds taken, " +
         std::to_string(expected_.size()) + " expected";
}

}  // namespace muster::mobility
