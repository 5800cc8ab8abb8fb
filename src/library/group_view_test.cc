// Watching a group: who is there, what happens, and what a server counts.
#include "muster/group_view.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <functional>

#include "library/group_view_values.h"
#include "library/test_server.h"
#include "muster/client.h"
#include "wire/control.h"

// g++ 12 takes Asio's own pair of allocation functions for a mismatch where it inlines a coroutine.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace muster::library::group_view_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using Kind = GroupEvent::Kind;

ClientOptions watching(const TestServer& server) {
  ClientOptions options;
  options.servers = {server.address()};
  options.name = "ann";
  options.kind = "tester";
  return options;
}

void run_view(const std::function<awaitable<void>(boost::asio::io_context&)>& coroutine) {
  boost::asio::io_context context;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, coroutine(context),
                        [&](std::exception_ptr thrown) { failure = std::move(thrown); });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

TEST(GroupView, TellsOfServersAndClients) {
  TestServer server([](ServerOptions& options) {
    options.name = "a";
    options.zone = "north";
    options.tags = {{"rack", "7"}};
  });
  run_view([&](boost::asio::io_context& context) -> awaitable<void> {
    GroupView view(context, watching(server));
    const GroupState alone = (co_await view.current()).value();
    EXPECT_EQ(alone.leader, "a");
    EXPECT_EQ(alone.servers.size(), 1U);
    const ServerInfo& only = alone.servers.front();
    EXPECT_EQ(only.name, "a");
    EXPECT_EQ(only.zone, "north");
    EXPECT_EQ(only.tags.at("rack"), "7");
    EXPECT_EQ(only.address, server.address());
    EXPECT_EQ(only.role, ServerRole::leader);
    EXPECT_EQ(only.state, ServerState::alive);
    EXPECT_LE(only.first_seen, only.last_seen);
    EXPECT_EQ(alone.clients_total, 0U);  // Whoever watches is none.

    ClientOptions described = watching(server);
    described.zone = "north";
    described.tags = {{"crew", "2"}};
    Client client(context, described);
    EXPECT_TRUE((co_await client.call(counter_id, as_bytes("1"))).has_value());
    const GroupState together = (co_await view.current()).value();
    EXPECT_EQ(together.clients.size(), 1U);
    const ClientInfo& ann = together.clients.front();
    EXPECT_EQ(ann.id, client.id());
    EXPECT_EQ(ann.name, "ann");
    EXPECT_EQ(ann.kind, "tester");
    EXPECT_EQ(ann.home, only.number);
    EXPECT_EQ(ann.home_name, "a");
    EXPECT_EQ(ann.address.value_or("").substr(0, 10), "127.0.0.1:");
    EXPECT_EQ(ann.unanswered, 0U);
    EXPECT_GT(ann.first_seen.milliseconds, 0);
    EXPECT_LE(*ann.attached, *ann.last_seen);
    EXPECT_FALSE(ann.host.empty());
    EXPECT_EQ(ann.zone, "north");
    EXPECT_EQ(ann.tags, (std::map<std::string, std::string>{{"crew", "2"}}));
    EXPECT_EQ(ann.state, ServerState::alive);
    co_await client.end();
    // The group is told; that it has applied it comes soon after.
    GroupState after = (co_await view.current()).value();
    while (after.clients_total != 0) after = (co_await view.current()).value();
    EXPECT_TRUE(after.clients.empty());
  });
}

/// Takes events until one of this kind comes.
awaitable<GroupEvent> next_of(GroupView& view, Kind kind) {
  for (;;) {
    const GroupEvent event = (co_await view.next(20s)).value();
    if (event.text.empty()) throw std::runtime_error("an event without words");
    if (event.kind == kind) co_return event;
  }
}

