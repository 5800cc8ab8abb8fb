#include "client/suspicions.h"

#include <set>
#include <string_view>
#include <utility>

#include "wire/control.h"

namespace muster::client {
namespace {

constexpr std::string_view sessions_topic = "sessions";  // As in `replica/session_events.h`.
constexpr Duration answer_timeout = std::chrono::seconds{5};

std::string who(const wire::SessionStatus& client) {
  return client.kind().empty() ? client.name() : client.name() + " (" + client.kind() + ")";
}

wire::GroupEvent server_event(const wire::Members& answer, std::uint32_t number,
                              const std::string& name, wire::ServerState::Value state) {
  std::string asked;
  for (const wire::MemberStatus& member : answer.members()) {
    if (member.number() == answer.number()) asked = member.name();
  }
  const bool suspect = state == wire::ServerState::SUSPECT;
  const std::string cause = suspect ? asked + " does not hear it" : asked + " hears it again";
  wire::GroupEvent event;
  event.set_view(answer.view());
  event.set_text(suspect ? name + " is suspected: " + cause : name + " is back: " + cause);
  event.mutable_state()->set_number(number);
  event.mutable_state()->set_state(state);
  event.mutable_state()->set_cause(cause);
  return event;
}

wire::SessionEvent client_event(const wire::SessionStatus& client, bool suspected) {
  wire::SessionEvent event;
  event.set_what(suspected ? wire::SessionEvent::SUSPECTED : wire::SessionEvent::HEARD);
  event.set_text(suspected ? who(client) + " is suspected: it is not heard at " + client.home_name()
                           : who(client) + " is heard again");
  event.set_session_id(client.id());
  event.set_name(client.name());
  event.set_kind(client.kind());
  event.set_home(client.home());
  return event;
}

}  // namespace

std::vector<Suspicion> SuspectList::take(const wire::Members& answer) {
  std::vector<Suspicion> changes;
  if (answer.members().empty()) return changes;  // It belongs to no group yet.
  take_servers(answer, changes);
  take_clients(answer, changes);
  const LogTime time{answer.time().seconds() * 1'000 + answer.time().nanos() / 1'000'000};
  for (Suspicion& change : changes) {
    change.index = {answer.index()};
    change.time = time;
  }
  return changes;
}

void SuspectList::take_servers(const wire::Members& answer, std::vector<Suspicion>& changes) {
  auto before = std::exchange(servers_, {});
  for (const wire::MemberStatus& member : answer.members()) {
    const auto known = before.find(member.number());
    const bool was_suspect = known != before.end();
    const bool is_suspect = member.state() == wire::ServerState::SUSPECT;
    if (is_suspect) servers_.emplace(member.number(), member.name());
    const bool back = was_suspect && member.state() == wire::ServerState::ALIVE;
    if (is_suspect == was_suspect || (!is_suspect && !back)) continue;
    changes.push_back(
        {.event = server_event(answer, member.number(), member.name(), member.state()),
         .index = {},
         .time = {}});
  }
}

void SuspectList::take_clients(const wire::Members& answer, std::vector<Suspicion>& changes) {
  std::set<std::string> suspects;
  for (const wire::SessionStatus& client : answer.sessions()) {
    suspects.insert(client.id());
    if (!clients_.emplace(client.id(), client).second) continue;
    changes.push_back({.event = client_event(client, true), .index = {}, .time = {}});
  }
  if (answer.more_sessions()) return;  // Who is not named may be suspected all the same.
  for (auto at = clients_.begin(); at != clients_.end();) {
    const auto client = at++;
    if (suspects.contains(client->first)) continue;
    changes.push_back({.event = client_event(client->second, false), .index = {}, .time = {}});
    clients_.erase(client);
  }
}

Suspicions::Suspicions(net::Loop& loop, Client& client, Options options, Handler handler)
    : client_(client), options_(options), handler_(std::move(handler)), timer_(loop.context()) {
  ask_later();
}

void Suspicions::note(const session::TopicNews& news) {
  const auto* const happened = std::get_if<session::TopicEvents>(&news);
  if (happened == nullptr || happened->topic != sessions_topic) return;
  for (const session::Event& event : happened->events) {
    const auto told = wire::decode<wire::SessionEvent>(event.payload.view());
    if (told && told->what() == wire::SessionEvent::ENDED) list_.ended(told->session_id());
  }
}

void Suspicions::ask_later() {
  timer_.expires_after(options_.interval);
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) ask();
  });
}

void Suspicions::ask() {
  wire::MembersRequest request;
  request.set_suspects(options_.clients);
  const auto asked = client_.query(
      wire::FrameType::members_request, SharedBytes(wire::encode(request)), answer_timeout,
      [this, alive = std::weak_ptr(alive_)](const Result<wire::Frame>& answer) {
        if (alive.expired()) return;
        ask_later();
        take(answer);
      });
  if (!asked) ask_later();
}

// Without an answer nothing is known; another one comes.
void Suspicions::take(const Result<wire::Frame>& answer) {
  if (!answer) return;
  const auto members = wire::decode<wire::Members>(answer->body.view());
  if (!members) return;
  for (const Suspicion& change : list_.take(*members)) {
    const bool of_a_server = std::holds_alternative<wire::GroupEvent>(change.event);
    if (of_a_server ? options_.servers : options_.clients) handler_(change);
  }
}

}  // namespace muster::client
