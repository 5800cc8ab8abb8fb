#include "library/client_driver.h"

#include <algorithm>
#include <utility>

#include "library/discovery.h"
#include "library/follower.h"
#include "net/address.h"
#include "wire/control.h"
#include "wire/heartbeat.h"
#include "wire/limits.h"

namespace muster::library {
namespace {

static_assert(calls_in_flight_max == wire::session_requests_in_flight_max);
static_assert(reads_in_flight_max == wire::session_reads_in_flight_max);
static_assert(call_payload_bytes_max == wire::command_bytes_max);
static_assert(heartbeat_value_bytes_max == wire::heartbeat_payload_bytes_max);
static_assert(topics_followed_max == wire::link_topics_max);

/// Of one search of several; shorter if who waits is told sooner, so that he learns what was found.
constexpr Duration search_timeout = std::chrono::seconds{3};

Error has_ended_error(const std::string& reason) {
  return {ErrorCode::aborted, "this client has ended" +
                                  (reason.empty() ? "" : " (" + reason + ")") +
                                  ": make a new one to go on"};
}

wire::NameRule::Value to_wire(NameRule rule) {
  switch (rule) {
    case NameRule::any:
      return wire::NameRule::ANY;
    case NameRule::unique:
      return wire::NameRule::UNIQUE;
    case NameRule::numbered:
      return wire::NameRule::NUMBERED;
  }
  return wire::NameRule::ANY;
}

ClientChange to_public(const session::StateChange& change) {
  const auto kind = [&] {
    switch (change.kind) {
      case session::StateChange::Kind::connected:
        return ClientChange::Kind::connected;
      case session::StateChange::Kind::lost:
        return ClientChange::Kind::lost;
      case session::StateChange::Kind::opened:
        return ClientChange::Kind::opened;
      case session::StateChange::Kind::resumed:
        return ClientChange::Kind::resumed;
      case session::StateChange::Kind::ended:
        return ClientChange::Kind::ended;
    }
    return ClientChange::Kind::ended;
  };
  return {.kind = kind(), .address = change.address, .reason = change.reason};
}

}  // namespace

Interruptions call_interruptions() {
  return {.dropped = {ErrorCode::aborted,
                      "the client was destroyed before the answer came: look before you call again",
                      Outcome::perhaps_applied},
          .cancelled = {ErrorCode::aborted,
                        "the call was cancelled before the answer came: look before you call again",
                        Outcome::perhaps_applied}};
}

Interruptions other_interruptions() {
  return {.dropped = {ErrorCode::aborted, "the client was destroyed: make a new one to go on"},
          .cancelled = {ErrorCode::aborted, "cancelled by the caller; it may be asked again"}};
}

ClientDriver::ClientDriver(boost::asio::io_context& context, ClientOptions options,
                           bool only_follows)
    : context_(context),
      options_(std::move(options)),
      id_(client::make_session_id()),
      only_follows_(only_follows) {}

ClientDriver::~ClientDriver() = default;

Result<void> check_heartbeats(const ClientOptions& options) {
  const Duration interval = options.heartbeat_interval;
  if (interval != Duration{} &&
      (interval < wire::heartbeat_interval_min || interval > wire::heartbeat_interval_max)) {
    return Error{ErrorCode::invalid_argument, "heartbeats may come every 15 ms to 60 s"};
  }
  if (options.session_timeout < Duration{} || options.session_timeout > wire::session_timeout_max) {
    return Error{ErrorCode::invalid_argument, "a session timeout may be up to 24 h"};
  }
  return {};
}

Result<void> check_identity(const ClientOptions& options) {
  if (Result<void> valid = wire::validate_name(options.name); !valid) return valid;
  if (options.name_rule == NameRule::numbered &&
      options.name.size() > wire::numbered_name_bytes_max) {
    return Error{ErrorCode::invalid_argument, "the name leaves no room for a number: at most " +
                                                  std::to_string(wire::numbered_name_bytes_max) +
                                                  " bytes"};
  }
  if (!options.zone.empty()) {
    if (Result<void> valid = wire::validate_name(options.zone); !valid) return valid;
  }
  return wire::validate_client_tags(options.tags);
}

Result<void> check_options(const ClientOptions& options) {
  if (Result<void> valid = check_identity(options); !valid) return valid;
  if (!options.kind.empty()) {
    if (Result<void> valid = wire::validate_name(options.kind); !valid) return valid;
  }
  if (!options.group.empty()) {
    if (Result<void> valid = wire::validate_name(options.group); !valid) return valid;
  }
  for (const std::string& server : options.servers) {
    if (const auto address = net::parse_address(server); !address) return address.error();
  }
  if (options.secret.size() > wire::secret_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "a secret has at most " + std::to_string(wire::secret_bytes_max) + " bytes"};
  }
  if (Result<void> valid = check_heartbeats(options); !valid) return valid;
  if (!options.servers.empty()) return {};
  if (options.discovery.mode == DiscoveryMode::off) {
    return Error{ErrorCode::invalid_argument,
                 "discovery is off and no server is named: name one (HOST:PORT)"};
  }
  return check_discovery(options.discovery);
}