TEST(GroupView, TellsWhatHappensToServersWhateverServerDies) {
  TestServer first([](ServerOptions& options) { options.name = "a"; });
  const auto beside = [&](ServerOptions& options) {
    options.name = "b";
    options.founding = Founding::never;
    options.seeds = {"127.0.0.1:" + std::to_string(*first.options().peer_port)};
  };
  run_view([&](boost::asio::io_context& context) -> awaitable<void> {
    GroupView view(context, watching(first));
    EXPECT_TRUE((co_await view.current()).has_value());
    TestServer second(beside);
    const GroupEvent joined = co_await next_of(view, Kind::joined);
    EXPECT_EQ(joined.name, "b");
    EXPECT_EQ(joined.server, ServerNumber{2});
    EXPECT_GT(joined.time.milliseconds, 0);
    EXPECT_EQ((co_await next_of(view, Kind::role_changed)).name, "b");
    EXPECT_EQ((co_await next_of(view, Kind::leader_changed)).server, ServerNumber{2});
    EXPECT_TRUE(second.stop().has_value());
    const GroupEvent stopped = co_await next_of(view, Kind::stopped);
    EXPECT_EQ(stopped.server, ServerNumber{2});
    EXPECT_LT(joined.position, stopped.position);
    const GroupState state = (co_await view.current()).value();
    EXPECT_EQ(state.servers.at(1).state, ServerState::stopped);
    second.start();
    EXPECT_EQ((co_await next_of(view, Kind::returned)).server, ServerNumber{2});
    EXPECT_TRUE(first.stop().has_value());  // What was followed there goes on at the other one.
    EXPECT_EQ((co_await next_of(view, Kind::stopped)).server, ServerNumber{1});
    EXPECT_EQ((co_await view.current()).value().leader, "b");
  });
}

/// Kinds of the events of one client, up to and with `last`.
awaitable<std::vector<Kind>> kinds_of(GroupView& view, SessionId client, Kind last) {
  std::vector<Kind> kinds;
  while (kinds.empty() || kinds.back() != last) {
    const GroupEvent event = (co_await view.next(20s)).value();
    if (event.client != client) continue;
    EXPECT_EQ(event.name, "ann");
    EXPECT_NE(event.text, "");
    kinds.push_back(event.kind);
  }
  co_return kinds;
}

TEST(GroupView, TellsOfClientsThatComeMoveAndGo) {
  TestServer first([](ServerOptions& options) { options.name = "a"; });
  TestServer second([&](ServerOptions& options) {
    options.name = "b";
    options.founding = Founding::never;
    options.seeds = {"127.0.0.1:" + std::to_string(*first.options().peer_port)};
  });
  run_view([&](boost::asio::io_context& context) -> awaitable<void> {
    GroupView view(context, watching(second));
    EXPECT_TRUE((co_await view.current()).has_value());
    Client client(context, watching(first));
    EXPECT_TRUE((co_await client.connect()).has_value());
    const GroupEvent opened = co_await next_of(view, Kind::session_opened);
    EXPECT_EQ(opened.client, client.id());
    EXPECT_EQ(opened.server, ServerNumber{1});
    EXPECT_EQ(opened.text, "ann (tester) came to a");
    EXPECT_TRUE(first.stop().has_value());
    const GroupEvent moved = co_await next_of(view, Kind::session_moved);
    EXPECT_EQ(moved.client, client.id());
    EXPECT_EQ(moved.server, ServerNumber{2});
    EXPECT_LT(opened.position, moved.position);
    co_await client.end();
    const GroupEvent ended = co_await next_of(view, Kind::session_ended);
    EXPECT_EQ(ended.client, client.id());
    EXPECT_EQ(ended.text, "ann (tester) went: ended by its client");
  });
}

TEST(GroupView, TellsOfAClientThatIsMissed) {
  TestServer server([](ServerOptions& options) { options.name = "a"; });
  // Not in the coroutine: g++ 12 makes no lists there.
  const std::vector<Kind> missed_kinds{Kind::session_opened, Kind::suspected};
  const std::vector<Kind> ended_kinds{Kind::session_ended};
  run_view([&](boost::asio::io_context& context) -> awaitable<void> {
    GroupView view(context, watching(server));
    EXPECT_TRUE((co_await view.current()).has_value());
    ClientOptions options = watching(server);
    options.heartbeat_interval = 100ms;
    std::optional<Client> client(std::in_place, context, std::move(options));
    EXPECT_TRUE((co_await client->connect()).has_value());
    const SessionId id = client->id();
    client.reset();  // Without a word, as a process that is killed.
    EXPECT_EQ(co_await kinds_of(view, id, Kind::suspected), missed_kinds);
    const GroupState missed = (co_await view.current()).value();
    EXPECT_EQ(missed.clients.at(0).state, ServerState::suspect);
    EXPECT_EQ(co_await kinds_of(view, id, Kind::session_ended), ended_kinds);
  });
}

