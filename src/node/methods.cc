// Remote methods that a node answers from what it is and has.
#include <algorithm>
#include <span>
#include <utility>

#include "muster/check.h"
#include "node/impl.h"
#include "raft/message.h"
#include "replica/session_events.h"
#include "wire/control.h"

namespace muster::node {
namespace {

constexpr std::uint64_t rows_max = 1'000;      // Of a list.
constexpr std::uint64_t sessions_shown = 500;  // Unless more are asked for.
constexpr std::uint64_t events_shown = 20;
constexpr std::size_t history_bytes_max = std::size_t{128} * 1024;
constexpr std::size_t sessions_bytes_max = std::size_t{384} * 1024;
constexpr std::size_t attached_bytes = 128;  // At most, of what only its home knows.

const std::string& discovery_phase(const wire::Discovery& discovery) {
  return wire::Discovery::Phase_Name(discovery.phase());
}

std::uint64_t whole_milliseconds(Duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(std::max(duration, Duration{})).count());
}

methods::Argument count_argument() {
  return {.name = "COUNT",
          .kind = methods::Argument::Kind::number,
          .optional = true,
          .least = 1,
          .most = rows_max};
}

}  // namespace

bool is_heartbeat(const raft::Message& message) {
  const auto* const append = std::get_if<raft::AppendRequest>(&message.body);
  return append != nullptr && append->entries.empty();
}

void Node::Impl::add_methods() {
  const auto add = [this](const char* name, const char* help,
                          std::vector<methods::Argument> arguments,
                          std::function<methods::Answer(const methods::Call&)> handler) {
    check(methods_
              .add({.name = name,
                    .help = help,
                    .arguments = std::move(arguments),
                    .handler = std::move(handler)})
              .has_value());
  };
  add("report", "who this server is and how it is", {},
      [this](const methods::Call&) { return methods::answer(server_report()); });
  add("stats", "counters since its start, and what waits", {},
      [this](const methods::Call& call) { return methods::answer(server_stats(call.now)); });
  add("view", "the servers, as it knows them", {}, [this](const methods::Call& call) {
    wire::GroupServers servers;
    wire::Members listed = members({.monotonic = call.now, .wall = call.wall});
    servers.set_view(listed.view());
    if (leadership_.leader) servers.set_leader(name_of(*leadership_.leader));
    *servers.mutable_servers() = std::move(*listed.mutable_members());
    return methods::answer(std::move(servers));
  });
  add("sessions", "the clients of the group, at most COUNT (500)", {count_argument()},
      [this](const methods::Call& call) { return methods::answer(session_list(call)); });
  add("queue", "what is held back: commands, reads and followers that wait, with age",
      {count_argument()}, [this](const methods::Call& call) {
        const std::uint64_t rows = call.has(0) ? call.number(0) : rows_max;
        return methods::answer(edge_.held_back(call.now, static_cast<std::size_t>(rows)));
      });
  add("history", "the last COUNT (20) events of a topic (group) that it keeps",
      {{.name = "TOPIC", .optional = true}, count_argument()},
      [this](const methods::Call& call) { return methods::answer(topic_history(call)); });
  add("snapshot", "takes a snapshot of its state now", {}, [this](const methods::Call&) {
    if (!consensus_) {
      return methods::Answer(
          Error{ErrorCode::failed_precondition, "this server belongs to no group yet"});
    }
    consensus_->take_snapshot();
    wire::SnapshotReport report;
    report.set_message("a snapshot is being taken");
    report.set_applied_index(state().applied().value);
    return methods::answer(std::move(report));
  });
  add_operator_commands();
}

void Node::Impl::take_invoke(LinkId link, const wire::Frame& frame, Now now) {
  const auto request = wire::decode<wire::Invoke>(frame.body.view());
  if (request && take_operator_command(link, *request, now)) return;
  Result<wire::Invoked> invoked =
      request ? methods_.invoke(*request, now.monotonic, now.wall) : request.error();
  if (!invoked) {
    return edge_.send(link, wire::FrameType::refused,
                      wire::encode(wire::to_refused(invoked.error())));
  }
  send_invoked(link, std::move(*invoked));
}

void Node::Impl::send_invoked(LinkId link, wire::Invoked invoked) {
  invoked.set_server(options_.name);
  invoked.set_number(identity_.number.value_or(ServerNumber{}).value);
  edge_.send(link, wire::FrameType::invoked, wire::encode(invoked));
}

wire::ServerReport Node::Impl::server_report() const {
  const wire::Status known = status();
  wire::ServerReport report;
  report.set_server(options_.name);
  report.set_number(known.number());
  report.set_server_id(known.server_id());
  report.set_group(options_.group);
  report.set_group_id(known.group_id());
  report.set_address(options_.client_address);
  report.set_peer_address(options_.peer_address);
  report.set_host(options_.host);
  report.set_zone(options_.zone);
  report.mutable_tags()->insert(options_.tags.begin(), options_.tags.end());
  report.set_role(known.role());
  report.set_phase(known.phase());
  report.set_leader(known.leader());
  report.set_term(known.term());
  report.set_writable(known.writable());
  report.set_reason(known.reason());
  report.set_clients(edge_.attached());
  report.set_links(edge_.links());
  report.set_sessions(known.sessions());
  report.set_commit_index(known.commit_index());
  report.set_applied_index(known.applied_index());
  report.set_queued_bytes(edge_.pending_bytes() + (consensus_ ? consensus_->queued_bytes() : 0));
  report.set_version(options_.version);
  return report;
}

