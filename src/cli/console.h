// The console's commands: a typed line in, lines to show out.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/auction_console.h"
#include "cli/client_options.h"
#include "cli/invocation.h"
#include "wire/methods.pb.h"

namespace muster::cli {

/// One sitting at the console: it is attached to a server, which it asks, and carries out one typed
/// line after the other. A command waits for its answer, within the options' timeout.
///
/// Thread-safety: none.
class Console {
 public:
  struct Options {
    ClientOptions client{};
    /// Shows one line: with `client.json` an object.
    std::function<void(const std::string& line)> print;
    std::function<void()> clear_screen;
  };

  explicit Console(Options options);

  /// Attaches to a server if it is to none yet, or says why not.
  void begin();
  /// Carries out a line. Returns false if it was `exit`.
  bool carry_out(const std::string& line);
  /// Some command was refused or not answered.
  bool failed() const { return failed_; }
  /// `a> `, or the question that the next line answers.
  std::string prompt() const;

  /// The words that the last one of `before` may go on as.
  static std::vector<std::string> complete(std::string_view before);

 private:
  using Words = std::span<const std::string>;
  struct Command {
    std::string_view name;
    std::string_view usage;  ///< Of its arguments.
    std::string_view help;
    bool for_all;  ///< `all` before it asks every server.
    void (Console::*run)(Words arguments, bool all);
  };
  static std::span<const Command> commands();
  static const Command* find_command(std::string_view name);

  void run(Words words);
  void report(Words arguments, bool all);
  void find(Words arguments, bool all);
  void servers(Words arguments, bool all);
  void clients(Words arguments, bool all);
  void leave(Words arguments, bool all);
  void clear(Words arguments, bool all);
  void queue(Words arguments, bool all);
  void history(Words arguments, bool all);
  void bid(Words arguments, bool all);
  void start(Words arguments, bool all);
  void end(Words arguments, bool all);
  void rmi(Words arguments, bool all);
  void join(Words arguments, bool all);
  void udp_listen(Words arguments, bool all);
  void help(Words arguments, bool all);
  void exit(Words arguments, bool all);

  /// Asks the server at hand, or all, and shows what `lines_of` makes of each answer.
  void call(const std::string& method, Words arguments, bool all);
  void show(const std::vector<ServerAnswer>& answers, bool several);
  std::vector<std::string> lines_of(const ServerAnswer& answer) const;
  Result<std::string> attached();
  void attach(const std::string& address);
  void attach_where_redirected(const std::vector<std::string>& candidates);
  void answer_question(const std::string& line);
  void leave_for_good();
  void print(const std::string& line) { options_.print(line); }
  /// A sentence: for `--json` the `message` of an object.
  void say(const std::string& text);
  void refuse(const Error& error);

  void show(const Result<std::vector<std::string>>& lines);

  Options options_;
  AuctionConsole auction_{options_.client};
  std::optional<std::string> address_;  // Of the server that it is attached to.
  std::string name_;                    // Its name, once it has answered.
  int leave_answers_wanted_{0};         // Of the questions before a server leaves.
  wire::Status leaving_;
  bool failed_{false};
  bool done_{false};
};

}  // namespace muster::cli