client::Discovery::Options search_for(const ClientOptions& options) {
  return to_search({.group = options.group,
                    .zone = options.zone,
                    .secret = options.secret,
                    .timeout = std::min(search_timeout, options.timeout / 2),
                    .discovery = options.discovery});
}

client::Client::Options ClientDriver::client_options() const {
  client::Client::Options options{.session = {.id = id_,
                                              .name = options_.name,
                                              .kind = options_.kind,
                                              .seeds = options_.servers,
                                              .zone = options_.zone,
                                              .tags = options_.tags,
                                              .name_rule = to_wire(options_.name_rule),
                                              .stays = !options_.servers.empty(),
                                              .only_follows = only_follows_,
                                              .seed = client::make_seed()},
                                  .secret = options_.secret};
  options.session.session_timeout = options_.session_timeout;
  if (options_.heartbeat_interval != Duration{}) {
    options.session.heartbeat_interval = options_.heartbeat_interval;
    options.session.session_timeout =
        std::max(options_.session_timeout, wire::shortest_timeout(options_.heartbeat_interval));
  }
  if (options_.servers.empty()) options.discovery = search_for(options_);
  return options;
}

void ClientDriver::start() {
  if (client_ || over_) return;
  if (const Result<void> valid = check_options(options_); !valid) {
    over_ = valid.error();
    return;
  }
  Loops& loops = Loops::of(context_);
  client_ = std::make_unique<client::Client>(loops.loop(), client_options());
  client_->on_change([this](const session::StateChange& change) { changed(change); });
  loops.add(shared_from_this());
}

/// Begins, if nobody did yet. Errors: why no operation can be begun.
Result<void> ClientDriver::usable() {
  start();
  if (over_) return *over_;
  return {};
}

void ClientDriver::connect(Duration timeout, const WaitingPointer<Connected>& waiting) {
  if (const Result<void> can = usable(); !can) return waiting->complete(can.error());
  if (auto now = connected()) return waiting->complete(std::move(*now));
  std::erase_if(connecting_, [](const auto& each) { return each->done(); });
  connecting_.push_back(waiting);
  waiting->complete_after(timeout, [this, timeout] { return not_connected(timeout); });
}

void ClientDriver::call(ServiceId service, SharedBytes payload, Duration timeout,
                        const WaitingPointer<Reply>& waiting) {
  if (const Result<void> can = usable(); !can) return waiting->complete(can.error());
  const auto taken =
      client_->call(service, std::move(payload), within_limits(timeout),
                    [waiting](Result<session::Reply> result) {
                      if (!result) return waiting->complete(result.error());
                      waiting->complete(Reply{.position = result->position,
                                              .payload = std::move(result->payload)});
                    });
  if (!taken) waiting->complete(taken.error());
}

void ClientDriver::read(ServiceId service, const SharedBytes& payload, Consistency consistency,
                        Duration timeout, const WaitingPointer<ReadReply>& waiting) {
  if (const Result<void> can = usable(); !can) return waiting->complete(can.error());
  const auto taken = client_->read(
      service, payload,
      consistency == Consistency::local ? client::Consistency::local
                                        : client::Consistency::linearizable,
      within_limits(timeout), [waiting](Result<session::ReadResult> result) {
        if (!result) return waiting->complete(result.error());
        waiting->complete(ReadReply{.index = result->index, .payload = std::move(result->payload)});
      });
  if (!taken) waiting->complete(taken.error());
}

Result<std::shared_ptr<Follower>> ClientDriver::follow(const std::string& topic,
                                                       const FollowOptions& options) {
  if (const Result<void> can = usable(); !can) return can.error();
  if (followers_.contains(topic)) {
    return Error{ErrorCode::already_exists,
                 "this client follows topic " + topic + " already: take its news from there"};
  }
  if (followers_.size() >= topics_followed_max) {  // Those that pause are counted too.
    return Error{ErrorCode::resource_exhausted, "a client follows at most " +
                                                    std::to_string(topics_followed_max) +
                                                    " topics: leave one, or make another client"};
  }
  const auto follower = std::make_shared<Follower>(weak_from_this(), context_, topic, options);
  if (const Result<void> followed = follow_at_servers(follower); !followed) return followed.error();
  followers_.emplace(topic, follower);
  return follower;
}

