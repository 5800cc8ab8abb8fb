// Who is out there: discovery, the wait for a group, and groups of the same name that meet.
#include <algorithm>
#include <utility>

#include "discovery/founding.h"
#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

// After the window, servers that were heard have so long to answer on their own links.
constexpr Duration link_patience = std::chrono::seconds{1};

// So many failure timeouts without a leader until a group that took no command counts as dead.
constexpr int dead_group_patience = 4;

// Giving way that was proposed and is not applied after this is proposed again.
constexpr Duration meeting_patience = std::chrono::seconds{1};

wire::Role::Value role_in_beacon(const raft::Raft& raft) {
  if (raft.role() == raft::Role::leader) return wire::Role::LEADER;
  return raft.configuration().is_voter(raft.self()) ? wire::Role::VOTER : wire::Role::STANDBY;
}

std::optional<GroupId> parsed_group(const std::string& text) {
  const auto group = wire::parse_id<GroupId>(text);
  return group ? std::optional(*group) : std::nullopt;
}

// One that is about to go is neither joined nor waited for.
bool stays(const wire::Beacon& beacon) {
  return beacon.phase() != wire::Phase::STOPPING && beacon.phase() != wire::Phase::DISSOLVED;
}

}  // namespace

void Node::Impl::on(BeaconHeard& heard, Now now) {
  finder_.heard(heard.beacon, heard.from_here, now.monotonic);
  if (finder_.take_moves()) refresh_targets(now);
}

void Node::Impl::on(ProbeHeard& heard, Now now) {
  finder_.probed(heard.probe, heard.from, now.monotonic);
}

void Node::Impl::on(ForeignHeard& heard, Now now) {
  if (finder_.foreign(heard.from, now.monotonic)) notice(NoticeLevel::warning, heard.remedy);
}

void Node::Impl::refresh_beacon(Now now) {
  if (!options_.discovery) return;
  const auto or_else = [](const std::string& text, const std::string& other) {
    return text.empty() ? other : text;
  };
  wire::Beacon beacon;
  beacon.set_group(options_.group);
  beacon.set_server_id(identity_.server.uuid.to_string());
  beacon.set_name(options_.name);
  beacon.set_host(options_.host);
  beacon.set_zone(options_.zone);
  beacon.set_version(options_.version);
  beacon.set_client_address(or_else(options_.announced_client_address, options_.client_address));
  beacon.set_peer_address(or_else(options_.announced_peer_address, options_.peer_address));
  beacon.set_clients(edge_.attached());
  beacon.set_phase(phase());
  if (consensus_) {
    const raft::Raft& raft = consensus_->raft();
    beacon.set_group_id(identity_.group->uuid.to_string());
    beacon.set_number(identity_.number->value);
    beacon.set_role(role_in_beacon(raft));
    beacon.set_term(raft.term().value);
    beacon.set_drained(is_drained(raft.self()));
    if (raft.leader()) {
      beacon.set_leader_number(raft.leader()->value);
      beacon.set_leader(name_of(*raft.leader()));
    }
  }
  finder_.set_own(beacon, now.monotonic);
}

std::size_t Node::Impl::expected_servers() const {
  if (options_.founding == FoundingMode::now) return 1;
  if (options_.expect > 0) return options_.expect;
  std::set<std::string> others;
  for (const std::string& seed : options_.seeds) {
    if (!peers_.is_self(seed)) others.insert(seed);
  }
  return others.size() + 1;
}

std::map<ServerId, discovery::Heard> Node::Impl::heard_servers() const {
  std::map<ServerId, discovery::Heard> heard;
  for (const auto& [server, sighting] : finder_.sightings()) {
    if (!stays(sighting.beacon)) continue;
    discovery::Heard& one = heard[server];
    one.linked = false;
    if (const auto group = wire::parse_id<GroupId>(sighting.beacon.group_id())) one.group = *group;
  }
  for (const auto& [server, peer] : peers_.all()) {
    discovery::Heard& one = heard[server];
    if (peer.hello.founding_mode() != wire::FoundingMode::AUTOMATIC && !peer.group) {
      heard.erase(server);
      continue;
    }
    // Whoever still reads its log says in beacons only that it has a group.
    one = {.group = peer.group ? peer.group : one.group,
           .hears = peer.hears,
           .has_client_data = peer.hello.has_client_data()};
  }
  return heard;
}

