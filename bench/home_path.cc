// The path of a command at both of its ends, the client's session and its home; what an event costs
// for each follower, and a heartbeat for each client.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/commands.h"
#include "bench/meter.h"
#include "edge/edge.h"
#include "session/session.h"
#include "wire/control.h"
#include "wire/heartbeat.h"
#include "wire/replies.h"

namespace muster::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr ServerNumber self{1};
constexpr std::int64_t turns_at_once = 8;  // Of a client, that are not answered yet.

Bytes make_replies(std::uint64_t first, std::int64_t commands) {
  wire::RepliesBuilder builder({first});
  for (std::int64_t i = 0; i < commands; ++i) {
    check(builder.add({{1}, static_cast<std::uint32_t>(i)}, payload));
  }
  return std::move(builder).finish();
}

/// A client's session that is open at a server.
class Client {
 public:
  Client() : session_({.id = session, .name = "bench", .seeds = {"a:1"}}) {
    const session::LinkId link = session_.ready(now_).dial.at(0).link;
    link_ = link;
    session_.connected(link, now_);
    wire::ServerHello hello;
    hello.set_group_id("018f0000-0000-7000-8000-0000000000a1");
    take(wire::FrameType::server_hello, wire::encode(hello));
    take(wire::FrameType::session_opened, wire::encode(wire::SessionOpened{}));
    static_cast<void>(session_.ready(now_));
  }
  void take(wire::FrameType type, Bytes body) {
    session_.frame(link_, type, SharedBytes(std::move(body)), now_);
  }
  void call(const SharedBytes& bytes) {
    check(session_.call(echo::service_id, bytes, now_, now_ + seconds{10}).has_value());
  }
  session::Ready ready() { return session_.ready(now_); }

 private:
  Instant now_{seconds{1}};
  session::LinkId link_;
  session::Session session_;
};

// A call of each command, and the frame that takes them.
void client_sends(benchmark::State& state) {
  const std::int64_t commands = state.range(0);
  const SharedBytes bytes{Bytes(payload)};
  Client client;
  std::uint64_t sequence = 1;
  Meter meter(state, commands);
  for (auto _ : state) {
    for (std::int64_t i = 0; i < commands; ++i) client.call(bytes);
    const session::Ready ready = client.ready();
    check(ready.send.size() == 1);
    meter.pause();
    client.take(wire::FrameType::replies, make_replies(sequence, commands));
    sequence += static_cast<std::uint64_t>(commands);
    check(client.ready().calls.size() == static_cast<std::size_t>(commands));
    meter.resume();
  }
}

// A frame of replies, and each one's way to who called.
void client_hears(benchmark::State& state) {
  const std::int64_t commands = state.range(0);
  const SharedBytes bytes{Bytes(payload)};
  Client client;
  std::uint64_t sequence = 1;
  Meter meter(state, commands);
  for (auto _ : state) {
    meter.pause();
    for (std::int64_t i = 0; i < commands; ++i) client.call(bytes);
    check(client.ready().send.size() == 1);
    Bytes replies = make_replies(sequence, commands);
    sequence += static_cast<std::uint64_t>(commands);
    meter.resume();
    client.take(wire::FrameType::replies, std::move(replies));
    check(client.ready().calls.size() == static_cast<std::size_t>(commands));
  }
}

/// A home that knows its leader, and the state that it reads.
class Home {
 public:
  explicit Home(const edge::Edge::Options& options = edge::Edge::Options{}) : edge_(options) {
    edge::Edge::Surroundings around;
    around.hello.set_number(self.value);
    around.leader_known = true;
    edge_.set_surroundings(around, now_);
  }
  void open(edge::LinkId link, SessionId id, Duration heartbeats = {}) {
    edge_.link_opened(link, now_);
    wire::OpenSession open;
    open.set_session_id(id.uuid.to_string());
    open.set_name("bench");
    open.set_epoch(1);
    open.set_heartbeat_interval_ms(
        static_cast<std::uint64_t>(std::chrono::floor<milliseconds>(heartbeats).count()));
    frame(link, wire::FrameType::open_session, SharedBytes(wire::encode(open)));
    apply(replica::SessionAttached{.session = id, .epoch = {1}, .last = {0}, .home = self});
    clear();
  }
  void frame(edge::LinkId link, wire::FrameType type, const SharedBytes& body) {
    edge_.frame(link, {.type = type, .lane = wire::Lane::normal, .body = body}, state_, now_);
  }
  void apply(replica::SessionNews news) {
    news_.clear();
    news_.push_back(std::move(news));
    edge_.applied(news_, self, now_);
  }
  /// The next entry, which gave these events.
  void tell(const std::vector<replica::Event>& events) { edge_.events(events, state_); }
  LogIndex next_entry() {
    state_.apply(
        {.term = {1}, .index = state_.applied() + 1, .kind = EntryKind::empty, .payload = {}});
    return state_.applied();
  }
  void pass(Duration time) { edge_.tick(now_ += time); }
  void datagrams(const std::vector<BytesView>& all) { edge_.datagrams(all, now_); }
  std::size_t clear() {
    edge_.take_outputs();
    return edge_.take_batches().size();
  }
  edge::Edge& edge() { return edge_; }