/// A server `b` in a process of its own, made while this one has no other thread; it joins once it
/// is told where, and lives until it is killed.
class ServerToKill {
 public:
  ServerToKill() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) be_the_server(ends[0]);
    ::close(ends[0]);
    tell_ = ends[1];
  }
  ~ServerToKill() {
    ::close(tell_);
    kill();
  }
  ServerToKill(const ServerToKill&) = delete;
  ServerToKill& operator=(const ServerToKill&) = delete;

  void join(std::uint16_t peer_port) {
    EXPECT_EQ(::write(tell_, &peer_port, sizeof peer_port), ssize_t{sizeof peer_port});
  }
  void kill() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }

 private:
  [[noreturn]] void be_the_server(int told) const {
    std::uint16_t peer_port = 0;
    if (::read(told, &peer_port, sizeof peer_port) != ssize_t{sizeof peer_port}) ::_exit(1);
    ServerOptions options = lone_server(folder_);
    options.name = "b";
    options.founding = Founding::never;
    options.seeds = {"127.0.0.1:" + std::to_string(peer_port)};
    const auto server = Server::start(options);
    for (;;) ::pause();
  }

  TestFolder folder_;
  pid_t child_{0};
  int tell_{-1};
};

TEST(GroupView, TellsOfAServerThatIsMissedBeforeItCountsAsFailed) {
  ServerToKill second;
  TestServer first([](ServerOptions& options) { options.name = "a"; });
  run_view([&](boost::asio::io_context& context) -> awaitable<void> {
    GroupView view(context, watching(first));
    EXPECT_TRUE((co_await view.current()).has_value());
    second.join(*first.options().peer_port);
    EXPECT_EQ((co_await next_of(view, Kind::joined)).name, "b");
    second.kill();
    const GroupEvent missed = co_await next_of(view, Kind::suspected);
    EXPECT_EQ(missed.server, ServerNumber{2});
    EXPECT_EQ(missed.text, "b is suspected: a does not hear it");
    const GroupState state = (co_await view.current()).value();
    EXPECT_EQ(state.servers.at(1).state, ServerState::suspect);
    const GroupEvent failed = co_await next_of(view, Kind::failed);
    EXPECT_EQ(failed.server, ServerNumber{2});
    EXPECT_GE(failed.position.command.index, missed.position.command.index);
  });
}

TEST(GroupView, KnowsWhatRidesOnHeartbeats) {
  TestServer server;
  run_view([&](boost::asio::io_context& context) -> awaitable<void> {
    GroupView view(context, watching(server));
    ClientOptions options = watching(server);
    options.heartbeat_interval = 15ms;
    Client client(context, std::move(options));
    const std::string longest(heartbeat_value_bytes_max, 'x');
    EXPECT_EQ((co_await client.set_heartbeat_value(as_bytes(longest + "x"))).error().code,
              ErrorCode::invalid_argument);
    EXPECT_TRUE((co_await client.set_heartbeat_value(as_bytes(longest))).has_value());
    EXPECT_TRUE((co_await client.connect()).has_value());
    GroupState state;
    while (state.clients.empty() || state.clients.front().heartbeat_value.empty()) {
      state = (co_await view.current()).value();
    }
    EXPECT_EQ(as_text(state.clients.front().heartbeat_value), longest);
    co_await client.end();
    EXPECT_EQ((co_await client.set_heartbeat_value({})).error().code, ErrorCode::aborted);
  });
}

TEST(GroupView, GivesStatistics) {
  TestServer server([](ServerOptions& options) { options.name = "a"; });
  run_view([&](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, watching(server));
    EXPECT_TRUE((co_await client.call(counter_id, as_bytes("1"))).has_value());
    GroupView view(context, watching(server));
    const ServerStatistics statistics = (co_await view.statistics()).value();
    EXPECT_EQ(statistics.name, "a");
    EXPECT_EQ(statistics.discovery_phase, "OFF");
    EXPECT_EQ(statistics.elections_won, 1U);
    EXPECT_EQ(statistics.batches_from_clients, 1U);
    EXPECT_EQ(statistics.clients, 1U);
    EXPECT_GT(statistics.bytes_received, 100U);
    EXPECT_GT(statistics.longest_step, Duration{});
    EXPECT_EQ((co_await view.statistics(server.address())).value().name, "a");
  });
}

