#include "client/question.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"
#include "wire/control.h"

namespace muster::client {
namespace {

std::string listed(const std::vector<std::string>& servers) {
  if (servers.size() > 4) {
    return servers.front() + ", " + servers[1] + " … " + servers.back();
  }
  std::string text;
  for (const std::string& server : servers) text += (text.empty() ? "" : ", ") + server;
  return text;
}

}  // namespace

Question::Question(net::Loop& loop, Options options, wire::Frame question, OnDone on_done)
    : loop_(loop),
      options_(std::move(options)),
      question_(std::move(question)),
      deadline_(loop.now() + options_.timeout),
      on_done_(std::move(on_done)),
      dialer_(loop, {.kind = wire::LinkKind::client, .secret = options_.secret}),
      timer_(std::make_unique<boost::asio::steady_timer>(loop.context())) {
  check(!options_.servers.empty());
  ask_next();
}

Question::~Question() {
  if (link_) link_->abort();
}

void Question::ask_next() {
  set_timer(std::min(options_.server_timeout, deadline_ - loop_.now()),
            &Question::server_is_silent);
  hello_.reset();
  asked_ = false;
  dial_ = dialer_.dial(server(), [this](net::DialResult result) { dialled(std::move(result)); });
}

void Question::dialled(net::DialResult result) {
  dial_.reset();
  if (!result.link) {
    check(result.error.has_value());
    give_up_server(std::move(*result.error));
    return;
  }
  link_ = std::move(result.link);
  link_->observe(*this);
}

void Question::on_open(net::Link&) {}  // The dialer hands over open links only.

void Question::on_frame(net::Link&, wire::Frame frame) {
  if (!link_) return;
  if (const auto taken = take(frame); !taken) give_up_server(taken.error());
}

Result<void> Question::take(wire::Frame& frame) {
  switch (frame.type) {
    case wire::FrameType::server_hello:
      return take_hello(frame);
    case wire::FrameType::refused: {
      const auto refused = wire::decode<wire::Refused>(frame.body.view());
      if (!refused) return refused.error();
      asked_ = false;  // That is an answer.
      // The leader's no to an operator is the group's: another server would only lead back to it.
      if (question_.type != wire::FrameType::steer || !hello_) return wire::to_error(*refused);
      finish(Answer{.address = server(), .hello = std::move(*hello_), .frame = std::move(frame)});
      return {};
    }
    case wire::FrameType::goodbye:
      return Error{ErrorCode::unavailable, server() + " is stopping; try again or name another"};
    case wire::FrameType::status:
    case wire::FrameType::members:
    case wire::FrameType::steered:
    case wire::FrameType::invoked:
    case wire::FrameType::redirect:
    case wire::FrameType::read_reply:
      if (!hello_) return Error{ErrorCode::internal, server() + " answered before it said hello"};
      finish(Answer{.address = server(), .hello = std::move(*hello_), .frame = std::move(frame)});
      return {};
    default:
      return {};  // Meant for sessions.
  }
}

Result<void> Question::take_hello(const wire::Frame& frame) {
  auto hello = wire::decode<wire::ServerHello>(frame.body.view());
  if (!hello) return hello.error();
  const std::string& wanted = options_.group;
  if (!wanted.empty() && wanted != hello->group() && wanted != hello->group_id()) {
    return Error{ErrorCode::not_found, server() + " belongs to group " + hello->group() + ", not " +
                                           wanted + "; name a server of " + wanted +
                                           " with --server HOST:PORT"};
  }
  const bool is_first = !hello_;
  hello_ = std::move(*hello);
  if (!is_first) return {};
  // Not before: a server of another group must not act on it.
  if (!link_->send(question_.type, question_.lane, question_.body)) {
    return Error{ErrorCode::internal, "the question is too long to be sent"};
  }
  asked_ = true;
  return {};
}

void Question::on_close(net::Link&, const Error& error) {
  link_.reset();
  give_up_server(error);
}

void Question::server_is_silent() {
  give_up_server({ErrorCode::deadline_exceeded,
                  server() + " accepts connections but does not answer; is its process stopped?"});
}

void Question::give_up_server(Error error) {
  drop_connection();
  unanswered_ = unanswered_ || std::exchange(asked_, false);
  if (error.code == ErrorCode::unavailable) {
    ++unreachable_;
  } else {
    telling_error_ = std::move(error);
  }
  const bool round_over = ++next_ == options_.servers.size();
  if (round_over) next_ = 0;
  if (loop_.now() >= deadline_ || (round_over && !options_.wait)) {
    finish(failure());
  } else if (round_over) {
    unreachable_ = 0;
    set_timer(std::min(options_.round_pause, deadline_ - loop_.now()), &Question::ask_next);
  } else {
    ask_next();
  }
}

Error Question::failure() const {
  Error error = telling_error_.value_or(
      Error{ErrorCode::unavailable,
            "no server answered at " + listed(options_.servers) +
                "; start one with `muster serve`, or name one with --server HOST:PORT"});
  const bool changes =
      question_.type == wire::FrameType::steer || question_.type == wire::FrameType::invoke;
  if (unanswered_ && changes) error.outcome = Outcome::perhaps_applied;
  return error;
}

void Question::finish(Result<Answer> result) {
  drop_connection();
  timer_.reset();
  const auto done = std::exchange(on_done_, nullptr);
  done(std::move(result));
}

void Question::drop_connection() {
  if (dial_) dialer_.cancel(*std::exchange(dial_, std::nullopt));
  if (link_) std::exchange(link_, nullptr)->abort();
}

void Question::set_timer(Duration after, void (Question::*then)()) {
  timer_->expires_after(std::max(after, Duration::zero()));
  timer_->async_wait([this, then, alive = std::weak_ptr(alive_)](const auto& error) {
    if (error || alive.expired() || !timer_) return;
    if (timer_->expiry() > std::chrono::steady_clock::now()) return;  // Set anew meanwhile.
    (this->*then)();
  });
}

void run_until_stopped(net::Loop& loop) {
  loop.context().restart();
  loop.run();
}

void run_for(net::Loop& loop, Duration length) {
  boost::asio::steady_timer timer(loop.context());
  timer.expires_after(length);
  timer.async_wait([&loop](const boost::system::error_code& error) {
    if (!error) loop.stop();
  });
  run_until_stopped(loop);
}

Result<Answer> ask(net::Loop& loop, Question::Options options, wire::Frame question) {
  std::optional<Result<Answer>> result;
  const Question asked(loop, std::move(options), std::move(question), [&](Result<Answer> answer) {
    result = std::move(answer);
    loop.stop();
  });
  run_until_stopped(loop);
  check(result.has_value());
  return std::move(*result);
}

}  // namespace muster::client
