#include "cli/demo_load.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <deque>
#include <utility>

#include "cli/load.h"
#include "cli/payloads.h"
#include "cli/verification.h"
#include "client/client.h"
#include "echo/echo.h"

namespace muster::cli {

using namespace std::chrono_literals;

namespace {
constexpr auto pace_interval = 2ms;
// Longer than any outage that somebody watches: what was given to the group is waited for.
constexpr Duration patience = 1h;
constexpr Duration read_timeout = 5s;
}  // namespace

/// One client: what it wrote, what of that was acknowledged, and how that compares.
class DemoLoad::Writer {
 public:
  Writer(DemoLoad& load, std::size_t place)
      : load_(load),
        place_(place),
        client_(load.loop_, client_options(load.options_, place)),
        payloads_(load.options_.size, client::make_seed()) {
    client_.on_change([this](const session::StateChange& change) {
      if (change.kind == session::StateChange::Kind::ended) load_.replace(place_);
    });
  }

  /// True if it took one more command.
  bool write() {
    if (!client_.session().opened() || comparing_ || over_ ||
        sent_.size() >= load_.options_.in_flight_max) {
      return false;
    }
    SharedBytes payload = payloads_.next();
    const std::uint64_t place = first_sent_ + sent_.size();
    const auto called = client_.call(
        echo::service_id, payload, patience,
        [this, place](const Result<session::Reply>& result) { answered(place, result); });
    if (!called) return false;
    sent_.push_back({.payload = std::move(payload), .at = Clock::now()});
    return true;
  }

  /// Rests, and compares once all is answered. `last`: and writes no more.
  void compare(bool last) {
    over_ = over_ || last;
    if (std::exchange(comparing_, true)) return;
    compare_if_answered();
  }

  bool comparing() const { return comparing_; }
  std::uint64_t unknown() const { return told_.unknown + sent_.size(); }
  DemoCounters counters() const {
    return {.acknowledged = told_.tally.count,
            .lost = verdict_.lost,
            .twice = verdict_.twice,
            .different = verdict_.different};
  }

 private:
  struct Sent {
    SharedBytes payload;
    Clock::time_point at;
    bool answered{false};
    bool acknowledged{false};
  };

  static client::Client::Options client_options(const Options& options, std::size_t place) {
    client::Client::Options made;
    made.session.name = "writer_" + std::to_string(place + 1);
    made.session.kind = "demo";
    made.session.seeds = turned(options.servers, place);
    made.session.backoff_max = 500ms;
    return made;
  }

  void answered(std::uint64_t place, const Result<session::Reply>& result) {
    Sent& sent = sent_[place - first_sent_];
    sent.answered = true;
    sent.acknowledged = result.has_value();
    if (!result && result.error().outcome == Outcome::perhaps_applied) ++told_.unknown;
    if (result && load_.mark_ && sent.at >= *load_.mark_) {
      load_.mark_.reset();
      std::exchange(load_.on_marked_, nullptr)(Clock::now());
    }
    while (!sent_.empty() && sent_.front().answered) {
      if (sent_.front().acknowledged) told_.tally.add(sent_.front().payload.view());
      sent_.pop_front();
      ++first_sent_;
    }
    compare_if_answered();
  }

  void compare_if_answered() {
    if (!comparing_ || !sent_.empty() || reading_) return;
    const auto asked =
        client_.read(echo::service_id, SharedBytes(echo::tally_query(client_.session().id())),
                     client::Consistency::linearizable, read_timeout,
                     [this](const Result<session::ReadResult>& answer) { take(answer); });
    reading_ = asked.has_value();
    if (!asked) note_failure(asked.error());
  }

  void take(const Result<session::ReadResult>& answer) {
    reading_ = false;
    if (!answer) return note_failure(answer.error());
    const auto found = echo::read_tally(answer->payload.view());
    if (!found) return note_failure(found.error());
    verdict_ = {};
    cli::compare(told_, *found, verdict_);
    comparing_ = false;
    load_.trouble_.clear();
    load_.compared_at_ = Clock::now();
    load_.compared();
  }

