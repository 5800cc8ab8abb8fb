#include "sim/world.h"

#include <algorithm>
#include <set>

#include "node/voters.h"

namespace muster::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Simulated time, after the last fault, within which the group must be live: elections, dialling
/// with back-off, a snapshot for who lags, and hand-overs that were put off by repeated losses.
constexpr Duration live_within = seconds(60);
constexpr Duration verify_within = seconds(10);
constexpr Duration look_every = milliseconds(50);

/// The view has not changed for so long when the group is at rest.
constexpr Duration rest = seconds(10);
constexpr Duration momentary = milliseconds(500);
/// A leader waits so many times longer for a better one that was lost again and again.
constexpr int patience_max = 64;

bool is_voter(const wire::Member& member) {
  return member.role() == wire::Role::VOTER;
}

}  // namespace

World::World(const Scenario& scenario, bool printing)
    : scenario_(scenario),
      trace_(printing),
      checkers_(scenario.limits, scenario.strict_founding, scenario.auctions.limits,
                scenario.mobility.limits, scenario.chat.limits),
      network_(scenario.network, scenario.seed * 1'000 + 901, events_, trace_),
      datagrams_(scenario_, events_, network_, trace_),
      faults_(scenario_, {events_, network_, datagrams_, trace_, servers_, clients_}) {
  auto storage = std::make_shared<Storage>(scenario.seed * 1'000 + 902);
  for (std::size_t number = 0; number < scenario_.servers; ++number) {
    if (number > 0 && !scenario_.one_machine) {
      storage = std::make_shared<Storage>(scenario.seed * 1'000 + 902 + number);
    }
    const HostId host = network_.add_host({peer_address(number), client_address(number)});
    servers_.push_back(std::make_unique<Server>(
        number, host, scenario_,
        Server::World{events_, network_, datagrams_, checkers_, trace_, storage}));
  }
  for (std::size_t number = 0; number < scenario_.load.clients; ++number) {
    const HostId host = network_.add_host({});
    clients_.push_back(
        std::make_unique<Client>(static_cast<std::uint32_t>(number + 1), host, scenario_,
                                 Client::World{events_, network_, datagrams_, checkers_, trace_}));
  }
  operator_.emplace(network_.add_host({}), scenario_, Operator::World{events_, network_, trace_});
}

Summary World::run() {
  Random random(scenario_.seed + 77);
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    const bool founder = number < scenario_.founders;
    const Duration latest = founder ? scenario_.founders_start : scenario_.faults_until;
    events_.after(random.between(Duration{}, latest), [this, number] { start(number); });
  }
  for (const auto& client : clients_) client->start();
  operator_->start();
  events_.after(scenario_.faults_from, [this] { faults_.begin(); });
  run_until(Instant{scenario_.faults_until});
  faults_.heal_all();
  operator_->stop();
  run_until(Instant{std::max(scenario_.length * 9 / 10, scenario_.faults_until)});
  for (const auto& client : clients_) client->stop();
  wait_until_live();
  verify_leaving();
  verify_contents();
  verify_auctions();
  verify_city();
  verify_chat();
  verify_who_goes();

  Summary summary;
  summary.simulated = events_.now().time_since_epoch();
  summary.steps = events_.steps();
  summary.frames = network_.frames();
  for (const auto& client : clients_) summary.acknowledged += client->answered();
  for (const auto& client : clients_) {
    summary.events += client->follower().events();
    summary.gaps += client->follower().gaps();
    summary.refused += client->refused();
  }
  for (const auto& server : servers_) {
    summary.starts += server->processes();
    summary.wiped += server->wiped();
    if (server->processes() > 0) summary.restarts += server->processes() - 1;
  }
  for (const auto& client : clients_) {
    if (!client->chat()) continue;
    summary.chat_lines_heard += client->chat()->follower().lines();
    summary.chat_gaps += client->chat()->follower().gaps();
  }
  summary.chat_lines = checkers_.chat.lines;
  summary.chat_refusals = checkers_.chat.refusals;
  summary.wishes = operator_->granted();
  summary.lots = checkers_.auctions.time.ended();
  for (const auto& [id, chain] : checkers_.mobility.story.incidents) {
    if (is_over(chain.now.state)) ++summary.incidents;
  }
  summary.incident_steps = checkers_.mobility.steps;
  summary.late_max = checkers_.auctions.time.late_max();
  summary.digest = trace_.digest();
  return summary;
}

// Servers that only join wait for a group: they could not help to found one.
void World::start(std::size_t number) {
  const auto in_group = [](const auto& server) { return server->report().commit.value > 0; };
  if (servers_[number]->state() != Server::State::dark) return;
  if (!scenario_.strict_founding || number < scenario_.founders ||
      std::ranges::any_of(servers_, in_group)) {
    servers_[number]->start();
  } else {
    events_.after(look_every, [this, number] { start(number); });
  }
}

void World::run_until(Instant until) {
  while (events_.run_next(until)) {
    note_ends();
    note_incident_steps();
    kill_leader_in_its_place();
  }
}

void World::note_ends() {
  if (checkers_.auctions.time.ended() == ends_.size()) return;
  LogIndex newest;
  for (const auto& server : servers_) newest = std::max(newest, server->report().applied);
  ends_.resize(checkers_.auctions.time.ended(), newest);
}

void World::note_incident_steps() {
  if (checkers_.mobility.steps == incident_steps_.size()) return;
  LogIndex newest;
  for (const auto& server : servers_) newest = std::max(newest, server->report().applied);
  incident_steps_.resize(checkers_.mobility.steps, newest);
  faults_.incident_moved();
}

void World::kill_leader_in_its_place() {
  static constexpr Duration starts_after = milliseconds(300);
  if (!scenario_.leader_dies || leader_died_) return;
  for (const auto& server : servers_) {
    const node::Report& report = server->report();
    if (server->state() != Server::State::running || !report.leads) continue;
    const LogIndex reached = scenario_.leader_dies->committed ? report.commit : report.stored;
    if (reached < scenario_.leader_dies->at) continue;
    leader_died_ = true;
    server->die(false);
    events_.after(starts_after, [&server] {
      if (server->state() == Server::State::down) server->start();
    });
    return;
  }
}

Instant World::live_by() const {
  Duration longest = scenario_.limits.handover_after;
  for (const auto& server : servers_) {
    const group::View* const view = server->report().view;
    if (view == nullptr) continue;
    longest = std::max<Duration>(longest, milliseconds(view->settings.handover_after_ms()));
  }
  // An order that nobody hears is waited for in log time, which may run at half speed.
  const Duration orders =
      scenario_.mobility.on ? Duration{2 * scenario_.mobility.limits.accept_time} : Duration{};
  return Instant{std::max(scenario_.faults_until, scenario_.length)} + live_within + orders +
         longest * patience_max;
}

// At rest nothing changes any more: no vote, no leadership and no client goes to and fro.
void World::wait_until_live() {
  const auto view = [this] {
    std::uint64_t newest = 0;
    for (const auto& server : servers_) {
      if (server->report().view == nullptr) continue;
      newest = std::max(newest, server->report().view->number);
    }
    for (const auto& client : clients_) newest += client->moves();
    return newest;
  };
  std::optional<std::string> missing = what_is_missing();
  std::uint64_t seen = view();
  Instant since = events_.now();
  Instant complete = since;  // When nothing was missing, last.
  while (missing || events_.now() - since < rest) {
    if (events_.now() >= live_by()) {
      throw Violation("live after the faults", missing.value_or("the view goes on changing"));
    }
    run_until(events_.now() + look_every);
    missing = what_is_missing();
    if (!missing) complete = events_.now();
    // Units go on telling how they are: one command on its way is no unrest.
    const bool lacks = missing && events_.now() - complete >= momentary;
    if (lacks || view() != seen) since = events_.now();
    seen = view();
  }
}

void World::verify_contents() {
  for (const auto& client : clients_) client->verify();
  const Instant bound = events_.now() + verify_within;
  const auto done = [this] {
    return std::ranges::all_of(clients_, [](const auto& client) { return client->idle(); });
  };
  while (!done() && events_.now() < bound) run_until(events_.now() + look_every);
  if (!done()) throw Violation("live after the faults", "the last reads got no answer");
  checkers_.history.check();
  wait_until_alike();
}

// What the last entry did is told by the first that applies it: a lot may just have ended.
void World::wait_until_alike() {
  const Instant bound = events_.now() + verify_within;
  const auto alike = [this] {
    std::set<LogIndex> applied;
    for (const auto& server : servers_) {
      if (server->state() == Server::State::running) applied.insert(server->report().applied);
    }
    return applied.size() <= 1;
  };
  while (!alike() && events_.now() < bound) run_until(events_.now() + milliseconds(1));
  if (!alike()) throw Violation("live after the faults", "not all come to the same place");
}

// All servers have the same record of each lot, with all that was acknowledged.
void World::verify_auctions() const {
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    const Server& server = *servers_[number];
    if (server.state() != Server::State::running) continue;
    for (const auto& [lot, story] : checkers_.auctions.stories) {
      checkers_.auctions.found(number, server.auctions().history(lot));
    }
  }
}

// All servers have the same incidents, with all their steps, and all that was acknowledged.
void World::verify_city() const {
  if (!scenario_.mobility.on) return;
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    const Server& server = *servers_[number];
    if (server.state() == Server::State::running) {
      checkers_.mobility.found(number, server.city());
    }
  }
}

