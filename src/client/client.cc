#include "client/client.h"

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/post.hpp>
#include <random>
#include <utility>

#include "muster/check.h"

namespace muster::client {
namespace {

constexpr session::LinkId closing{};  // The session never gives a link this number.

session::Session::Options with_identity(session::Session::Options options, const Bytes& secret) {
  options.heartbeat_secret = secret;
  if (options.id.uuid.is_nil()) {
    options.id = make_session_id();
    options.seed = make_seed();
  }
  if (options.host.empty() && !options.only_follows) {
    boost::system::error_code unknown;
    options.host = boost::asio::ip::host_name(unknown);
  }
  return options;
}

constexpr Duration search_pause_min = std::chrono::milliseconds{500};
constexpr Duration search_pause_max = std::chrono::seconds{5};

}  // namespace

std::uint64_t make_seed() {
  std::random_device source;
  return (std::uint64_t{source()} << 32U) | source();
}

SessionId make_session_id() {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return {Uuid::make_v7(since_epoch, make_seed(), make_seed())};
}

Client::Client(net::Loop& loop, Options options)
    : loop_(loop),
      session_(with_identity(options.session, options.secret)),
      discovery_options_(std::move(options.discovery)),
      next_search_(loop.now()),
      search_pause_(search_pause_min),
      dialer_(loop, {.kind = wire::LinkKind::client,
                     .secret = std::move(options.secret),
                     .link = options.link}),
      timer_(loop.context()) {
  if (!options.session.seeds.empty()) next_search_ += search_pause_min;
  carry_out_later();
}

Client::~Client() {
  for (const Connection& connection : connections_) {
    if (connection.link) connection.link->abort();
  }
}

Result<SequenceNumber> Client::call(ServiceId service, SharedBytes payload, Duration timeout,
                                    CallHandler handler) {
  const Instant now = loop_.now();
  auto sequence = session_.call(service, std::move(payload), now, now + timeout);
  if (!sequence) return sequence;
  check(sequence->value == first_call_ + call_handlers_.size());
  call_handlers_.push_back(std::move(handler));
  carry_out_later();
  return sequence;
}

Result<void> Client::read(ServiceId service, const SharedBytes& payload, Consistency consistency,
                          Duration timeout, ReadHandler handler) {
  const Instant now = loop_.now();
  const auto request =
      session_.read(service, payload, consistency == Consistency::linearizable, now, now + timeout);
  if (!request) return request.error();
  read_handlers_.emplace(*request, std::move(handler));
  carry_out_later();
  return {};
}

Result<void> Client::query(wire::FrameType type, SharedBytes body, Duration timeout,
                           QueryHandler handler) {
  const Instant now = loop_.now();
  const auto request = session_.query(type, std::move(body), now, now + timeout);
  if (!request) return request.error();
  query_handlers_.emplace(*request, std::move(handler));
  carry_out_later();
  return {};
}

Result<void> Client::follow(const std::string& topic, std::optional<wire::EventPosition> from,
                            TopicHandler handler) {
  if (Result<void> followed = session_.follow(topic, from); !followed) return followed;
  topic_handlers_.insert_or_assign(topic, std::make_shared<const TopicHandler>(std::move(handler)));
  carry_out_later();
  return {};
}

void Client::unfollow(const std::string& topic) {
  session_.unfollow(topic);
  topic_handlers_.erase(topic);
  carry_out_later();
}

void Client::end(std::function<void()> done) {
  on_ended_ = std::move(done);
  session_.end(loop_.now());
  carry_out_later();
}

void Client::on_open(net::Link&) {}  // The dialer hands over open links only.

void Client::on_frame(net::Link& link, wire::Frame frame) {
  const Connection* connection = find(link);
  if (connection == nullptr || connection->id == closing) return;
  session_.frame(connection->id, frame.type, frame.body, loop_.now());
  carry_out_later();
}

void Client::on_close(net::Link& link, const Error& error) {
  const Connection* connection = find(link);
  check(connection != nullptr);
  if (connection->id != closing) session_.disconnected(connection->id, loop_.now(), error);
  std::erase_if(connections_, [&](const Connection& each) { return each.link.get() == &link; });
  carry_out_later();
}

void Client::carry_out_later() {
  if (std::exchange(carry_out_posted_, true)) return;
  boost::asio::post(loop_.context(), [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) carry_out();
  });
}

void Client::carry_out() {
  carry_out_posted_ = false;
  session::Ready ready = session_.ready(loop_.now());
  for (const session::Dial& wanted : ready.dial) dial(wanted);
  for (session::Outgoing& outgoing : ready.send) send(outgoing);
  for (const session::OutgoingDatagram& outgoing : ready.datagrams) send(outgoing);
  for (const session::LinkId id : ready.close) close(id);
  complete(ready);
  look_for_servers();
  wait_for_deadline();
  finish_end();
}

// All servers may have come back at other addresses: those that are known are tried on and on, and
// others looked for beside that.
void Client::look_for_servers() {
  if (!discovery_options_ || session_.ended()) return;
  const Instant now = loop_.now();
  if (session_.server()) {
    discovery_.reset();
    search_pause_ = search_pause_min;
    next_search_ = now + search_pause_;
    return;
  }
  if (discovery_ || now < next_search_) return;
  discovery_ =
      std::make_unique<Discovery>(loop_, *discovery_options_, [this](const Discovered& found) {
        discovery_.reset();
        for (const std::string& address : found.addresses()) session_.learned(address);
        search_failure_.clear();
        if (!found.failure.empty()) search_failure_ = found.failure + "; asked on " + found.asked;
        search_pause_ = std::min(2 * search_pause_, search_pause_max);
        next_search_ = loop_.now() + search_pause_;
        carry_out_later();
      });
}

