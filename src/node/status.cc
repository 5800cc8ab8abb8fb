// What clients and operators are told.
#include <algorithm>
#include <array>
#include <charconv>

#include "node/impl.h"

namespace muster::node {
namespace {

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  std::string text(digits.data(), end);
  return std::string(digits.size() - text.size(), '0') + text;
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
  return "#" + std::to_string(number.value);
}

std::string Node::Impl::why_not_writable() const {
  if (!consensus_) {
    return last_wait_.empty() ? "this server belongs to no group yet" : last_wait_;
  }
  const raft::Configuration& configuration = consensus_->raft().configuration();
  if (configuration.members.empty()) return "this server is still being told of its group";
  std::size_t reachable = 0;
  std::string missing;
  for (const auto& [number, role] : configuration.members) {
    if (role != raft::MemberRole::voter) continue;
    if (number == consensus_->raft().self() || peers_.find(number, *identity_.group) != nullptr) {
      ++reachable;
    } else {
      missing += (missing.empty() ? "" : ", ") + name_of(number) + " does not answer";
    }
  }
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
  hello.set_phase(consensus_ ? wire::Phase::RUNNING : wire::Phase::STARTUP);
  if (consensus_) {
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

wire::Status Node::Impl::status() const {
  wire::Status status;
  status.set_group(options_.group);
  if (identity_.group) status.set_group_id(identity_.group->uuid.to_string());
  status.set_server(options_.name);
  status.set_server_id(identity_.server.uuid.to_string());
  status.set_number(identity_.number.value_or(ServerNumber{}).value);
  status.set_version(options_.version);
  status.set_phase(consensus_        ? wire::Phase::RUNNING
                   : identity_.group ? wire::Phase::JOINING
                                     : wire::Phase::STARTUP);
  if (stop_by_) status.set_phase(wire::Phase::STOPPING);
  status.set_writable(leadership_.leader.has_value() && leadership_.reachable);
  if (!status.writable()) status.set_reason(why_not_writable());
  if (!consensus_) return status;

  const raft::Raft& raft = consensus_->raft();
  const replica::Replica& replica = consensus_->replica();
  status.set_view(replica.view().number);
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

wire::Members Node::Impl::members() const {
  wire::Members members;
  members.set_view(state().view().number);
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
    const bool here = number == identity_.number;
    const bool linked = here || peers_.find(number, *identity_.group) != nullptr;
    one.set_state(linked ? wire::ServerState::ALIVE : wire::ServerState::FAILED);
    if (here) one.set_clients(edge_.attached());
  }
  return members;
}

}  // namespace muster::node
