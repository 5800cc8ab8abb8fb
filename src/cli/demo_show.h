// `muster demo`: a group of real servers on this machine, its clients, and what one does to it.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/demo_load.h"
#include "cli/demo_model.h"
#include "cli/demo_people.h"
#include "cli/demo_servers.h"
#include "cli/demo_terminal.h"
#include "cli/demo_watch.h"
#include "net/loop.h"

namespace muster::cli {

struct DemoOptions {
  std::size_t servers{3};
  std::optional<std::chrono::seconds> ends_after{};  ///< Nothing: when somebody ends it.
};

/// A folder of a random name for temporary things, removed with all that is in it.
class DemoFolder {
 public:
  /// Throws `ErrorException` if none can be made.
  DemoFolder();
  ~DemoFolder();
  DemoFolder(const DemoFolder&) = delete;
  DemoFolder& operator=(const DemoFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Starts the servers and clients, draws, does what the keys say, and in the end compares all that
/// was acknowledged with what the group has. Without a terminal it prints what happens, line by
/// line, and kills the leader once in a while. Thread-safety: none; call `run` once.
class DemoShow {
 public:
  explicit DemoShow(const DemoOptions& options);
  ~DemoShow();
  DemoShow(const DemoShow&) = delete;
  DemoShow& operator=(const DemoShow&) = delete;

  /// 0 only if everything acknowledged is there, once. Throws `ErrorException` if the group does
  /// not come about.
  ExitCode run();

 private:
  using Clock = DemoLoad::Clock;

  /// A leader that was killed or paused, until the next acknowledgement is told.
  struct Loss {
    std::string name;
    std::string what;
    Clock::time_point at;
    std::optional<std::chrono::microseconds> after{};
  };

  void wait_for_signal();
  void signalled(int number);
  void wait_for_tick();
  void tick();
  void begin_running();
  bool is_over() const;
  void direct();
  void update();
  void draw();
  void key(char key);
  void kill_leader();
  void restart_one();
  void add_one();
  void pause_or_resume();
  void note_exits();
  void lost_leader(const std::string& name);
  void tell_losses();
  void happened(const std::string& text, bool loud = false);
  void finish();
  ExitCode conclude();
  std::chrono::milliseconds elapsed() const;

  const DemoOptions options_;
  const bool colour_;
  DemoFolder folder_;
  const std::string group_;
  net::Loop loop_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  DemoServers servers_;
  DemoModel model_;
  std::unique_ptr<DemoTerminal> terminal_;  // Null: there is none.
  std::unique_ptr<DemoLoad> load_;
  std::unique_ptr<DemoPeople> people_;
  std::unique_ptr<DemoWatch> watch_;
  Clock::time_point started_;
  std::optional<Clock::time_point> running_since_;
  std::optional<Clock::time_point> ending_since_;
  Clock::time_point next_kill_;
  std::optional<Clock::time_point> restart_at_;
  std::vector<Loss> losses_;
  std::vector<std::chrono::microseconds> waits_;  // After each kill.
  Clock::time_point counted_at_;
  std::uint64_t counted_{0};
  bool compared_all_{false};
  bool interrupted_{false};
  std::string failure_;
};

}  // namespace muster::cli
