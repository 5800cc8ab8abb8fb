#include "mobility/vehicle.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"

namespace muster::mobility {
namespace {

constexpr std::int64_t microseconds_per_second = 1'000'000;

}  // namespace

Vehicle::Vehicle(RoadMap map, Router& router, OnEdge at, std::uint32_t pace, Instant now)
    : map_(std::move(map)), router_(router), at_(at), pace_(pace), now_(now) {
  check(pace >= 1 && pace <= 1'000);
}

bool Vehicle::go_to(const OnEdge& goal) {
  auto route = router_.route(at_, goal);
  if (!route) return false;
  route_ = std::move(route);
  goal_ = goal;
  on_route_ = 0;
  return true;
}

void Vehicle::advance(Instant now) {
  check(now >= now_);
  const Duration passed = now - std::exchange(now_, now);
  if (!route_ || stopped_) {
    unused_ = {};
    return;
  }
  // So much time is left to drive with; each edge has a speed of its own.
  std::int64_t left = (passed + unused_).count();
  while (route_) {
    const Edge& edge = map_.network().edge(route_->edges[on_route_]);
    const bool is_last = on_route_ + 1 == route_->edges.size();
    const std::int64_t end = is_last ? goal_.offset_cm : edge.length_cm;
    const std::int64_t speed = std::int64_t{edge.speed_cm_s} * pace_;
    const std::int64_t rest = std::max<std::int64_t>(end - at_.offset_cm, 0);
    const std::int64_t can = left * speed / microseconds_per_second;
    if (can < rest) {
      at_.offset_cm += static_cast<std::uint32_t>(can);
      left -= can * microseconds_per_second / speed;
      break;
    }
    left -= rest * microseconds_per_second / speed;
    if (is_last) {
      at_ = goal_;
      route_.reset();
    } else {
      ++on_route_;
      at_ = {.edge = route_->edges[on_route_]};
    }
  }
  unused_ = route_ ? Duration{left} : Duration{};
}

Fix Vehicle::fix() const {
  const bool drives = route_ && !stopped_;
  const std::uint32_t speed = map_.network().edge(at_.edge).speed_cm_s;
  return {.place = map_.geographic(at_),
          .speed_cm_s = static_cast<std::uint16_t>(drives ? std::min(speed, 65'535U) : 0)};
}

}  // namespace muster::mobility
