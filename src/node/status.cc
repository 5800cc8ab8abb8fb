// What clients and operators are told.
#include <algorithm>
#include <array>
#include <charconv>

#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  std::string text(digits.data(), end);
  return std::string(digits.size() - text.size(), '0') + text;
}

std::int64_t count_ms(Duration duration) {
  return std::chrono::floor<std::chrono::milliseconds>(duration).count();
}

std::string two_digits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

std::string time_of_day(LogTime time) {
  const std::int64_t minutes = time.milliseconds / 60'000;
  return two_digits(minutes / 60 % 24) + ":" + two_digits(minutes % 60) + " UTC";
}

}  // namespace

const replica::Replica& Node::Impl::state() const {
  return consensus_ ? consensus_->replica() : blank_state_;
}

std::string Node::Impl::name_of(ServerNumber number) const {
  const auto member = state().view().members.find(number);
  if (member != state().view().members.end() && !member->second.name().empty()) {
    return member->second.name();
  }
  if (number == identity_.number) return options_.name;
  const Peer* const peer = peers_.find(number, identity_.group.value_or(GroupId{}));
  if (peer != nullptr) return peer->hello.name();
  const auto remembered = found_members_.find(number);
  if (remembered != found_members_.end() && !remembered->second.name.empty()) {
    return remembered->second.name;
  }
  return "#" + std::to_string(number.value);
}

// Those voters without whom nothing is decided, and since when they are gone.
std::string Node::Impl::who_is_needed() const {
  std::string who;
  std::size_t missing = 0;
  for (const auto& [number, role] : consensus_->raft().configuration().members) {
    if (role != raft::MemberRole::voter || number == consensus_->raft().self()) continue;
    if (peers_.find(number, *identity_.group) != nullptr) continue;
    ++missing;
    const auto remembered = found_members_.find(number);
    const bool stopped = remembered != found_members_.end() && remembered->second.stopped;
    const bool is_last = consensus_->raft().configuration().voter_count() == 1;
    who += (who.empty() ? "" : ", ") + name_of(number);
    who += stopped ? (is_last ? " (last voter, stopped " : " (a voter, stopped ") +
                         time_of_day(*remembered->second.stopped) + ")"
                   : " (a voter that does not answer)";
  }
  if (who.empty()) return "a leader, which is being elected";
  return who + "; start " + (missing == 1 ? "it" : "them") + ", or begin anew with: muster reset";
}

bool Node::Impl::is_linked(ServerNumber number) const {
  return number == consensus_->raft().self() || peers_.find(number, *identity_.group) != nullptr;
}

std::size_t Node::Impl::linked_voters() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(consensus_->raft().configuration().members, [&](const auto& member) {
        return member.second == raft::MemberRole::voter && is_linked(member.first);
      }));
}

// A leader whose followers are gone has not stepped down yet, but commits nothing.
bool Node::Impl::is_writable() const {
  if (!leadership_.leader || !leadership_.reachable) return false;
  return !leads() || linked_voters() >= consensus_->raft().configuration().majority();
}

std::string Node::Impl::why_not_writable() const {
  if (!consensus_) {
    return last_wait_.empty() ? "this server belongs to no group yet" : last_wait_;
  }
  const raft::Configuration& configuration = consensus_->raft().configuration();
  if (configuration.members.empty()) return "this server is still being told of its group";
  std::string missing;
  for (const auto& [number, role] : configuration.members) {
    if (role != raft::MemberRole::voter || is_linked(number)) continue;
    missing += (missing.empty() ? "" : ", ") + name_of(number) + " does not answer";
  }
  const std::size_t reachable = linked_voters();
  if (reachable >= configuration.majority()) {
    return leadership_.leader ? "the leader can't be reached" : "a leader is being elected";
  }
  return std::to_string(configuration.majority()) + " of " +
         std::to_string(configuration.voter_count()) + " voters needed, " +
         std::to_string(reachable) + " reachable: " + missing;
}

void Node::Impl::refresh_surroundings(Now now) {
  edge::Edge::Surroundings around;
  wire::ServerHello& hello = around.hello;
  hello.set_server_id(identity_.server.uuid.to_string());
  hello.set_name(options_.name);
  hello.set_number(identity_.number.value_or(ServerNumber{}).value);
  hello.set_group(options_.group);
  if (identity_.group) hello.set_group_id(identity_.group->uuid.to_string());
  hello.set_phase(phase());
  for (const GroupId& gone : identity_.former.gone_groups) {
    hello.add_gone_groups(gone.uuid.to_string());
  }
  if (consensus_) {
    for (const GroupId& gone : state().view().gone_groups) {
      hello.add_gone_groups(gone.uuid.to_string());
    }
    const raft::Raft& raft = consensus_->raft();
    hello.set_term(raft.term().value);
    hello.set_role(leads()                                      ? wire::Role::LEADER
                   : raft.configuration().is_voter(raft.self()) ? wire::Role::VOTER
                                                                : wire::Role::STANDBY);
    for (const auto& [number, member] : state().view().members) {
      if (number == raft.leader()) {
        hello.set_leader_name(member.name());
        hello.set_leader_address(member.address());
      }
      if (number != raft.self()) hello.add_client_addresses(member.address());
    }
    if (raft.leader()) hello.set_leader_number(raft.leader()->value);
  }
  const bool leader_known = leadership_.leader.has_value() && leadership_.reachable;
  around.leader_known = leader_known;
  if (!leader_known) around.no_leader_reason = why_not_writable();
  edge_.set_surroundings(std::move(around), now.monotonic);

  if (!ready_told_ && leader_known && state().view().number > 0 &&
      state().view().members.contains(*identity_.number)) {
    ready_told_ = true;
    out_.ready = BecameReady{.group = options_.group,
                             .number = *identity_.number,
                             .leader = name_of(*leadership_.leader)};
  }
}

