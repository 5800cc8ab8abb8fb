// Placing clients: sending new ones on, moving those that are better served elsewhere, handing all
// over before a stop.
#include <algorithm>
#include <chrono>

#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

// What was lost or has come is given so long to settle before anybody is moved for it.
constexpr Duration settling_time = std::chrono::seconds{1};
// A client that was sent on counts where it was sent, until the log can have it.
constexpr Duration sent_on_for = std::chrono::seconds{1};
// Before a stop all clients are asked within a second, however many there are, and waited for.
constexpr Duration handing_over_time = std::chrono::seconds{2};
// So much of the allowance can be saved up.
constexpr Duration allowance_saved = std::chrono::milliseconds{200};

std::size_t total(const replica::Loads& loads, ServerNumber server) {
  const auto found = loads.find(server);
  if (found == loads.end()) return 0;
  std::size_t all = 0;
  for (const auto& [zone, sessions] : found->second) all += sessions;
  return all;
}

}  // namespace

bool Node::Impl::is_going() const {
  return stop_by_ || leaving_;
}

bool Node::Impl::is_drained(ServerNumber server) const {
  const auto member = state().view().members.find(server);
  return member != state().view().members.end() && member->second.drained();
}

// A client that went to a server which lacks much of the log would wait for it there.
bool Node::Impl::is_behind(ServerNumber server) const {
  if (leads()) return behind_.contains(server);
  if (!leadership_.leader) return true;
  const Peer* const leader = peers_.find(*leadership_.leader, *identity_.group);
  return leader == nullptr ||
         std::ranges::find(leader->hello.behind(), server.value) != leader->hello.behind().end();
}

void Node::Impl::note_who_is_behind() {
  std::set<ServerNumber> behind;
  for (const auto& [server, peer] : peers_.all()) {
    if (!leads() || peer.group != identity_.group) continue;
    const auto progress = consensus_->raft().progress(*peer.number);
    if (progress && progress->caught_up) kept_up_.insert(*peer.number);
    if (!kept_up_.contains(*peer.number)) behind.insert(*peer.number);
  }
  std::erase_if(kept_up_, [&](ServerNumber number) {
    return !leads() || peers_.find(number, *identity_.group) == nullptr;
  });
  if (behind == behind_) return;
  behind_ = std::move(behind);
  refresh_hello();
}

// As the log and the links have it, and as it will be when those who were asked have moved.
Placement Node::Impl::placement(Now now) const {
  const ServerNumber self = *identity_.number;
  std::vector<Place> places;
  for (const auto& [number, member] : state().view().members) {
    const Peer* const peer = peers_.find(number, *identity_.group);
    if (number == self) {
      places.push_back({number, member.zone(), !member.drained() && !is_going()});
    } else if (peer != nullptr && member.state() == wire::ServerState::ALIVE) {
      const bool goes = peer->hello.stopping() || farewells_.contains(number);
      places.push_back({number, member.zone(), !member.drained() && !goes && !is_behind(number)});
    }
  }
  replica::Loads loads = state().sessions().loads();
  for (const auto& [id, target] : edge_.on_their_way(now.monotonic)) {
    const replica::Session* const session = state().sessions().find(id);
    if (session == nullptr || session->home != self) continue;
    --loads[self][session->zone];
    ++loads[target][session->zone];
  }
  return {std::move(places), loads};
}

// Returns whether the client of this open or resume is better sent to another server, and was.
bool Node::Impl::send_on(LinkId link, const wire::Frame& frame, Now now) {
  const bool opens = frame.type == wire::FrameType::open_session;
  if (!opens && frame.type != wire::FrameType::resume_session) return false;
  if (!consensus_ || !leadership_.reachable) return false;
  if (opens) {
    const auto open = wire::decode<wire::OpenSession>(frame.body.view());
    if (!open || open->stays()) return false;
    const auto id = wire::parse_id<SessionId>(open->session_id());
    if (!id || state().sessions().find(*id) != nullptr) return false;
    return send_to_better(link, open->zone(), now);
  }
  // Whoever has a session is served wherever it comes, but not where it would have to go at once.
  if (!is_going() && !is_drained(*identity_.number)) return false;
  const auto resume = wire::decode<wire::ResumeSession>(frame.body.view());
  if (!resume || resume->stays()) return false;
  const auto id = wire::parse_id<SessionId>(resume->session_id());
  const replica::Session* const session = id ? state().sessions().find(*id) : nullptr;
  return session != nullptr && send_to_better(link, session->zone, now);
}

