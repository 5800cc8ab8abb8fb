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
  refresh_targets(now);
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
  for (const discovery::Sighting& sighting : finder_.sightings()) {
    if (!stays(sighting.beacon)) continue;
    discovery::Heard& one = heard[sighting.server];
    one.linked = false;
    if (const auto group = wire::parse_id<GroupId>(sighting.beacon.group_id())) one.group = *group;
  }
  for (const auto& [server, peer] : peers_.all()) {
    discovery::Heard& one = heard[server];
    if (peer.hello.only_joins() && !peer.group) {
      heard.erase(server);
      continue;
    }
    one = {.group = peer.group, .has_client_data = peer.hello.has_client_data()};
    for (const std::string& id : peer.hello.sees()) {
      if (const auto seen = wire::parse_id<ServerId>(id)) one.hears.insert(*seen);
    }
  }
  return heard;
}

// Founding waits until all had time to be heard, unless it is known how many there are.
bool Node::Impl::may_found(Now now) {
  if (!options_.discovery) return true;
  if (finder_.searching(now.monotonic)) {
    settled_at_ = now.monotonic;
    if (options_.founding == FoundingMode::now) return finder_.statistics().attempts() >= 2;
    return expected_servers() > 1;
  }
  return true;
}

void Node::Impl::look_for_group(Now now) {
  if (restart_ || consensus_) return;
  const bool links_overdue = now.monotonic >= settled_at_ + link_patience;
  auto decision = discovery::decide_founding(identity_.server, heard_servers(), expected_servers(),
                                             links_overdue);
  if (const auto* const join = std::get_if<discovery::Join>(&decision)) {
    return wait_to_join(join->group);
  }
  joins_.reset();
  if (!may_found(now)) return;
  if (options_.founding == FoundingMode::now) {
    decision = discovery::Found{{identity_.server}};
  }
  if (const auto* const founding = std::get_if<discovery::Found>(&decision)) {
    if (options_.founding != FoundingMode::never) return found(founding->voters, now);
    return tell_wait("no group " + options_.group + " answers, and this server only joins");
  }
  const std::size_t missing = std::get<discovery::Wait>(decision).missing;
  if (missing == 0) return;
  tell_wait(std::to_string(missing) + " more of " + std::to_string(expected_servers()) +
            " servers must answer to found group " + options_.group);
}

void Node::Impl::wait_to_join(GroupId group) {
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
  tell_wait("to be let into group " + options_.group + " (" + group.uuid.to_string() + ")");
}

void Node::Impl::tell_wait(const std::string& what) {
  const std::string text = "waiting: " + what;
  if (text != last_wait_) notice(NoticeLevel::info, text);
  last_wait_ = text;
}

// The others that this server knows as founders may have founded or joined another group before
// they heard of this one: then entry 1 is never committed. What never took a command in here has
// nothing to lose, and nobody was told of anything. A group that was ever seen to be one is never
// given up like this: its other servers may go on without this one.
bool Node::Impl::never_came_about(Duration patience, Now now) const {
  return state().view().number == 0 && !found_commands_ && !consensus_->has_commands() &&
         now.monotonic - leader_seen_ >= patience;
}

void Node::Impl::give_up_group(const std::string& why) {
  if (out_.exit) return;
  out_.exit = Exit{.code = 0,
                   .reason = "group " + options_.group + " (" + identity_.group->uuid.to_string() +
                             ") never came about, and " + why +
                             ": the data is archived, and this server begins anew",
                   .afterwards = Afterwards::archive_rejoin,
                   .founds = true};
}

// Servers that wait for a group which nobody can write to, or for each other's, wait for ever:
// after a long while, whoever holds such a group and meets others that can't be let in gives it up.
void Node::Impl::give_up_dead_group(Now now) {
  if (leadership_.leader ||
      !never_came_about(dead_group_patience * options_.failure_timeout, now)) {
    return;
  }
  for (const auto& [server, peer] : peers_.all()) {
    if (peer.group == identity_.group || peer.other_branch) continue;
    return give_up_group("others wait that can't be let in");
  }
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
  if (!leads() || view.number == 0 || view.dissolved || now.monotonic < next_meeting_) return;
  next_meeting_ = now.monotonic + std::chrono::seconds{1};
  wire::GroupChange change;
  switch (discovery::decide_conflict({*identity_.group, view.used},
                                     {*peer.group, peer.hello.has_client_data()})) {
    case discovery::Conflict::stay:
      return;
    case discovery::Conflict::give_way:
      if (!peer.hello.can_write()) return;  // A group that lacks its majority could take nobody in.
      change.mutable_dissolve()->set_into(peer.group->uuid.to_string());
      change.mutable_dissolve()->set_only_if_unused(true);
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
  if (peer.group != identity_.group) {
    out_.exit = Exit{.code = 0,
                     .reason = removed->reason() + "; the data is archived, and this server joins",
                     .afterwards = Afterwards::archive_rejoin,
                     .gone_from = removed->group_id(),
                     .joins = peer.group};
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
  out_.exit = Exit{.code = 0,
                   .reason = "group " + options_.group + " (" + identity_.group->uuid.to_string() +
                             ") gave way to " + dissolved->into() +
                             ": the data is archived, and this server joins that group",
                   .afterwards = Afterwards::archive_rejoin,
                   .gone_from = identity_.group->uuid.to_string(),
                   .joins = parsed_group(dissolved->into())};
}

}  // namespace muster::node