// All servers have what the rules made of the commands.
void World::verify_chat() const {
  if (!scenario_.chat.on) return;
  const ChatCheckers& chat = checkers_.chat;
  std::optional<std::string> state;  // Of the first one.
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    const Server& server = *servers_[number];
    if (server.state() != Server::State::running) continue;
    chat.found(number, "people", server.chat().people(), chat.model.people());
    std::string rooms;
    for (const std::string& each : server.chat().rooms()) rooms += each + " ";
    std::string should;
    for (const std::string& each : chat.model.rooms()) should += each + " ";
    chat.found(number, "rooms", rooms, should);
    for (const std::string& each : chat.model.rooms()) {
      chat.found(number, each, server.chat().room(each), chat.model.room(each));
      chat.found(number, each, server.chat().history(each), chat.model.history(each));
    }
    for (const auto& [inbox, lines] : chat.model.directs()) {
      chat.found(number, inbox, server.chat().directs(inbox), lines);
    }
    if (!state) state = server.chat().checksum();
    chat.found(number, "all", server.chat().checksum(), *state);
  }
}

// A server leaves for good, where no client may notice anything; clients watch that themselves.
void World::verify_leaving() {
  static constexpr Duration within = seconds(8);
  if (!scenario_.unnoticed) return;
  std::optional<std::size_t> leader;
  std::optional<std::size_t> leaves;
  std::size_t takers = 0;
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    const Server& server = *servers_[number];
    if (server.state() != Server::State::running) continue;
    const node::Report& report = server.report();
    if (report.leads) leader = number;
    if (!report.view->members.at(*report.number).drained()) ++takers;
    if (report.sizes.attached > 0 && (!leaves || !report.leads)) leaves = number;
  }
  if (!leader || !leaves || takers < 2) return;
  operator_->let_leave(*leaves, *leader);
  const Instant bound = events_.now() + within;
  while (servers_[*leaves]->state() != Server::State::gone && events_.now() < bound) {
    run_until(events_.now() + look_every);
  }
  if (servers_[*leaves]->state() == Server::State::gone) return;
  throw Violation("nobody notices", "server " + std::to_string(*leaves) + " did not leave");
}