bool Node::Impl::send_to_better(LinkId link, const std::string& zone, Now now) {
  std::erase_if(sent_on_, [&](const SentOn& one) { return now.monotonic - one.at >= sent_on_for; });
  const ServerNumber self = *identity_.number;
  replica::Loads coming;
  for (const SentOn& one : sent_on_) ++coming[one.to][one.zone];
  // Those that opened here, and are not in the log yet.
  const std::size_t known = total(state().sessions().loads(), self);
  coming[self][""] += edge_.attached() > known ? edge_.attached() - known : 0;
  const Placement placed = placement(now);
  const auto better = placed.better_for_new(self, zone, coming);
  if (!better) return false;
  if (sent_on_.size() < sent_on_max) sent_on_.push_back({*better, zone, now.monotonic});
  const bool to_have_none = is_going() || is_drained(self);
  edge_.send_on(link, state().view().members.at(*better).address(),
                to_have_none ? why_moved() : name_of(*better) + " has fewer clients");
  return true;
}

// So many may be asked now: an even rate, of which a little can be saved up.
std::size_t Node::Impl::moves_allowed(Now now) {
  std::size_t rate = std::max<std::size_t>(1, options_.moves_per_second);
  if (is_going()) rate = std::max(rate, handing_over_rate_);
  const Duration each =
      std::max(Duration{std::chrono::seconds{1}} / static_cast<Duration::rep>(rate), Duration{1});
  moved_until_ = std::max(moved_until_, now.monotonic - std::max(allowance_saved, each));
  return static_cast<std::size_t>((now.monotonic - moved_until_) / each);
}

// Only those too many, when it has been uneven for a while; all, when this server is to have none.
void Node::Impl::place_clients(Now now) {
  note_who_is_behind();
  const bool may = leadership_.reachable && state().view().members.contains(*identity_.number);
  if (!may || (edge_.attached() == 0 && !edge_.has_followers())) {
    levelling_ = false;
    return uneven_since_.reset();
  }
  const Placement placed = placement(now);
  const bool to_have_none = is_going() || is_drained(*identity_.number);
  if (placed.uneven() && !uneven_since_) uneven_since_ = now.monotonic;
  if (!placed.uneven() && !levelling_) uneven_since_.reset();
  levelling_ = levelling_ || (uneven_since_ && now.monotonic - *uneven_since_ >= settling_time);
  if (!to_have_none && !levelling_) return;
  const std::vector<Transfer> transfers = placed.transfers(*identity_.number);
  if (transfers.empty()) levelling_ = false;
  const std::size_t allowed = moves_allowed(now);
  std::size_t asked = move_sessions(placed, transfers, allowed, now);
  if (to_have_none) asked += move_followers(placed.takers(), allowed - asked, now);
  if (asked == 0) return;
  const std::size_t saved = allowed - asked;
  moved_until_ = now.monotonic - (now.monotonic - moved_until_) *
                                     static_cast<Duration::rep>(saved) /
                                     static_cast<Duration::rep>(allowed);
}

std::string Node::Impl::why_moved() const {
  if (is_going()) return options_.name + (stop_by_ ? " stops" : " leaves its group");
  if (is_drained(*identity_.number)) return options_.name + " is drained";
  return options_.name + " has more clients than its share";
}

