#include "cli/demo_terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "muster/check.h"

namespace muster::cli {
namespace {

// The alternate screen (1049), the cursor hidden (25), no wrapping of long lines (7).
constexpr std::string_view enter_sequence = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view leave_sequence = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::array crashes{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

/// How the terminal was, for a handler that may run at any time.
struct Before {
  termios modes{};
  volatile std::sig_atomic_t taken{0};
};
Before before;

/// Only what POSIX allows within a signal handler.
void give_back() {
  if (before.taken == 0) return;
  before.taken = 0;
  static_cast<void>(!::write(STDOUT_FILENO, leave_sequence.data(), leave_sequence.size()));
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before.modes);
}

extern "C" void muster_demo_crashed(int number) {
  give_back();
  ::raise(number);  // SA_RESETHAND: as without this handler.
}

void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // The terminal is gone, which SIGHUP tells.
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

}  // namespace

bool DemoTerminal::is_there() {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb";
}

bool DemoTerminal::wants_colour() {
  return variable("NO_COLOR").empty() && !variable("TERM").empty();
}

bool DemoTerminal::shows_unicode() {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {  // The first that is set counts.
    const std::string_view value = variable(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos ||
           value.find("utf8") != std::string_view::npos;
  }
  return false;
}

DemoTerminal::DemoTerminal(boost::asio::io_context& context, OnKey on_key)
    : on_key_(std::move(on_key)), input_(context, ::dup(STDIN_FILENO)), colour_(wants_colour()) {
  struct sigaction action {};
  action.sa_handler = muster_demo_crashed;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : crashes) ::sigaction(number, &action, nullptr);
  enter();
  wait_for_keys();
}

DemoTerminal::~DemoTerminal() {
  leave();
}

void DemoTerminal::enter() {
  if (std::exchange(entered_, true)) return;
  check(::tcgetattr(STDIN_FILENO, &before.modes) == 0);
  before.taken = 1;
  termios raw = before.modes;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C still ends it.
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON);           // Ctrl-S would hold the drawing up.
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  write_all(enter_sequence);
  drawn_.clear();
}

void DemoTerminal::leave() {
  if (std::exchange(entered_, false)) give_back();
}

ViewSize DemoTerminal::size() const {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

void DemoTerminal::draw(const std::vector<StyledLine>& lines) {
  if (!entered_) return;
  std::string picture = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    picture += terminal_text(lines[i], colour_) + "\x1b[K";
    if (i + 1 < lines.size()) picture += "\r\n";
  }
  picture += "\x1b[J";
  if (picture == drawn_) return;
  write_all(picture);
  drawn_ = std::move(picture);
}

void DemoTerminal::wait_for_keys() {
  input_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& error) {
                      if (error) return;
                      std::array<char, 64> keys{};
                      const ssize_t count = ::read(STDIN_FILENO, keys.data(), keys.size());
                      if (count <= 0) return;  // The terminal is gone.
                      const auto end = keys.begin() + count;
                      // An arrow or function key is no wish: it begins with ESC.
                      const bool sequence = keys[0] == '\x1b';
                      wait_for_keys();
                      if (sequence) return;
                      for (auto key = keys.begin(); key != end; ++key) on_key_(*key);
                    });
}

}  // namespace muster::cli