void Client::dial(const session::Dial& dial) {
  const auto number = dialer_.dial(dial.address, [this, id = dial.link](net::DialResult result) {
    dialled(id, std::move(result));
  });
  connections_.push_back({.id = dial.link, .dial = number});
}

void Client::dialled(session::LinkId id, net::DialResult result) {
  Connection* connection = find(id);
  check(connection != nullptr);
  if (result.link) {
    result.link->observe(*this);
    connection->link = std::move(result.link);
    session_.connected(id, loop_.now());
  } else {
    std::erase_if(connections_, [&](const Connection& each) { return each.id == id; });
    session_.disconnected(id, loop_.now(), result.error);
  }
  carry_out_later();
}

void Client::send(session::Outgoing& outgoing) {
  Connection* connection = find(outgoing.link);
  if (connection == nullptr || !connection->link) return;  // Lost since; the session will hear.
  wire::Frame& frame = outgoing.frame;
  if (connection->link->send(frame.type, frame.lane, std::move(frame.body))) return;
  // The server does not read. The session sends everything again on its next link.
  connection->link->abort();
  session_.disconnected(outgoing.link, loop_.now(),
                        Error{ErrorCode::unavailable, "the server does not take what is sent"});
  std::erase_if(connections_, [&](const Connection& each) { return each.id == outgoing.link; });
  carry_out_later();
}

void Client::send(const session::OutgoingDatagram& outgoing) {
  Connection* const connection = find(outgoing.link);
  if (connection == nullptr || !connection->link) return;
  if (!connection->heartbeats) {
    connection->heartbeats =
        std::make_unique<net::HeartbeatSender>(loop_, connection->link->remote());
  }
  connection->heartbeats->send(outgoing.bytes);
}

void Client::close(session::LinkId id) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  if (connection->link) {
    connection->id = closing;
    connection->link->close();
    return;
  }
  dialer_.cancel(connection->dial);
  std::erase_if(connections_, [&](const Connection& each) { return each.id == id; });
}

void Client::complete(session::Ready& ready) {
  if (on_change_) {
    for (const session::StateChange& change : ready.changes) on_change_(change);
  }
  for (session::CompletedCall& call : ready.calls) complete_call(call);
  for (session::CompletedRead& read : ready.reads) {
    auto handler = read_handlers_.extract(read.request);
    check(!handler.empty());
    handler.mapped()(std::move(read.result));
  }
  for (session::CompletedQuery& query : ready.queries) {
    auto handler = query_handlers_.extract(query.request);
    check(!handler.empty());
    handler.mapped()(std::move(query.result));
  }
  complete_topics(ready.topics);
}

// A handler may unfollow and follow anew: what is left of this turn is not for the new follow.
void Client::complete_topics(const std::vector<session::TopicNews>& topics) {
  std::vector<std::weak_ptr<const TopicHandler>> handlers;
  handlers.reserve(topics.size());
  for (const session::TopicNews& news : topics) {
    const auto found = topic_handlers_.find(session::topic_of(news));
    handlers.emplace_back();
    if (found != topic_handlers_.end()) handlers.back() = found->second;
  }
  for (std::size_t i = 0; i < topics.size(); ++i) {
    // Held while it runs.
    if (const auto handler = handlers[i].lock()) (*handler)(topics[i]);
  }
}

void Client::complete_call(session::CompletedCall& call) {
  check(call.sequence.value >= first_call_);
  const std::uint64_t place = call.sequence.value - first_call_;
  check(place < call_handlers_.size());
  const CallHandler handler = std::exchange(call_handlers_[place], nullptr);
  check(handler != nullptr);
  while (!call_handlers_.empty() && call_handlers_.front() == nullptr) {
    call_handlers_.pop_front();
    ++first_call_;
  }
  handler(std::move(call.result));
}

// Setting a timer costs much more than being woken early once in a while, so one that is due before
// the deadline is left as it is.
void Client::wait_for_deadline() {
  std::optional<Instant> deadline = session_.deadline();
  if (discovery_options_ && !discovery_ && !session_.server() && !session_.ended()) {
    deadline = std::min(deadline.value_or(next_search_), next_search_);
  }
  if (!deadline || (timer_set_to_ && *timer_set_to_ <= *deadline)) return;
  timer_set_to_ = deadline;
  const Duration left = std::max(*deadline - loop_.now(), Duration::zero());
  timer_.expires_after(left);
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired()) return;  // Set anew, or the client is gone.
    timer_set_to_.reset();
    session_.tick(loop_.now());
    carry_out();
  });
}

void Client::finish_end() {
  if (!on_ended_ || !session_.ended() || !connections_.empty()) return;
  const auto done = std::exchange(on_ended_, nullptr);
  done();
}

Client::Connection* Client::find(session::LinkId id) {
  const auto found = std::ranges::find(connections_, id, &Connection::id);
  return found == connections_.end() ? nullptr : &*found;
}

Client::Connection* Client::find(const net::Link& link) {
  const auto found = std::ranges::find_if(
      connections_, [&](const Connection& each) { return each.link.get() == &link; });
  return found == connections_.end() ? nullptr : &*found;
}

}  // namespace muster::client