Duration World::take_home_of(const Client& client) {
  if (scenario_.seed % 2 == 0 || scenario_.unnoticed) return {};
  const auto home = std::ranges::find_if(servers_, [&](const auto& server) {
    return server->state() == Server::State::running &&
           client_address(static_cast<std::size_t>(&server - servers_.data())) == client.server();
  });
  if (home == servers_.end() || (*home)->report().leads) return {};
  const group::View& view = *(*home)->report().view;
  const auto voters =
      std::ranges::count_if(view.members, [](const auto& one) { return is_voter(one.second); });
  if (voters < 3) return {};
  (*home)->die(false);
  return milliseconds(view.settings.failure_timeout_ms());
}

// Of clients that are there and one that has gone, the group ends the session of the latter alone,
// and in time, also if its home has gone with it.
void World::verify_who_goes() {
  static constexpr Duration soon = seconds(10);
  constexpr Duration slack =
      seconds(2);  // The end is asked for, and takes its way through the log.
  const auto goes = std::ranges::find_if(
      clients_, [](const auto& client) { return client->session_timeout() <= soon; });
  const bool all_there =
      std::ranges::all_of(clients_, [](const auto& client) { return client->attached(); });
  if (goes == clients_.end() || !all_there) return;
  const auto sessions = [this] {
    std::size_t most = 0;
    for (const auto& server : servers_) {
      if (server->state() == Server::State::running && server->report().leads) {
        most = std::max(most, server->report().sessions);
      }
    }
    return most;
  };
  const std::size_t before = sessions();
  const Instant went = events_.now();
  const Duration timeout = take_home_of(**goes) + (*goes)->session_timeout();
  (*goes)->vanish();
  // Its last sign of life may have been an interval ago.
  run_until(went + timeout * 9 / 10 - (*goes)->heartbeat_interval());
  if (sessions() != before) {
    throw Violation("sessions stay", "one ended before its time, or another one's");
  }
  run_until(went + timeout + slack);
  if (sessions() + 1 == before) return;
  throw Violation("sessions end", "of " + std::to_string(before) + " sessions " +
                                      std::to_string(sessions()) +
                                      " are left after a client has gone");
}

