#include "cli/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/options.h"
#include "client/question.h"
#include "muster/check.h"
#include "wire/heartbeat.h"

namespace muster::cli {

using namespace std::chrono_literals;

namespace {

// So many open their sessions at once: a server lets no more than some hundred wait to be greeted,
// and whoever finds no place there comes again, which takes longer than its turn does.
constexpr std::size_t opening_max = 256;

}  // namespace

/// One client and its share of the load.
class Load::Sender {
 public:
  Sender(Load& load, std::size_t number, std::size_t in_flight_max)
      : load_(load),
        number_(number),
        in_flight_max_(in_flight_max),
        client_(load.loop_, client_options(load.options_, number)),
        service_(make_load_service(load.options_.service, service_options(load.options_, number))) {
    client_.on_change([this](const session::StateChange& change) { changed(change); });
  }

  /// Says what the service wants to hear first; `answer` is that to what was said before.
  void prepare(const session::Reply* answer) {
    auto wanted = service_->prepare(answer);
    if (!wanted) return refused(wanted.error());
    prepared_ = !*wanted;
    if (prepared_) return load_.wake();
    const auto called = client_.call(service_->id(), std::move(**wanted), load_.options_.timeout,
                                     [this](const Result<session::Reply>& result) {
                                       if (!result) return refused(result.error());
                                       prepare(&*result);
                                     });
    if (!called) refused(called.error());
  }
  bool prepared() const { return prepared_; }
  /// Why it can't be.
  const std::optional<Error>& refusal() const { return refusal_; }

  /// As many commands as may be unanswered, in a closed loop; in an open one, as many as are due.
  void issue() {
    const bool open_loop = load_.options_.rate > 0;
    while (load_.issuing_ && !over_ && in_flight_ < in_flight_max_) {
      const Clock::time_point now = Clock::now();
      if (open_loop && next_due() > now) return;
      issue_one(open_loop ? next_due() : now);
      ++issued_;
    }
  }
  Acknowledged acknowledged() const {
    return {.session = client_.session().id(), .tally = tally_, .unknown = unknown_};
  }
  bool opened() const { return client_.session().opened(); }
  bool idle() const { return in_flight_ == 0; }
  bool over() const { return over_; }
  client::Client& client() { return client_; }

 private:
  struct Sent {
    Clock::time_point due;
    SharedBytes payload;
    bool answered{false};
    bool acknowledged{false};
  };

  static client::Client::Options client_options(const Load::Options& options, std::size_t number) {
    client::Client::Options made;
    made.session.name = "bench_" + std::to_string(number + 1);
    made.session.kind = "bench";
    made.session.seeds = options.servers;
    made.session.stays = options.stays;
    made.session.tags = options.tags;
    if (options.heartbeat) {
      made.session.heartbeat_interval = *options.heartbeat;
      made.session.session_timeout = wire::shortest_timeout(*options.heartbeat);
    }
    made.secret = options.secret;
    return made;
  }

  static LoadService::Options service_options(const Load::Options& options, std::size_t number) {
    return {.client = number,
            .size = options.size,
            .seed = client::make_seed(),
            .lasts = options.warm_up + options.duration + 3 * options.timeout};
  }

  // In an open loop: the clients take turns.
  Clock::time_point next_due() const {
    return load_.due(number_ + issued_ * load_.options_.clients);
  }

  void refused(const Error& error) {
    refusal_ = error;
    load_.wake();
  }

  void issue_one(Clock::time_point due) {
    SharedBytes payload = service_->next();
    sent_.push_back({.due = due, .payload = payload});
    ++in_flight_;
    const std::uint64_t place = first_sent_ + sent_.size() - 1;
    const auto called = client_.call(
        service_->id(), std::move(payload), load_.options_.timeout,
        [this, place](const Result<session::Reply>& result) { answered(place, result); });
    if (called) return;
    over_ = true;  // The session has ended; nothing can be sent any more.
    sent_.pop_back();
    --in_flight_;
    note_error(called.error());
    load_.wake();
  }

