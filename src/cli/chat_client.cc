#include "cli/chat_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <utility>
#include <variant>

#include "chat/chat.h"
#include "chat/words.h"
#include "group/group.h"

namespace muster::cli {
namespace {

constexpr std::chrono::milliseconds renew_pause{200};
constexpr std::size_t servers_max = 64;  // That are remembered for the next session.

}  // namespace

std::string make_inbox() {
  std::string text;
  for (int i = 0; i < 2; ++i) {
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx",
                  static_cast<unsigned long long>(client::make_seed()));
    text += digits.data();
  }
  return text;
}

// FNV-1a, twice 64 bits.
std::string make_inbox(const std::string& key, const std::string& name) {
  if (key.empty()) return make_inbox();
  const std::string both = fmt::format("{}/{}", key, name);
  std::string text;
  for (const std::uint64_t basis : {0xcbf29ce484222325ULL, 0x84222325cbf29ce4ULL}) {
    std::uint64_t hash = basis;
    for (const char each : both) {
      hash = (hash ^ static_cast<std::uint8_t>(each)) * 0x100000001b3ULL;
    }
    text += fmt::format("{:016x}", hash);
  }
  return text;
}

ChatClient::ChatClient(net::Loop& loop, Options options, Handlers handlers)
    : loop_(loop),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      retry_(loop.context()) {
  places_[chat::inbox_topic(options_.inbox)] = std::nullopt;
  places_[std::string(group::topic)] = std::nullopt;
  begin_session();
}

// ---- Sessions -----------------------------------------------------------------------------------

void ChatClient::begin_session() {
  client::Client::Options options = options_.client;
  options.session.name = options_.name;
  options.session.kind = "chat";
  client_ = std::make_unique<client::Client>(loop_, std::move(options));
  client_->on_change([this](const session::StateChange& change) {
    if (ending_) return;
    if (const auto& hello = client_->session().hello()) {
      for (const std::string& address : hello->client_addresses()) learn_server(address);
    }
    handlers_.on_change(change);
    if (change.kind == session::StateChange::Kind::ended) session_ended();
  });
  follow_all();
}

// For sessions to come; in the order in which they were named and heard of.
void ChatClient::learn_server(const std::string& address) {
  std::vector<std::string>& seeds = options_.client.session.seeds;
  if (std::ranges::find(seeds, address) == seeds.end() && seeds.size() < servers_max) {
    seeds.push_back(address);
  }
}

void ChatClient::follow_all() {
  for (const auto& [topic, from] : places_) follow(topic, from);
}

// The client can't be replaced from within one of its handlers.
void ChatClient::session_ended() {
  renewing_ = true;
  boost::asio::post(loop_.context(), [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired() || ending_) return;
    begin_session();
    renew();
  });
}

void ChatClient::renew() {
  send(chat::SignIn{options_.name, options_.inbox},
       [this](const Result<chat::Receipt>& receipt) { renewed(receipt); });
}

void ChatClient::renewed(const Result<chat::Receipt>& receipt) {
  if (ending_ || client_->session().ended()) return;  // The next session tries.
  if (!receipt && receipt.error().code == ErrorCode::already_exists) return choose_another_name();
  if (!receipt) {
    handlers_.on_trouble(receipt.error());
    fail_waiting(receipt.error());
    return renew_later();
  }
  options_.name = receipt->name;
  renewing_ = false;
  // Follows go on where they were, so the rooms are as they are known, but for what they miss of
  // this person.
  for (const auto& [key, state] : rooms_) {
    send(chat::Join{state.room}, [this](const Result<chat::Receipt>& joined) {
      if (!joined && !ending_ && !client_->session().ended()) handlers_.on_trouble(joined.error());
    });
  }
  handlers_.on_renewed(options_.name);
  for (Waiting& each : std::exchange(waiting_, {})) {
    --unanswered_;
    send(each.request, std::move(each.done));
  }
}

void ChatClient::renew_later() {
  retry_.expires_after(renew_pause);
  retry_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired() || ending_ || client_->session().ended()) return;
    renew();
  });
}

void ChatClient::choose_another_name() {
  ask(chat::AskPerson{options_.name}, [this](const Result<Bytes>& answer) {
    if (ending_ || client_->session().ended()) return;
    if (answer) {
      const auto person = chat::decode_person(*answer);
      if (person) options_.name = person->free_name;
    }
    renew_later();
  });
}

void ChatClient::fail_waiting(const Error& error) {
  Error reason = error;
  reason.outcome = Outcome::not_applied;  // None of them was sent.
  for (const Waiting& each : std::exchange(waiting_, {})) {
    --unanswered_;
    each.done(reason);
  }
}

