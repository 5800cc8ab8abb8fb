#include "discovery/finder.h"

#include <algorithm>
#include <utility>

#include "discovery/address_text.h"
#include "discovery/probe_times.h"
#include "muster/check.h"
#include "wire/control.h"

namespace muster::discovery {
namespace {

constexpr Duration forget_after_min = std::chrono::seconds{10};
constexpr int intervals_until_forgotten = 10;
constexpr int intervals_until_another_way = 3;
constexpr int announcements_per_interval_max = 10;
constexpr RateLimit::Rate hint_rate{.count = 1, .each = std::chrono::minutes{10}};
constexpr unsigned hints_max = 64;

/// Whether others should hear of the change at once.
bool is_news(const wire::Beacon& before, wire::Beacon now) {
  now.set_clients(before.clients());
  return wire::encode(before) != wire::encode(now);
}

/// A little chance keeps servers that were started together from speaking together for ever.
Duration jittered(Random& random, Duration pause) {
  return random.between(pause - pause / 10, pause + pause / 10);
}

}  // namespace

Finder::Finder(const Options& options, Instant now)
    : options_(options),
      start_(now),
      random_(options.seed),
      now_(now),
      probe_pause_(options.probe_pause_min),
      answers_({.all = {.count = options.answers_per_second},
                .one = {.count = options.answers_to_one_per_second},
                .sources_max = options.askers_max}),
      hints_({.all = {.count = hints_max, .each = hint_rate.each},
              .one = hint_rate,
              .sources_max = hints_max}) {
  check(options.window > Duration::zero() && options.beacon_interval > Duration::zero());
  check(options.probe_pause_min > Duration::zero() &&
        options.probe_pause_formed > Duration::zero());
  check(options.probe_pause_max >= options.probe_pause_min &&
        options.attempts <= probes_in_window_max);
}

void Finder::set_own(const wire::Beacon& own, Instant now) {
  if (!options_.on) return;
  wire::Beacon fresh = own;
  fresh.clear_nonce();
  const bool first = !own_.has_value();
  if (first || is_news(*own_, fresh)) {
    const Duration apart = options_.beacon_interval / announcements_per_interval_max;
    const Instant due = announced_at_ ? std::max(now, *announced_at_ + apart) : now;
    next_announcement_ = std::min(next_announcement_, due);
  }
  const bool lost_group = !first && !own_->group_id().empty() && fresh.group_id().empty();
  own_ = std::move(fresh);
  if (first || lost_group) {
    probe_pause_ = options_.probe_pause_min;
    next_probe_ = options_.attempts > attempts_ && searching(now) ? now : next_probe(now);
  }
  tick(now);
}

Duration Finder::forget_after() const {
  return std::max(options_.beacon_interval * intervals_until_forgotten, forget_after_min);
}

bool Finder::replaces(const Sighting& known, const wire::Beacon& beacon, bool from_here,
                      Instant now) const {
  if (beacon.peer_address() == known.peer_address) return true;
  const bool outlived =
      now >= known.way_at + options_.beacon_interval * intervals_until_another_way;
  if (from_here != known.from_here) return from_here || outlived;
  return outlived || port_of(beacon.peer_address()) != port_of(known.peer_address);
}

void Finder::heard(const wire::Beacon& beacon, bool from_here, Instant now) {
  tick(now);
  if (!own_ || beacon.group() != own_->group() || beacon.server_id() == own_->server_id()) return;
  const auto server = wire::parse_id<ServerId>(beacon.server_id());
  if (!server) return;
  const auto known = seen_.find(*server);
  if (known == seen_.end() && seen_.size() >= options_.servers_max) return;

  ++heard_;
  wire::Beacon fresh = beacon;
  fresh.clear_nonce();
  if (known == seen_.end()) {
    seen_[*server] = {*server, beacon.peer_address(), std::move(fresh), from_here, now, now};
    next_forgotten_ = std::min(next_forgotten_, now + forget_after());
    moved_ = true;
    return;
  }
  if (searching(now)) ++duplicates_;
  Sighting& sighting = known->second;
  if (replaces(sighting, fresh, from_here, now)) {
    const bool same = fresh.peer_address() == sighting.peer_address;
    sighting.from_here = from_here || (same && sighting.from_here);
    sighting.way_at = now;
  } else {
    fresh.set_client_address(sighting.beacon.client_address());
    fresh.set_peer_address(sighting.peer_address);
  }
  if (sighting.peer_address != fresh.peer_address()) moved_ = true;
  sighting.peer_address = fresh.peer_address();
  sighting.beacon = std::move(fresh);
  sighting.heard_at = now;
}

void Finder::probed(const wire::Probe& probe, const std::string& from, Instant now) {
  tick(now);
  if (!own_ || probe.server_id() == own_->server_id()) return;
  const bool meant =
      probe.group().empty() || probe.group() == own_->group() || probe.group() == own_->group_id();
  // A host that asks from ever new ports is one that asks.
  const std::string asker(host_of(from));
  if (!meant || !answers_.allow(asker, now)) return;
  Announcement answer{*own_, from};
  answer.beacon.set_nonce(probe.nonce());
  announcements_.push_back(std::move(answer));
}

bool Finder::foreign(const std::string& from, Instant now) {
  tick(now);
  if (!options_.on) return false;
  ++foreign_;
  return hints_.allow(std::string(host_of(from)), now);
}

void Finder::tick(Instant now) {
  now_ = std::max(now_, now);
  forget(now);
  if (now >= next_announcement_) announce(now);
  if (now >= next_probe_) send_probe(now);
}

void Finder::forget(Instant now) {
  if (now < next_forgotten_) return;
  next_forgotten_ = Instant::max();
  std::erase_if(seen_, [&](const auto& seen) {
    const Instant silent_until = seen.second.heard_at + forget_after();
    if (now >= silent_until) return moved_ = true;
    next_forgotten_ = std::min(next_forgotten_, silent_until);
    return false;
  });
}

void Finder::announce(Instant now) {
  announcements_.push_back({*own_});
  announced_at_ = now;
  next_announcement_ = now + jittered(random_, options_.beacon_interval);
}

void Finder::send_probe(Instant now) {
  wire::Probe probe;
  probe.set_group(own_->group());
  probe.set_server_id(own_->server_id());
  probe.set_nonce(random_.next() | 1U);  // 0 would mean that a beacon answers none.
  probes_.push_back(std::move(probe));
  if (searching(now)) ++attempts_;
  next_probe_ = next_probe(now);
}

// A probe that is late moves the next one only as far as keeps them from following at once.
Instant Finder::next_probe(Instant now) {
  if (searching(now) && attempts_ < options_.attempts) {
    const Instant next = start_ + probe_offset(options_.window, options_.attempts, attempts_);
    return std::max(next, now + probe_offset(options_.window, options_.attempts, 1) / 2);
  }
  const Instant from = std::max(now, window_end());
  if (!own_->group_id().empty()) return from + jittered(random_, options_.probe_pause_formed);
  const Duration pause = probe_pause_;
  probe_pause_ = std::min(probe_pause_ * 2, options_.probe_pause_max);
  return from + random_.between(pause - pause / 4, pause);
}

Instant Finder::deadline() const {
  if (!options_.on) return Instant::max();
  const Instant next = std::min({next_announcement_, next_probe_, next_forgotten_});
  return now_ < window_end() ? std::min(next, window_end()) : next;
}

bool Finder::searching(Instant now) const {
  return options_.on && now < window_end();
}

const Sighting* Finder::find(ServerId server) const {
  const auto found = seen_.find(server);
  return found == seen_.end() ? nullptr : &found->second;
}

std::vector<Announcement> Finder::take_announcements() {
  return std::exchange(announcements_, {});
}

std::vector<wire::Probe> Finder::take_probes() {
  return std::exchange(probes_, {});
}

wire::Discovery Finder::statistics() const {
  wire::Discovery statistics;
  statistics.set_phase(!options_.on      ? wire::Discovery::OFF
                       : searching(now_) ? wire::Discovery::SEARCHING
                                         : wire::Discovery::SETTLED);
  statistics.set_attempts(attempts_);
  statistics.set_answers(heard_);
  statistics.set_duplicates(duplicates_);
  statistics.set_foreign(foreign_);
  return statistics;
}

}  // namespace muster::discovery
