// What a simulated client asks of the group: commands and reads, drawn from its seed.
#include <chrono>
#include <iterator>
#include <utility>

#include "echo/echo.h"
#include "group/group.h"
#include "muster/check.h"
#include "muster/codec.h"
#include "sim/auction_house.h"
#include "sim/chat_house.h"
#include "sim/city_hall.h"
#include "sim/client.h"
#include "sim/register.h"
#include "wire/control.h"

namespace muster::sim {

namespace {

/// Longer than any run: what the group never answers is for the liveness check to find.
constexpr Duration patience = std::chrono::hours(1);
constexpr std::uint32_t authors_apart = 1'000;  ///< Clients are fewer.

}  // namespace

void Client::make_operation() {
  if (!making_) return;
  world_.events.after(random_.between(Duration{100}, scenario_.load.think_max),
                      [this] { make_operation(); });
  if (session_->calls_in_flight() >= scenario_.load.in_flight_max) return pass_the_limit();
  if (commands_.size() + reads_.size() >= scenario_.load.in_flight_max) return;
  if (auctions_ && auctions_->wants()) return make_auction_command();
  if (chat_ && chat_->departs()) return depart();
  if (chat_ && chat_->wants()) return make_chat_command();
  const std::uint64_t draw = random_.below(100);
  const auto key = static_cast<std::uint32_t>(random_.below(scenario_.load.keys));
  if (draw < 60) {
    make_register_command();
  } else if (draw < 77) {
    make_echo_command();
  } else if (draw < 78) {
    forge();
  } else if (draw < 94) {
    make_read(Read::Kind::linearizable, key);
  } else {
    make_read(Read::Kind::local, key);
  }
  turn();
}

void Client::make_register_command() {
  const std::uint64_t draw = random_.below(100);
  RegisterCommand made{.id = next_operation()};
  made.key = static_cast<std::uint32_t>(random_.below(scenario_.load.keys));
  made.value = std::uint64_t{number_} << 32U | made.id.number;
  made.expected = last_value_;
  made.padding = static_cast<std::uint32_t>(random_.below(scenario_.load.padding_max + 1));
  if (draw >= 65) made.kind = RegisterCommand::Kind::compare_and_set;
  if (draw >= 92) made.kind = RegisterCommand::Kind::read;
  command(register_service, made.id, encode(made));
}

void Client::make_echo_command() {
  const OperationId id = next_operation();
  Bytes payload;
  Writer writer(payload);
  writer.integer(id.client);
  writer.integer(id.number);
  payload.resize(payload.size() + random_.below(scenario_.load.padding_max + 1), std::byte{0xa5});
  command(echo::service_id, id, std::move(payload));
}

void Client::make_auction_command() {
  const auto request = auctions_->next();
  if (!request) return;
  const OperationId id = next_operation();
  world_.checkers.auctions.made(id, *request);
  command(auction::service_id, id, with_operation(id, *request));
  turn();
}

// ---- In the chat --------------------------------------------------------------------------------

void Client::make_chat_command() {
  if (!session_->opened()) return;
  const auto request = chat_->next();
  if (!request) return;
  const OperationId id = next_operation();
  world_.checkers.chat.made(id, *request);
  if (!command(chat::service_id, id, with_operation(id, *request))) {
    static_cast<void>(chat_->answered(*request, Error{ErrorCode::unavailable, "not sent"}));
  }
  turn();
}

void Client::chat_answered(const Command& command, const Result<chat::Receipt>& receipt) {
  const ChatLoad::Change change =
      chat_->answered(world_.checkers.chat.commands.at(command.id), receipt);
  for (const std::string& topic : change.unfollow) session_->unfollow(topic);
  for (const auto& [topic, from] : change.follow) {
    check(session_->follow(topic, wire::EventPosition{.command = from}).has_value());
  }
}

// ---- As a unit of a city ------------------------------------------------------------------------

void Client::act_as_unit() {
  if (gone_) return;
  world_.events.after(UnitLoad::apart, [this] { act_as_unit(); });
  if (unit_->departs()) return depart();
  if (!session_->opened()) return;
  for (const UnitLoad::Said& said : unit_->advance(world_.events.now())) say_as_unit(said);
  check(session_->set_payload(unit_->fix()).has_value());
  turn();
}

void Client::say_as_unit(const UnitLoad::Said& said) {
  const OperationId id = next_operation();
  if (command(mobility::service_id, id, with_operation(id, said.request))) {
    std::prev(commands_.end())->second.said = said;
  } else {
    unit_answered(said, Error{ErrorCode::unavailable, "it was not sent"});
  }
}

void Client::unit_answered(const UnitLoad::Said& said, const Result<mobility::Receipt>& receipt) {
  if (!unit_->answered(said, receipt, world_.events.now())) return;
  // What was told before is of another stay.
  const wire::EventPosition from{.command = receipt->position};
  for (const std::string& topic : unit_->topics()) {
    session_->unfollow(topic);
    check(session_->follow(topic, from).has_value());
  }
}

// The program dies; another one begins with a new session, while the group waits for the old one,
// and still takes what that one sent.
void Client::depart() {
  world_.trace.event(world_.events.now(), "depart", number_);
  author_ += authors_apart;
  begin_again();
}

bool Client::command(ServiceId service, OperationId id, Bytes payload) {
  const SharedBytes shared(std::move(payload));
  const Instant now = world_.events.now();
  const auto sequence = session_->call(service, shared, now, now + patience);
  if (!sequence) return false;  // Full, or ended: not sent, so it never was.
  world_.trace.event(now, "call", number_, id.number, service.value);
  if (service == register_service) world_.checkers.history.begun(id, shared.view(), now);
  commands_.emplace(sequence->value, Command{.id = id,
                                             .service = service,
                                             .began = world_.checkers.real_time.floor(),
                                             .payload = shared});
  return true;
}

// One more than the session may have in flight is refused with the word for that, and not sent.
void Client::pass_the_limit() {
  const Instant now = world_.events.now();
  const auto taken = session_->call(echo::service_id, SharedBytes{}, now, now + patience);
  if (!taken && taken.error().code == ErrorCode::resource_exhausted) return;
  if (!taken && session_->ended()) return;
  throw Violation("within limits", "client " + std::to_string(number_) + " was not told that " +
                                       std::to_string(session_->calls_in_flight()) +
                                       " commands in flight are too many");
}

// What only the leader may say of the group, said by a client.
void Client::forge() {
  wire::GroupChange change;
  change.mutable_state()->set_number(1 + static_cast<std::uint32_t>(random_.below(5)));
  change.mutable_state()->set_state(wire::ServerState::FAILED);
  const Instant now = world_.events.now();
  const auto sequence =
      session_->call(group::service_id, SharedBytes(wire::encode(change)), now, now + patience);
  if (sequence) forged_.insert(sequence->value);
}

void Client::make_read(Read::Kind kind, std::uint32_t key) {
  Bytes query;
  if (kind == Read::Kind::tally) query = echo::tally_query(session_->id());
  if (kind != Read::Kind::tally) Writer(query).integer(key);
  const ServiceId service = kind == Read::Kind::tally ? echo::service_id : register_service;
  const Instant now = world_.events.now();
  const auto request = session_->read(service, SharedBytes(std::move(query)),
                                      kind != Read::Kind::local, now, now + patience);
  if (!request) {
    if (verifying_) ask_later(kind, key);
    return;
  }
  world_.trace.event(now, "read", number_, key, request->value);
  reads_.emplace(
      request->value,
      Read{.kind = kind, .key = key, .began = world_.checkers.real_time.floor(), .asked = now});
}

}  // namespace muster::sim