TEST(GroupView, SaysWhyItCannot) {
  TestFolder folder;
  run_view([&](boost::asio::io_context& context) -> awaitable<void> {
    ClientOptions options;
    options.servers = {"127.0.0.1:1"};
    options.timeout = 200ms;
    GroupView nobody(context, options);
    EXPECT_FALSE((co_await nobody.current()).has_value());
    EXPECT_EQ((co_await nobody.statistics("127.0.0.1:2")).error().code, ErrorCode::unavailable);
    EXPECT_EQ((co_await nobody.statistics("nonsense")).error().code, ErrorCode::invalid_argument);
    options.servers = {"no port"};
    GroupView wrong(context, options);
    EXPECT_EQ((co_await wrong.next()).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ((co_await wrong.current()).error().code, ErrorCode::invalid_argument);
  });
}

TEST(GroupView, MayGoWhileItIsAsked) {
  TestServer server;
  boost::asio::io_context context;
  std::vector<ErrorCode> codes;
  auto view = std::make_unique<GroupView>(context, watching(server));
  boost::asio::co_spawn(
      context, [&]() -> awaitable<void> { codes.push_back((co_await view->next()).error().code); },
      [](const std::exception_ptr&) {});
  boost::asio::post(context, [&] { view.reset(); });
  context.run();
  EXPECT_EQ(codes, std::vector{ErrorCode::aborted});
}

TEST(GroupView, HasOneThatWaitsForTheNextEvent) {
  TestServer server;
  std::vector<ErrorCode> codes;
  run_view([&](boost::asio::io_context& context) -> awaitable<void> {
    GroupView view(context, watching(server));
    boost::asio::co_spawn(context, view.next(10s),
                          [&](const std::exception_ptr&, const Result<GroupEvent>& event) {
                            codes.push_back(event.error().code);
                          });
    codes.push_back((co_await view.next()).error().code);
    EXPECT_TRUE((co_await view.current()).has_value());
    view = GroupView(context, watching(server));
    EXPECT_EQ((co_await view.next(0s)).error().code, ErrorCode::deadline_exceeded);
  });
  EXPECT_EQ(codes, (std::vector{ErrorCode::failed_precondition, ErrorCode::aborted}));
}

Result<GroupEvent> event_of(const wire::GroupEvent& told) {
  return to_group_event(
      Event{.position = {}, .time = {7}, .payload = SharedBytes(wire::encode(told))});
}

TEST(GroupViewValues, GiveEachEventItsKind) {
  const auto member = [](wire::MemberChange::Kind kind) {
    wire::GroupEvent told;
    told.mutable_member()->set_kind(kind);
    told.mutable_member()->mutable_member()->set_number(3);
    return event_of(told)->kind;
  };
  EXPECT_EQ(member(wire::MemberChange::JOINED), Kind::joined);
  EXPECT_EQ(member(wire::MemberChange::LEFT), Kind::left);
  EXPECT_EQ(member(wire::MemberChange::REMOVED), Kind::left);
  EXPECT_EQ(member(wire::MemberChange::PROMOTED), Kind::role_changed);
  EXPECT_EQ(member(wire::MemberChange::DEMOTED), Kind::role_changed);
  EXPECT_EQ(member(wire::MemberChange::UPDATED), Kind::updated);
  const auto state = [](wire::ServerState::Value value) {
    wire::GroupEvent told;
    told.mutable_state()->set_state(value);
    return event_of(told)->kind;
  };
  EXPECT_EQ(state(wire::ServerState::ALIVE), Kind::returned);
  EXPECT_EQ(state(wire::ServerState::SUSPECT), Kind::suspected);
  EXPECT_EQ(state(wire::ServerState::FAILED), Kind::failed);
  EXPECT_EQ(state(wire::ServerState::STOPPED), Kind::stopped);
  wire::GroupEvent election;
  election.mutable_election()->set_leader(2);
  EXPECT_EQ(event_of(election)->kind, Kind::leader_changed);
  election.mutable_election()->set_previous(2);
  EXPECT_EQ(event_of(election)->kind, Kind::leader_stays);
  EXPECT_EQ(event_of(election)->server, ServerNumber{2});
  election.mutable_election()->set_previous(1);
  EXPECT_EQ(event_of(election)->kind, Kind::leader_changed);
  wire::GroupEvent drain;
  drain.mutable_drain()->set_number(4);
  EXPECT_EQ(event_of(drain)->kind, Kind::undrained);
  drain.mutable_drain()->set_drained(true);
  EXPECT_EQ(event_of(drain)->kind, Kind::drained);
  EXPECT_EQ(event_of(drain)->server, ServerNumber{4});
  EXPECT_EQ(to_group_event(Gap{.index = {9}}).kind, Kind::missed);
  EXPECT_EQ(to_group_event(
                Event{.position = {}, .time = {}, .payload = SharedBytes(Bytes{std::byte{0xff}})})
                .error()
                .code,
            ErrorCode::invalid_argument);
}

TEST(GroupViewValues, GiveEventsOfClientsTheirKind) {
  const SessionId ann{Uuid::make_v7(1ms, 1, 1)};
  wire::SessionEvent told;
  told.set_session_id(ann.uuid.to_string());
  told.set_name("ann");
  told.set_home(3);
  told.set_text("words");
  const auto event = [&](wire::SessionEvent::Kind what) {
    told.set_what(what);
    return to_client_event(
               Event{.position = {}, .time = {7}, .payload = SharedBytes(wire::encode(told))})
        .value();
  };
  const GroupEvent opened = event(wire::SessionEvent::OPENED);
  EXPECT_EQ(opened.kind, Kind::session_opened);
  EXPECT_EQ(opened.client, ann);
  EXPECT_EQ(opened.server, ServerNumber{3});
  EXPECT_EQ(opened.name, "ann");
  EXPECT_EQ(opened.text, "words");
  EXPECT_EQ(opened.time, LogTime{7});
  EXPECT_EQ(event(wire::SessionEvent::MOVED).kind, Kind::session_moved);
  EXPECT_EQ(event(wire::SessionEvent::ENDED).kind, Kind::session_ended);
  EXPECT_EQ(event(wire::SessionEvent::SUSPECTED).kind, Kind::suspected);
  EXPECT_EQ(event(wire::SessionEvent::HEARD).kind, Kind::returned);
  EXPECT_EQ(event(wire::SessionEvent::COUNTED).kind, Kind::other);
  EXPECT_EQ(to_client_event(
                Event{.position = {}, .time = {}, .payload = SharedBytes(Bytes{std::byte{0xff}})})
                .error()
                .code,
            ErrorCode::invalid_argument);
}

TEST(GroupViewValues, GiveSuspicionsTheirPlace) {
  wire::GroupEvent server;
  server.set_view(9);
  server.mutable_state()->set_number(2);
  server.mutable_state()->set_state(wire::ServerState::SUSPECT);
  const GroupEvent event = to_group_event({.event = server, .index = {40}, .time = {5}});
  EXPECT_EQ(event.kind, Kind::suspected);
  EXPECT_EQ(event.server, ServerNumber{2});
  EXPECT_EQ(event.position.command.index, LogIndex{40});
  EXPECT_EQ(event.time, LogTime{5});
  EXPECT_EQ(event.view, 9U);
  wire::SessionEvent client;
  client.set_what(wire::SessionEvent::SUSPECTED);
  EXPECT_EQ(to_group_event({.event = client, .index = {41}, .time = {}}).kind, Kind::suspected);
}

TEST(GroupViewValues, TakeAnyNumber) {
  wire::GroupServers servers;
  servers.add_servers()->mutable_joined()->set_seconds(INT64_MIN);
  EXPECT_LT(to_state(servers).servers.front().first_seen, LogTime{0});
  wire::ServerStats stats;
  stats.set_uptime_ms(UINT64_MAX);
  stats.set_loop_step_max_us(UINT64_MAX);
  EXPECT_EQ(to_statistics({}, stats).longest_step, Duration::max());
  EXPECT_GT(to_statistics({}, stats).uptime, Duration{});
}

}  // namespace
}  // namespace muster::library::group_view_test
