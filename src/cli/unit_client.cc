#include "cli/unit_client.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

#include "mobility/mobility.h"
#include "muster/check.h"
#include "wire/heartbeat.h"

namespace muster::cli {
namespace {

constexpr std::chrono::milliseconds retry_pause_min{200};
constexpr std::chrono::milliseconds retry_pause_max{3'200};
constexpr std::size_t servers_named_max = 64;  // That are remembered for the next session.

/// No change of the group's state makes it possible.
bool is_fatal(const Error& error) {
  return error.code == ErrorCode::invalid_argument || error.code == ErrorCode::already_exists ||
         error.code == ErrorCode::permission_denied || error.code == ErrorCode::unauthenticated ||
         error.code == ErrorCode::unimplemented || error.code == ErrorCode::not_found;
}

Error still_waits(Error error) {
  error.message += "; it is asked for again until it is free";
  return error;
}

}  // namespace

UnitClient::UnitClient(net::Loop& loop, Options options, Handlers handlers)
    : loop_(loop),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      is_numbered_(options_.id.empty()),
      pause_(retry_pause_min),
      retry_(loop.context()) {
  begin_session();
}

// ---- Sessions -----------------------------------------------------------------------------------

void UnitClient::begin_session() {
  client::Client::Options options = options_.client;
  const bool is_numbered = options_.id.empty();
  options.session.name =
      is_numbered ? std::string(mobility::id_prefix(options_.kind)) : options_.id;
  options.session.name_rule = is_numbered ? wire::NameRule::NUMBERED : wire::NameRule::UNIQUE;
  options.session.kind = std::string(mobility::id_prefix(options_.kind));
  options.session.session_timeout = wire::shortest_timeout(options.session.heartbeat_interval);
  signed_on_ = false;
  follows_ = false;
  client_ = std::make_unique<client::Client>(loop_, std::move(options));
  client_->on_change([this](const session::StateChange& change) { changed(change); });
  if (!fix_.empty()) set_payload();
}

void UnitClient::changed(const session::StateChange& change) {
  if (ending_) return;
  learn_servers();
  handlers_.on_change(change);
  if (change.kind == session::StateChange::Kind::opened && !signed_on_) sign_on();
  if (change.kind == session::StateChange::Kind::ended) session_ended();
}

// For sessions to come; in the order in which they were named and heard of.
void UnitClient::learn_servers() {
  const auto& hello = client_->session().hello();
  if (!hello) return;
  std::vector<std::string>& seeds = options_.client.session.seeds;
  for (const std::string& address : hello->client_addresses()) {
    if (seeds.size() >= servers_named_max) return;
    if (std::ranges::find(seeds, address) == seeds.end()) seeds.push_back(address);
  }
}

void UnitClient::session_ended() {
  signed_on_ = false;
  const auto& why = client_->session().last_error();
  // One that never was there and is refused stays refused; one that was comes back.
  if (!was_signed_on_ && why && is_fatal(*why)) return handlers_.on_trouble(*why, true);
  if (why && why->code == ErrorCode::already_exists) {
    if (is_numbered_) options_.id.clear();
    if (!is_numbered_) handlers_.on_trouble(still_waits(*why), false);
  }
  try_later(&UnitClient::begin_session);
}

// A client can't be replaced from within one of its handlers; and the group is not to be asked
// without a pause.
void UnitClient::try_later(void (UnitClient::*then)()) {
  retry_.expires_after(pause_);
  pause_ = std::min<Duration>(2 * pause_, retry_pause_max);
  retry_.async_wait(
      [this, then, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
        if (error || alive.expired() || ending_) return;
        (this->*then)();
      });
}

void UnitClient::sign_on() {
  if (client_->session().ended()) return;  // The next session does.
  options_.id = client_->session().name();
  mobility::SignOn request = handlers_.sign_on();
  request.unit = {options_.kind, options_.id};
  call(request, [this](const Result<mobility::Receipt>& receipt) { signed_on(receipt); });
}

void UnitClient::signed_on(const Result<mobility::Receipt>& receipt) {
  if (ending_ || client_->session().ended()) return;
  if (!receipt) {
    const bool fatal = !was_signed_on_ && is_fatal(receipt.error());
    handlers_.on_trouble(receipt.error(), fatal);
    if (!fatal && !ending_) try_later(&UnitClient::sign_on);
    return;
  }
  signed_on_ = true;
  was_signed_on_ = true;
  pause_ = retry_pause_min;
  handlers_.on_signed_on(*receipt);
  follow_all(*receipt);
}

// From its own place in the log on, so that no order is missed, whichever server answers. A unit
// that was there already may have orders from before: those come as what stands.
void UnitClient::follow_all(const mobility::Receipt& receipt) {
  if (std::exchange(follows_, true)) return;
  const Position place = receipt.repeated ? Position{.index = {1}} : receipt.position;
  const wire::EventPosition from{.command = place};
  follow(mobility::unit_topic({options_.kind, options_.id}), from,
         [this](const session::TopicNews& news) { take_orders(news); });
  if (options_.hears_approaches) {
    follow(std::string(mobility::way_topic), from,
           [this](const session::TopicNews& news) { take_approaches(news); });
  }
  if (options_.hears_incidents) {
    follow(std::string(mobility::incidents_topic), from,
           [this](const session::TopicNews& news) { take_incidents(news); });
  }
}

void UnitClient::end(std::function<void()> done) {
  ending_ = true;
  retry_.cancel();
  client_->end(std::move(done));
}

// ---- What is said -------------------------------------------------------------------------------

void UnitClient::send(const mobility::Request& request, OnReceipt done) {
  if (signed_on_) return call(request, std::move(done));
  boost::asio::post(loop_.context(), [done = std::move(done), alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    done(Error{ErrorCode::unavailable, "the group does not know this unit yet; wait a moment"});
  });
}

void UnitClient::call(const mobility::Request& request, OnReceipt done) {
  const auto sent =
      client_->call(mobility::service_id, SharedBytes(mobility::encode(request)), options_.timeout,
                    [this, done, alive = std::weak_ptr(alive_)](Result<session::Reply> reply) {
                      if (alive.expired() || ending_) return;
                      if (!reply) return done(reply.error());
                      done(mobility::decode_receipt(reply->payload.view()));
                    });
  if (sent) return;
  boost::asio::post(loop_.context(), [this, done = std::move(done), error = sent.error(),
                                      alive = std::weak_ptr(alive_)] {
    if (!alive.expired() && !ending_) done(error);
  });
}

void UnitClient::set_fix(const mobility::Fix& fix) {
  Bytes bytes = mobility::encode(fix);
  if (bytes == fix_) return;
  fix_ = std::move(bytes);
  set_payload();
}

void UnitClient::set_payload() {
  check(client_->set_payload(fix_).has_value());  // It is far below the limit.
}

// ---- What is told -------------------------------------------------------------------------------

void UnitClient::follow(const std::string& topic, wire::EventPosition from,
                        client::Client::TopicHandler take) {
  const auto followed = client_->follow(topic, from, std::move(take));
  if (!followed) handlers_.on_trouble(followed.error(), false);
}

void UnitClient::take_orders(const session::TopicNews& news) {
  if (ending_) return;
  if (const auto* const events = std::get_if<session::TopicEvents>(&news)) {
    for (const session::Event& event : events->events) {
      const auto order = mobility::decode_order(event.payload.view());
      if (!order) handlers_.on_trouble(order.error(), false);
      if (order) handlers_.on_order(*order, event.position.command);
    }
  } else if (const auto* const gap = std::get_if<session::TopicGap>(&news)) {
    if (!gap->state) return handlers_.on_trouble(gap->state.error(), false);
    const auto orders = mobility::decode_orders(gap->state->view());
    if (!orders) return handlers_.on_trouble(orders.error(), false);
    handlers_.on_orders(*orders);
  }
}

// What was missed of those is not worth telling: there is news every few seconds.
void UnitClient::take_approaches(const session::TopicNews& news) {
  const auto* const events = std::get_if<session::TopicEvents>(&news);
  if (ending_ || events == nullptr) return;
  for (const session::Event& event : events->events) {
    const auto approach = mobility::decode_approach(event.payload.view());
    if (approach) handlers_.on_approach(*approach);
    if (!approach) handlers_.on_trouble(approach.error(), false);
  }
}

void UnitClient::take_incidents(const session::TopicNews& news) {
  const auto* const events = std::get_if<session::TopicEvents>(&news);
  if (ending_ || events == nullptr) return;
  for (const session::Event& event : events->events) {
    const auto incident = mobility::decode_incident_event(event.payload.view());
    if (incident) handlers_.on_incident(*incident);
    if (!incident) handlers_.on_trouble(incident.error(), false);
  }
}

}  // namespace muster::cli