wire::Phase::Value Node::Impl::phase() const {
  if (dissolved_since_) return wire::Phase::DISSOLVED;
  if (stop_by_ || leaving_) return wire::Phase::STOPPING;
  if (consensus_) return wire::Phase::RUNNING;
  return identity_.group || joins_ ? wire::Phase::JOINING : wire::Phase::STARTUP;
}

wire::Status Node::Impl::status() const {
  wire::Status status;
  status.set_group(options_.group);
  if (identity_.group) status.set_group_id(identity_.group->uuid.to_string());
  status.set_server(options_.name);
  status.set_server_id(identity_.server.uuid.to_string());
  status.set_number(identity_.number.value_or(ServerNumber{}).value);
  status.set_version(options_.version);
  status.set_phase(phase());
  status.set_branch(branch_text());
  *status.mutable_discovery() = finder_.statistics();
  status.set_writable(is_writable());
  if (!status.writable()) status.set_reason(why_not_writable());
  if (!consensus_) return status;

  const raft::Raft& raft = consensus_->raft();
  const replica::Replica& replica = consensus_->replica();
  status.set_view(replica.view().number);
  *status.mutable_settings() = replica.view().settings;
  status.set_term(raft.term().value);
  if (raft.leader()) {
    status.set_leader(name_of(*raft.leader()));
    status.set_leader_number(raft.leader()->value);
  }
  status.set_role(leads()                                      ? wire::Role::LEADER
                  : raft.configuration().is_voter(raft.self()) ? wire::Role::VOTER
                                                               : wire::Role::STANDBY);
  status.set_commit_index(raft.commit().value);
  status.set_applied_index(replica.applied().value);
  status.set_first_index(raft.first_index().value);
  status.set_last_index(raft.last_index().value);
  status.set_digest(hexadecimal(replica.digest()));
  status.set_servers(static_cast<std::uint32_t>(raft.configuration().members.size()));
  status.set_sessions(replica.sessions().size());
  for (const auto& [number, member] : replica.view().members) {
    if (member.drained()) status.add_drained(name_of(number));
  }
  std::size_t reachable = 0;
  for (const auto& [number, role] : raft.configuration().members) {
    if (role != raft::MemberRole::voter) continue;
    if (number == raft.self() || peers_.find(number, *identity_.group) != nullptr) ++reachable;
  }
  if (raft.configuration().voter_count() > 0 && reachable >= raft.configuration().majority()) {
    status.set_tolerates(static_cast<std::uint32_t>(reachable - raft.configuration().majority()));
  }
  return status;
}

// The log has what the leader made of it; this server may know more, or sooner.
wire::ServerState::Value Node::Impl::state_of(ServerNumber number,
                                              const wire::Member& member) const {
  const bool linked =
      number == identity_.number || peers_.find(number, *identity_.group) != nullptr;
  if (linked && !farewells_.contains(number)) return wire::ServerState::ALIVE;
  if (member.state() != wire::ServerState::ALIVE) return member.state();
  return linked ? wire::ServerState::ALIVE : wire::ServerState::SUSPECT;
}

wire::Members Node::Impl::members(Now now) const {
  wire::Members members;
  members.set_view(state().view().number);
  members.set_index(state().applied().value);
  members.set_number(identity_.number.value_or(ServerNumber{}).value);
  set_time(*members.mutable_time(), now.wall.milliseconds);
  for (const auto& [number, member] : state().view().members) {
    wire::MemberStatus& one = *members.add_members();
    one.set_number(number.value);
    one.set_id(member.id());
    one.set_name(member.name());
    one.set_address(member.address());
    one.set_peer_address(member.peer_address());
    one.set_host(member.host());
    one.set_zone(member.zone());
    *one.mutable_tags() = member.tags();
    one.set_priority(member.priority());
    one.set_role(leadership_.leader == number ? wire::Role::LEADER : member.role());
    one.set_state(state_of(number, member));
    set_time(*one.mutable_joined(), member.joined_ms());
    const auto lost = lost_since_.find(number);
    const Duration silent = lost == lost_since_.end() ? Duration{} : now.monotonic - lost->second;
    set_time(*one.mutable_last_seen(), now.wall.milliseconds - count_ms(silent));
    one.set_clients(clients_of(number));
    one.set_drained(member.drained());
  }
  for (const auto& [number, departed] : state().view().departed) {
    const auto gone_for = now.wall.milliseconds - departed.member.state_since_ms();
    if (gone_for >= count_ms(options_.forget_after)) continue;
    wire::MemberStatus& one = *members.add_members();
    one.set_number(number.value);
    one.set_id(departed.member.id());
    one.set_name(departed.member.name());
    one.set_address(departed.member.address());
    one.set_state(wire::ServerState::LEFT);
    set_time(*one.mutable_joined(), departed.member.joined_ms());
    set_time(*one.mutable_last_seen(), departed.member.state_since_ms());
  }
  return members;
}

}  // namespace muster::node