Result<void> ClientDriver::follow_at_servers(const std::shared_ptr<Follower>& follower) {
  return client_->follow(follower->topic(), follower->from(),
                         [this, weak = std::weak_ptr(follower)](const session::TopicNews& news) {
                           if (suspicions_)
                             suspicions_->note(news);  // Before whoever takes it may destroy this.
                           if (const auto self = weak.lock()) self->take(news);
                         });
}

void ClientDriver::watch_suspicions(client::Suspicions::Handler handler) {
  if (!usable() || suspicions_) return;
  suspicions_ = std::make_unique<client::Suspicions>(
      Loops::of(context_).loop(), *client_, client::Suspicions::Options{}, std::move(handler));
}

void ClientDriver::pause(const Follower& follower) {
  if (client_) client_->unfollow(follower.topic());
}

void ClientDriver::resume(Follower& follower) {
  const auto found = followers_.find(follower.topic());
  if (!client_ || over_ || found == followers_.end() || found->second.get() != &follower) return;
  const Result<void> followed = follow_at_servers(found->second);
  if (!followed) follower.end(followed.error());
}

void ClientDriver::forget(const Follower& follower) {
  const auto found = followers_.find(follower.topic());
  if (found == followers_.end() || found->second.get() != &follower) return;
  if (client_) client_->unfollow(follower.topic());
  followers_.erase(found);
}

Result<void> ClientDriver::set_heartbeat_value(BytesView value) {
  if (Result<void> can = usable(); !can) return can;
  return client_->set_payload(value);
}

void ClientDriver::end(const WaitingPointer<bool>& waiting) {
  if (!client_) {  // It never began, or is over already.
    if (!over_) over_ = has_ended_error({});
    return waiting->complete(true);
  }
  ending_.push_back(waiting);
  if (ending_.size() > 1) return;
  const auto finish = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->close();
  };
  // The client must not be destroyed from within its own call.
  client_->end([this, finish] { boost::asio::post(context_, finish); });
  waiting->complete_after(options_.timeout, [this, finish] {
    boost::asio::post(context_, finish);
    return Error{ErrorCode::deadline_exceeded, "the group could not be told in time"};
  });
}

void ClientDriver::close() {
  if (!over_) over_ = has_ended_error({});
  if (!client_) return;
  Loops::of(context_).remove(*this);
  suspicions_.reset();
  client_.reset();  // Drops whom it was to answer.
  has_ended();
  for (const auto& waiting : std::exchange(ending_, {})) waiting->complete(true);
}

void ClientDriver::has_ended() {
  for (const auto& waiting : std::exchange(connecting_, {})) waiting->complete(*over_);
  for (const auto& [topic, follower] : std::exchange(followers_, {})) follower->end(*over_);
}

void ClientDriver::changed(const session::StateChange& change) {
  if (change.kind == session::StateChange::Kind::ended) {
    const auto& last = client_->session().last_error();
    const bool name_taken = last && last->code == ErrorCode::already_exists;
    over_ = name_taken ? *last : has_ended_error(change.reason);
    has_ended();
  } else if (auto now = connected()) {
    for (const auto& waiting : std::exchange(connecting_, {})) waiting->complete(*now);
  }
  if (options_.on_change) options_.on_change(to_public(change));
}

std::optional<Connected> ClientDriver::connected() const {
  const session::Session& session = client_->session();
  if (!session.opened()) return std::nullopt;
  Connected connected{.address = session.server().value_or(""),
                      .server = {},
                      .group = {},
                      .group_id = {},
                      .name = session.name()};
  if (const auto& hello = session.hello()) {
    connected.server = hello->name();
    connected.group = hello->group();
    connected.group_id = hello->group_id();
  }
  return connected;
}

Error ClientDriver::not_connected(Duration timeout) const {
  const auto seconds = std::chrono::duration<double>(timeout).count();
  const std::string within =
      "no server took this client within " + std::to_string(seconds).substr(0, 5) + " s: ";
  if (client_ && client_->session().last_error()) {
    const Error& last = *client_->session().last_error();
    return {last.code, within + last.message};
  }
  if (client_ && !client_->search_failure().empty()) {
    return {ErrorCode::unavailable,
            within + client_->search_failure() +
                "; name one (HOST:PORT), or look into it with: muster doctor"};
  }
  return {ErrorCode::unavailable, within + "start one, or name one that runs (HOST:PORT)"};
}

}  // namespace muster::library