wire::ServerStats Node::Impl::server_stats(Instant) const {
  const wire::Discovery discovery = finder_.statistics();
  wire::ServerStats stats;
  stats.set_discovery_phase(discovery_phase(discovery));
  stats.set_discovery_attempts(discovery.attempts());
  stats.set_discovery_answers(discovery.answers());
  stats.set_discovery_duplicates(discovery.duplicates());
  stats.set_discovery_foreign(discovery.foreign());
  stats.set_leader_changes(counters_.leader_changes);
  stats.set_elections_won(counters_.elections_won);
  stats.set_hand_overs_begun(counters_.hand_overs_begun);
  stats.set_hand_overs_taken(counters_.hand_overs_taken);
  stats.set_heartbeats_sent(counters_.heartbeats_sent);
  stats.set_heartbeats_received(counters_.heartbeats_received);
  stats.set_consensus_messages_sent(counters_.messages_sent);
  stats.set_consensus_messages_received(counters_.messages_received);
  stats.set_batches_from_clients(edge_.batches_taken());
  stats.set_batches_forwarded(counters_.batches_forwarded);
  stats.set_batches_taken_in(counters_.batches_taken_in);
  stats.set_events(counters_.events);
  stats.set_advice_given(advisors_.counts().given);
  stats.set_advice_accepted(advisors_.counts().accepted);
  stats.set_advice_refused(advisors_.counts().refused);
  stats.set_sessions(state().sessions().size());
  stats.set_clients(edge_.attached());
  stats.set_links(edge_.links());
  stats.set_servers_linked(peers_.all().size());
  stats.set_queued_bytes(consensus_ ? consensus_->queued_bytes() : 0);
  stats.set_unanswered_bytes(edge_.pending_bytes());
  stats.set_reads_waiting(edge_.reads_waiting());
  stats.set_event_bytes_kept(edge_.topics().bytes_kept());
  const edge::Heartbeats::Counts& heard = edge_.heartbeats().counts();
  stats.set_client_heartbeats_by_datagram(heard.datagrams);
  stats.set_client_heartbeats_over_connection(heard.over_connection);
  stats.set_client_heartbeats_refused(heard.refused);
  stats.set_suspects(edge_.heartbeats().suspects());
  stats.set_telemetry_values(edge_.telemetry().size());
  stats.set_telemetry_bytes(edge_.telemetry().bytes());
  stats.set_telemetry_dropped(edge_.telemetry().dropped());
  for (const auto& machine : state().machines()) {
    for (const service::Counter& counter : machine->counters()) {
      wire::ServiceCounter& one = *stats.add_services();
      one.set_name(counter.name);
      one.set_value(counter.value);
    }
  }
  return stats;
}

wire::SessionList Node::Impl::session_list(const methods::Call& call) const {
  const std::uint64_t rows = call.has(0) ? call.number(0) : sessions_shown;
  std::vector<std::pair<SessionId, const replica::Session*>> all;
  state().sessions().for_each(
      [&](SessionId id, const replica::Session& session) { all.emplace_back(id, &session); });
  wire::SessionList list;
  list.set_total(all.size());
  std::size_t bytes = 0;
  const std::size_t shown = std::min<std::size_t>(all.size(), rows);
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(shown), {},
                            [](const auto& item) { return item.first; });
  all.resize(shown);
  for (const auto& [id, session] : all) {
    if (bytes >= sessions_bytes_max) break;
    wire::ListedSession& one = *list.add_sessions();
    one.set_id(id.uuid.to_string());
    one.set_name(session->name);
    one.set_kind(session->kind);
    one.set_home(name_of(session->home));
    one.set_home_number(session->home.value);
    one.set_epoch(session->epoch.value);
    one.set_last_sequence(session->last.value);
    one.set_zone(session->zone);
    one.set_host(session->host);
    one.mutable_tags()->insert(session->tags.begin(), session->tags.end());
    set_time(*one.mutable_opened(), session->opened.milliseconds);
    one.set_suspected(is_suspected(id, *session));
    const auto value = edge_.telemetry().find(wire::TelemetryKind::client_payload,
                                              std::as_bytes(std::span(id.uuid.bytes)));
    if (value) one.set_value(std::string(as_text(value->value)));
    bytes += one.ByteSizeLong() + attached_bytes;
    const auto attachment = edge_.attachment(id, call.now);
    if (!attachment) continue;
    one.set_attached_here(true);
    one.set_unanswered(attachment->unanswered);
    one.set_silent_ms(whole_milliseconds(attachment->silent));
    one.set_attached_ms(whole_milliseconds(attachment->attached));
    one.set_address(attachment->address);
  }
  return list;
}

wire::TopicHistory Node::Impl::topic_history(const methods::Call& call) const {
  const std::string topic = call.has(0) ? call.arguments[0] : std::string(group::topic);
  const std::uint64_t events = call.has(1) ? call.number(1) : events_shown;
  wire::TopicHistory history =
      edge_.topics().history(topic, static_cast<std::size_t>(events), history_bytes_max);
  for (wire::KeptEvent& event : *history.mutable_events()) {
    const BytesView payload = as_bytes(event.payload());
    if (topic == group::topic) {
      if (const auto told = wire::decode<wire::GroupEvent>(payload)) event.set_text(told->text());
    } else if (topic == replica::sessions_topic) {
      if (const auto told = wire::decode<wire::SessionEvent>(payload)) event.set_text(told->text());
    }
  }
  return history;
}

}  // namespace muster::node
