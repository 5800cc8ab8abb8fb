#include "sim/server.h"

#include <algorithm>
#include <set>
#include <utility>

#include "echo/echo.h"
#include "group/view.h"
#include "muster/check.h"
#include "sim/flipped.h"
#include "sim/register.h"
#include "sim/witness.h"
#include "storage/data_folder.h"

namespace muster::sim {

namespace {

constexpr std::int64_t epoch_milliseconds = 1'700'000'000'000;
constexpr std::int64_t years_milliseconds = 7LL * 365 * 86'400 * 1'000;
constexpr std::uint64_t turns_at_once_max = 10'000;
/// A leader that stops or leaves tries to hand over for so long.
constexpr Duration stop_time_max = std::chrono::seconds(5);
/// A beacon counts for at least so long.
constexpr Duration heard_is_news = std::chrono::seconds(5);

MachineClock make_clock(std::size_t number, const Scenario& scenario, Random& random) {
  MachineClock::Options options;
  options.started = Duration(static_cast<std::int64_t>(random.below(1'000'000'000)));
  options.parts_per_million = static_cast<std::int64_t>(random.below(1'000)) - 500;
  options.wall_milliseconds = epoch_milliseconds + static_cast<std::int64_t>(random.below(2'000));
  if (scenario.wrong_clock == number) options.wall_milliseconds += years_milliseconds;
  return MachineClock(options);
}

SharedBytes in_one_piece(const std::vector<SharedBytes>& pieces) {
  if (pieces.empty()) return {};
  if (pieces.size() == 1) return pieces.front();
  Bytes all;
  for (const SharedBytes& piece : pieces) {
    all.insert(all.end(), piece.view().begin(), piece.view().end());
  }
  return SharedBytes(std::move(all));
}

}  // namespace

std::string peer_address(std::size_t server) {
  return "server" + std::to_string(server) + ":1";
}
std::string client_address(std::size_t server) {
  return "server" + std::to_string(server) + ":2";
}

Server::Server(std::size_t number, HostId host, const Scenario& scenario, World world)
    : number_(number),
      host_(host),
      scenario_(scenario),
      world_(world),
      random_(scenario.seed * 1'000 + number),
      clock_(make_clock(number, scenario, random_)),
      disk_(scenario.disk, world.storage, "/data/" + std::to_string(number), random_.next(),
            world.events) {
  fresh_identity_.server.uuid =
      Uuid::make_v7(std::chrono::milliseconds(clock_.now(world_.events.now()).wall.milliseconds),
                    random_.next(), random_.next());
  fresh_identity_.group_name = scenario.limits.group;
  fresh_identity_.name = "s" + std::to_string(number);
}

// ---- The process --------------------------------------------------------------------------------

node::Options Server::options() {
  node::Options options = scenario_.limits;
  options.name = fresh_identity_.name;
  options.client_address = client_address(number_);
  options.peer_address = peer_address(number_);
  for (std::size_t other = 0; scenario_.seeds && other < scenario_.servers; ++other) {
    options.seeds.push_back(peer_address(other));
  }
  if (scenario_.strict_founding && number_ >= scenario_.founders) {
    options.founding = node::FoundingMode::never;
  }
  if (!scenario_.listed.empty()) {
    options.list = node::MemberList{.numbers = {scenario_.listed.begin(), scenario_.listed.end()},
                                    .own = scenario_.listed[number_],
                                    .digest = "the list"};
  }
  options.priority = scenario_.priorities[number_];
  if (scenario_.one_machine) options.machine = "machine";
  options.folder = disk_.folder();
  options.seed = random_.next();
  return options;
}

node::MachineFactory Server::machines() {
  return [this] {
    std::vector<std::unique_ptr<service::Machine>> machines;
    const auto add = [&](std::unique_ptr<service::Machine> machine) {
      machines.push_back(std::make_unique<Witness>(number_, std::move(machine), world_.checkers,
                                                   [this] { return group_; }));
    };
    add(std::make_unique<echo::Echo>());
    if (scenario_.flipped == number_) {
      add(std::make_unique<Flipped>(std::make_unique<Register>()));
    } else {
      add(std::make_unique<Register>());
    }
    if (scenario_.auctions.on) {
      add(std::make_unique<AuctionHouse>(number_, scenario_.auctions.limits,
                                         world_.checkers.auctions, houses_));
    }
    if (scenario_.mobility.on) {
      add(std::make_unique<CityHall>(number_, scenario_, world_.checkers.mobility, halls_));
    }
    if (scenario_.chat.on) {
      add(std::make_unique<ChatHouse>(number_, scenario_.chat.limits, world_.checkers.chat,
                                      chats_));
    }
    return machines;
  };
}

void Server::run(storage::Recovered recovered) {
  const auto identity = storage::bootstrap_identity(disk_.store(), recovered, fresh_identity_);
  if (!identity && disk_.full()) return refuse_full_disk();
  if (!identity) throw Violation("recovery", identity.error().message);
  node::Restart restart{.identity = *identity,
                        .hard_state = recovered.hard_state,
                        .snapshot = std::move(recovered.snapshot),
                        .entries = std::move(recovered.entries)};
  ++process_;
  ++processes_;
  state_ = State::running;
  report_ = {};
  group_ = identity->group;
  server_ = identity->server;
  view_seen_ = {};
  world_.trace.event(world_.events.now(), "start", number_, restart.hard_state.term.value,
                     restart.entries.size());
  node_ = std::make_unique<node::Node>(options(), std::move(restart), machines(),
                                       clock_.now(world_.events.now()));
  world_.network.set_process(host_, this, HostState::listening);
  world_.datagrams.set_listener(host_, this);
  schedule_turn();
}

void Server::end_process() {
  ++process_;
  // What it reported last need not be stored.
  if (std::exchange(disk_failed_, false)) report_.number.reset();
  report_.configuration = nullptr;
  report_.view = nullptr;
  heard_in_group_.clear();
  world_.datagrams.set_listener(host_, nullptr);
  handing_over_since_.reset();
  node_.reset();
  inbox_.clear();
  heartbeats_.clear();
  turn_scheduled_ = false;
  tick_at_.reset();
}

void Server::die(bool power_loss) {
  if (state_ == State::gone) return;
  world_.trace.event(world_.events.now(), "die", number_, power_loss ? 1 : 0);
  if (state_ == State::running || state_ == State::paused) {
    end_process();
    world_.network.process_died(host_, power_loss);
  }
  if (power_loss) disk_.lose_power();
  if (!power_loss && state_ != State::dark && state_ != State::down) disk_.shut();
  if (state_ != State::dark) state_ = power_loss ? State::dark : State::down;
  world_.network.set_process(host_, nullptr,
                             state_ == State::dark ? HostState::dark : HostState::refusing);
}

void Server::pause() {
  if (state_ != State::running) return;
  world_.trace.event(world_.events.now(), "pause", number_);
  state_ = State::paused;
  world_.network.set_state(host_, HostState::paused);
}

void Server::resume() {
  if (state_ != State::paused) return;
  world_.trace.event(world_.events.now(), "resume", number_);
  state_ = State::running;
  // While it was paused it could give up nothing.
  if (handing_over_since_) handing_over_since_ = clock_.monotonic(world_.events.now());
  world_.network.set_state(host_, HostState::listening);
  turn_scheduled_ = false;
  tick_at_.reset();
  schedule_turn();
}

void Server::stop() {
  if (state_ != State::running) return;
  world_.trace.event(world_.events.now(), "stop", number_);
  take(node::StopRequested{});
}

void Server::jump_clock(std::int64_t milliseconds) {
  clock_.jump_wall(world_.events.now(), milliseconds);
}

void Server::drift_clock(std::int64_t parts_per_million) {
  clock_.drift(world_.events.now(), parts_per_million);
  if (state_ == State::running) schedule_tick();
}

void Server::repair_clock() {
  clock_.repair(world_.events.now());
  if (state_ == State::running) schedule_tick();
}

// ---- The loop -----------------------------------------------------------------------------------

void Server::opened(EndId end, bool peer, bool dialled, const std::string& address) {
  take(node::LinkOpened{.link = {end.value}, .peer = peer, .dialled = dialled, .address = address});
}

void Server::dial_failed(EndId /*end*/, const std::string& address, bool refused) {
  take(node::DialFailed{.address = address,
                        .refused = refused,
                        .reason = refused ? "connection refused" : "no answer"});
}

void Server::received(EndId end, const wire::Frame& frame) {
  take(node::FrameReceived{.link = {end.value}, .frame = frame});
}

void Server::closed(EndId end, const std::string& reason) {
  take(node::LinkClosed{.link = {end.value}, .reason = reason});
}

void Server::beacon_heard(const wire::Beacon& beacon, bool from_here) {
  const bool goes =
      beacon.phase() == wire::Phase::STOPPING || beacon.phase() == wire::Phase::DISSOLVED;
  heard_in_group_.erase(beacon.server_id());
  if (!beacon.group_id().empty() && !goes) {
    heard_in_group_[beacon.server_id()] = world_.events.now();
  }
  take(node::BeaconHeard{.beacon = beacon, .from_here = from_here});
}

void Server::probe_heard(const wire::Probe& probe, const std::string& from) {
  take(node::ProbeHeard{.probe = probe, .from = from});
}

void Server::heartbeat_heard(const SharedBytes& datagram) {
  heartbeats_.push_back(datagram);
  schedule_turn();
}

void Server::step_heartbeats(node::Now now) {
  const std::vector<SharedBytes> came = std::exchange(heartbeats_, {});
  std::vector<BytesView> views;
  views.reserve(came.size());
  for (const SharedBytes& one : came) views.push_back(one.view());
  if (!views.empty()) node_->step(node::HeartbeatsReceived{.datagrams = views}, now);
}

void Server::take(node::Input input) {
  inbox_.push_back(std::move(input));
  schedule_turn();
}

void Server::schedule_turn() {
  if (turn_scheduled_ || state_ != State::running) return;
  turn_scheduled_ = true;
  world_.events.after(random_.between(Duration{}, scenario_.turn_max), [this, process = process_] {
    if (process == process_ && state_ == State::running && turn_scheduled_) {
      turn();
    }
  });
}

void Server::turn() {
  turn_scheduled_ = false;
  turns_at_once_ = last_turn_ == world_.events.now() ? turns_at_once_ + 1 : 0;
  last_turn_ = world_.events.now();
  if (turns_at_once_ > turns_at_once_max) {
    throw Violation("time passes", "server " + std::to_string(number_) + " never waits");
  }
  const node::Now now = clock_.now(world_.events.now());
  for (node::Input& input : std::exchange(inbox_, {})) {
    const auto* const frame = std::get_if<node::FrameReceived>(&input);
    if (frame != nullptr && report_.leader) {
      world_.checkers.heard.note(number_, EndId{frame->link.value}, world_.events.now());
    }
    node_->step(std::move(input), now);
  }
  step_heartbeats(now);
  if (node_->deadline() <= now.monotonic) node_->step(node::Tick{}, now);
  node::Outputs outputs = node_->drain(now);
  if (disk_failed_ && !outputs.exit) {
    throw Violation("stop when the disk fails",
                    "server " + std::to_string(number_) + " goes on after a failed write or sync");
  }
  observe();
  carry_out(std::move(outputs));
  if (node_) schedule_tick();
}

void Server::schedule_tick() {
  const Instant farthest = world_.events.now() + std::chrono::minutes(10);
  const Instant deadline = std::min(node_->deadline(), clock_.monotonic(farthest));
  const Instant due = std::max(clock_.world(deadline), world_.events.now());
  if (tick_at_ && *tick_at_ <= due && *tick_at_ >= world_.events.now()) return;
  tick_at_ = due;
  world_.events.at(due, [this, process = process_, due] {
    if (process != process_ || tick_at_ != due) return;
    tick_at_.reset();
    if (state_ != State::running) return;
    if (node_->deadline() <= clock_.monotonic(world_.events.now())) {
      schedule_turn();
    } else {
      schedule_tick();
    }
  });
}

void Server::observe() {
  const bool led = report_.leads;
  const bool had_leader = report_.leader.has_value();
  const bool handed_over = report_.heir.has_value();
  const LogIndex committed = report_.commit;
  report_ = node_->report();
  if (report_.commit < committed) {
    throw Violation("commit never goes back", "server " + std::to_string(number_) + " had " +
                                                  std::to_string(committed.value) + " and has " +
                                                  std::to_string(report_.commit.value));
  }
  world_.trace.event(world_.events.now(), report_.leads ? "leads" : "turn", number_,
                     report_.term.value << 32U | report_.commit.value, report_.stored.value);
  if (!group_ && report_.leads) check_founding();
  group_ = report_.group;
  world_.checkers.seen({.server = number_, .process = process_}, report_, world_.events.now());
  if (report_.view != nullptr) {
    const std::pair view{report_.group, report_.view->number};
    if (!scenario_.listed.empty() && report_.view->number > 0) check_list();
    if (view != std::exchange(view_seen_, view)) {
      world_.checkers.one_view.changed(number_, report_.term, *report_.view);
    }
  }
  if (had_leader && !report_.leader) {
    // It notices after a silence of up to this.
    const Duration unnoticed = 3 * scenario_.limits.election_timeout;
    world_.checkers.heard.alone(number_, world_.events.now() - unnoticed);
  }
  watch_hand_over();
  if (report_.leads && !led && on_lead_) on_lead_();
  if (report_.heir && !handed_over && on_hand_over_) on_hand_over_();
}

// The members are those of the list, each with its number there, and all of them vote.
void Server::check_list() const {
  const std::set<ServerNumber> all(scenario_.listed.begin(), scenario_.listed.end());
  std::set<ServerNumber> voters;
  for (const auto& [number, member] : report_.view->members) {
    if (member.role() == wire::Role::VOTER) voters.insert(number);
  }
  if (voters == all && report_.view->members.size() == all.size() &&
      report_.number == scenario_.listed[number_]) {
    return;
  }
  throw Violation("the list is the group", "server " + std::to_string(number_) +
                                               " sees other members than those of the list");
}

void Server::check_founding() const {
  for (const auto& [server, heard_at] : heard_in_group_) {
    if (world_.events.now() - heard_at >= heard_is_news) continue;
    throw Violation("a group that answers is joined",
                    "server " + std::to_string(number_) + " founds, though it heard one");
  }
}

// A leader that is handing over takes nothing in: it goes on when that fails. One that was asked to
// stop tries again for a while.
void Server::watch_hand_over() {
  if (!report_.heir) return handing_over_since_.reset();
  const Instant now = clock_.monotonic(world_.events.now());
  if (!handing_over_since_) handing_over_since_ = now;
  const Duration timeout = scenario_.limits.election_timeout;
  const Duration limit = report_.stopping ? std::max(2 * timeout, stop_time_max) : timeout;
  if (now - *handing_over_since_ < limit) return;
  throw Violation("a hand-over ends", "server " + std::to_string(number_) +
                                          " has not given it up after an election timeout");
}

void Server::carry_out(node::Outputs outputs) {
  for (const node::Notice& notice : outputs.notices) {
    if (world_.trace.printing()) {
      world_.trace.say(world_.events.now(), fresh_identity_.name + ": " + notice.text);
    }
  }
  for (node::LinkOutput& output : outputs.links) {
    if (auto* frame = std::get_if<node::SendFrame>(&output)) {
      send(*frame);
    } else {
      const EndId end{std::get<node::CloseLink>(output).link.value};
      world_.network.close(end);
      take(node::LinkClosed{.link = {end.value}, .reason = "closed"});
    }
  }
  for (const node::Dial& dial : outputs.dials) {
    world_.network.dial(host_, dial.address, true);
  }
  for (const node::Announce& one : outputs.announcements) {
    world_.datagrams.announce(host_, one.beacon, one.to);
  }
  for (const node::SendProbe& one : outputs.probes) world_.datagrams.probe(host_, one.probe);
  for (storage::DiskJob& job : outputs.disk) submit(std::move(job));
  if (outputs.exit) exit(*outputs.exit);
}

void Server::send(node::SendFrame& output) {
  wire::Frame frame{.type = output.type, .lane = output.lane, .body = in_one_piece(output.body)};
  world_.network.send(EndId{output.link.value}, std::move(frame));
}

void Server::exit(const node::Exit& exit) {
  world_.trace.event(world_.events.now(), "exit", number_, static_cast<std::uint64_t>(exit.code));
  if (world_.trace.printing()) {
    world_.trace.say(world_.events.now(), fresh_identity_.name + ": " + exit.reason);
  }
  const bool departed = group_ && world_.checkers.one_view.departed(*group_, server_);
  if (exit.code != 0 && !disk_broken_ && !departed) {
    throw Violation("a server goes on", "server " + std::to_string(number_) +
                                            " gave up without a cause: " + exit.reason);
  }
  const bool leaves = exit.afterwards == node::Afterwards::archive;
  if (leaves && !departed) {
    throw Violation("a server goes on",
                    "server " + std::to_string(number_) + " left before the group let it go");
  }
  const std::optional<GroupId> group = group_;
  die(false);
  if (exit.afterwards == node::Afterwards::archive_rejoin) {
    archive(exit.founds ? std::nullopt : std::optional(exit.joins.value_or(GroupId{})));
    fresh_identity_.former = exit.former;
    for (const ServerId& server : exit.former.retired) world_.checkers.one_group.retired(server);
  } else if (leaves) {
    archive(std::nullopt);
    state_ = State::gone;
    return;
  } else if (departed && exit.code != 0) {
    archive(group);  // Its operator starts it with --rejoin.
  }
  if (on_exit_) on_exit_();
}

}  // namespace muster::sim