  /// Asked again until it is answered, if everything waits for that; else another time.
  void note_failure(const Error& error) {
    load_.trouble_ = error.message;
    if (load_.on_compared_all_) return compare_if_answered();
    comparing_ = false;
  }

  DemoLoad& load_;
  const std::size_t place_;
  client::Client client_;
  Payloads payloads_;
  std::deque<Sent> sent_;        // Unanswered ones, and answered ones behind them.
  std::uint64_t first_sent_{0};  // Place of the first of them among all ever sent.
  Acknowledged told_{};
  Verdict verdict_{};
  bool comparing_{false};
  bool reading_{false};
  bool over_{false};
};

DemoLoad::DemoLoad(net::Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      pace_timer_(loop.context()),
      compare_timer_(loop.context()),
      paced_to_(Clock::now()) {
  for (std::size_t i = 0; i < options_.clients; ++i) {
    writers_.push_back(std::make_unique<Writer>(*this, i));
  }
  pace();
  compare_next();
}

DemoLoad::~DemoLoad() = default;

void DemoLoad::on_next_acknowledgement(std::function<void(Clock::time_point)> handler) {
  mark_ = Clock::now();
  on_marked_ = std::move(handler);
}

void DemoLoad::compare_all(bool last, std::function<void()> handler) {
  last_ = last_ || last;
  on_compared_all_ = std::move(handler);
  for (const auto& writer : writers_) writer->compare(last_);
}

/// Commands that fall due while nobody takes any are not made up for.
void DemoLoad::pace() {
  const Clock::time_point now = Clock::now();
  const auto gap = std::chrono::nanoseconds(1s) / options_.per_second;
  paced_to_ = std::max(paced_to_, now - 10 * pace_interval);
  for (; paced_to_ < now; paced_to_ += gap) {
    for (std::size_t tried = 0; tried < writers_.size(); ++tried) {
      next_writer_ = (next_writer_ + 1) % writers_.size();
      if (writers_[next_writer_]->write()) break;
    }
  }
  pace_timer_.expires_after(pace_interval);
  pace_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) pace();
  });
}

void DemoLoad::compare_next() {
  if (!on_compared_all_ && !last_) {
    next_compared_ = (next_compared_ + 1) % writers_.size();
    writers_[next_compared_]->compare(false);
  }
  compare_timer_.expires_after(options_.compare_every);
  compare_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) compare_next();
  });
}

void DemoLoad::compared() {
  if (!on_compared_all_) return;
  if (std::ranges::any_of(writers_, &Writer::comparing)) return;
  std::exchange(on_compared_all_, nullptr)();
}

DemoCounters DemoLoad::counters() const {
  DemoCounters all = of_former_;
  for (const auto& writer : writers_) {
    const DemoCounters one = writer->counters();
    all.acknowledged += one.acknowledged;
    all.lost += one.lost;
    all.twice += one.twice;
    all.different += one.different;
  }
  return all;
}

std::uint64_t DemoLoad::unknown() const {
  std::uint64_t all = unknown_of_former_;
  for (const auto& writer : writers_) all += writer->unknown();
  return all;
}

/// The group keeps nothing of a session that has ended, so what it wrote can't be compared again.
void DemoLoad::replace(std::size_t place) {
  boost::asio::post(loop_.context(), [this, place, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    const DemoCounters former = writers_[place]->counters();
    of_former_.acknowledged += former.acknowledged;
    of_former_.lost += former.lost;
    of_former_.twice += former.twice;
    of_former_.different += former.different;
    unknown_of_former_ += writers_[place]->unknown();
    writers_[place] = std::make_unique<Writer>(*this, place);
    if (last_) writers_[place]->compare(true);
    compared();
  });
}

}  // namespace muster::cli
