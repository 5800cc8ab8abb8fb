#include "cli/hospital_desk.h"

#include <algorithm>

namespace muster::cli {

std::uint32_t HospitalDesk::real_promises() const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(promised_, [](const auto& one) { return one.second; }));
}

std::uint32_t HospitalDesk::free_beds() const {
  return free_ - std::min(free_, real_promises());
}

void HospitalDesk::told(const mobility::Beds& beds, const mobility::Receipt& receipt) {
  free_ = receipt.free_beds + real_promises();
  diversion_ = beds.diversion.value_or(diversion_);
}

void HospitalDesk::take_in(mobility::IncidentId patient) {
  const auto promise = promised_.find(patient);
  if (promise == promised_.end()) return;  // Heard before.
  if (promise->second && free_ > 0) --free_;
  promised_.erase(promise);
}

void HospitalDesk::hear(const mobility::Order& order) {
  if (order.kind == mobility::OrderKind::expect_patient) {
    promised_[order.incident] = !order.over_capacity;
  } else if (order.kind == mobility::OrderKind::expect_nobody) {
    promised_.erase(order.incident);
  } else if (order.kind == mobility::OrderKind::patient_arrived) {
    take_in(order.incident);
  }
}

void HospitalDesk::hear_all(const std::vector<mobility::Order>& orders) {
  const auto before = promised_;
  for (const auto& promise : before) {
    const bool still = std::ranges::any_of(orders, [&](const mobility::Order& order) {
      return order.kind == mobility::OrderKind::expect_patient && order.incident == promise.first;
    });
    if (!still) take_in(promise.first);
  }
  for (const mobility::Order& order : orders) hear(order);
}

}  // namespace muster::cli