void ChatClient::end(std::function<void()> done) {
  ending_ = true;
  fail_waiting({ErrorCode::aborted, "the chat was left"});
  client_->end(std::move(done));
}

// ---- Requests -----------------------------------------------------------------------------------

void ChatClient::send(const chat::Request& request, OnReceipt done) {
  ++unanswered_;
  const auto sent =
      client_->call(chat::service_id, SharedBytes(chat::encode(request)), options_.timeout,
                    [this, done](const Result<session::Reply>& reply) {
                      --unanswered_;
                      if (!reply) return done(reply.error());
                      done(chat::done_or_error(chat::decode_receipt(reply->payload.view())));
                    });
  if (sent) return;
  boost::asio::post(loop_.context(), [this, done = std::move(done), error = sent.error(),
                                      alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    --unanswered_;
    done(error);
  });
}

void ChatClient::request(const chat::Request& request, OnReceipt done) {
  if (!renewing_) return send(request, std::move(done));
  ++unanswered_;
  waiting_.push_back({request, std::move(done)});
  if (waiting_.size() <= options_.waiting_max) return;
  Waiting oldest = std::move(waiting_.front());
  waiting_.pop_front();
  --unanswered_;
  oldest.done(Error{ErrorCode::resource_exhausted,
                    "too much waits for the group to answer again; say it again later"});
}

void ChatClient::ask(const chat::Query& query, OnAnswer answered) {
  ++unanswered_;
  OnAnswer done = [this, answered = std::move(answered)](const Result<Bytes>& answer) {
    --unanswered_;
    answered(answer);
  };
  const auto asked =
      client_->read(chat::service_id, SharedBytes(chat::encode(query)), client::Consistency::local,
                    options_.timeout, [done](const Result<session::ReadResult>& result) {
                      if (!result) return done(result.error());
                      const BytesView bytes = result->payload.view();
                      done(Bytes(bytes.begin(), bytes.end()));
                    });
  if (asked) return;
  boost::asio::post(loop_.context(),
                    [done = std::move(done), error = asked.error(), alive = std::weak_ptr(alive_)] {
                      if (!alive.expired()) done(error);
                    });
}

void ChatClient::sign_in(const std::string& name, OnReceipt done) {
  request(chat::SignIn{name, options_.inbox},
          [this, done = std::move(done)](const Result<chat::Receipt>& receipt) {
            if (receipt) options_.name = receipt->name;
            done(receipt);
          });
}

void ChatClient::join(const std::string& room, std::uint32_t lines, OnRoom done) {
  request(chat::Join{room}, [this, room, lines,
                             done = std::move(done)](const Result<chat::Receipt>& receipt) mutable {
    if (!receipt) return done(receipt.error());
    const auto known = rooms_.find(chat::folded(room));
    if (known != rooms_.end()) return done(known->second);
    enter(room, lines, std::move(done));
  });
}

// The room is read as of some place, and followed from there: nothing is missed or told twice,
// whichever server answers.
void ChatClient::enter(const std::string& room, std::uint32_t lines, OnRoom entered) {
  ++unanswered_;
  const OnRoom done = [this, entered = std::move(entered)](const Result<chat::RoomState>& state) {
    --unanswered_;
    entered(state);
  };
  const auto asked = client_->read(
      chat::service_id, SharedBytes(chat::encode(chat::Query{chat::AskRoom{room, lines}})),
      client::Consistency::local, options_.timeout,
      [this, room, done](const Result<session::ReadResult>& result) {
        if (!result) return done(result.error());
        auto state = chat::decode_room_state(result->payload.view());
        if (!state) return done(state.error());
        const std::vector<chat::Line> before = std::exchange(state->lines, {});
        rooms_[chat::folded(room)] = *state;
        done(*state);
        for (const chat::Line& line : before) handlers_.on_line(line);
        const wire::EventPosition next = wire::beginning_of(result->index + 1);
        places_[chat::room_topic(room)] = next;
        follow(chat::room_topic(room), next);
      });
  if (!asked) done(asked.error());
}

void ChatClient::leave(const std::string& room, OnReceipt done) {
  request(chat::Leave{room},
          [this, room, done = std::move(done)](const Result<chat::Receipt>& receipt) {
            const bool is_out = receipt || receipt.error().code == ErrorCode::failed_precondition ||
                                receipt.error().code == ErrorCode::not_found;
            if (is_out) forget(room);
            done(receipt);
          });
}

void ChatClient::forget(const std::string& room) {
  rooms_.erase(chat::folded(room));
  places_.erase(chat::room_topic(room));
  client_->unfollow(chat::room_topic(room));
}

