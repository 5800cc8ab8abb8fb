// Where the console is typed: a terminal with line editing, or lines from a pipe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/client_options.h"
#include "cli/commands.h"

namespace muster::cli {

/// Reads lines and has a `Console` carry them out, one after the other, on a thread of its own, so
/// that the terminal goes on taking keys and showing what others print. On a terminal it edits
/// lines, recalls and completes them; else it reads one command per line, without a prompt.
///
/// Thread-safety: none, but for `print` and `stop`.
class ConsoleShell {
 public:
  struct Options {
    ClientOptions client{};
    /// SIGINT and SIGTERM end it. Otherwise they are somebody else's.
    bool owns_process{true};
    /// An `exit` was typed, or on a terminal the input has ended. Called on the thread of `run`.
    std::function<void()> on_exit{};
  };

  explicit ConsoleShell(Options options);
  ~ConsoleShell();
  ConsoleShell(const ConsoleShell&) = delete;
  ConsoleShell& operator=(const ConsoleShell&) = delete;

  /// Until `exit`, the end of the input, or `stop`. Returns 1 if lines came from a pipe and some
  /// command was refused or not answered, else 0. Call once.
  ExitCode run();
  /// From any thread: ends `run` once what was printed before is shown.
  void stop();
  /// From any thread: shows a line without disturbing the one that is typed.
  void print(const std::string& line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::cli
