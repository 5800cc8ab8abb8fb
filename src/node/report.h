// What a server says of itself, for who checks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "group/view.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "node/options.h"
#include "raft/configuration.h"
#include "raft/raft.h"

namespace muster::node {

enum class Phase : std::uint8_t {
  startup,    ///< Looking for others.
  joining,    ///< A group was found; waiting to be let in.
  running,    ///< A member.
  restoring,  ///< Taking in a snapshot.
};

/// How much there is of what grows: each number has a limit in `Options`.
struct Sizes {
  // Of clients.
  std::size_t links{0};
  std::size_t attached{0};       ///< Sessions.
  std::size_t watched{0};        ///< Those of them that promised heartbeats.
  std::size_t pending_bytes{0};  ///< Batches that are not answered.
  std::size_t reads{0};
  std::size_t follows{0};
  std::size_t topics{0};
  std::size_t event_bytes{0};
  std::size_t telemetry_values{0};
  std::size_t telemetry_bytes{0};
  // Of servers, and of the log.
  std::size_t peer_links{0};
  std::size_t queued_bytes{0};
  raft::Sizes consensus{};
  std::size_t kept_reply_bytes{0};  ///< Of the session with most, unless those are its newest only.
};

/// What the simulator's checkers and `status` look at.
struct Report {
  Phase phase{Phase::startup};
  std::optional<GroupId> group;
  std::optional<ServerNumber> number;
  Term term;
  std::optional<ServerNumber> leader;
  bool leads{false};
  std::optional<ServerNumber> heir{};  ///< To whom it is handing over.
  // What it goes by, of the group's settings.
  ElectionRule election{ElectionRule::highest_id};
  std::size_t voters_max{0};
  Duration handover_after{};
  bool appointed{false};  ///< Leads because an operator said so.
  bool stopping{false};   ///< For a while or for good.
  // Nothing before there is a group. Valid until the next step.
  const raft::Configuration* configuration{nullptr};  ///< The latest, committed or not.
  const group::View* view{nullptr};                   ///< As it is applied here.
  bool installing{false};                             ///< A snapshot is being received or restored.
  LogIndex commit;
  LogIndex applied;
  LogIndex stored;
  LogIndex first;           ///< Of the entries still kept.
  std::uint64_t digest{0};  ///< Over everything applied: equal at equal positions.
  std::size_t sessions{0};
  Sizes sizes{};
};

}  // namespace muster::node
