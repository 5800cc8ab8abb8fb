#include "node/placement.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace muster::node {
namespace {

constexpr std::size_t tolerated_part = 10;  // Of a share.

std::size_t tolerance(std::size_t share) {
  return std::max<std::size_t>(1, share / tolerated_part);
}

std::size_t above(std::size_t value, std::size_t limit) {
  return value > limit ? value - limit : 0;
}

}  // namespace

Placement::Placement(std::vector<Place> places, const replica::Loads& loads)
    : places_(std::move(places)) {
  std::ranges::sort(places_, {}, &Place::number);
  counts_[""];
  for (const Place& place : places_) {
    const auto load = loads.find(place.number);
    if (load == loads.end()) continue;
    for (const auto& [zone, sessions] : load->second) {
      counts_[sort_of(zone)][place.number] += sessions;
    }
  }
  Counts taken;  // What the clients of zones make of the servers' loads.
  for (const auto& [sort, counts] : counts_) {
    if (sort.empty()) continue;
    share_out(sort, {});
    for (const auto& [server, share] : shares_[sort]) taken[server] += share;
  }
  share_out("", taken);
}

const std::string& Placement::sort_of(const std::string& zone) const {
  static const std::string any;
  const bool served = std::ranges::any_of(
      places_, [&](const Place& place) { return place.takes && place.zone == zone; });
  return served ? zone : any;
}

// Everybody is filled up to one level, `taken` counting there already: the lowest that holds all.
// What it could hold beyond that is left out where most is missing now, so that little moves.
void Placement::share_out(const std::string& sort, const Counts& taken) {
  Counts& shares = shares_[sort];
  std::size_t all = 0;
  for (const auto& [server, sessions] : counts_[sort]) all += sessions;
  std::size_t highest = all;
  const auto taken_at = [&](ServerNumber server) {
    const auto found = taken.find(server);
    return found == taken.end() ? 0 : found->second;
  };
  std::vector<ServerNumber> takers;
  for (const Place& place : places_) {
    if (!place.takes || (!sort.empty() && place.zone != sort)) continue;
    takers.push_back(place.number);
    highest = std::max(highest, all + taken_at(place.number));
  }
  if (takers.empty()) return;
  const auto held_by = [&](std::size_t level) {
    std::size_t held = 0;
    for (const ServerNumber server : takers) held += above(level, taken_at(server));
    return held;
  };
  std::size_t level = 0;
  while (level < highest) {
    const std::size_t middle = (level + highest) / 2;
    if (held_by(middle) >= all) {
      highest = middle;
    } else {
      level = middle + 1;
    }
  }
  for (const ServerNumber server : takers) shares[server] = above(level, taken_at(server));
  const auto has_beyond_it = [&](ServerNumber server) {
    return static_cast<std::int64_t>(count(sort, server)) -
           static_cast<std::int64_t>(shares[server]);
  };
  std::ranges::stable_sort(takers, {}, has_beyond_it);
  std::size_t beyond = held_by(level) - all;
  for (const ServerNumber server : takers) {
    if (beyond == 0 || shares[server] == 0) continue;
    --shares[server];
    --beyond;
  }
}

std::size_t Placement::count(const std::string& sort, ServerNumber server) const {
  const auto counts = counts_.find(sort);
  if (counts == counts_.end()) return 0;
  const auto found = counts->second.find(server);
  return found == counts->second.end() ? 0 : found->second;
}

// Where nobody takes them, clients stay.
std::size_t Placement::excess(const std::string& sort, ServerNumber server) const {
  const Counts& shares = shares_.at(sort);
  if (shares.empty()) return 0;
  const auto share = shares.find(server);
  return above(count(sort, server), share == shares.end() ? 0 : share->second);
}

bool Placement::uneven() const {
  for (const auto& [sort, shares] : shares_) {
    for (const Place& place : places_) {
      if (!shares.contains(place.number) && excess(sort, place.number) > 0) return true;
    }
    for (const auto& [server, share] : shares) {
      const std::size_t here = count(sort, server);
      if (std::max(here, share) - std::min(here, share) > tolerance(share)) return true;
    }
  }
  return false;
}

// All that is too much is handed out server by server, to those that lack something.
std::vector<Transfer> Placement::transfers(ServerNumber from) const {
  std::vector<Transfer> transfers;
  for (const auto& [sort, shares] : shares_) {
    std::vector<std::pair<ServerNumber, std::size_t>> room;
    for (const auto& [server, share] : shares) {
      room.emplace_back(server, above(share, count(sort, server)));
    }
    auto next = room.begin();
    for (const Place& place : places_) {
      std::size_t left = excess(sort, place.number);
      while (left > 0 && next != room.end()) {
        const std::size_t moved = std::min(left, next->second);
        if (moved > 0 && place.number == from) {
          transfers.push_back({.to = next->first, .sort = sort, .count = moved});
        }
        left -= moved;
        next->second -= moved;
        if (next->second == 0) ++next;
      }
    }
  }
  return transfers;
}

std::optional<ServerNumber> Placement::better_for_new(ServerNumber at, const std::string& zone,
                                                      const replica::Loads& coming) const {
  const std::string& sort = sort_of(zone);
  const auto total = [&](ServerNumber server) {
    std::size_t all = 0;
    for (const auto& [one, counts] : counts_) all += count(one, server);
    const auto more = coming.find(server);
    if (more == coming.end()) return all;
    for (const auto& [from, sessions] : more->second) all += sessions;
    return all;
  };
  std::optional<ServerNumber> best;
  bool may_stay = false;
  for (const Place& place : places_) {
    if (!place.takes || (!sort.empty() && place.zone != sort)) continue;
    may_stay = may_stay || place.number == at;
    if (!best || total(place.number) < total(*best)) best = place.number;
  }
  if (!best || *best == at) return std::nullopt;
  if (may_stay && total(at) <= total(*best) + tolerance(total(*best))) return std::nullopt;
  return best;
}

std::vector<ServerNumber> Placement::takers() const {
  std::vector<ServerNumber> takers;
  for (const Place& place : places_) {
    if (place.takes) takers.push_back(place.number);
  }
  return takers;
}

}  // namespace muster::node
