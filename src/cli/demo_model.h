// What the live view of `muster demo` shows, as values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

/// What was written and acknowledged, compared with what the group has.
struct DemoCounters {
  std::uint64_t acknowledged{0};
  std::uint64_t lost{0};       ///< Acknowledged, and not there.
  std::uint64_t twice{0};      ///< There more often than they were said.
  std::uint64_t different{0};  ///< Writers whose count is right but whose contents are not.

  bool well() const { return lost == 0 && twice == 0 && different == 0; }
  friend bool operator==(const DemoCounters&, const DemoCounters&) = default;
};

/// What became of a server's process.
enum class DemoProcess : std::uint8_t {
  running,
  paused,  ///< By SIGSTOP: it is there, and says nothing.
  killed,  ///< By SIGKILL.
  ended,   ///< By itself, which no server of the demo should.
};

struct DemoServer {
  std::string name;
  std::string address{};  ///< For clients.
  DemoProcess process{DemoProcess::running};
  bool leads{false};
  std::string role{};   ///< `LEADER`, `VOTER`, `STANDBY`; empty: not known yet.
  std::string state{};  ///< As the group has it: `ALIVE`, `FAILED` and so on; empty: not known.
  std::uint64_t applied{0};
  std::uint64_t clients{0};
};

/// Something that was said in the chat, or that happened.
struct DemoLine {
  std::string when;  ///< A place in the log, or a time.
  std::string who{};
  std::string text;
  bool loud{false};  ///< It is what the demo is about.
};

/// Everything the view shows. Thread-safety: none.
struct DemoModel {
  static constexpr std::size_t lines_max = 200;  ///< Of each kind; the oldest go.

  std::string group{};
  std::string folder{};
  std::chrono::milliseconds elapsed{0};
  std::optional<std::chrono::seconds> ends_after{};
  std::vector<DemoServer> servers{};
  std::uint64_t term{0};
  std::uint64_t commit_index{0};
  std::uint64_t per_second{0};
  std::string trouble{};  ///< Why nothing can be written now; empty: it can.
  DemoCounters counters{};
  std::optional<std::chrono::milliseconds> checked_at{};  ///< `elapsed` then.
  std::deque<DemoLine> messages{};
  std::deque<DemoLine> events{};
  bool ending{false};

  const DemoServer* leader() const;
  void say(DemoLine message) { keep(messages, std::move(message)); }
  void happened(DemoLine event) { keep(events, std::move(event)); }

 private:
  static void keep(std::deque<DemoLine>& lines, DemoLine line);
};

/// The same addresses, beginning with that of `place`: so that clients begin at different servers.
std::vector<std::string> turned(std::vector<std::string> addresses, std::size_t place);
/// `12,345`.
std::string grouped(std::uint64_t number);
/// `0:07`, `12:34`.
std::string clock_text(std::chrono::milliseconds elapsed);
/// `12,345 acknowledged, 0 lost, 0 twice`.
std::string summary(const DemoCounters& counters);
/// `leader b killed: next acknowledgement after 14 ms; 12,345 acknowledged, 0 lost, 0 twice`.
std::string loss_line(std::string_view name, std::string_view what, std::chrono::microseconds after,
                      const DemoCounters& counters);

}  // namespace muster::cli