  void answered(std::uint64_t place, const Result<session::Reply>& result) {
    --in_flight_;
    Sent& at = sent_[place - first_sent_];
    at.answered = true;
    at.acknowledged = result.has_value();
    const Sent sent = at;
    // Answers may overtake one another when the session moves; the group counts in order.
    while (!sent_.empty() && sent_.front().answered) {
      if (sent_.front().acknowledged) tally_.add(sent_.front().payload.view());
      sent_.pop_front();
      ++first_sent_;
    }
    if (!result) {
      note_error(result.error());
    } else {
      acknowledge(sent, *result);
    }
    issue();
    if (!load_.issuing_ && in_flight_ == 0) load_.wake();
  }

  void acknowledge(const Sent& sent, const session::Reply& reply) {
    const Clock::time_point now = Clock::now();
    ++load_.commands_in_all_;
    LoadResult& total = load_.result_;
    if (const auto good = service_->judge(sent.payload, reply); !good) {
      return note_error(good.error());
    }
    total.gaps.acknowledged(now);
    if (now < load_.measured_from_ || !load_.issuing_) return;
    total.latencies.record(now - sent.due);
    ++total.commands;
  }

  void note_error(const Error& error) {
    LoadResult& total = load_.result_;
    if (error.outcome == Outcome::perhaps_applied) {
      ++unknown_;
      ++total.unknown;
    } else {
      ++total.errors;
    }
    total.last_error = std::string(name_of(error.code)) + ": " + error.message;
  }

  void changed(const session::StateChange& change) {
    if (load_.on_change_) load_.on_change_(number_, change);
    if (change.kind == session::StateChange::Kind::opened ||
        change.kind == session::StateChange::Kind::ended) {
      load_.wake();
    }
  }

  Load& load_;
  const std::size_t number_;
  const std::size_t in_flight_max_;
  client::Client client_;
  std::unique_ptr<LoadService> service_;
  bool prepared_{false};
  std::optional<Error> refusal_{};
  std::deque<Sent> sent_;        // Unanswered ones, and answered ones behind them.
  std::uint64_t first_sent_{0};  // Place of the first of them among all ever sent.
  std::size_t in_flight_{0};
  std::uint64_t issued_{0};
  bool over_{false};
  echo::Tally tally_;
  std::uint64_t unknown_{0};
};

Load::Load(net::Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      phase_timer_(loop.context()),
      second_timer_(loop.context()),
      due_timer_(loop.context()) {
  check(options_.clients > 0 && options_.in_flight >= options_.clients);
}

Load::~Load() = default;

Result<LoadResult> Load::run() {
  while (senders_.size() < options_.clients) {
    if (!open_some()) return why_not_opened();
  }
  for (const auto& sender : senders_) sender->prepare(nullptr);
  const bool prepared =
      run_until(Clock::now() + 2 * options_.timeout, [this] { return all_prepared(); });
  for (const auto& sender : senders_) {
    if (sender->refusal()) return *sender->refusal();
  }
  check(prepared);  // Each command has its own deadline, which is earlier.
  begin();
  const Clock::time_point end = measured_from_ + options_.duration;
  run_until(end, [this] { return all_over(); });
  issuing_ = false;
  second_timer_.cancel();
  due_timer_.cancel();
  result_.measured = std::max(0ns, Clock::now() - measured_from_);
  run_until(Clock::now() + 2 * options_.timeout, [this] { return all_answered(); });
  return result_;
}

bool Load::open_some() {
  const std::size_t share = options_.in_flight / options_.clients;
  const std::size_t left_over = options_.in_flight % options_.clients;
  const std::size_t first = senders_.size();
  const std::size_t end = std::min(first + opening_max, options_.clients);
  for (std::size_t i = first; i < end; ++i) {
    senders_.push_back(std::make_unique<Sender>(*this, i, share + (i < left_over ? 1 : 0)));
  }
  return run_until(Clock::now() + options_.timeout, [&] {
    return std::all_of(senders_.begin() + static_cast<std::ptrdiff_t>(first), senders_.end(),
                       [](const auto& sender) { return sender->opened(); });
  });
}

// Runs the loop until `done` holds or the time is over; returns whether it holds. `done` is asked
// whenever a sender calls `wake`.
bool Load::run_until(Clock::time_point deadline, const std::function<bool()>& done) {
  bool time_over = false;
  phase_timer_.expires_at(deadline);
  phase_timer_.async_wait([&](const boost::system::error_code& error) {
    if (error) return;
    time_over = true;
    loop_.stop();
  });
  while (!time_over && !done()) client::run_until_stopped(loop_);
  phase_timer_.cancel();
  return done();
}

void Load::wake() {
  loop_.stop();
}

void Load::begin() {
  begun_ = Clock::now();
  measured_from_ = begun_ + options_.warm_up;
  issuing_ = true;
  every_second();
  if (options_.rate > 0) return issue_due();
  for (const auto& sender : senders_) sender->issue();
}

Load::Clock::time_point Load::due(std::uint64_t turn) const {
  return begun_ + std::chrono::nanoseconds(
                      static_cast<std::int64_t>(static_cast<double>(turn) / options_.rate * 1e9));
}

// Visits those whose turn it is. A sender at its limit is overdue then; its answers make it go on.
void Load::issue_due() {
  for (const Clock::time_point now = Clock::now(); due(turn_) <= now; ++turn_) {
    senders_[turn_ % senders_.size()]->issue();
  }
  // Waking for each single command would cost more than a fast load takes.
  due_timer_.expires_at(std::max(due(turn_), Clock::now() + 200us));
  due_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && issuing_) issue_due();
  });
}

