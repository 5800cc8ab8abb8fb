#include "faults/load.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <utility>

#include "muster/client.h"
#include "muster/codec.h"

namespace muster::faults {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using Kind = sim::RegisterCommand::Kind;

constexpr auto last_timeout = 45s;  // By then everything has healed.
constexpr std::uint32_t padding_max = 8 * 1024;

Instant now() {
  return Instant{
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

/// Unique among all clients, and exact as a number of JSON.
std::uint64_t value_of(const sim::OperationId& id) {
  constexpr unsigned bits_of_number = 40;
  return (std::uint64_t{id.client} << bits_of_number) | id.number;
}

Bytes encoded_key(std::uint32_t key) {
  Bytes bytes;
  Writer(bytes).integer(key);
  return bytes;
}

/// What may be met while servers come and go; anything else is a bug.
bool is_of_faults(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded ||
         error.code == ErrorCode::aborted;
}

/// A client that is replaced when the group has given its session up.
class Renewed {
 public:
  Renewed(boost::asio::io_context& context, ClientOptions options)
      : context_(context), options_(std::move(options)) {
    options_.on_change = [](const ClientChange& change) {
      if (change.kind == ClientChange::Kind::ended) std::cerr << "ended: " << change.reason << '\n';
    };
    renew();
  }

  std::shared_ptr<Client> get() const { return client_; }
  /// `ended` gave ABORTED. Several may say so of the same one.
  void replace(const std::shared_ptr<Client>& ended) {
    if (client_ != ended) return;
    ++ended_;
    renew();
  }
  unsigned ended() const { return ended_; }

 private:
  void renew() { client_ = std::make_shared<Client>(context_, options_); }

  boost::asio::io_context& context_;
  ClientOptions options_;
  std::shared_ptr<Client> client_{};
  unsigned ended_{0};
};

/// Carries out single operations, and writes each down with its answer.
class Operations {
 public:
  Operations(Renewed& client, const std::string& path) : client_(client), file_(path) {}

  /// Its value afterwards, if it was done.
  awaitable<std::optional<std::uint64_t>> run(Recorded recorded, std::uint32_t padding,
                                              Duration timeout) {
    sim::ObservedOperation& operation = recorded.operation;
    const std::shared_ptr<Client> client = client_.get();
    const ServiceId service = sim::register_service;
    std::optional<Error> error;
    operation.begun = now();
    if (recorded.is_query) {
      const Bytes question = encoded_key(operation.command.key);
      const auto answer =
          co_await client->read(service, question, Consistency::linearizable, timeout);
      answer ? take_answer(operation, answer->payload) : void(error = answer.error());
    } else {
      operation.command.padding = padding;
      const Bytes command = sim::encode(operation.command);
      const auto answer = co_await client->call(service, command, timeout);
      answer ? take_answer(operation, answer->payload) : void(error = answer.error());
    }
    if (error) take_error(recorded, *error, client);
    file_ << to_line(recorded) << '\n';
    co_return operation.value;
  }

  /// What no fault explains; empty: nothing.
  const std::string& failure() const { return failure_; }
  /// All is in the file.
  bool is_kept() {
    file_.close();
    return !file_.fail();
  }

 private:
  static void take_answer(sim::ObservedOperation& operation, const SharedBytes& payload) {
    operation.ended = now();
    operation.value = Reader(payload.view()).integer<std::uint64_t>();
  }

  void take_error(Recorded& recorded, const Error& error, const std::shared_ptr<Client>& client) {
    const bool is_refusal = error.outcome == Outcome::applied &&
                            error.code == ErrorCode::failed_precondition &&
                            recorded.operation.command.kind == Kind::compare_and_set;
    if (is_refusal) {
      recorded.operation.ended = now();
      return;
    }
    recorded.was_not_done = error.outcome == Outcome::not_applied;
    if (!is_of_faults(error) || error.outcome == Outcome::applied) {
      failure_ = std::string(name_of(error.code)) + ", " + std::string(name_of(error.outcome)) +
                 ": " + error.message;
    }
    if (error.code == ErrorCode::aborted) client_.replace(client);
  }

  Renewed& client_;
  std::ofstream file_;
  std::string failure_{};
};

class Load {
 public:
  Load(boost::asio::io_context& context, const LoadOptions& options)
      : context_(context),
        options_(options),
        client_(context, options.client),
        operations_(client_, options.history),
        random_(options.seed) {}

  awaitable<void> run() {
    boost::asio::signal_set signals(context_, SIGTERM);
    for (unsigned i = 0; i < options_.in_flight; ++i) {
      ++working_;
      boost::asio::co_spawn(context_, work(), [this](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
        if (--working_ == 0) all_done_.cancel();
      });
    }
    co_await signals.async_wait(boost::asio::use_awaitable);
    stopping_ = true;
    boost::system::error_code cancelled;
    if (working_ > 0) {
      co_await all_done_.async_wait(
          boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
    }
    const Recorded last = drawn(Kind::write);
    const auto value = co_await operations_.run(last, 0, last_timeout);
    if (!value) failure_ = "no answer after the faults";
    co_await client_.get()->end();
  }

  int report() {
    if (failure_.empty()) failure_ = operations_.failure();
    if (!operations_.is_kept() && failure_.empty()) failure_ = "can't write " + options_.history;
    std::cout << "sessions-ended=" << client_.ended() << std::endl;
    if (failure_.empty()) return 0;
    std::cerr << failure_ << '\n';
    return 1;
  }

 private:
  awaitable<void> work() {
    boost::asio::steady_timer timer(context_);
    std::exponential_distribution<double> pause(1.0 / static_cast<double>(options_.pause.count()));
    while (!stopping_) {
      timer.expires_after(Duration{static_cast<Duration::rep>(pause(random_))});
      co_await timer.async_wait(boost::asio::use_awaitable);
      const Recorded next = drawn();
      const std::uint32_t padding = draw(8) == 0 ? draw(padding_max) : 0;
      const auto value = co_await operations_.run(next, padding, options_.client.timeout);
      if (value) known_[next.operation.command.key] = *value;
      if (!said_ && value) {
        said_ = true;
        std::cout << "working" << std::endl;
      }
    }
  }

  std::uint32_t draw(std::uint32_t below) {
    return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random_);
  }

  /// Four of ten read, three each write, and compare and set.
  Recorded drawn() {
    const std::uint32_t dice = draw(10);
    if (dice < 3) return drawn(Kind::write);
    if (dice < 6) return drawn(Kind::compare_and_set);
    Recorded read = drawn(Kind::read);
    read.is_query = dice < 9;
    return read;
  }

  Recorded drawn(Kind kind) {
    Recorded recorded;
    sim::RegisterCommand& command = recorded.operation.command;
    const auto epoch = now().time_since_epoch() / options_.keys_change;
    command.id = {options_.number, ++last_};
    command.kind = kind;
    command.key = 1 + static_cast<std::uint32_t>(epoch) * options_.keys + draw(options_.keys);
    if (kind == Kind::read) return recorded;
    command.value = value_of(command.id);
    if (kind == Kind::compare_and_set) command.expected = known_[command.key];
    return recorded;
  }

  boost::asio::io_context& context_;
  const LoadOptions& options_;
  Renewed client_;
  Operations operations_;
  std::mt19937_64 random_;
  std::map<std::uint32_t, std::uint64_t> known_{};  // What keys had when they were last met.
  std::uint64_t last_{0};
  unsigned working_{0};
  boost::asio::steady_timer all_done_{context_, boost::asio::steady_timer::time_point::max()};
  bool stopping_{false};
  bool said_{false};
  std::string failure_{};
};

class Follower {
 public:
  Follower(boost::asio::io_context& context, const ClientOptions& options, const std::string& path)
      : client_(context, options), file_(path) {}

  awaitable<void> run() {
    while (!over_ && failure_.empty()) {
      const std::shared_ptr<Client> client = client_.get();
      const FollowOptions from{.from = next_};
      auto topic = co_await client->follow(sim::register_topic, from);
      if (topic) {
        co_await listen(*topic);
      }
      if (!over_) client_.replace(client);
    }
    co_await client_.get()->end();
  }

  int report() {
    std::cout << "sessions-ended=" << client_.ended() << std::endl;
    file_.close();
    if (failure_.empty() && file_.fail()) failure_ = "the file can't be written";
    if (failure_.empty()) return 0;
    std::cerr << failure_ << '\n';
    return 1;
  }

 private:
  /// Until the end of all, or of the session.
  awaitable<void> listen(Subscription& topic) {
    while (!over_ && failure_.empty()) {
      const auto news = co_await topic.next();
      if (!news) {
        if (!is_of_faults(news.error())) failure_ = news.error().message;
        co_return;
      }
      if (const auto* event = std::get_if<Event>(&*news)) take(*event);
      if (const auto* gap = std::get_if<Gap>(&*news)) take(*gap);
    }
  }

  void take(const Event& event) {
    Reader reader(event.payload.view());
    Told told{.number = reader.integer<std::uint64_t>(), .operation = sim::OperationId{}};
    told.operation->client = reader.integer<std::uint32_t>();
    told.operation->number = reader.integer<std::uint64_t>();
    next_ = {.command = event.position.command, .number = event.position.number + 1};
    over_ = told.operation->client == client_of_the_end;
    file_ << to_line(told) << '\n';
  }

  void take(const Gap& gap) {
    if (!gap.state) {
      failure_ = gap.state.error().message;
      return;
    }
    next_ = {.command = {.index = gap.index + 1, .ordinal = 0}, .number = 0};
    file_ << to_line({.number = sim::event_number(gap.state->view()), .operation = {}}) << '\n';
  }

  Renewed client_;
  std::ofstream file_;
  EventPosition next_{.command = {.index = {1}, .ordinal = 0}, .number = 0};
  bool over_{false};
  std::string failure_{};
};

awaitable<void> end(Renewed& client, Operations& operations, const std::set<std::uint32_t>& keys,
                    bool& well) {
  Recorded recorded;
  sim::RegisterCommand& command = recorded.operation.command;
  command.id = {client_of_the_end, 1};
  command.value = value_of(command.id);
  const auto written = co_await operations.run(recorded, 0, last_timeout);
  well = written.has_value();
  for (const std::uint32_t key : keys) {
    Recorded query;
    query.is_query = true;
    query.operation.command = {
        .id = {client_of_the_end, ++command.id.number}, .kind = Kind::read, .key = key};
    const auto value = co_await operations.run(query, 0, last_timeout);
    well = well && value;
  }
  co_await client.get()->end();
}

void run_all(boost::asio::io_context& context, awaitable<void> what) {
  boost::asio::co_spawn(context, std::move(what), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  context.run();
}

}  // namespace

int run_load(const LoadOptions& options) {
  boost::asio::io_context context;
  Load load(context, options);
  run_all(context, load.run());
  return load.report();
}

int run_follower(const ClientOptions& options, const std::string& path) {
  boost::asio::io_context context;
  Follower follower(context, options, path);
  run_all(context, follower.run());
  return follower.report();
}

int run_end(const ClientOptions& options, const std::string& history,
            const std::vector<std::string>& histories) {
  std::set<std::uint32_t> keys;
  for (const std::string& path : histories) {
    for (const Recorded& one : read_history(path).value()) {
      keys.insert(one.operation.command.key);
    }
  }
  boost::asio::io_context context;
  Renewed client(context, options);
  Operations operations(client, history);
  bool well = false;
  run_all(context, end(client, operations, keys, well));
  if (well && operations.is_kept()) return 0;
  std::cerr << "the group did not answer all: " << operations.failure() << '\n';
  return 1;
}

}  // namespace muster::faults
