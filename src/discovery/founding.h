// Who founds a group, and when: the decision, made from what is heard of others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "muster/ids.h"

namespace muster::discovery {

/// What an unformed server knows of another one of the same group name.
struct Heard {
  std::optional<GroupId> group{};  ///< The formed group it belongs to, if any.
  std::vector<ServerId> hears{};   ///< The servers it has links to itself, ascending.
  bool linked{true};               ///< There is a link to it; otherwise only beacons have come.
  bool has_client_data{false};     ///< Its formed group has taken a command of a client.
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

/// The founding rule. A formed group that answers is joined: rather one that there is a link to,
/// then one with client data, then the one with the smallest id, as `decide_conflict` has it.
/// Otherwise, as soon as `expect` servers (this one among them; 0 and 1 mean whoever is there) are
/// linked with each other, the one with the smallest id founds, with all it is linked to as voters.
/// Others wait to be invited. Two groups would need two disjoint majorities of those that heard
/// each other.
///
/// A server that only beacons have come from is waited for, because it may be about to found too.
/// With `links_overdue` (a link would have come up long ago, if it could) it is left out, and
/// without an expectation it is enough that each of the others is linked with this one.
///
/// Precondition: the first phase of discovery is over, or `expect` is at least 2.
FoundingDecision decide_founding(ServerId self, const std::map<ServerId, Heard>& heard,
                                 std::size_t expect, bool links_overdue = false);

/// What an unformed server of a fixed list knows of another one of the list that it is linked to.
struct ListedPeer {
  ServerId server;
  std::optional<GroupId> group{};  ///< The formed group it belongs to, if any.
  std::vector<ServerId> hears{};   ///< The servers it has links to itself, ascending.
  friend bool operator==(const ListedPeer&, const ListedPeer&) = default;
};

/// The founding rule where the members are given by a list. A formed group that answers is joined.
/// Otherwise, when all of the list are linked with each other, the first of it founds with all the
/// others; `Found` names them in the order of the list. Two groups would need two firsts with a
/// majority each, and each server takes part in one.
FoundingDecision decide_listed_founding(ServerNumber self_number, ServerId self,
                                        const std::set<ServerNumber>& list,
                                        const std::map<ServerNumber, ListedPeer>& linked);

/// A formed group as another one of its name sees it.
struct FormedGroup {
  GroupId group;
  bool has_client_data{false};  ///< It has taken a command of a client.
  friend bool operator==(const FormedGroup&, const FormedGroup&) = default;
};

/// What a formed group does when it meets another one of its name.
enum class Conflict : std::uint8_t {
  stay,      ///< The other one gives way, or it is the same group.
  give_way,  ///< Dissolve into the other one.
  report     ///< Neither gives way: an operator has to choose.
};

/// A group without client data gives way to one with; of two without, the one with the larger id.
/// Two with client data only report each other. Both sides come to fitting results.
Conflict decide_conflict(const FormedGroup& own, const FormedGroup& other);

}  // namespace muster::discovery