// Founding waits until all had time to be heard, unless it is known how many there are.
bool Node::Impl::may_found(Now now) {
  if (!options_.discovery) return true;
  if (finder_.searching(now.monotonic)) {
    settled_at_ = now.monotonic;
    if (options_.founding == FoundingMode::now) return finder_.statistics().attempts() >= 2;
    return expected_servers() > 1 && options_.founding != FoundingMode::never;
  }
  return true;
}

// A server that is to join one group only, as another one gave way to that or went on without it,
// has nothing to lose in any: when that one is heard no more, it may have given way too.
void Node::Impl::watch_wish(const std::map<ServerId, discovery::Heard>& heard, Now now) {
  if (!identity_.rejoins) return;
  const bool hears = std::ranges::any_of(
      heard, [&](const auto& other) { return other.second.group == identity_.rejoins; });
  if (hears || !wish_heard_at_) wish_heard_at_ = now.monotonic;
  const bool dropped =
      now.monotonic - *wish_heard_at_ >= dead_group_patience * options_.failure_timeout;
  if (dropped == std::exchange(wish_dropped_, dropped)) return;
  refresh_hello();
}

void Node::Impl::look_for_group(Now now) {
  if (restart_ || consensus_) return;
  if (options_.list) return look_for_listed(now);
  const bool links_overdue = now.monotonic >= settled_at_ + link_patience;
  const auto heard = heard_servers();
  watch_wish(heard, now);
  auto decision =
      discovery::decide_founding(identity_.server, heard, expected_servers(), links_overdue);
  if (const auto* const join = std::get_if<discovery::Join>(&decision)) {
    return wait_to_join(join->group);
  }
  joins_.reset();
  if (!may_found(now)) return;
  if (options_.founding == FoundingMode::never) {
    return tell_wait("no group " + options_.group + " answers, and this server only joins");
  }
  if (options_.founding == FoundingMode::now) {
    decision = discovery::Found{{identity_.server}};
  }
  if (const auto* const founding = std::get_if<discovery::Found>(&decision)) {
    return found(founding->voters, now);
  }
  const std::size_t missing = std::get<discovery::Wait>(decision).missing;
  if (missing == 0) return;
  tell_wait(std::to_string(missing) + " more of " + std::to_string(expected_servers()) +
            " servers must answer to found group " + options_.group);
}

void Node::Impl::wait_to_join(GroupId group) {
  refuse_unknown_behaviour(group);
  if (options_.founding == FoundingMode::now) {
    return fail({ErrorCode::failed_precondition,
                 "group " + options_.group + " (" + group.uuid.to_string() +
                     ") answers, so no other is founded: join it without --found now, or found "
                     "one of another name with --group"});
  }
  if (joins_ != group) {
    joins_ = group;
    refresh_hello();
  }
  if (tell_refusal(group)) return;
  tell_wait("to be let into group " + options_.group + " (" + group.uuid.to_string() + ")");
}

void Node::Impl::tell_wait(const std::string& what) {
  const std::string text = "waiting: " + what;
  if (text != last_wait_) notice(NoticeLevel::info, text);
  last_wait_ = text;
}

// The others that this server knows as founders may have founded or joined another group before
// they heard of this one: then entry 1 is never committed. What never took a command in here has
// nothing to lose, and nobody was told of anything. A group that was ever seen to be one is not
// given up like this: its other servers may go on without this one (see `lost_its_majority`).
// Nor is that of a list, which lets nobody in who begins anew.
bool Node::Impl::never_came_about(Duration patience, Now now) const {
  if (options_.list || identity_.came_about) return false;
  return state().view().number == 0 && !first_commands() &&
         now.monotonic - leader_seen_ >= patience && !may_come_about();
}

// A founder that took nothing in may be the last that a group needs which the others saw come
// about. They tell, and so does whoever waits to be let into it, where a cut hides them. What was
// told once is kept: after a restart there may be nobody left who does.
bool Node::Impl::awaited_or_own_group_came_about() {
  if (!consensus_) return joins_ && is_told_to_have_come_about(*joins_);
  // After a restart nothing is applied until there is a leader, but no leader changes the members
  // before the founding is committed, and whoever holds commands gives nothing up either.
  const bool came_about = state().view().number > 0 || first_commands() ||
                          consensus_->raft().configuration_index() > LogIndex{1} ||
                          is_told_to_have_come_about(*identity_.group);
  if (came_about && !identity_.came_about) {
    identity_.came_about = true;
    jobs_.add(storage::IdentityJob{identity_});
  }
  return identity_.came_about;
}

