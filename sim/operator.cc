#include "sim/operator.h"

#include <cmath>
#include <utility>

#include "sim/server.h"
#include "wire/control.h"

namespace muster::sim {

namespace {

using std::chrono::seconds;

constexpr Duration patience = seconds(10);
constexpr int hops_max = 4;

}  // namespace

Operator::Operator(HostId host, const Scenario& scenario, World world)
    : host_(host),
      scenario_(scenario),
      world_(world),
      random_(scenario.seed * 1'000 + 904),
      drains_random_(scenario.seed * 1'000 + 905) {
  world_.network.set_process(host_, this, HostState::refusing);
}

void Operator::start() {
  if (scenario_.steering.rate > 0) schedule();
  if (scenario_.steering.drains > 0) schedule_drains();
}

void Operator::schedule_drains() {
  const double uniform = static_cast<double>(drains_random_.below(1'000'000) + 1) / 1e6;
  const double wait = -std::log(uniform) / scenario_.steering.drains;
  world_.events.after(Duration{static_cast<std::int64_t>(wait * 1e6) + 1}, [this] {
    if (over_) return;
    wire::Steer steer;
    const std::string name = "s" + std::to_string(drains_random_.below(scenario_.servers));
    if (drains_random_.chance(0.5)) {
      steer.set_drain(name);
    } else {
      steer.set_undrain(name);
    }
    ask({.steer = steer}, client_address(drains_random_.below(scenario_.servers)));
    schedule_drains();
  });
}

void Operator::schedule() {
  const double uniform = static_cast<double>(random_.below(1'000'000) + 1) / 1e6;
  const double wait = -std::log(uniform) / scenario_.steering.rate;
  world_.events.after(Duration{static_cast<std::int64_t>(wait * 1e6) + 1}, [this] {
    if (over_) return;
    ask({.steer = any_wish()}, client_address(random_.below(scenario_.servers)));
    schedule();
  });
}

void Operator::let_leave(std::size_t server, std::size_t leader) {
  wire::Steer steer;
  steer.set_leave("s" + std::to_string(server));
  ask({.steer = steer}, client_address(leader));
}

std::string Operator::any_name() {
  return "s" + std::to_string(random_.below(scenario_.servers));
}

wire::Steer Operator::any_wish() {
  wire::Steer steer;
  const std::uint64_t draw = random_.below(100);
  if (draw < 30) {
    steer.set_transfer(any_name());
  } else if (draw < 60) {
    steer.set_remove(any_name());
  } else if (draw < 85) {
    set_something(*steer.mutable_set());
  } else if (draw < 95 || !scenario_.steering.leaves || std::exchange(left_, true)) {
    steer.set_snapshot(true);
  } else {
    // One only, and not the one that all clients come to.
    std::size_t server = random_.below(scenario_.servers);
    if (server == scenario_.door) server = (server + 1) % scenario_.servers;
    steer.set_leave("s" + std::to_string(server));
  }
  return steer;
}

void Operator::set_something(wire::SettingsChange& change) {
  constexpr const char* rules[] = {"highest-id", "lowest-id", "stable"};
  constexpr const char* waits[] = {"100ms", "500ms", "1s"};
  switch (random_.below(4)) {
    case 0:
      (*change.mutable_values())["election"] = rules[random_.below(std::size(rules))];
      break;
    case 1:
      (*change.mutable_values())["voters"] = std::to_string(1 + random_.below(5));
      break;
    case 2:
      (*change.mutable_values())["handover-after"] = waits[random_.below(std::size(waits))];
      break;
    default:
      (*change.mutable_values())["forget-after"] = random_.chance(0.3) ? "1s" : "24h";
      break;
  }
}

void Operator::ask(Wish wish, const std::string& address) {
  world_.trace.event(world_.events.now(), "wish", host_,
                     static_cast<std::uint64_t>(wish.steer.what_case()));
  if (world_.trace.printing()) {
    world_.trace.say(world_.events.now(),
                     "operator asks " + address + ": " + wish.steer.ShortDebugString());
  }
  const EndId end = world_.network.dial(host_, address, false);
  wishes_.emplace(end, std::move(wish));
  world_.events.after(patience, [this, end] {
    if (wishes_.erase(end) > 0) world_.network.close(end);
  });
}

void Operator::opened(EndId end, bool /*peer*/, bool /*dialled*/, const std::string& /*address*/) {
  const auto found = wishes_.find(end);
  if (found == wishes_.end()) return;
  world_.network.send(end, {.type = wire::FrameType::steer,
                            .lane = wire::Lane::normal,
                            .body = SharedBytes(wire::encode(found->second.steer))});
}

void Operator::received(EndId end, const wire::Frame& frame) {
  const bool answers = frame.type == wire::FrameType::steered ||
                       frame.type == wire::FrameType::redirect ||
                       frame.type == wire::FrameType::refused;
  if (answers && wishes_.contains(end)) answer(end, frame);
}

void Operator::answer(EndId end, const wire::Frame& frame) {
  Wish wish = std::move(wishes_.extract(end).mapped());
  world_.network.close(end);
  world_.trace.event(world_.events.now(), "granted", host_, static_cast<std::uint64_t>(frame.type));
  if (world_.trace.printing()) {
    const auto refused = wire::decode<wire::Refused>(frame.body.view());
    const auto steered = wire::decode<wire::Steered>(frame.body.view());
    const bool done = frame.type == wire::FrameType::steered;
    world_.trace.say(world_.events.now(),
                     "operator is told: " + (done && steered ? steered->message()
                                             : refused       ? refused->ShortDebugString()
                                                             : std::string{}));
  }
  if (frame.type == wire::FrameType::steered) ++granted_;
  if (frame.type != wire::FrameType::redirect || ++wish.hops > hops_max || over_) return;
  const auto redirect = wire::decode<wire::Redirect>(frame.body.view());
  if (redirect && !redirect->address().empty()) ask(std::move(wish), redirect->address());
}

void Operator::dial_failed(EndId end, const std::string& /*address*/, bool /*refused*/) {
  wishes_.erase(end);
}

void Operator::closed(EndId end, const std::string& /*reason*/) {
  wishes_.erase(end);
}

}  // namespace muster::sim