std::optional<std::string> World::what_is_missing() const {
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    if (auto missing = what_is_missing(*servers_[number], number)) return missing;
  }
  for (std::size_t number = 0; number < clients_.size(); ++number) {
    const std::string name = "client " + std::to_string(number + 1);
    if (!clients_[number]->idle()) return name + " waits";
    if (!clients_[number]->told_all()) return name + " was not told all events";
  }
  if (auto open = checkers_.mobility.what_is_open()) return open;
  return std::nullopt;
}

std::optional<std::string> World::what_is_missing(const Server& server, std::size_t number) const {
  const std::string name = "server " + std::to_string(number);
  if (server.state() == Server::State::gone) return std::nullopt;
  if (server.state() != Server::State::running) return name + " does not run";
  const node::Report& report = server.report();
  if (report.phase != node::Phase::running || report.view == nullptr) {
    return name + " is in no group";
  }
  LogIndex newest = checkers_.acknowledged.newest();
  for (const auto& other : servers_) {
    if (other->state() != Server::State::running) continue;
    newest = std::max(newest, other->report().commit);
    if (other->report().group != report.group) return name + " is in another group";
  }
  if (checkers_.one_group.used().value_or(*report.group) != *report.group) {
    return name + " is not in the group that has clients' data";
  }
  if (!report.leader) return name + " knows no leader";
  if (report.applied < newest) {
    return name + " has applied " + std::to_string(report.applied.value) + " of " +
           std::to_string(newest.value);
  }
  const auto self = report.view->members.find(*report.number);
  if (self == report.view->members.end()) return name + " is no member";
  if (self->second.state() != wire::ServerState::ALIVE) return name + " is not said to be alive";
  if (!report.leads) return std::nullopt;
  auto wrong = what_is_wrong_with_roles(report);
  return wrong ? wrong : what_is_wrong_with_places(report);
}