void Load::every_second() {
  second_timer_.expires_at(begun_ + std::chrono::seconds(seconds_ + 1));
  second_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !issuing_) return;
    ++seconds_;
    const std::uint64_t since = commands_in_all_ - std::exchange(commands_told_, commands_in_all_);
    if (on_progress_) on_progress_(std::chrono::seconds(seconds_), since);
    every_second();
  });
}

bool Load::all_prepared() const {
  return std::ranges::all_of(
      senders_, [](const auto& sender) { return sender->prepared() || sender->refusal(); });
}

bool Load::all_answered() const {
  return std::ranges::all_of(senders_, [](const auto& sender) { return sender->idle(); });
}

bool Load::all_over() const {
  return std::ranges::all_of(senders_, [](const auto& sender) { return sender->over(); });
}

Error Load::why_not_opened() const {
  std::size_t opened = 0;
  std::string last = "no server took it";
  for (const auto& sender : senders_) {
    if (sender->opened()) ++opened;
    if (const auto& error = sender->client().session().last_error()) last = error->message;
  }
  return {ErrorCode::unavailable,
          fmt::format("{} of {} sessions could be opened within {}: {}; look at `muster status`",
                      opened, options_.clients, to_text(options_.timeout), last)};
}

std::vector<Acknowledged> Load::acknowledged() const {
  std::vector<Acknowledged> all;
  for (const auto& sender : senders_) all.push_back(sender->acknowledged());
  return all;
}

Result<std::vector<session::ReadResult>> Load::read_tallies() {
  std::vector<std::optional<Result<session::ReadResult>>> answers(senders_.size());
  std::size_t missing = senders_.size();
  for (std::size_t i = 0; i < senders_.size(); ++i) {
    client::Client& client = senders_[i]->client();
    const auto asked =
        client.read(echo::service_id, SharedBytes(echo::tally_query(client.session().id())),
                    client::Consistency::linearizable, options_.timeout, [&, i](auto answer) {
                      answers[i] = std::move(answer);
                      if (--missing == 0) wake();
                    });
    if (!asked) return asked.error();
  }
  run_until(Clock::now() + 2 * options_.timeout, [&] { return missing == 0; });
  check(missing == 0);  // Each read has its own deadline, which is earlier.
  std::vector<session::ReadResult> results;
  for (auto& answer : answers) {
    if (!*answer) return answer->error();
    results.push_back(std::move(**answer));
  }
  return results;
}

void Load::end_sessions() {
  std::size_t left = senders_.size();
  for (const auto& sender : senders_) {
    sender->client().end([&] {
      if (--left == 0) wake();
    });
  }
  run_until(Clock::now() + 2s, [&] { return left == 0; });
  senders_.clear();  // Their callbacks refer to `left`.
}

}  // namespace muster::cli
