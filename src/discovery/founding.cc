#include "discovery/founding.h"

#include <algorithm>
#include <tuple>

namespace muster::discovery {
namespace {

using AllHeard = std::map<ServerId, Heard>;

std::optional<GroupId> group_to_join(const AllHeard& heard) {
  const auto rank = [](const Heard& other) {
    return std::tuple(!other.linked, !other.has_client_data, *other.group);
  };
  const Heard* best = nullptr;
  for (const auto& [server, other] : heard) {
    if (other.group && (best == nullptr || rank(other) < rank(*best))) best = &other;
  }
  return best == nullptr ? std::nullopt : best->group;
}

template <typename Other>
bool hears(const Other& other, ServerId third) {
  return std::ranges::binary_search(other.hears, third);
}

bool hears_all(const Heard& other, ServerId other_id, const AllHeard& heard) {
  return std::ranges::all_of(heard, [&](const auto& third) {
    return third.first == other_id || hears(other, third.first);
  });
}

}  // namespace

FoundingDecision decide_founding(ServerId self, const AllHeard& heard, std::size_t expect,
                                 bool links_overdue) {
  if (const auto group = group_to_join(heard)) return Join{*group};

  AllHeard linked = heard;
  std::erase_if(linked, [](const auto& other) { return !other.second.linked; });
  const std::size_t present = linked.size() + 1;
  if (present < expect) return Wait{expect - present};
  if (linked.size() < heard.size() && !links_overdue) return Wait{};

  const bool all_with_all = expect > 1 || !links_overdue;
  for (const auto& [server, other] : linked) {
    if (!hears(other, self)) return Wait{};
    if (all_with_all && !hears_all(other, server, linked)) return Wait{};
  }
  if (!linked.empty() && linked.begin()->first < self) return Wait{};

  Found found;
  found.voters.push_back(self);
  for (const auto& [server, other] : linked) found.voters.push_back(server);
  return found;
}

FoundingDecision decide_listed_founding(ServerNumber self_number, ServerId self,
                                        const std::set<ServerNumber>& list,
                                        const std::map<ServerNumber, ListedPeer>& linked) {
  for (const auto& [number, peer] : linked) {
    if (peer.group) return Join{*peer.group};
  }
  Found found;
  std::size_t missing = 0;
  for (const ServerNumber number : list) {
    const auto peer = linked.find(number);
    if (number != self_number && peer == linked.end()) ++missing;
    if (peer != linked.end()) found.voters.push_back(peer->second.server);
    if (number == self_number) found.voters.push_back(self);
  }
  if (missing > 0) return Wait{missing};
  const bool all_with_all = std::ranges::all_of(linked, [&](const auto& item) {
    const ListedPeer& peer = item.second;
    return std::ranges::all_of(
        found.voters, [&](ServerId other) { return other == peer.server || hears(peer, other); });
  });
  if (!all_with_all || *list.begin() != self_number) return Wait{};
  return found;
}

Conflict decide_conflict(const FormedGroup& own, const FormedGroup& other) {
  if (own.group == other.group) return Conflict::stay;
  if (own.has_client_data && other.has_client_data) return Conflict::report;
  if (own.has_client_data != other.has_client_data) {
    return own.has_client_data ? Conflict::stay : Conflict::give_way;
  }
  return own.group < other.group ? Conflict::stay : Conflict::give_way;
}

}  // namespace muster::discovery
