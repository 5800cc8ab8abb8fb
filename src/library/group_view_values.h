// What servers answer of their group, as the values of `muster/group_view.h`.
#pragma once

#include "client/suspicions.h"
#include "muster/client_types.h"
#include "muster/error.h"
#include "muster/group_view.h"
#include "wire/methods.pb.h"
#include "wire/muster.pb.h"

namespace muster::library {

GroupState to_state(const wire::GroupServers& servers);
/// What any server knows of the clients goes into `state`.
void add_clients(GroupState& state, const wire::SessionList& list, LogTime now);
/// What a home knows of those that are attached to it.
void add_details(GroupState& state, const wire::SessionList& list, LogTime now);
ServerStatistics to_statistics(const wire::Invoked& from, const wire::ServerStats& stats);

/// An event of the topic `group`. Errors: INVALID_ARGUMENT if the payload is none.
[[nodiscard]] Result<GroupEvent> to_group_event(const Event& event);
/// An event of the topic `sessions`. Errors: as above.
[[nodiscard]] Result<GroupEvent> to_client_event(const Event& event);
GroupEvent to_group_event(const client::Suspicion& change);
/// Events up to a place are missing.
GroupEvent to_group_event(const Gap& gap);

}  // namespace muster::library