// A topic can't be given up from within what it tells.
void ChatClient::put_out(const std::string& room) {
  boost::asio::post(loop_.context(), [this, room, alive = std::weak_ptr(alive_)] {
    if (alive.expired() || ending_) return;
    forget(room);
    handlers_.on_put_out(room);
  });
}

const chat::RoomState* ChatClient::room(const std::string& name) const {
  const auto found = rooms_.find(chat::folded(name));
  return found == rooms_.end() ? nullptr : &found->second;
}

std::vector<std::string> ChatClient::rooms() const {
  std::vector<std::string> names;
  names.reserve(rooms_.size());
  for (const auto& [key, state] : rooms_) names.push_back(state.room);
  return names;
}

// ---- What is told -------------------------------------------------------------------------------

void ChatClient::follow(const std::string& topic, std::optional<wire::EventPosition> from) {
  const auto followed =
      client_->follow(topic, from, [this](const session::TopicNews& news) { take(news); });
  if (!followed && !ending_) handlers_.on_trouble(followed.error());
}

void ChatClient::take(const session::TopicNews& news) {
  const auto place = places_.find(session::topic_of(news));
  if (ending_ || place == places_.end()) return;
  if (const auto* const gap = std::get_if<session::TopicGap>(&news)) take(*gap);
  const auto* const events = std::get_if<session::TopicEvents>(&news);
  if (events != nullptr && place->first != group::topic) take(*events);
  if (place->first == group::topic) handlers_.on_group(news);
  if (events != nullptr) {
    place->second = wire::after(events->events.back().position);
  } else {
    const LogIndex index = std::holds_alternative<session::TopicGap>(news)
                               ? std::get<session::TopicGap>(news).index
                               : std::get<session::TopicReached>(news).index;
    const wire::EventPosition next = wire::beginning_of(index + 1);
    place->second = place->second ? std::max(*place->second, next) : next;
  }
  handlers_.on_told();
}

bool ChatClient::was_told(const std::string& room, Position position) const {
  const auto place =
      places_.find(room.empty() ? chat::inbox_topic(options_.inbox) : chat::room_topic(room));
  if (place == places_.end()) return true;
  return place->second && wire::EventPosition{.command = position} < *place->second;
}

void ChatClient::take(const session::TopicEvents& news) {
  for (const session::Event& event : news.events) {
    auto line = chat::decode_line(event.payload.view());
    if (!line) {
      handlers_.on_trouble(line.error());
      continue;
    }
    line->position = event.position.command;
    line->time = event.time;
    take(*line);
  }
}

void ChatClient::take(const chat::Line& line) {
  using chat::Kind;
  // What somebody does to itself is told in its rooms too; and nobody here can show bare tags.
  if (line.room.empty() && line.kind != Kind::direct && line.kind != Kind::kill) return;
  if (line.kind == Kind::tags || line.manner == chat::Manner::tags) return;
  const auto room = rooms_.find(chat::folded(line.room));
  if (room != rooms_.end()) {
    auto& people = room->second.people;
    const auto remove = [&](const std::string& name) { std::erase(people, name); };
    const auto add = [&](const std::string& name) {
      remove(name);
      people.insert(std::ranges::lower_bound(people, name), name);
    };
    if (line.kind == Kind::join) add(line.from);
    if (line.kind == Kind::leave || line.kind == Kind::quit) remove(line.from);
    if (line.kind == Kind::kick) remove(line.to);
    if (line.kind == Kind::nick) remove(line.from), add(line.text);
    if (line.kind == Kind::topic) room->second.topic = line.text;
    if (line.kind == Kind::kick && line.to == options_.name) put_out(line.room);
  }
  handlers_.on_line(line);
}

void ChatClient::take(const session::TopicGap& news) {
  if (news.topic == group::topic) return;
  const std::optional<wire::EventPosition> place = places_.at(news.topic);
  if (!news.state) {
    // Of an inbox whose owner was not signed in: nobody could write to it.
    if (news.state.error().code == ErrorCode::not_found) return;
    return handlers_.on_trouble(news.state.error());
  }
  auto state = chat::decode_room_state(news.state->view());
  if (!state) return handlers_.on_trouble(state.error());
  std::size_t told = 0;
  for (const chat::Line& line : state->lines) {
    if (place && wire::EventPosition{.command = line.position} < *place) continue;
    if (line.manner == chat::Manner::tags) continue;
    handlers_.on_line(line);
    ++told;
  }
  const auto room = rooms_.find(chat::folded(state->room));
  if (room != rooms_.end()) {
    room->second = *state;
    room->second.lines.clear();
  }
  handlers_.on_gap(*state, told);
}

}  // namespace muster::cli