 private:
  Instant now_{seconds{1}};
  edge::Edge edge_;
  replica::Replica state_{{}, [] { return std::vector<std::unique_ptr<service::Machine>>{}; }};
  std::vector<replica::SessionNews> news_;
};

constexpr edge::LinkId link{1};

/// What so many turns of one client bring to its home.
struct Turns {
  explicit Turns(std::uint64_t& sequence, std::int64_t commands) {
    for (std::int64_t turn = 0; turn < turns_at_once; ++turn) {
      batches.emplace_back(make_batch(sequence, commands));
      answers.push_back({.session = session,
                         .first = {sequence},
                         .count = static_cast<std::uint32_t>(commands),
                         .replies = SharedBytes(make_replies(sequence, commands))});
      sequence += static_cast<std::uint64_t>(commands);
    }
  }
  std::vector<SharedBytes> batches{};
  std::vector<replica::Answer> answers{};
};

// The batch is checked, counted, kept until it is answered, and passed on.
void home_takes(benchmark::State& state) {
  Home home;
  home.open(link, session);
  std::uint64_t sequence = 1;
  Meter meter(state, turns_at_once * state.range(0));
  for (auto _ : state) {
    meter.pause();
    const Turns turns(sequence, state.range(0));
    meter.resume();
    for (const SharedBytes& batch : turns.batches) {
      home.frame(link, wire::FrameType::commands, batch);
      check(home.clear() == 1);
    }
    meter.pause();
    for (const replica::Answer& answer : turns.answers) home.apply(answer);
    home.clear();
    meter.resume();
  }
}

// What was kept is found and let go, and the replies are on their way.
void home_answers(benchmark::State& state) {
  Home home;
  home.open(link, session);
  std::uint64_t sequence = 1;
  Meter meter(state, turns_at_once * state.range(0));
  for (auto _ : state) {
    meter.pause();
    Turns turns(sequence, state.range(0));
    for (const SharedBytes& batch : turns.batches) {
      home.frame(link, wire::FrameType::commands, batch);
    }
    home.clear();
    meter.resume();
    for (replica::Answer& answer : turns.answers) {
      home.apply(std::move(answer));
      home.clear();
    }
    meter.pause();
    check(home.edge().pending_bytes() == 0);
    meter.resume();
  }
}

// One event for so many followers: laid out once, and a frame of the same bytes for each. The unit
// is a delivery.
void fan_out(benchmark::State& state) {
  const std::int64_t followers = state.range(0);
  Home home;
  const SharedBytes told{Bytes(payload)};
  for (std::int64_t i = 0; i < followers; ++i) {
    const edge::LinkId follower{static_cast<std::uint64_t>(i) + 1};
    home.edge().link_opened(follower, {});
    wire::Follow follow;
    follow.set_topic("bench");
    follow.set_from_now(true);
    home.frame(follower, wire::FrameType::follow, SharedBytes(wire::encode(follow)));
  }
  home.clear();
  Meter meter(state, followers);
  for (auto _ : state) {
    meter.pause();
    const LogIndex index = home.next_entry();
    meter.resume();
    home.tell({{.topic = "bench",
                .position = {.command = {index, 0}, .sub = 0},
                .time = {},
                .payload = told}});
    auto outputs = home.edge().take_outputs();
    meter.pause();
    check(outputs.size() >= static_cast<std::size_t>(followers));
    for (const edge::LinkOutput& output : outputs) {
      const auto& sent = std::get<edge::SendFrame>(output);
      if (sent.type == wire::FrameType::ping) home.frame(sent.link, wire::FrameType::pong, {});
    }
    meter.resume();
  }
}