bool Node::Impl::is_told_to_have_come_about(GroupId group) const {
  return std::ranges::any_of(peers_.all(), [&](const auto& item) {
    const Peer& peer = item.second;
    return peer.hello.came_about() &&
           (peer.group ? peer.group == group : peer.hello.joins() == group.uuid.to_string());
  });
}

// So many of the founders are in reach, and in no other group, that they can elect a leader.
bool Node::Impl::may_come_about() const {
  const raft::Configuration& configuration = consensus_->raft().configuration();
  std::size_t here = configuration.is_voter(*identity_.number) ? 1 : 0;
  for (const auto& [server, peer] : peers_.all()) {
    if (peer.group && peer.group != identity_.group) continue;
    const auto number = peer.group ? peer.number : number_of(peer.hello.server_id());
    if (number && configuration.is_voter(*number)) ++here;
  }
  return configuration.voter_count() > 0 && here >= configuration.majority();
}

void Node::Impl::give_up_group(const std::string& why) {
  if (out_.exit) return;
  begin_anew("group " + options_.group + " (" + identity_.group->uuid.to_string() +
             ") never came about, and " + why +
             ": the data is archived, and this server begins anew");
  out_.exit->founds = true;
}

// With all that is known of groups and server ids that are over: who has not heard of it, and waits
// for them, is told by whoever took this server in.
void Node::Impl::begin_anew(std::string reason) {
  out_.exit = Exit{.code = 0,
                   .reason = std::move(reason),
                   .afterwards = Afterwards::archive_rejoin,
                   .former = identity_.former};
  for (const GroupId& gone : state().view().gone_groups) {
    group::remember(out_.exit->former.gone_groups, gone);
  }
  for (const ServerId& server : state().view().retired) {
    group::remember(out_.exit->former.retired, server);
  }
  group::remember(out_.exit->former.retired, identity_.server);
}

// A server that saw its group come about learns which of the others began anew, from themselves or
// here from the group that they are in now.
void Node::Impl::tell_who_retired(const Peer& peer) {
  if (peer.hello.can_write() || peer.hello.has_client_data()) return;
  if (state().view().retired.empty()) return;
  wire::Removed removed;
  for (const ServerId& server : state().view().retired) {
    removed.add_retired(server.uuid.to_string());
  }
  removed.set_group_id(peer.group->uuid.to_string());
  removed.set_reason("its group lost its majority before it took a command");
  peers_.send(peer.server, wire::FrameType::removed, wire::encode(removed));
}

// A founder that is in another group has not heard of this one, and never will be of it.
void Node::Impl::hear_who_retired(const Peer& peer) {
  for (const std::string& server : peer.hello.retired()) note_retired(server);
  if (peer.group && peer.group != identity_.group) note_retired(peer.hello.server_id());
}

void Node::Impl::note_retired(const std::string& server_id) {
  if (const auto number = number_of(server_id)) retired_.insert(*number);
}

// Whoever put the group's data away, or never had it and is in another, never votes in it; when the
// rest is no majority, nothing more is committed. Nor was a command that stands here: who gives a
// group up has none, and since the first one no membership had a majority without them.
bool Node::Impl::lost_its_majority(Now now) const {
  if (retired_.empty() || leadership_.leader || state().view().used ||
      now.monotonic - leader_seen_ < options_.failure_timeout) {
    return false;
  }
  std::vector<raft::Configuration> all;
  if (const auto first = first_commands()) {
    all = consensus_->raft().configurations_since(*first);
  } else {
    all = {consensus_->raft().configuration()};
  }
  const auto is_lost = [&](const raft::Configuration& one) {
    const auto left = std::ranges::count_if(one.members, [&](const auto& member) {
      return member.second == raft::MemberRole::voter && !retired_.contains(member.first);
    });
    return static_cast<std::size_t>(left) < one.majority();
  };
  return !all.empty() && std::ranges::all_of(all, is_lost);
}

// Nothing: no client's command is known here, nor was one when a snapshot was taken.
std::optional<LogIndex> Node::Impl::first_commands() const {
  if (state().sessions().size() > 0) return LogIndex{1};
  return found_commands_ ? found_commands_ : consensus_->first_commands();
}