const node::Report* World::running_member(const wire::Member& member) const {
  for (const auto& server : servers_) {
    if (server->state() != Server::State::running) continue;
    const node::Report& report = server->report();
    if (report.number && report.number->value == member.number()) return &report;
  }
  return nullptr;
}

// Clients are shared evenly, up to one or a tenth, by the servers that take them.
std::optional<std::string> World::what_is_wrong_with_places(const node::Report& leader) const {
  std::size_t clients = 0;
  std::size_t takers = 0;
  for (const auto& [number, member] : leader.view->members) {
    const node::Report* const report = running_member(member);
    if (report == nullptr) continue;
    clients += report->sizes.attached;
    if (!member.drained()) ++takers;
  }
  if (takers == 0) return std::nullopt;
  const std::size_t share = clients / takers;
  const std::size_t most = (clients + takers - 1) / takers;
  for (const auto& [number, member] : leader.view->members) {
    const node::Report* const report = running_member(member);
    if (report == nullptr) continue;
    const std::string has = "number " + std::to_string(number.value) + " has " +
                            std::to_string(report->sizes.attached) + " of " +
                            std::to_string(clients) + " clients";
    if (member.drained() && report->sizes.attached > 0) return has + " though it is drained";
    const bool too_few = report->sizes.attached + std::max<std::size_t>(1, share / 10) < share;
    if (report->sizes.attached > most + std::max<std::size_t>(1, most / 10)) return has;
    if (!member.drained() && too_few) return has;
  }
  return std::nullopt;
}

std::optional<std::string> World::what_is_wrong_with_roles(const node::Report& leader) const {
  const group::View& view = *leader.view;
  const bool lowest = view.settings.election() == wire::ElectionRule::LOWEST_ID;
  const bool stable = view.settings.election() == wire::ElectionRule::STABLE;
  const auto better = [&](const wire::Member& a, const wire::Member& b) {
    if (a.drained() != b.drained()) return b.drained();
    if (a.priority() != b.priority()) return a.priority() > b.priority();
    return lowest ? a.number() < b.number() : a.number() > b.number();
  };
  std::size_t living = 0;
  std::size_t voters = 0;
  // Of a server that lost its folder, whom nobody could replace yet.
  const bool lost_voter = std::ranges::any_of(view.members, [this](const auto& one) {
    return is_voter(one.second) && running_member(one.second) == nullptr;
  });
  for (const auto& [number, member] : view.members) {
    const bool runs = running_member(member) != nullptr;
    const std::string name = "number " + std::to_string(number.value);
    if (!runs && member.state() == wire::ServerState::ALIVE) return name + " is nobody";
    if (runs) ++living;
    if (is_voter(member)) ++voters;
    const bool leader_drained = view.members.at(*leader.number).drained();
    if (is_voter(member) && !leader.appointed && leader_drained && !member.drained()) {
      return "number " + std::to_string(leader.number->value) + " leads though it is drained";
    }
    if (stable || !runs || number == *leader.number) continue;
    if (is_voter(member) && !leader.appointed && better(member, view.members.at(*leader.number))) {
      return "number " + std::to_string(leader.number->value) + " leads instead of " + name;
    }
    for (const auto& [other, voter] : view.members) {
      if (lost_voter || is_voter(member) || !is_voter(voter) || other == *leader.number) continue;
      if (better(member, voter)) {
        return "number " + std::to_string(other.value) + " votes instead of " + name;
      }
    }
  }
  const std::size_t wanted =
      scenario_.listed.empty()
          ? node::voters_for(lost_voter ? view.members.size() : living, view.settings.voters())
          : scenario_.listed.size();
  if (voters == wanted) return std::nullopt;
  return std::to_string(voters) + " of " + std::to_string(living) + " servers vote instead of " +
         std::to_string(wanted);
}

}  // namespace muster::sim
