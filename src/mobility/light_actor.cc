#include <utility>

#include "mobility/actor.h"
#include "muster/check.h"

namespace muster::mobility {
namespace {

const Crossing& crossing_of(const ActorPlace& place, NodeIndex node) {
  const Crossing* const crossing = place.map.crossing_at(node);
  check(crossing != nullptr);
  return *crossing;
}

std::optional<PreemptionStatus> status_of(Preemption preemption) {
  switch (preemption) {
    case Preemption::processing:
      return PreemptionStatus::processing;
    case Preemption::granted:
      return PreemptionStatus::granted;
    case Preemption::rejected:
      return PreemptionStatus::rejected;
    case Preemption::max_presence:
      return PreemptionStatus::max_presence;
    case Preemption::none:
      break;
  }
  return std::nullopt;
}

}  // namespace

LightActor::LightActor(std::string id, ActorPlace place, NodeIndex node)
    : id_(std::move(id)),
      place_(std::move(place)),
      node_(node),
      where_(place_.map.projection().to_globe(place_.map.network().node(node).place)),
      controller_(crossing_of(place_, node).plan, place_.now) {}

SignOn LightActor::sign_on() const {
  return {.unit = {Kind::traffic_light, id_}, .place = where_};
}

// The group counts its orders from the beginning again.
void LightActor::signed_on() {
  order_ = 0;
  told_.reset();
  holds_ = false;
  controller_.release();
}

void LightActor::hear(const Order& order, Instant now) {
  if (order.step <= order_) return;
  controller_.advance(now);
  if (order.kind == OrderKind::give_green) {
    order_ = order.step;
    told_.reset();
    holds_ = true;
    const auto movement = crossing_of(place_, node_).movement_of(order.way.from, order.way.to);
    rejected_ = !movement || controller_.hold(*movement, now + order.lease) == Preemption::rejected;
    if (rejected_) controller_.release();
  } else if (order.kind == OrderKind::take_green_back) {
    order_ = order.step;
    told_.reset();
    holds_ = false;
    controller_.release();
  }
}

void LightActor::hear_all(const std::vector<Order>& orders, Instant now) {
  if (orders.empty() && holds_) {
    controller_.advance(now);
    holds_ = false;
    controller_.release();
  }
  for (const Order& order : orders) hear(order, now);
}

std::vector<Request> LightActor::advance(Instant now) {
  controller_.advance(now);
  if (!holds_ || waits_ || (quiet_until_ && now < *quiet_until_)) return {};
  const auto status = rejected_ ? PreemptionStatus::rejected : status_of(controller_.preemption());
  if (!status) {
    holds_ = false;  // The lease has ended.
    return {};
  }
  if (status == told_) return {};
  waits_ = true;
  return {Request{Signal{.light = id_, .order = order_, .status = *status}}};
}

void LightActor::answered(const Request& request, const Result<Receipt>& receipt, Instant now) {
  const auto* const signal = std::get_if<Signal>(&request);
  if (signal == nullptr) return;
  waits_ = false;
  quiet_until_.reset();
  if (!receipt) quiet_until_ = now + place_.times.say_again;
  if (receipt && signal->order == order_) told_ = signal->status;
}

std::size_t LightActor::movements() const {
  return crossing_of(place_, node_).plan.conflicts.size();
}

std::string LightActor::doing() const {
  return holds_ ? "for an ambulance: " + std::string(told_ ? name_of(*told_) : "requested")
                : "its programme";
}

}  // namespace muster::mobility