// A group that has lost its majority is given up by whoever knows that for certain.
// Servers that wait for a group which nobody can write to, or for each other's, wait for ever:
// after a long while, whoever holds such a group and meets others that can't be let in gives it up.
void Node::Impl::give_up_dead_group(Now now) {
  if (lost_its_majority(now)) return give_up_group("a majority of its voters is gone");
  if (leadership_.leader ||
      !never_came_about(dead_group_patience * options_.failure_timeout, now)) {
    return;
  }
  const bool others_wait = std::ranges::any_of(peers_.all(), [&](const auto& item) {
    return item.second.group != identity_.group && !item.second.other_branch;
  });
  if (!others_wait) return others_wait_since_.reset();
  if (!others_wait_since_) others_wait_since_ = now.monotonic;
  if (now.monotonic - *others_wait_since_ < options_.failure_timeout) return;
  give_up_group("others wait that can't be let in");
}

// Two groups of one name: at most one of them gives way, and only by an entry of its own log. One
// that is none yet is given up by each of its servers for itself.
void Node::Impl::meet(const Peer& peer, Now now) {
  const group::View& view = state().view();
  if (never_came_about(options_.failure_timeout, now) && peer.hello.can_write()) {
    return give_up_group(peer.group->uuid.to_string() + " answers");
  }
  if (std::ranges::find(view.gone_groups, *peer.group) != view.gone_groups.end()) {
    wire::Removed removed;
    removed.set_group_id(peer.group->uuid.to_string());
    removed.set_reason("its group gave way to " + identity_.group->uuid.to_string());
    return peers_.send(peer.server, wire::FrameType::removed, wire::encode(removed));
  }
  tell_who_retired(peer);
  if (!leads() || view.number == 0 || view.dissolved || now.monotonic < next_meeting_) return;
  wire::GroupChange change;
  switch (discovery::decide_conflict({*identity_.group, view.used},
                                     {*peer.group, peer.hello.has_client_data()})) {
    case discovery::Conflict::stay:
      return;
    case discovery::Conflict::give_way:
      if (!peer.hello.can_write()) return;  // A group that lacks its majority could take nobody in.
      change.mutable_dissolve()->set_into(peer.group->uuid.to_string());
      change.mutable_dissolve()->set_only_if_unused(true);
      next_meeting_ = now.monotonic + meeting_patience;
      return consensus_->offer(change);
    case discovery::Conflict::report:
      if (!met_.insert(*peer.group).second) return;
      change.mutable_meeting()->set_group_id(peer.group->uuid.to_string());
      change.mutable_meeting()->set_address(peer.hello.peer_address());
      return consensus_->offer(change);
  }
}

void Node::Impl::take_removed(const Peer& peer, const wire::Frame& frame) {
  const auto removed = wire::decode<wire::Removed>(frame.body.view());
  if (!removed || !identity_.group || out_.exit) return;
  if (removed->group_id() != identity_.group->uuid.to_string()) return;
  if (removed->retired_size() > 0) {
    for (const std::string& server : removed->retired()) note_retired(server);
    return;
  }
  if (peer.group != identity_.group) {
    begin_anew(removed->reason() + "; the data is archived, and this server joins");
    group::remember(out_.exit->former.gone_groups, *identity_.group);
    out_.exit->joins = peer.group;
  } else {
    leave_for_good(removed->reason());
  }
}

void Node::Impl::leave_for_good(const std::string& reason) {
  if (out_.exit) return;
  if (leaving_) {
    out_.exit = Exit{.code = 0,
                     .reason = "left group " + options_.group + " for good; the data is archived",
                     .afterwards = Afterwards::archive};
  } else {
    out_.exit = Exit{.code = 1,
                     .reason = reason +
                               ". To join as a new server: serve --rejoin, which archives "
                               "this data folder first"};
  }
}

// Its leader goes last: until then it tells the others that this is committed.
void Node::Impl::leave_dissolved_group(Now now) {
  const auto& dissolved = state().view().dissolved;
  if (!dissolved || out_.exit) return;
  if (!dissolved_since_) {
    dissolved_since_ = now.monotonic;
    refresh_hello();
  }
  if (leads() && now.monotonic - *dissolved_since_ < options_.failure_timeout) {
    for (const auto& [server, peer] : peers_.all()) {
      if (peer.group == identity_.group) return;
    }
  }
  begin_anew("group " + options_.group + " (" + identity_.group->uuid.to_string() +
             ") gave way to " + dissolved->into() +
             ": the data is archived, and this server joins that group");
  group::remember(out_.exit->former.gone_groups, *identity_.group);
  out_.exit->joins = parsed_group(dissolved->into());
}

}  // namespace muster::node
