#include "discovery/founding.h"

#include <algorithm>

namespace muster::discovery {
namespace {

std::optional<GroupId> smallest_group(const std::map<ServerId, Heard>& heard) {
  std::optional<GroupId> smallest;
  for (const auto& [server, other] : heard) {
    if (other.group && (!smallest || *other.group < *smallest)) smallest = other.group;
  }
  return smallest;
}

bool hears_all(const Heard& other, ServerId other_id, ServerId self,
               const std::map<ServerId, Heard>& heard) {
  if (!other.hears.contains(self)) return false;
  return std::ranges::all_of(heard, [&](const auto& third) {
    return third.first == other_id || other.hears.contains(third.first);
  });
}

}  // namespace

FoundingDecision decide_founding(ServerId self, const std::map<ServerId, Heard>& heard,
                                 std::size_t expect) {
  if (const auto group = smallest_group(heard)) return Join{*group};
  const std::size_t present = heard.size() + 1;
  if (present < expect) return Wait{expect - present};

  for (const auto& [server, other] : heard) {
    if (!hears_all(other, server, self, heard)) return Wait{};
  }
  if (!heard.empty() && heard.begin()->first < self) return Wait{};

  Found found;
  found.voters.push_back(self);
  for (const auto& [server, other] : heard) found.voters.push_back(server);
  return found;
}

}  // namespace muster::discovery
