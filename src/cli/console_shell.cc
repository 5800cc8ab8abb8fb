#include "cli/console_shell.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "cli/console.h"
#include "cli/line_reader.h"
#include "cli/state_folder.h"
#include "cli/terminal.h"

namespace muster::cli {
namespace {

constexpr std::size_t typed_ahead_max = 64;

/// Nothing if there is no folder for it: then lines are recalled within one sitting only.
std::optional<std::string> history_path() {
  const auto state = state_folder();
  if (!state) return std::nullopt;
  return *state + "/console-history";
}

}  // namespace

struct ConsoleShell::Impl {
  explicit Impl(Options given)
      : options(std::move(given)),
        signals(context),
        work(boost::asio::make_work_guard(context)),
        console({.client = options.client,
                 .print = [this](const std::string& line) { print(line); },
                 .clear_screen = [this] { post([this] { clear(); }); }}) {
    if (options.owns_process) {
      signals.add(SIGINT);
      signals.add(SIGTERM);
      signals.async_wait([this](const boost::system::error_code& error, int /*signal*/) {
        if (!error) leave();
      });
    }
    if (is_interactive()) {
      terminal.emplace(context, console.prompt(),
                       Terminal::Handlers{.on_line = [this](auto line) { take(std::move(line)); },
                                          .on_end = [this] { leave(); },
                                          .complete = &Console::complete});
      if (const auto path = history_path()) terminal->keep_history(*path);
    } else {
      reader.emplace(context, STDIN_FILENO,
                     LineReader::Handlers{.on_line = [this](auto line) { take(std::move(line)); },
                                          .on_end = [this] { end_of_input(); }});
    }
  }

  // ---- On the thread of `run` ----

  void take(std::string line) {
    const std::lock_guard lock(mutex);
    if (lines.size() >= typed_ahead_max && terminal) {
      return terminal->print("too many lines wait already; this one is passed over");
    }
    lines.push_back(std::move(line));
    if (lines.size() >= typed_ahead_max && reader) reader->pause();
    changed.notify_one();
  }
  void end_of_input() {
    const std::lock_guard lock(mutex);
    ended = true;
    changed.notify_one();
  }
  /// `exit` was typed, or its terminal or process is to end.
  void leave() {
    if (std::exchange(left, true)) return;
    if (options.on_exit) {
      options.on_exit();
    } else {
      context.stop();
    }
  }
  void show(const std::string& line) {
    if (terminal) return terminal->print(line);
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }
  void clear() {
    if (terminal) terminal->clear();
  }

  // ---- On any thread ----

  void post(std::function<void()> work_to_do) { boost::asio::post(context, std::move(work_to_do)); }
  void print(const std::string& line) {
    post([this, line] { show(line); });
  }

  // ---- On the console's own thread ----

  void carry_out_lines() {
    if (terminal) console.begin();
    bool asked = false;
    while (auto line = next_line()) {
      asked = asked || !line->empty();
      if (terminal) print(console.prompt() + *line);
      const bool goes_on = console.carry_out(*line);
      if (!goes_on) {
        post([this] { leave(); });
        return;
      }
      post([this, prompt = console.prompt()] {
        if (terminal) terminal->set_prompt(prompt);
        if (reader) reader->resume();
      });
    }
    if (!asked && reader && options.owns_process)
      console.begin();  // At least say if nobody is there.
    // The input of a pipe has ended. Whose process this is ends; a server goes on without.
    if (options.owns_process) post([this] { leave(); });
  }
  std::optional<std::string> next_line() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return !lines.empty() || ended || stopping; });
    if (lines.empty() || stopping) return std::nullopt;
    std::string line = std::move(lines.front());
    lines.pop_front();
    return line;
  }

  ExitCode run() {
    if (terminal) terminal->begin();
    if (reader) reader->resume();
    std::thread worker([this] { carry_out_lines(); });
    context.run();
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_one();
    worker.join();
    const bool piped = reader.has_value();
    context.restart();
    context.poll();  // What was printed last.
    terminal.reset();
    reader.reset();
    return piped && console.failed() ? 1 : 0;
  }

  Options options;
  boost::asio::io_context context{1};
  boost::asio::signal_set signals;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  Console console;  // While `run` runs, of its own thread.
  std::optional<Terminal> terminal;
  std::optional<LineReader> reader;
  bool left{false};

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> lines;  // Under mutex, as what follows.
  bool ended{false};
  bool stopping{false};
};

ConsoleShell::ConsoleShell(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
ConsoleShell::~ConsoleShell() = default;

ExitCode ConsoleShell::run() {
  return impl_->run();
}

void ConsoleShell::stop() {
  impl_->post([this] { impl_->context.stop(); });
}

void ConsoleShell::print(const std::string& line) {
  impl_->print(line);
}

}  // namespace muster::cli
