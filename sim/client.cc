#include "sim/client.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"
#include "muster/codec.h"
#include "sim/auction_house.h"
#include "sim/chat_house.h"
#include "sim/city_hall.h"
#include "sim/register.h"
#include "sim/server.h"
#include "sim/witness.h"
#include "wire/control.h"
#include "wire/heartbeat.h"

namespace muster::sim {

namespace {

using std::chrono::milliseconds;

constexpr Duration retry_when_full = milliseconds(50);

}  // namespace

Client::Client(std::uint32_t number, HostId host, const Scenario& scenario, World world)
    : number_(number),
      host_(host),
      scenario_(scenario),
      world_(world),
      random_(scenario.seed * 1'000 + 500 + number),
      author_(number),
      follower_(number, world.checkers.published) {
  world_.network.set_process(host_, this, HostState::refusing);
  if (scenario.auctions.on) auctions_.emplace(number, scenario, world.checkers.auctions);
  if (scenario.chat.on) chat_.emplace(number, scenario, world.checkers.chat);
  if (scenario.mobility.on && number <= scenario.mobility.units()) {
    unit_.emplace(number, scenario, world.checkers.mobility, world.events.now());
  }
  open_session();
}

void Client::open_session() {
  session::Session::Options options;
  options.id.uuid = Uuid::make_v7(milliseconds(1'700'000'000'000), random_.next(), random_.next());
  options.name = "client" + std::to_string(number_);
  options.kind = "sim";
  const std::size_t first = scenario_.door.value_or(random_.below(scenario_.servers));
  const std::size_t known = scenario_.door ? 1 : scenario_.servers;
  for (std::size_t server = first; server < first + known; ++server) {
    options.seeds.push_back(client_address(server % scenario_.servers));
  }
  options.calls_in_flight_max = scenario_.load.in_flight_max;
  options.bytes_in_flight_max = scenario_.load.bytes_in_flight_max;
  options.backoff_max = milliseconds(500);
  options.dial_timeout = milliseconds(1'500);
  options.open_timeout = milliseconds(2'000);
  options.ping_interval = milliseconds(400);
  options.silence_timeout = milliseconds(1'200);
  options.seed = random_.next();
  draw_heartbeats(options);
  home_end_.reset();
  session_ = std::make_unique<session::Session>(std::move(options));
  echoed_.clear();
}

// Some rely on their heartbeats, and ask for an early end, as units of cities do; others have the
// group's timeout.
void Client::draw_heartbeats(session::Session::Options& options) {
  session_timeout_ = scenario_.limits.session_timeout;
  heartbeat_interval_ = options.heartbeat_interval;
  // Who may die is not to be waited for for long.
  const bool is_mortal = unit_ || (chat_ && scenario_.chat.departures > 0);
  const std::uint64_t draw = is_mortal ? 1 + random_.below(3) : random_.below(4);
  if (draw == 0) return;  // Each second, which is the default.
  heartbeat_interval_ = milliseconds(draw == 1 ? 30 : draw == 2 ? 100 : 300);
  options.heartbeat_interval = heartbeat_interval_;
  if (draw == 3 && !is_mortal) return;
  session_timeout_ = wire::shortest_timeout(options.heartbeat_interval);
  options.session_timeout = session_timeout_;
}

void Client::vanish() {
  gone_ = true;
  making_ = false;
  world_.network.set_process(host_, nullptr, HostState::dark);
  world_.network.process_died(host_, true);
}

// ---- Making operations --------------------------------------------------------------------------

void Client::start() {
  making_ = true;
  make_operation();
  if (unit_) act_as_unit();
  turn();
}

void Client::stop() {
  making_ = false;
  if (unit_) unit_->calm_down();
}

void Client::verify() {
  verifying_ = true;
  for (std::uint32_t key = 0; key < scenario_.load.keys; ++key) {
    make_read(Read::Kind::linearizable, key);
  }
  make_read(Read::Kind::tally, 0);
  turn();
}

// ---- Driving the session ------------------------------------------------------------------------

void Client::turn() {
  if (session_->bytes_in_flight() > scenario_.load.bytes_in_flight_max) {
    throw Violation("within limits", "client " + std::to_string(number_) + " has " +
                                         std::to_string(session_->bytes_in_flight()) +
                                         " bytes in flight");
  }
  session::Ready ready = session_->ready(world_.events.now());
  for (const session::Dial& dial : ready.dial) {
    links_[dial.link.value] = world_.network.dial(host_, dial.address, false);
  }
  for (session::Outgoing& outgoing : ready.send) {
    const auto link = links_.find(outgoing.link.value);
    if (link != links_.end()) world_.network.send(link->second, std::move(outgoing.frame));
  }
  for (session::OutgoingDatagram& outgoing : ready.datagrams) {
    const auto link = links_.find(outgoing.link.value);
    if (link == links_.end()) continue;
    const auto home = world_.network.other_host(link->second);
    if (home) world_.datagrams.heartbeat(host_, *home, SharedBytes(std::move(outgoing.bytes)));
  }
  for (const session::LinkId link : ready.close) {
    const auto found = links_.find(link.value);
    if (found == links_.end()) continue;
    world_.network.close(found->second);
    links_.erase(found);
  }
  for (const session::StateChange& change : ready.changes) {
    world_.trace.event(world_.events.now(), "session", number_,
                       static_cast<std::uint64_t>(change.kind));
    if (world_.trace.printing()) {
      world_.trace.say(world_.events.now(), "client " + std::to_string(number_) + ": " +
                                                change.address + " " + change.reason);
    }
    const bool opened = change.kind == session::StateChange::Kind::opened;
    if ((opened || change.kind == session::StateChange::Kind::resumed) && !links_.empty()) {
      home_end_ = links_.rbegin()->second;
    }
    if (opened) follow();
    if (change.kind == session::StateChange::Kind::resumed) ++moves_;
    if (change.kind == session::StateChange::Kind::lost && scenario_.unnoticed &&
        session_->group()) {
      throw Violation("nobody notices", "client " + std::to_string(number_) + " lost " +
                                            change.address + ": " + change.reason);
    }
    if (change.kind == session::StateChange::Kind::ended) ended_ = true;
  }
  // Before the answers, which may change what is followed.
  for (const session::TopicNews& news : ready.topics) {
    if (session::topic_of(news).starts_with("chat/")) chat_->told(news);
  }
  for (const session::CompletedCall& call : ready.calls) finish(call);
  for (const session::CompletedRead& read : ready.reads) finish(read);
  for (const session::TopicNews& news : ready.topics) {
    if (session::topic_of(news) == register_topic) {
      follower_.told(news);
    } else if (unit_) {
      unit_->told(news, world_.events.now());
    }
  }
  if (std::exchange(ended_, false)) session_ended();
  schedule_tick();
}

void Client::schedule_tick() {
  const auto deadline = session_->deadline();
  if (!deadline) return;
  const Instant due = std::max(*deadline, world_.events.now());
  if (tick_at_ && *tick_at_ <= due) return;
  tick_at_ = due;
  world_.events.at(due, [this, due] {
    if (tick_at_ != due || gone_) return;
    tick_at_.reset();
    session_->tick(world_.events.now());
    turn();
  });
}

// From where the session before was told to; the first time from the beginning, or from now on.
void Client::follow() {
  // Places are those of one group's log.
  if (session_group_ != session_->group()) {
    follower_.begin_anew();
    if (chat_) chat_->begin_anew();
  }
  session_group_ = session_->group();
  auto from = follower_.next();
  if (!from && random_.chance(0.5)) from = wire::beginning_of(LogIndex{1});
  check(session_->follow(register_topic, from).has_value());
  if (!chat_) return;
  for (const auto& [topic, place] : chat_->follower().places()) {
    check(session_->follow(topic, place).has_value());
  }
}

// The commands of a session that has ended are "perhaps applied" and are never sent again.
void Client::session_ended() {
  // Its home, or the leader, ends a session whose client was silent for so long; or its group gave
  // way to another one.
  const Instant heard_by_home =
      home_end_ ? world_.checkers.heard.last(*home_end_).value_or(Instant{}) : Instant{};
  const Duration silent = world_.events.now() - std::min(last_heard_, heard_by_home);
  if (silent < session_timeout_ * 9 / 10 && session_group_ &&
      session_group_ == world_.checkers.one_group.chosen()) {
    throw Violation("sessions stay", "the session of client " + std::to_string(number_) +
                                         " ended though its client was there");
  }
  begin_again();
}

void Client::begin_again() {
  forged_.clear();
  for (const auto& [sequence, command] : std::exchange(commands_, {})) {
    if (!command.said) continue;
    unit_answered(*command.said, Error{ErrorCode::aborted, "the session has ended"});
  }
  reads_.clear();
  if (unit_) unit_->session_began();
  if (chat_) chat_->session_began();
  for (const auto& [link, end] : links_) world_.network.close(end);
  links_.clear();
  open_session();
  world_.events.after(retry_when_full, [this] { turn(); });
}

std::optional<session::LinkId> Client::link_of(EndId end) const {
  for (const auto& [link, known] : links_) {
    if (known == end) return session::LinkId{link};
  }
  return std::nullopt;
}

void Client::opened(EndId end, bool /*peer*/, bool /*dialled*/, const std::string& /*address*/) {
  const auto link = link_of(end);
  if (!link) return;
  session_->connected(*link, world_.events.now());
  turn();
}

void Client::dial_failed(EndId end, const std::string& address, bool refused) {
  const auto link = link_of(end);
  if (!link) return;
  links_.erase(link->value);
  session_->disconnected(
      *link, world_.events.now(),
      Error{ErrorCode::unavailable, address + (refused ? " refused" : " did not answer")});
  turn();
}

// Two groups of one name that both have clients' data are for a person to bring together. So
// clients write to one group only: whose session no group has yet hangs up on servers of another
// one, or that have not said which they belong to. Later the session sees to it.
bool Client::leads_astray(const wire::Frame& frame) {
  OneGroup& one_group = world_.checkers.one_group;
  if (session_->group()) return false;
  if (frame.type == wire::FrameType::server_hello) {
    const auto hello = wire::decode<wire::ServerHello>(frame.body.view());
    server_group_.reset();
    if (!hello || hello->group_id().empty()) return one_group.chosen().has_value();
    server_group_ = *wire::parse_id<GroupId>(hello->group_id());
    return one_group.chosen() && one_group.chosen() != server_group_;
  }
  if (frame.type != wire::FrameType::session_opened) return false;
  if (!server_group_) return true;
  one_group.opened(*server_group_);
  return one_group.chosen() != server_group_;
}

void Client::received(EndId end, const wire::Frame& frame) {
  const auto link = link_of(end);
  if (!link) return;
  if (leads_astray(frame)) {
    world_.network.close(end);
    return closed(end, "another group");
  }
  if (session_->opened()) last_heard_ = world_.events.now();
  if (frame.type == wire::FrameType::refused) note_refusal(frame.body.view());
  session_->frame(*link, frame.type, frame.body, world_.events.now());
  turn();
}

void Client::note_refusal(BytesView body) {
  const auto refused = wire::decode<wire::Refused>(body);
  if (refused && wire::to_error(*refused).code == ErrorCode::resource_exhausted) ++refused_;
}

void Client::closed(EndId end, const std::string& reason) {
  const auto link = link_of(end);
  if (!link) return;
  links_.erase(link->value);
  session_->disconnected(*link, world_.events.now(), Error{ErrorCode::unavailable, reason});
  turn();
}

// ---- Answers ------------------------------------------------------------------------------------

void Client::finish(const session::CompletedCall& call) {
  if (forged_.erase(call.sequence.value) > 0) {
    if (call.result) {
      throw Violation("only the leader's word", "a client's command changed the group");
    }
    return;
  }
  const auto found = commands_.find(call.sequence.value);
  if (found == commands_.end()) return;
  const Command command = std::move(found->second);
  commands_.erase(found);
  ++answered_;
  world_.trace.event(world_.events.now(), "answer", number_, command.id.number,
                     call.result ? 1 : 0);
  if (call.result) {
    acknowledge(command, *call.result);
  } else {
    refuse(command, call.result.error());
  }
}

void Client::acknowledge(const Command& command, const session::Reply& reply) {
  world_.checkers.acknowledged.acknowledged(command.id, reply.position, reply.payload.view());
  world_.checkers.real_time.command_done(command.began, reply.position);
  if (command.service == echo::service_id) {
    echoed_.emplace(command.id.number, command.payload);
    return;
  }
  if (command.service == auction::service_id) {
    return auctions_->answered(world_.checkers.auctions.commands.at(command.id),
                               auction::decode_receipt(reply.payload.view()).value());
  }
  if (command.service == chat::service_id) {
    return chat_answered(command, chat::decode_receipt(reply.payload.view()).value());
  }
  if (command.said) {
    return unit_answered(*command.said, mobility::decode_receipt(reply.payload.view()).value());
  }
  last_value_ = Reader(reply.payload.view()).integer<std::uint64_t>();
  world_.checkers.history.answered(command.id, last_value_, world_.events.now());
}

void Client::refuse(const Command& command, const Error& error) {
  if (command.said) unit_answered(*command.said, error);
  if (command.service == chat::service_id) chat_answered(command, error);
  if (error.outcome == Outcome::not_applied) {
    world_.checkers.exactly_once.refused(command.id);
    world_.checkers.history.withdrawn(command.id);
  }
  if (error.outcome != Outcome::applied) return;
  // What a group refuses that gave way stands in no order.
  if (error.message.find("gave way") != std::string::npos) {
    world_.checkers.history.withdrawn(command.id);
    return world_.checkers.exactly_once.refused(command.id);
  }
  const auto position = world_.checkers.exactly_once.position_of(command.id);
  if (!position || !world_.checkers.order.at(*position)->refused) {
    throw Violation("acknowledged stays", "operation " + std::to_string(command.id.number) +
                                              " of client " + std::to_string(number_) +
                                              " was refused by nobody: " + error.message);
  }
  world_.checkers.real_time.command_done(command.began, *position);
  world_.checkers.history.answered(command.id, std::nullopt, world_.events.now());
}

// What is to be verified is asked again until there is room for it.
void Client::read_refused(const Read& asked, const Error& error) {
  if (error.code != ErrorCode::resource_exhausted) return;
  ++refused_;
  if (verifying_) ask_later(asked.kind, asked.key);
}

void Client::ask_later(Read::Kind kind, std::uint32_t key) {
  ++to_be_asked_;
  world_.events.after(retry_when_full, [this, kind, key] {
    --to_be_asked_;
    make_read(kind, key);
    turn();
  });
}

void Client::finish(const session::CompletedRead& read) {
  const auto found = reads_.find(read.request.value);
  if (found == reads_.end()) return;
  const Read asked = found->second;
  reads_.erase(found);
  ++answered_;
  world_.trace.event(world_.events.now(), "read-answer", number_, asked.key,
                     read.result ? read.result->index.value : 0);
  if (!read.result) return read_refused(asked, read.result.error());
  const MarkedAnswer marked = read_mark(read.result->payload.view());
  const auto used = world_.checkers.one_group.used();
  if (!used || marked.group != mark_of(*used)) return;  // Of a group that nobody has written to.
  if (asked.kind == Read::Kind::tally) {
    const auto tally = echo::read_tally(marked.answer);
    echo::Tally right;
    for (const auto& [number, payload] : echoed_) right.add(payload.view());
    if (tally && *tally == right) return;
    throw Violation("exactly once", "the tally of client " + std::to_string(number_) +
                                        " is not what was acknowledged: " +
                                        std::to_string(tally ? tally->count : 0) + " for " +
                                        std::to_string(right.count) + " echoes");
  }
  const auto value = Reader(marked.answer).integer<std::uint64_t>();
  if (asked.kind == Read::Kind::local) {
    world_.checkers.real_time.local_read_done(asked.key, read.result->index, value);
  } else {
    world_.checkers.real_time.read_done(asked.began, asked.key, read.result->index, value);
    world_.checkers.history.read(asked.key, value, asked.asked, world_.events.now());
  }
}

}  // namespace muster::sim
