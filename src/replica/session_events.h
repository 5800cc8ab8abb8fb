// What followers of the topic `sessions` are told: who came, moved and went.
#pragma once

#include <cstddef>
#include <string_view>

#include "muster/bytes.h"
#include "muster/ids.h"
#include "replica/session_table.h"
#include "wire/muster.pb.h"

namespace muster::replica {

/// The topic that carries a `wire::SessionEvent` for each session that opens, moves or ends. It is
/// not `group`: a thousand clients that move would hide what happens to the servers.
inline constexpr std::string_view sessions_topic = "sessions";

/// `home`: what people call the session's home. `sessions`: how many there are after it.
Bytes opened_event(SessionId id, const Session& session, std::string_view home,
                   std::size_t sessions);
Bytes moved_event(SessionId id, const Session& session, ServerNumber previous,
                  std::string_view home, std::size_t sessions);
Bytes ended_event(SessionId id, const Session& session, std::string_view reason,
                  std::size_t sessions);
/// What stands for events that somebody missed.
Bytes counted_event(std::size_t sessions);

}  // namespace muster::replica
