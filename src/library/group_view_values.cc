#include "library/group_view_values.h"

#include <algorithm>
#include <utility>

#include "wire/control.h"

namespace muster::library {
namespace {

// What comes may be anything; ten thousand years are enough.
constexpr std::int64_t seconds_max = 315'576'000'000;

/// Of so many microseconds, or the longest there is.
Duration duration_of(std::uint64_t microseconds) {
  const auto most = static_cast<std::uint64_t>(Duration::max().count());
  return Duration{static_cast<std::int64_t>(std::min(microseconds, most))};
}

ServerRole to_role(wire::Role::Value role) {
  switch (role) {
    case wire::Role::LEADER:
      return ServerRole::leader;
    case wire::Role::VOTER:
      return ServerRole::voter;
    default:
      return ServerRole::standby;
  }
}

ServerState to_server_state(wire::ServerState::Value state) {
  switch (state) {
    case wire::ServerState::ALIVE:
      return ServerState::alive;
    case wire::ServerState::SUSPECT:
      return ServerState::suspect;
    case wire::ServerState::FAILED:
      return ServerState::failed;
    case wire::ServerState::STOPPED:
      return ServerState::stopped;
    case wire::ServerState::LEFT:
      return ServerState::left;
    default:
      return ServerState::unknown;
  }
}

LogTime to_time(const google::protobuf::Timestamp& time) {
  return {std::clamp(time.seconds(), -seconds_max, seconds_max) * 1'000 + time.nanos() / 1'000'000};
}

LogTime before(LogTime now, std::uint64_t milliseconds) {
  const std::uint64_t most = static_cast<std::uint64_t>(seconds_max) * 1'000;
  return {now.milliseconds - static_cast<std::int64_t>(std::min(milliseconds, most))};
}

using Kind = GroupEvent::Kind;

void take_member(GroupEvent& event, const wire::MemberChange& change) {
  event.server = ServerNumber{change.member().number()};
  event.name = change.member().name();
  switch (change.kind()) {
    case wire::MemberChange::JOINED:
      event.kind = Kind::joined;
      return;
    case wire::MemberChange::PROMOTED:
    case wire::MemberChange::DEMOTED:
      event.kind = Kind::role_changed;
      return;
    case wire::MemberChange::REMOVED:
    case wire::MemberChange::LEFT:
      event.kind = Kind::left;
      return;
    case wire::MemberChange::UPDATED:
      event.kind = Kind::updated;
      return;
    default:
      event.kind = Kind::other;
  }
}

void take_state(GroupEvent& event, const wire::StateChange& change) {
  event.server = ServerNumber{change.number()};
  switch (change.state()) {
    case wire::ServerState::ALIVE:
      event.kind = Kind::returned;
      return;
    case wire::ServerState::SUSPECT:
      event.kind = Kind::suspected;
      return;
    case wire::ServerState::FAILED:
      event.kind = Kind::failed;
      return;
    case wire::ServerState::STOPPED:
      event.kind = Kind::stopped;
      return;
    case wire::ServerState::LEFT:
      event.kind = Kind::left;
      return;
    default:
      event.kind = Kind::other;
  }
}

void take_election(GroupEvent& event, const wire::Election& election) {
  event.server = ServerNumber{election.leader()};
  const bool stays = election.has_previous() && election.previous() == election.leader();
  event.kind = stays ? Kind::leader_stays : Kind::leader_changed;
}

void take(GroupEvent& event, const wire::GroupEvent& told) {
  switch (told.what_case()) {
    case wire::GroupEvent::kFounded:
      event.kind = Kind::founded;
      return;
    case wire::GroupEvent::kMember:
      return take_member(event, told.member());
    case wire::GroupEvent::kState:
      return take_state(event, told.state());
    case wire::GroupEvent::kElection:
      return take_election(event, told.election());
    case wire::GroupEvent::kDrain:
      event.server = ServerNumber{told.drain().number()};
      event.kind = told.drain().drained() ? Kind::drained : Kind::undrained;
      return;
    case wire::GroupEvent::kSettings:
      event.kind = Kind::settings_changed;
      return;
    case wire::GroupEvent::kDissolved:
      event.kind = Kind::dissolved;
      return;
    default:
      event.kind = Kind::other;
  }
}

void take(GroupEvent& event, const wire::SessionEvent& told) {
  event.name = told.name();
  event.server = ServerNumber{told.home()};
  if (const auto id = wire::parse_id<SessionId>(told.session_id())) event.client = *id;
  switch (told.what()) {
    case wire::SessionEvent::OPENED:
      event.kind = Kind::session_opened;
      return;
    case wire::SessionEvent::MOVED:
      event.kind = Kind::session_moved;
      return;
    case wire::SessionEvent::ENDED:
      event.kind = Kind::session_ended;
      return;
    case wire::SessionEvent::SUSPECTED:
      event.kind = Kind::suspected;
      return;
    case wire::SessionEvent::HEARD:
      event.kind = Kind::returned;
      return;
    default:
      event.kind = Kind::other;
  }
}

}  // namespace

GroupState to_state(const wire::GroupServers& servers) {
  GroupState state;
  state.view = servers.view();
  state.leader = servers.leader();
  for (const wire::MemberStatus& one : servers.servers()) {
    state.servers.push_back({.number = {one.number()},
                             .id = one.id(),
                             .name = one.name(),
                             .address = one.address(),
                             .host = one.host(),
                             .zone = one.zone(),
                             .tags = {one.tags().begin(), one.tags().end()},
                             .role = to_role(one.role()),
                             .state = to_server_state(one.state()),
                             .clients = one.clients(),
                             .first_seen = to_time(one.joined()),
                             .last_seen = to_time(one.last_seen())});
  }
  std::ranges::sort(state.servers, {}, &ServerInfo::number);
  return state;
}

void add_clients(GroupState& state, const wire::SessionList& list, LogTime now) {
  state.clients_total = list.total();
  for (const wire::ListedSession& one : list.sessions()) {
    const auto id = wire::parse_id<SessionId>(one.id());
    if (!id || state.clients.size() >= view_clients_max) continue;
    state.clients.push_back({.id = *id,
                             .name = one.name(),
                             .kind = one.kind(),
                             .host = one.host(),
                             .zone = one.zone(),
                             .tags = {one.tags().begin(), one.tags().end()},
                             .state = one.suspected() ? ServerState::suspect : ServerState::alive,
                             .first_seen = to_time(one.opened()),
                             .home = {one.home_number()},
                             .home_name = one.home()});
    const BytesView value = as_bytes(one.value());
    state.clients.back().heartbeat_value.assign(value.begin(), value.end());
  }
  std::ranges::sort(state.clients, {}, &ClientInfo::id);
  add_details(state, list, now);
}

void add_details(GroupState& state, const wire::SessionList& list, LogTime now) {
  for (const wire::ListedSession& one : list.sessions()) {
    if (!one.attached_here()) continue;
    const auto id = wire::parse_id<SessionId>(one.id());
    if (!id) continue;
    const auto found = std::ranges::lower_bound(state.clients, *id, {}, &ClientInfo::id);
    if (found == state.clients.end() || found->id != *id) continue;
    found->address = one.address();
    found->attached = before(now, one.attached_ms());
    found->last_seen = before(now, one.silent_ms());
    found->unanswered = one.unanswered();
  }
}

ServerStatistics to_statistics(const wire::Invoked& from, const wire::ServerStats& stats) {
  return {.number = {from.number()},
          .name = from.server(),
          .discovery_phase = stats.discovery_phase(),
          .discovery_attempts = stats.discovery_attempts(),
          .discovery_answers = stats.discovery_answers(),
          .discovery_duplicates = stats.discovery_duplicates(),
          .discovery_foreign = stats.discovery_foreign(),
          .leader_changes = stats.leader_changes(),
          .elections_won = stats.elections_won(),
          .hand_overs_begun = stats.hand_overs_begun(),
          .hand_overs_taken = stats.hand_overs_taken(),
          .heartbeats_sent = stats.heartbeats_sent(),
          .heartbeats_received = stats.heartbeats_received(),
          .client_heartbeats_by_datagram = stats.client_heartbeats_by_datagram(),
          .client_heartbeats_over_connection = stats.client_heartbeats_over_connection(),
          .client_heartbeats_refused = stats.client_heartbeats_refused(),
          .batches_from_clients = stats.batches_from_clients(),
          .batches_forwarded = stats.batches_forwarded(),
          .batches_taken_in = stats.batches_taken_in(),
          .advice_given = stats.advice_given(),
          .advice_accepted = stats.advice_accepted(),
          .advice_refused = stats.advice_refused(),
          .bytes_sent = stats.bytes_sent(),
          .bytes_received = stats.bytes_received(),
          .sessions = stats.sessions(),
          .clients = stats.clients(),
          .suspects = stats.suspects(),
          .queued_bytes = stats.queued_bytes() + stats.unanswered_bytes(),
          .longest_step = duration_of(stats.loop_step_max_us()),
          .uptime = duration_of(std::min(stats.uptime_ms(), std::uint64_t{1} << 50U) * 1'000)};
}

Result<GroupEvent> to_group_event(const Event& event) {
  const auto told = wire::decode<wire::GroupEvent>(event.payload.view());
  if (!told) return told.error();
  GroupEvent result;
  result.position = event.position;
  result.time = event.time;
  result.view = told->view();
  result.text = told->text();
  take(result, *told);
  return result;
}

Result<GroupEvent> to_client_event(const Event& event) {
  const auto told = wire::decode<wire::SessionEvent>(event.payload.view());
  if (!told) return told.error();
  GroupEvent result;
  result.position = event.position;
  result.time = event.time;
  result.text = told->text();
  take(result, *told);
  return result;
}

GroupEvent to_group_event(const client::Suspicion& change) {
  GroupEvent result;
  result.position.command.index = change.index;
  result.time = change.time;
  if (const auto* const server = std::get_if<wire::GroupEvent>(&change.event)) {
    result.view = server->view();
    result.text = server->text();
    take(result, *server);
  } else {
    const auto& client = std::get<wire::SessionEvent>(change.event);
    result.text = client.text();
    take(result, client);
  }
  return result;
}

GroupEvent to_group_event(const Gap& gap) {
  GroupEvent event;
  event.kind = GroupEvent::Kind::missed;
  event.position.command.index = gap.index;
  event.text = "events are missing that no server keeps any more; the state is another one now";
  return event;
}

}  // namespace muster::library
