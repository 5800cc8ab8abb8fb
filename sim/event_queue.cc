#include "sim/event_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "muster/check.h"

namespace muster::sim {

bool EventQueue::later(const Event& a, const Event& b) {
  return std::tie(a.time, a.order) > std::tie(b.time, b.order);
}

void EventQueue::at(Instant time, Action action) {
  check(time >= now_);
  heap_.push_back({time, scheduled_++, std::move(action)});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool EventQueue::run_next(Instant until) {
  if (heap_.empty() || heap_.front().time > until) {
    now_ = std::max(now_, until);
    return false;
  }
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Event event = std::move(heap_.back());
  heap_.pop_back();
  now_ = event.time;
  ++steps_;
  event.action();
  return true;
}

}  // namespace muster::sim
