// A group whose members are given by a list: all of them found it together, nobody else is let in,
// and none ever loses its vote.
#include <utility>

#include "discovery/founding.h"
#include "node/impl.h"
#include "node/peers.h"
#include "wire/control.h"

namespace muster::node {
namespace {

// An election is not told as the lack of a leader before it has taken so long.
constexpr Duration election_patience = std::chrono::seconds{1};

constexpr Duration arrival_patience = std::chrono::milliseconds{300};

std::string id_of(std::uint32_t number) {
  return "ID " + std::to_string(number);
}

}  // namespace

// ---- Links: only those that have the same list --------------------------------------------------

std::string Peers::why_not_of_the_list(ServerId server, const wire::PeerHello& hello) const {
  if (!hello_.has_listed() && !hello.has_listed()) return {};
  if (!hello.has_listed()) return "it has no list of peers: start it with the same entry file";
  if (!hello_.has_listed()) return "it is one of a list of peers, and this server is not";
  if (hello.listed().digest() != hello_.listed().digest()) {
    return "its entry file says something else: give all peers the same file, and the same PORT";
  }
  const std::uint32_t number = hello.listed().number();
  if (number == hello_.listed().number()) {
    return "it was started as " + id_of(number) + ", which is this one's: each peer has its own";
  }
  for (const auto& [other, peer] : peers_) {
    if (other == server || peer.hello.listed().number() != number) continue;
    return "it was started as " + id_of(number) + ", which is that of " + peer.hello.name() +
           " at " + peer.hello.peer_address() + ": each peer has its own";
  }
  return {};
}

void Peers::refuse_unlisted(LinkId id, const wire::PeerHello& hello, const std::string& why) {
  warn_once(hello.name() + " (" + hello.peer_address() + ") is not let in: " + why);
  say_goodbye(id, "not let in: " + why);
}

// ---- Founding -----------------------------------------------------------------------------------

void Node::Impl::look_for_listed(Now now) {
  const MemberList& list = *options_.list;
  std::map<ServerNumber, discovery::ListedPeer> linked;
  for (const auto& [server, peer] : peers_.all()) {
    linked[ServerNumber{peer.hello.listed().number()}] = {
        .server = server, .group = peer.group, .hears = peer.hears};
  }
  const auto decision =
      discovery::decide_listed_founding(list.own, identity_.server, list.numbers, linked);
  if (const auto* const join = std::get_if<discovery::Join>(&decision)) {
    return wait_to_join(join->group);
  }
  joins_.reset();
  if (const auto* const founding = std::get_if<discovery::Found>(&decision)) {
    if (options_.founding != FoundingMode::never) return found(founding->voters, now);
    return tell_wait("this server's group went on without it, and none of the list is in one");
  }
  std::string missing;
  for (const ServerNumber number : list.numbers) {
    if (number == list.own || linked.contains(number)) continue;
    missing += (missing.empty() ? "" : ", ") + std::to_string(number.value);
  }
  if (!missing.empty()) {
    tell_wait("all of the list found group " + options_.group + "; not connected: " + missing);
  }
}

// ---- Members ------------------------------------------------------------------------------------

void Node::Impl::refuse_data_of_another() {
  if (!identity_.number || identity_.number == options_.list->own) return;
  fail({ErrorCode::failed_precondition,
        "the data in " + options_.folder + " is that of " + id_of(identity_.number->value) +
            ", not of " + id_of(options_.list->own.value) + ": give another folder with --data"});
}

// With heartbeats seconds apart, waiting for a silence to end would be long. Nobody votes for one
// that stands while a leader is heard.
void Node::Impl::watch_majority(Now now) {
  const bool here = peers_.all().size() + 1 > options_.list->numbers.size() / 2;
  if (!consensus_ || here == majority_is_here_) return;
  majority_is_here_ = here;
  if (here) consensus_->raft().majority_returned(now.monotonic);
}

// ---- What is told -------------------------------------------------------------------------------

// Between founding and the first entry that is applied the group is one, but nobody leads it yet.
bool Node::Impl::is_formed(Now now) {
  if (!consensus_) return false;
  if (!presence_ || presence_->formed || state().view().number > 0) return true;
  if (!bound_at_) bound_at_ = now.monotonic;
  return now.monotonic - *bound_at_ >= election_patience;
}

void Node::Impl::tell_presence(Now now) {
  const bool led = leadership_.leader && leadership_.reachable && state().view().number > 0;
  // A member that comes back has not dialled the others yet.
  if (!presence_ && consensus_ && !led && now.monotonic - leader_seen_ < arrival_patience) return;
  Presence presence{.formed = is_formed(now),
                    .all = options_.list->numbers,
                    .online = {options_.list->own},
                    .needed = options_.list->numbers.size() / 2 + 1};
  for (const auto& [server, peer] : peers_.all()) {
    presence.online.insert(ServerNumber{peer.hello.listed().number()});
  }
  if (presence.formed && presence.online.size() >= presence.needed) {
    if (led) {
      presence.leader = leadership_.leader;
    } else if (presence_ && now.monotonic - leader_seen_ < election_patience) {
      presence.leader = presence_->leader;
    }
  }
  if (presence == presence_) return;
  presence_ = presence;
  out_.presence = std::move(presence);
}

}  // namespace muster::node
