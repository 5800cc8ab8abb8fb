// What all servers of a group know of it, and how a committed change alters that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/muster.pb.h"

namespace muster::group {

enum class Role : std::uint8_t { voter, standby };
using Roles = std::map<ServerNumber, Role>;

/// A server that is none of the group any more.
struct Departed {
  wire::Member member;  ///< As it was last; `state_since_ms` is when it went.
  bool removed{false};  ///< By others; else it left, and its state is LEFT.
  LogIndex index;       ///< Of the entry that took it out.
  std::string cause{};  ///< As in `wire::MemberChange`.
};

inline constexpr std::size_t departed_max = 64;     ///< Beyond it who went first is forgotten.
inline constexpr std::size_t gone_groups_max = 64;  ///< The same for each list of groups,
inline constexpr std::size_t retired_max = 64;      ///< and of server ids.

/// The numbered membership. Every change of it is an entry of the log, so all servers see the same
/// views in the same order. The number rises with each change of servers, roles, states, settings,
/// leader record and behaviour, and when the group gives way; not with `checkpoint`, `used`,
/// `gone_groups`, `retired` and `met`.
struct View {
  std::uint64_t number{0};
  GroupId group;
  std::string name;
  std::string branch{};          ///< Empty, unless the group was recovered by force.
  wire::Fork fork{};             ///< With a branch: up to where all branches have one log.
  wire::GroupSettings settings;  ///< Complete: what the founder didn't set has its default.
  std::map<ServerNumber, wire::Member> members;  ///< `role` as consensus has it.
  std::uint32_t next_number{0};                  ///< For the next joiner; never reused.
  std::map<ServerNumber, Departed> departed{};   ///< At most `departed_max`.
  std::optional<wire::Election> election{};      ///< The latest.
  std::optional<wire::Dissolve> dissolved{};     ///< The group gave way; nothing follows it.
  std::uint32_t behaviour{1};                    ///< The version by which services behave.
  LogIndex checkpoint{};                         ///< Of the latest one's entry.
  bool used{false};                              ///< A client's command reached a service.
  std::vector<GroupId> gone_groups{};            ///< That gave way to this one, newest last.
  /// Ids of servers that put their data away and began anew with other ids. A server id is of one
  /// group only, ever: where these were to vote, they never will again. Newest last.
  std::vector<ServerId> retired{};
  std::vector<GroupId> met{};  ///< Groups of this name that were met, newest last.

  /// The departed one with this server id, if it is remembered.
  const Departed* find_departed(std::string_view server_id) const;
};

/// The part that all are told: id, name, settings and members.
wire::Founding to_document(const View& view);

/// The name of the member or departed one, else `#NUMBER`.
std::string name_of(const View& view, ServerNumber number);

/// Cut to the limits of `wire/limits.h`: text that came from a server may be of any length, but
/// what the log has of 1,024 servers must fit in a server's memory.
wire::Member fitted(wire::Member member);

// What each committed change does to a view; none of them raises its number.

void take_founding(View& view, const wire::Founding& founding);
/// JOINED and UPDATED bring a document; the others are about roles, which `take_roles` has.
void take_change(View& view, const wire::MemberChange& change);
/// Who is no member of consensus departs; who is one without a document gets a bare one, so that
/// both always name the same servers. `change`: the one that did it, if it is known.
void take_roles(View& view, const Roles& roles, LogIndex index, const wire::MemberChange& change);
/// What a member says of itself: all but number, id, role, states and whether it is drained.
/// Returns whether it differs.
bool relearn(wire::Member& member, const wire::Member& said);
/// At most `gone_groups_max`, each once. Returns false if it was there.
bool remember(std::vector<GroupId>& groups, GroupId group);
/// The same; nothing happens if a document names no group.
void remember(std::vector<ServerId>& servers, ServerId server);
/// The same for an id as text; what is none is passed over.
void remember(std::vector<ServerId>& servers, const std::string& server);

}  // namespace muster::group
