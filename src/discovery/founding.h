// Who founds a group, and when: the decision, made from what is heard of others.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "base/ids.h"

namespace muster::discovery {

/// What an unformed server knows of another one of the same group name.
struct Heard {
  std::optional<GroupId> group{};  ///< The formed group it belongs to, if any.
  std::set<ServerId> hears{};      ///< The servers it hears itself.
  friend bool operator==(const Heard&, const Heard&) = default;
};

/// Nothing to do yet. `missing` more servers are to be heard, each hearing all the others.
struct Wait {
  std::size_t missing{0};
  friend bool operator==(const Wait&, const Wait&) = default;
};
/// A formed group answers: be admitted to it.
struct Join {
  GroupId group;
  friend bool operator==(const Join&, const Join&) = default;
};
/// Found a group of these servers, by ascending id: the order of their numbers.
struct Found {
  std::vector<ServerId> voters;
  friend bool operator==(const Found&, const Found&) = default;
};
using FoundingDecision = std::variant<Wait, Join, Found>;

/// The founding rule. A formed group that answers is joined, the one with the smallest id if there
/// are several. Otherwise, as soon as `expect` servers (this one among them) hear each other, the
/// one with the smallest id founds, with all it hears as voters. Others wait to be invited. Two
/// groups would need two disjoint majorities of those that heard each other.
FoundingDecision decide_founding(ServerId self, const std::map<ServerId, Heard>& heard,
                                 std::size_t expect);

}  // namespace muster::discovery
