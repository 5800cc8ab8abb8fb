// Finding a group, founding one, being let into one, and letting others in.
#include <algorithm>

#include "node/impl.h"
#include "node/raft_codec.h"
#include "wire/control.h"

namespace muster::node {
namespace {

raft::Options raft_options(const Options& options, std::uint64_t seed) {
  raft::Options raft = options.raft;
  raft.heartbeat_interval = options.heartbeat_interval;
  raft.election_timeout = options.election_timeout;
  raft.rank_wait = options.election_timeout / ranks_in_a_timeout;
  raft.seed = seed;
  return raft;
}

}  // namespace

wire::Member Node::Impl::own_member() const {
  wire::Member member;
  member.set_id(identity_.server.uuid.to_string());
  member.set_name(options_.name);
  member.set_address(options_.client_address);
  member.set_peer_address(options_.peer_address);
  member.set_host(options_.host);
  member.set_zone(options_.zone);
  for (const auto& [key, value] : options_.tags) (*member.mutable_tags())[key] = value;
  member.set_priority(options_.priority);
  member.set_role(wire::Role::VOTER);
  member.set_state(wire::ServerState::ALIVE);
  member.set_machine(options_.machine);
  member.set_folder(options_.folder);
  member.set_behaviour_version(options_.behaviour_version);
  return member;
}

wire::Member Node::Impl::member_of(const Peer& peer, ServerNumber number) const {
  wire::Member member;
  member.set_number(number.value);
  member.set_id(peer.hello.server_id());
  member.set_name(peer.hello.name());
  member.set_address(peer.hello.client_address());
  member.set_peer_address(peer.hello.peer_address());
  member.set_host(peer.hello.host());
  member.set_zone(peer.hello.zone());
  *member.mutable_tags() = peer.hello.tags();
  member.set_priority(peer.hello.priority());
  member.set_state(wire::ServerState::ALIVE);
  member.set_machine(peer.hello.machine());
  member.set_folder(peer.hello.folder());
  member.set_behaviour_version(peer.hello.behaviour_version());
  return member;
}

// Entry 1 names all that this server heard and commits at a majority of them. The founder leads
// its first term by construction: the group's id was made just now, so nobody else knows of it.
void Node::Impl::found(const std::vector<ServerId>& voters, Now now) {
  const GroupId group{Uuid::make_v7(std::chrono::milliseconds{now.wall.milliseconds},
                                    random_.next(), random_.next())};
  wire::Founding founding;
  founding.set_group_id(group.uuid.to_string());
  founding.set_group(options_.group);
  *founding.mutable_settings() = settings_of(options_);
  for (const ServerId& server : identity_.former.retired)
    founding.add_retired(server.uuid.to_string());
  raft::Configuration configuration;
  std::set<ServerNumber> numbers;
  if (options_.list) numbers = options_.list->numbers;
  for (std::uint32_t next = 1; numbers.size() < voters.size(); ++next) numbers.insert({next});
  auto number = numbers.begin();
  for (const ServerId server : voters) {
    const ServerNumber given = *number++;
    wire::Member& member = *founding.add_members();
    member = server == identity_.server ? own_member() : member_of(*peers_.find(server), given);
    if (server != identity_.server) {
      founding.mutable_retired()->MergeFrom(peers_.find(server)->hello.retired());
    }
    member.set_number(given.value);
    member.set_role(wire::Role::VOTER);
    member.set_joined_ms(now.wall.milliseconds);
    member.set_state_since_ms(now.wall.milliseconds);
    configuration.members[given] = raft::MemberRole::voter;
    if (server == identity_.server) identity_.number = given;
  }
  identity_.group = group;
  restart_.reset();
  for (const wire::Member& member : founding.members()) {
    founders_[member.id()] = ServerNumber{member.number()};
  }
  consensus_.emplace(options_,
                     raft::Raft::found(raft_options(options_, random_.next()), *identity_.number,
                                       configuration, wire::encode(founding), now.monotonic),
                     std::make_unique<replica::Replica>(options_.replica, machines_), machines_,
                     jobs_);
  take_consensus(consensus_->turn(now), now);
  // After entry 1 in the disk's order: a crash between the two leaves a log that tells who we are.
  jobs_.add(storage::IdentityJob{identity_});
  notice(NoticeLevel::info, "founding group " + options_.group + " (" + group.uuid.to_string() +
                                ") with " + std::to_string(voters.size()) +
                                (voters.size() == 1 ? " server" : " servers"));
  refresh_hello();
  refresh_rank();
  refresh_beacon(now);
}

void Node::Impl::take_invite(const Peer& peer, const wire::Frame& frame) {
  if (identity_.group || binding_ || restart_) return;
  const auto invite = wire::decode<wire::Invite>(frame.body.view());
  const auto group =
      invite ? wire::parse_id<GroupId>(invite->group_id()) : Result<GroupId>(invite.error());
  if (!group) {
    return notice(NoticeLevel::warning,
                  "server " + peer.hello.name() + ": " + group.error().message);
  }
  if (peer.group != *group) return;
  identity_.branch = Uuid::parse(invite->branch()).value_or(Uuid{});
  before_own_seat_ = true;
  bind(*group, ServerNumber{invite->number()});
}

// A server takes part in one group only, and remembers which before it takes anything in.
void Node::Impl::bind(GroupId group, ServerNumber number) {
  identity_.group = group;
  identity_.number = number;
  identity_.came_about = is_told_to_have_come_about(group);
  binding_ = jobs_.add(storage::IdentityJob{identity_});
  notice(NoticeLevel::info, "joined group " + options_.group + " (" + group.uuid.to_string() +
                                ") as number " + std::to_string(number.value));
}

void Node::Impl::begin_consensus(raft::Restored restored, std::unique_ptr<replica::Replica> replica,
                                 Now now) {
  restart_.reset();
  found_members_ = remember_members(restored.entries);
  found_commands_ = Consensus::first_commands(restored.entries);
  for (const Entry& entry : restored.entries) {
    if (entry.index == LogIndex{1}) remember_founders(entry.payload.view());
    // No leader proposes any, not even of its own, before it has applied the founding.
    identity_.came_about = identity_.came_about || entry.kind == EntryKind::commands;
  }
  consensus_.emplace(
      options_,
      raft::Raft(raft_options(options_, random_.next()), *identity_.number, std::move(restored)),
      std::move(replica), machines_, jobs_);
  consensus_->raft().tick(now.monotonic);
  state().sessions().for_each([&](SessionId id, const replica::Session& session) {
    if (session.home != *identity_.number) return;
    edge_.watch_absent(id, session.epoch, session.timeout, now.monotonic);
  });
  told_from_ = consensus_->raft().last_index();
  adopt_settings();
  refresh_hello();
  refresh_targets(now);
  refresh_rank();
  refresh_beacon(now);
  for (const auto& [server, peer] : peers_.all()) peer_arrived(server, now);
}

void Node::Impl::restart_from_disk(Now now) {
  if (!identity_.group) adopt_identity_from_log();
  if (options_.list) refuse_data_of_another();
  if (!identity_.group) {
    restart_.reset();
    return;
  }
  if (restart_->snapshot) {
    loader_.emplace(restart_->snapshot->index, options_.replica, machines_, jobs_);
    return;
  }
  raft::Restored restored{
      .hard_state = restart_->hard_state, .snapshot = {}, .entries = std::move(restart_->entries)};
  begin_consensus(std::move(restored),
                  std::make_unique<replica::Replica>(options_.replica, machines_), now);
}

// Entry 1 says who belongs to the group before it is applied, and after a restart too.
void Node::Impl::remember_founders(BytesView payload) {
  const auto decoded = raft::decode_configuration(payload);
  if (!decoded) return;
  const auto founding = wire::decode<wire::Founding>(decoded->annotation);
  if (!founding) return;
  for (const wire::Member& member : founding->members()) {
    founders_[member.id()] = ServerNumber{member.number()};
  }
}

// A founder that crashed after entry 1 was stored and before its identity was.
void Node::Impl::adopt_identity_from_log() {
  if (restart_->entries.empty() || restart_->entries.front().index != LogIndex{1}) return;
  const auto decoded = raft::decode_configuration(restart_->entries.front().payload.view());
  if (!decoded) return fail(decoded.error());
  const auto founding = wire::decode<wire::Founding>(decoded->annotation);
  if (!founding) return fail(founding.error());
  const auto group = wire::parse_id<GroupId>(founding->group_id());
  if (!group) return fail(group.error());
  for (const wire::Member& member : founding->members()) {
    if (member.id() != identity_.server.uuid.to_string()) continue;
    identity_.group = *group;
    identity_.number = ServerNumber{member.number()};
    jobs_.add(storage::IdentityJob{identity_});
  }
}

std::optional<ServerNumber> Node::Impl::number_of(const std::string& server_id) const {
  const group::View& view = state().view();
  for (const auto& [number, member] : view.members) {
    if (member.id() == server_id) return number;
  }
  const auto founder = founders_.find(server_id);
  if (view.number > 0 || founder == founders_.end()) return std::nullopt;
  return founder->second;
}

void Node::Impl::peer_news(const PeerNews& news, Now now) {
  if (const auto* const joined = std::get_if<PeerJoined>(&news)) {
    if (consensus_) refresh_rank();  // It may be one whose place counted for nothing.
    peer_arrived(joined->server, now);
  } else if (const auto* const changed = std::get_if<PeerChanged>(&news)) {
    peer_arrived(changed->server, now);
  } else if (const auto* const lost = std::get_if<PeerLost>(&news)) {
    if (const auto number = number_of(lost->server.uuid.to_string())) farewells_.erase(*number);
  } else if (const auto* const refused = std::get_if<PeerRefused>(&news); refused && consensus_) {
    const auto number = number_of(refused->server.uuid.to_string());
    if (number && consensus_->raft().leader() == *number) leader_is_gone(now);
  }
  refresh_hello();
}

void Node::Impl::peer_arrived(ServerId server, Now now) {
  const Peer* const peer = peers_.find(server);
  if (peer == nullptr || !consensus_) return;
  hear_who_retired(*peer);
  if (peer->other_branch) return meet_branch(*peer);
  if (peer->group && peer->group != identity_.group) return meet(*peer, now);
  if (peer->group == identity_.group) {
    if (!is_member(*peer)) return;
    lost_since_.erase(*peer->number);
    fence_refused_.clear();
    // Back, or not going after all: it may have come over a new link before the old one was missed.
    const auto farewell = farewells_.find(*peer->number);
    if (farewell != farewells_.end() && !farewell->second && !peer->hello.stopping()) {
      farewells_.erase(farewell);
    }
    consensus_->raft().peer_connected(*peer->number, now.monotonic);
    // What was forwarded over a link that another one replaced may be lost.
    if (leadership_.leader == peer->number) edge_.resend_all(now.monotonic);
  } else if (consensus_->raft().stored_index() >= LogIndex{1} && may_join(*peer)) {
    invite(*peer);
    admit(*peer, now);
    refuse_without_leader(*peer, now);
  }
}

std::string Node::Impl::branch_text() const {
  return identity_.branch == Uuid{} ? std::string() : identity_.branch.to_string();
}

// One of both was recovered by force after the other was lost. The newer branch goes on, unless the
// older one still has a leader: then somebody forced what there was no need for.
void Node::Impl::meet_branch(const Peer& peer) {
  const Uuid other = Uuid::parse(peer.hello.branch()).value_or(Uuid{});
  if (other < identity_.branch || leadership_.leader) {
    const std::string text = peer.hello.name() + " (" + peer.hello.peer_address() +
                             ") is of another branch of group " + options_.group +
                             ": it is not let in; muster serve --rejoin archives its data";
    if (text != last_branch_met_) notice(NoticeLevel::warning, text);
    last_branch_met_ = text;
    return;
  }
  if (out_.exit || !peer.hello.has_fork()) return;  // It says so as soon as it knows.
  const wire::Fork& fork = peer.hello.fork();
  out_.exit =
      Exit{.code = 0,
           .reason = "group " + options_.group + " was recovered by force as branch " +
                     peer.hello.branch() +
                     " without this server: its data is archived, and it joins anew",
           .afterwards = Afterwards::archive_rejoin,
           .joins = identity_.group,
           .left_behind = LeftBehind{
               .branch = other, .index = LogIndex{fork.index()}, .term = Term{fork.term()}}};
}

// One that was taken out, or has left, is told so: it may have slept through it.
bool Node::Impl::is_member(const Peer& peer) {
  const group::View& view = state().view();
  if (view.number == 0 || view.members.contains(*peer.number)) return true;
  // Numbers are given in order and never twice: a higher one joined since.
  if (peer.number->value >= view.next_number) return true;
  const auto departed = view.departed.find(*peer.number);  // Of many, only the latest are kept.
  wire::Removed removed;
  removed.set_group_id(identity_.group->uuid.to_string());
  if (departed != view.departed.end()) removed.set_index(departed->second.index.value);
  removed.set_reason(peer.hello.name() + " belongs to group " + options_.group +
                     " no more: it left or was removed");
  peers_.send(peer.server, wire::FrameType::removed, wire::encode(removed));
  return false;
}

// A server that waits for one group of this name is not taken in by another.
bool Node::Impl::may_join(const Peer& peer) const {
  if (dissolved_since_ || peer.hello.founding_mode() == wire::FoundingMode::NOW) return false;
  const std::string& wanted = peer.hello.joins();
  if (wanted.empty() || wanted == identity_.group->uuid.to_string()) return true;
  // The group it wants may have given way to this one meanwhile.
  const auto group = wire::parse_id<GroupId>(wanted);
  const auto& gone = state().view().gone_groups;
  return group && std::ranges::find(gone, *group) != gone.end();
}

// Only members are invited, and only when entry 1 can no longer be lost here.
void Node::Impl::invite(const Peer& peer) {
  const auto number = number_of(peer.hello.server_id());
  if (!number) return;
  wire::Invite invite;
  invite.set_group_id(identity_.group->uuid.to_string());
  invite.set_number(number->value);
  invite.set_term(consensus_->raft().term().value);
  invite.set_branch(branch_text());
  peers_.send(peer.server, wire::FrameType::invite, wire::encode(invite));
}

// The leader takes a stranger in as a standby; it is invited once that is applied.
void Node::Impl::admit(const Peer& peer, Now now) {
  const group::View& view = state().view();
  if (!leads() || view.number == 0 || number_of(peer.hello.server_id())) return;
  if (options_.list) return refuse_stranger(peer);
  // Until the latest change is applied, the view may offer a number that it gave away.
  if (state().applied() < consensus_->raft().configuration_index()) return;
  if (peer.hello.behaviour_version() < view.behaviour) return;  // It sees so itself, and ends.
  raft::Configuration next = consensus_->raft().configuration();
  const ServerNumber number{view.next_number};
  next.members[number] = raft::MemberRole::standby;
  wire::MemberChange change;
  change.set_kind(wire::MemberChange::JOINED);
  *change.mutable_member() = member_of(peer, number);
  change.set_cause("joined: " + peer.hello.name());
  *change.mutable_gone_from() = peer.hello.gone_from();
  *change.mutable_retired() = peer.hello.retired();
  change.set_time_ms(consensus_->log_time(now).milliseconds);
  // Refused while another change is under way; asked again when that is applied, and by upkeep.
  const auto proposed =
      consensus_->raft().propose_configuration(next, wire::encode(change), now.monotonic);
  if (proposed) {
    notice(NoticeLevel::info,
           peer.hello.name() + " joins as number " + std::to_string(number.value));
  }
}

void Node::Impl::refresh_hello() {
  wire::PeerHello hello;
  hello.set_server_id(identity_.server.uuid.to_string());
  hello.set_name(options_.name);
  hello.set_group(options_.group);
  hello.set_client_address(options_.client_address);
  hello.set_peer_address(options_.peer_address);
  hello.set_priority(options_.priority);
  hello.set_machine(options_.machine);
  hello.set_folder(options_.folder);
  hello.set_expect(static_cast<std::uint32_t>(options_.expect));
  hello.set_formed(consensus_.has_value());
  hello.set_founding_mode(to_schema(options_.founding));
  hello.set_host(options_.host);
  hello.set_zone(options_.zone);
  for (const auto& [key, value] : options_.tags) (*hello.mutable_tags())[key] = value;
  for (const GroupId& gone : identity_.former.gone_groups)
    hello.add_gone_from(gone.uuid.to_string());
  for (const ServerId& server : identity_.former.retired)
    hello.add_retired(server.uuid.to_string());
  hello.set_behaviour_version(options_.behaviour_version);
  hello.set_has_followers(somebody_waits_for_commits());
  if (options_.list) {
    hello.mutable_listed()->set_number(options_.list->own.value);
    hello.mutable_listed()->set_digest(options_.list->digest);
  }
  for (const ServerNumber number : behind_) hello.add_behind(number.value);
  hello.set_stopping(stop_by_.has_value() || leaving_);
  hello.set_has_client_data(state().view().used);
  hello.set_can_write(is_writable());
  hello.set_came_about(awaited_or_own_group_came_about());
  if (identity_.rejoins && *identity_.rejoins != GroupId{} && !wish_dropped_) {
    hello.set_joins(identity_.rejoins->uuid.to_string());
  } else if (joins_)
    hello.set_joins(joins_->uuid.to_string());
  if (consensus_) {
    hello.set_group_id(identity_.group->uuid.to_string());
    hello.set_number(identity_.number->value);
    hello.set_branch(branch_text());
    hello.set_behaviour(state().view().behaviour);
    if (!branch_text().empty() && state().view().branch == branch_text()) {
      *hello.mutable_fork() = state().view().fork;
    }
  } else {
    for (const auto& [server, peer] : peers_.all()) hello.add_sees(server.uuid.to_string());
  }
  peers_.set_hello(hello);
}

void Node::Impl::refresh_targets(Now now) {
  std::set<std::string> addresses(options_.seeds.begin(), options_.seeds.end());
  for (const auto& [server, sighting] : finder_.sightings()) {
    addresses.insert(sighting.peer_address);
  }
  if (consensus_) {
    for (const auto& [number, member] : state().view().members) {
      if (number != *identity_.number) addresses.insert(member.peer_address());
    }
  }
  peers_.set_targets(addresses, now.monotonic);
}

}  // namespace muster::node