constexpr std::size_t heartbeat_clients = 2'000;
constexpr milliseconds heartbeat_interval{15};

SessionId session_of(std::size_t client) {
  return {Uuid::make_v7(milliseconds{1}, 1, client)};
}
edge::LinkId link_of(std::size_t client) {
  return {client + 1};
}

/// One heartbeat of each of 2,000 clients, every 15 ms. Argument: whether the group has a secret.
class Beating {
 public:
  explicit Beating(bool with_secret)
      : secret_(with_secret ? 16 : 0, std::byte{7}), home_(options()) {
    for (std::size_t client = 0; client < heartbeat_clients; ++client) {
      home_.open(link_of(client), session_of(client), heartbeat_interval);
    }
  }
  void lay_out() {
    ++counter_;
    all_.clear();
    for (std::size_t client = 0; client < heartbeat_clients; ++client) {
      const wire::Heartbeat heartbeat{
          .session = session_of(client), .epoch = {1}, .counter = counter_, .payload = {}};
      all_.emplace_back(
          secret_.empty() ? wire::encode_heartbeat(heartbeat, {})
                          : wire::encode_heartbeat(
                                heartbeat, wire::heartbeat_key(secret_, session_of(client), {1})));
    }
    views_.clear();
    for (const SharedBytes& one : all_) views_.push_back(one.view());
  }
  void over_connections() {
    for (std::size_t client = 0; client < heartbeat_clients; ++client) {
      home_.frame(link_of(client), wire::FrameType::heartbeat, all_[client]);
    }
  }
  void by_datagram() { home_.datagrams(views_); }
  void pass() { home_.pass(heartbeat_interval); }
  std::uint64_t counted() { return home_.edge().heartbeats().counts().datagrams; }
  std::uint64_t counter() const { return counter_; }
  void clear() { home_.clear(); }

 private:
  edge::Edge::Options options() const {
    edge::Edge::Options options;
    options.heartbeats.secret = secret_;
    return options;
  }

  Bytes secret_;
  Home home_;
  std::uint64_t counter_{0};
  std::vector<SharedBytes> all_;
  std::vector<BytesView> views_;
};

void heartbeat_by_datagram(benchmark::State& state) {
  Beating beating(state.range(0) != 0);
  constexpr std::uint64_t turns_between_connections = 50;
  Meter meter(state, heartbeat_clients);
  for (auto _ : state) {
    meter.pause();
    beating.lay_out();
    if (beating.counter() % turns_between_connections == 1) {
      beating.over_connections();
      beating.lay_out();
    }
    const std::uint64_t before = beating.counted();
    beating.pass();
    meter.resume();
    beating.by_datagram();
    meter.pause();
    check(beating.counted() == before + heartbeat_clients);
    beating.clear();
    meter.resume();
  }
}

void heartbeat_over_connection(benchmark::State& state) {
  Beating beating(false);
  Meter meter(state, heartbeat_clients);
  for (auto _ : state) {
    meter.pause();
    beating.lay_out();
    beating.pass();
    meter.resume();
    beating.over_connections();
    meter.pause();
    beating.clear();
    meter.resume();
  }
}

// The wheel of timers: who is late? The unit is a client.
void heartbeats_looked_after(benchmark::State& state) {
  Beating beating(false);
  Meter meter(state, heartbeat_clients);
  for (auto _ : state) {
    meter.pause();
    beating.lay_out();
    beating.over_connections();
    beating.clear();
    meter.resume();
    beating.pass();
  }
}

void batches(benchmark::internal::Benchmark* one) {
  one->Arg(1)->Arg(16)->Arg(256);
}
BENCHMARK(client_sends)->Apply(batches);
BENCHMARK(home_takes)->Apply(batches);
BENCHMARK(home_answers)->Apply(batches);
BENCHMARK(client_hears)->Apply(batches);
BENCHMARK(fan_out)->Arg(1)->Arg(100)->Arg(1'000);
BENCHMARK(heartbeat_by_datagram)->Arg(0)->Arg(1);
BENCHMARK(heartbeat_over_connection);
BENCHMARK(heartbeats_looked_after);

}  // namespace
}  // namespace muster::bench
