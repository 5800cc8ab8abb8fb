#include "cli/demo_show.h"

#include <errno.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "cli/chat_lines.h"
#include "client/question.h"
#include "muster/error.h"

namespace muster::cli {

using namespace std::chrono_literals;

namespace {

constexpr auto frame_interval = 100ms;
constexpr auto start_time_max = 30s;
constexpr auto last_comparison_time_max = 20s;
constexpr auto last_words_time_max = 5s;
constexpr auto kills_apart_max = 6'000ms;
constexpr auto last_kill_before_end = 1'500ms;

std::string random_group_name() {
  std::random_device device;
  return fmt::format("demo-{:04x}", device() & 0xffffU);
}

std::string program() {
  return program_invocation_name;
}

}  // namespace

DemoFolder::DemoFolder() {
  path_ = (std::filesystem::temp_directory_path() / "muster_demo_XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) {
    throw ErrorException(
        {ErrorCode::failed_precondition, path_ + " can't be made: " + std::strerror(errno) +
                                             "; set TMPDIR to a folder that can be written"});
  }
}

DemoFolder::~DemoFolder() {
  std::error_code error;  // What is left is in a folder for temporary things.
  std::filesystem::remove_all(path_, error);
}

DemoShow::DemoShow(const DemoOptions& options)
    : options_(options),
      colour_(DemoTerminal::wants_colour()),
      group_(random_group_name()),
      signals_(loop_.context()),
      timer_(loop_.context()),
      servers_(folder_.path(), group_, options.servers),
      started_(Clock::now()),
      counted_at_(started_) {
  std::signal(SIGPIPE, SIG_IGN);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGWINCH, SIGTSTP}) {
    signals_.add(number);
  }
  model_.group = group_;
  model_.folder = folder_.path();
  model_.ends_after = options_.ends_after;
}

DemoShow::~DemoShow() = default;

ExitCode DemoShow::run() {
  for (std::size_t i = 0; i < options_.servers; ++i) {
    if (const Result<void> added = servers_.add(); !added) throw ErrorException(added.error());
  }
  if (DemoTerminal::is_there()) {
    terminal_ = std::make_unique<DemoTerminal>(loop_.context(), [this](char one) { key(one); });
  } else {
    fmt::print("muster demo: group {} of {} servers on this machine, data in {}{}\n", group_,
               options_.servers, folder_.path(),
               options_.ends_after ? "; ends after " + clock_text(*options_.ends_after) : "");
  }
  watch_ = std::make_unique<DemoWatch>(loop_, servers_,
                                       [this](const std::string& text) { happened(text); });
  load_ = std::make_unique<DemoLoad>(loop_, DemoLoad::Options{.servers = servers_.addresses()});
  people_ =
      std::make_unique<DemoPeople>(loop_, servers_.addresses(), [this](const chat::Line& line) {
        const std::string text = line.kind == chat::Kind::join   ? "has joined"
                                 : line.kind == chat::Kind::quit ? "has left"
                                                                 : harmless(line.text);
        model_.say({.when = fmt::format("{}.{}", line.position.index.value, line.position.ordinal),
                    .who = line.from,
                    .text = text});
      });
  happened(fmt::format("{} servers are started: they look for each other", options_.servers));
  load_->on_next_acknowledgement([this](Clock::time_point) { begin_running(); });
  wait_for_signal();
  wait_for_tick();
  client::run_until_stopped(loop_);
  return conclude();
}

// ---- What goes on -------------------------------------------------------------------------------

std::chrono::milliseconds DemoShow::elapsed() const {
  const auto from = running_since_.value_or(started_);
  return std::chrono::floor<std::chrono::milliseconds>(Clock::now() - from);
}

void DemoShow::begin_running() {
  happened("the group takes writes: the first one is acknowledged", true);
  running_since_ = Clock::now();
  next_kill_ = *running_since_ + kills_apart_max;
  if (options_.ends_after) {
    next_kill_ = *running_since_ +
                 std::min<std::chrono::milliseconds>(kills_apart_max, *options_.ends_after / 3);
  }
}

void DemoShow::wait_for_tick() {
  timer_.expires_after(frame_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    tick();
    wait_for_tick();
  });
}