// Returns how many were asked.
std::size_t Node::Impl::move_sessions(const Placement& placed, std::vector<Transfer> transfers,
                                      std::size_t allowed, Now now) {
  std::vector<std::pair<SessionId, ServerNumber>> moves;
  edge_.for_each_movable(now.monotonic, [&](SessionId id) {
    if (moves.size() >= allowed) return false;
    const replica::Session* const session = state().sessions().find(id);
    if (session == nullptr) return true;
    const std::string& sort = placed.sort_of(session->zone);
    const auto transfer = std::ranges::find_if(
        transfers, [&](const Transfer& one) { return one.count > 0 && one.sort == sort; });
    if (transfer == transfers.end()) return true;
    --transfer->count;
    moves.emplace_back(id, transfer->to);
    return true;
  });
  const std::string why = why_moved();
  for (const auto& [id, to] : moves) {
    edge_.ask_to_move(id, to, state().view().members.at(to).address(), why, now.monotonic);
  }
  return moves.size();
}

std::size_t Node::Impl::move_followers(const std::vector<ServerNumber>& takers, std::size_t allowed,
                                       Now now) {
  if (takers.empty()) return 0;
  std::size_t asked = 0;
  for (const LinkId link : edge_.movable_followers(now.monotonic)) {
    if (asked == allowed) break;
    const ServerNumber to = takers[link.value % takers.size()];
    edge_.ask_follower_to_move(link, state().view().members.at(to).address(), why_moved(),
                               now.monotonic);
    ++asked;
  }
  return asked;
}

// A stop waits for those that can go elsewhere, for half of the time that it has at least.
bool Node::Impl::hands_clients_over(Now now) {
  if (!consensus_ || (edge_.attached() == 0 && !edge_.has_followers())) return false;
  if (!going_since_) {
    going_since_ = now.monotonic;
    handing_over_rate_ = edge_.attached() + 1;
    edge_.send_bound_away(why_moved());
    next_upkeep_ = {};
  }
  const bool in_time = now.monotonic - *going_since_ < handing_over_time;
  if (!in_time || !leadership_.reachable) return false;
  return !placement(now).takers().empty();
}

// Those that are still here when this server ends: nobody else takes clients, or time was up.
void Node::Impl::send_clients_away() {
  if (std::exchange(clients_sent_away_, true)) return;
  edge_.send_away_all(is_going() ? why_moved() : options_.name + " ends");
}

Result<Node::Impl::Steering> Node::Impl::steer_drain(const std::string& name, bool drained,
                                                     Now now) {
  const auto server = resolve(name);
  if (!server) return server.error();
  const std::vector<ServerNumber> takers = placement(now).takers();
  if (drained && !is_drained(*server) &&
      std::ranges::none_of(takers, [&](ServerNumber taker) { return taker != *server; })) {
    return Error{ErrorCode::failed_precondition,
                 "no other server takes clients now: start another, or undrain one first"};
  }
  const std::size_t clients = total(state().sessions().loads(), *server);
  const std::string moving = "; clients that move: " + std::to_string(clients);
  if (is_drained(*server) == drained) {
    return Steering{.is_done = [] { return true; },
                    .done = name_of(*server) +
                            (drained ? " is drained already" + moving : " takes clients already")};
  }
  wire::GroupChange change;
  change.mutable_drain()->set_number(server->value);
  change.mutable_drain()->set_drained(drained);
  consensus_->offer(change);
  return Steering{.is_done = [this, who = *server, drained] { return is_drained(who) == drained; },
                  .done = name_of(*server) + (drained ? " is drained" + moving : " takes clients"),
                  .writes =
                      [who = *server, drained](const wire::GroupEvent& event) {
                        return event.has_drain() && event.drain().number() == who.value &&
                               event.drain().drained() == drained;
                      }};
}

std::uint64_t Node::Impl::clients_of(ServerNumber server) const {
  if (server == identity_.number) return edge_.attached();
  const Peer* const peer = identity_.group ? peers_.find(server, *identity_.group) : nullptr;
  return peer == nullptr ? 0 : total(state().sessions().loads(), server);
}

}  // namespace muster::node