void DemoShow::tick() {
  const Clock::time_point now = Clock::now();
  if (!running_since_ && !ending_since_ && now - started_ > start_time_max) {
    failure_ =
        "no write was acknowledged within " +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(start_time_max).count()) +
        " s; the log of a ends:" + servers_.log_tail(0);
    loop_.stop();
  }
  if (ending_since_ && now - *ending_since_ > last_comparison_time_max) {
    failure_ =
        "what was acknowledged could not be compared once more: " +
        (load_->trouble().empty() ? std::string("the group does not answer") : load_->trouble());
    loop_.stop();
  }
  if (is_over() && !ending_since_) finish();
  if (!terminal_ && running_since_ && !ending_since_) direct();
  update();
  draw();
}

/// The time is up, and what was begun by itself is told: a kill, and who comes back after it.
bool DemoShow::is_over() const {
  if (!running_since_ || !options_.ends_after || elapsed() < *options_.ends_after) return false;
  const bool all_told = losses_.empty() && !restart_at_;
  return all_told || elapsed() >= *options_.ends_after + last_words_time_max;
}

/// Without somebody at the keys.
void DemoShow::direct() {
  const Clock::time_point now = Clock::now();
  if (restart_at_ && now >= *restart_at_) {
    restart_at_.reset();
    restart_one();
  }
  // Between two leaders there is nobody to kill yet.
  if (now < next_kill_ || !servers_.find(watch_->leader())) return;
  next_kill_ = now + kills_apart_max;
  if (options_.ends_after && elapsed() + last_kill_before_end > *options_.ends_after) return;
  kill_leader();
  restart_at_ = now + kills_apart_max / 3;
}

void DemoShow::update() {
  watch_->fill(model_);
  model_.elapsed = elapsed();
  model_.counters = load_->counters();
  if (const auto at = load_->compared_at()) {
    model_.checked_at =
        std::chrono::floor<std::chrono::milliseconds>(*at - running_since_.value_or(started_));
  }
  const Clock::time_point now = Clock::now();
  if (now - counted_at_ < 1s) return;
  const double seconds = std::chrono::duration<double>(now - counted_at_).count();
  const std::uint64_t since = model_.counters.acknowledged - counted_;
  model_.per_second = static_cast<std::uint64_t>(static_cast<double>(since) / seconds);
  counted_ = model_.counters.acknowledged;
  counted_at_ = now;
}

void DemoShow::draw() {
  if (terminal_) {
    terminal_->draw(render(model_, terminal_->size(), DemoTerminal::shows_unicode()));
  }
}

void DemoShow::happened(const std::string& text, bool loud) {
  const std::string when = clock_text(elapsed());
  model_.happened({.when = when, .text = text, .loud = loud});
  if (terminal_) return;
  fmt::print("{} {}\n", when, text);
  if (std::fflush(stdout) != 0) {  // Nobody reads any more.
    interrupted_ = true;
    loop_.stop();
  }
}

// ---- What one does to it ------------------------------------------------------------------------

void DemoShow::key(char key) {
  if (ending_since_) return;
  switch (key) {
    case 'k':
      return kill_leader();
    case 'r':
      return restart_one();
    case 'a':
      return add_one();
    case 'p':
      return pause_or_resume();
    case 'q':
      return finish();
    default:
      return;
  }
}

void DemoShow::kill_leader() {
  const auto place = servers_.find(watch_->leader());
  if (!place) return happened("nobody leads just now");
  const std::string name = servers_.all()[*place].name;
  losses_.push_back({.name = name, .what = "killed", .at = Clock::now()});
  servers_.kill(*place);  // What happens when its process is gone stands in `note_exits`.
  happened("kill -9 of the leader, " + name);
  people_->remark("did anybody notice that? " + name + " was killed");
}

void DemoShow::pause_or_resume() {
  for (std::size_t place = 0; place < servers_.all().size(); ++place) {
    if (servers_.all()[place].state != DemoProcess::paused) continue;
    servers_.resume(place);
    return happened(servers_.all()[place].name + " goes on (SIGCONT)");
  }
  const auto place = servers_.find(watch_->leader());
  if (!place) return happened("nobody leads just now");
  const std::string name = servers_.all()[*place].name;
  losses_.push_back({.name = name, .what = "paused", .at = Clock::now()});
  servers_.pause(*place);
  happened("the leader " + name + " is paused (SIGSTOP): it is there, and says nothing");
  lost_leader(name);
}

void DemoShow::restart_one() {
  const auto& all = servers_.all();
  const auto gone = std::ranges::find(all, 0, &DemoServers::Server::process);
  if (gone == all.end()) return happened("all servers run");
  const std::string name = gone->name;
  const Result<void> started = servers_.start(static_cast<std::size_t>(gone - all.begin()));
  happened(started ? name + " is started again" : started.error().message);
}

void DemoShow::add_one() {
  const Result<void> added = servers_.add();
  happened(added ? servers_.all().back().name + " is started: it looks for the others"
                 : added.error().message);
}

void DemoShow::note_exits() {
  for (const std::size_t place : servers_.reap()) {
    const DemoServers::Server& server = servers_.all()[place];
    if (server.state == DemoProcess::killed) {
      lost_leader(server.name);
    } else {
      happened(server.name + " has ended by itself:" + servers_.log_tail(place), true);
    }
  }
}

/// Only commands that are given to the group from now on show that it goes on without that leader.
void DemoShow::lost_leader(const std::string& /*name*/) {
  load_->on_next_acknowledgement([this](Clock::time_point acknowledged) {
    for (Loss& loss : losses_) {
      if (!loss.after) {
        loss.after = std::chrono::floor<std::chrono::microseconds>(acknowledged - loss.at);
      }
    }
    if (!ending_since_) load_->compare_all(false, [this] { tell_losses(); });
  });
}

void DemoShow::tell_losses() {
  const DemoCounters counters = load_->counters();
  for (const Loss& loss : losses_) {
    if (!loss.after) continue;
    if (loss.what == "killed") waits_.push_back(*loss.after);
    happened(loss_line(loss.name, loss.what, *loss.after, counters), true);
  }
  std::erase_if(losses_, [](const Loss& loss) { return loss.after.has_value(); });
}

// ---- The end ------------------------------------------------------------------------------------

void DemoShow::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    signalled(number);
    wait_for_signal();
  });
}

void DemoShow::signalled(int number) {
  switch (number) {
    case SIGCHLD:
      return note_exits();
    case SIGWINCH:
      return draw();
    case SIGTSTP:
      if (terminal_) terminal_->leave();
      ::raise(SIGSTOP);
      if (terminal_) terminal_->enter();
      return draw();
    default:  // A second one ends it without the last comparison.
      if (!ending_since_) return finish();
      interrupted_ = true;
      loop_.stop();
  }
}

/// Everybody is brought back, so that the group can say what it has.
void DemoShow::finish() {
  if (ending_since_) return;
  ending_since_ = Clock::now();
  model_.ending = true;
  for (std::size_t place = 0; place < servers_.all().size(); ++place) {
    servers_.resume(place);
    if (servers_.all()[place].process != 0) continue;
    if (const Result<void> started = servers_.start(place); !started) {
      happened(started.error().message);
    }
  }
  load_->compare_all(true, [this] {
    compared_all_ = true;
    loop_.stop();
  });
  draw();
}

ExitCode DemoShow::conclude() {
  const DemoCounters counters = load_->counters();
  const std::uint64_t unknown = load_->unknown();
  if (terminal_) tell_losses();
  terminal_.reset();
  if (interrupted_) return 1;
  if (!failure_.empty()) throw ErrorException({ErrorCode::unavailable, failure_});
  fmt::print("\n{}\n", summary(counters));
  if (unknown > 0) fmt::print("{} perhaps applied\n", grouped(unknown));
  if (!waits_.empty()) {
    std::ranges::sort(waits_);
    const auto milliseconds = [](std::chrono::microseconds wait) {
      return std::chrono::duration<double, std::milli>(wait).count();
    };
    fmt::print(
        "the leader was killed {} time{}; next acknowledgement after {:.0f} ms, at most {:.0f}\n",
        waits_.size(), waits_.size() == 1 ? "" : "s", milliseconds(waits_[waits_.size() / 2]),
        milliseconds(waits_.back()));
  }
  fmt::print(
      "The servers have ended, and {0} is removed.\n\n"
      "To try next:\n"
      "  {1} serve      in each of three terminals: they find each other\n"
      "  {1} members    who is there, who leads\n"
      "  {1} chat       the chat, in as many terminals as you like\n"
      "  {1} bench      how fast it is here\n"
      "  {1} watch      what happens while you kill one\n",
      folder_.path(), program());
  return counters.well() && counters.acknowledged > 0 && compared_all_ ? 0 : 1;
}

}  // namespace muster::cli
