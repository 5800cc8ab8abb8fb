#include "cli/terminal.h"

#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <utility>

namespace muster::cli {
namespace {

constexpr int history_lines = 500;
constexpr char end_of_transmission = '\x04';  // What control-d types.

/// Text is UTF-8 here, whatever the environment says.
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::size_t columns_of_terminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool input_waits() {
  pollfd wanted{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 0) > 0;
}

}  // namespace

bool is_interactive() {
  const char* const kind = std::getenv("TERM");
  const bool editable = kind != nullptr && *kind != '\0' && std::strcmp(kind, "dumb") != 0;
  return editable && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

std::size_t columns_of(std::string_view text) {
  std::mbstate_t state{};
  std::size_t columns = 0;
  while (!text.empty()) {
    wchar_t character = 0;
    const std::size_t length = std::mbrtowc(&character, text.data(), text.size(), &state);
    if (length == 0 || length > text.size()) {  // No character: pass over the byte.
      state = {};
      text.remove_prefix(1);
      continue;
    }
    columns += static_cast<std::size_t>(std::max(wcwidth(character), 0));
    text.remove_prefix(length);
  }
  return columns;
}

struct Terminal::Impl : std::enable_shared_from_this<Terminal::Impl> {
  Impl(boost::asio::io_context& context, std::string shown, Handlers told)
      : prompt(std::move(shown)),
        handlers(std::move(told)),
        input(context, ::dup(STDIN_FILENO)),
        resized(context, SIGWINCH) {
    use_utf8();
    editor = el_init("muster", stdin, stdout, stderr);
    recall = history_init();
    HistEvent event{};
    history(recall, &event, H_SETSIZE, history_lines);
    history(recall, &event, H_SETUNIQUE, 1);
    el_set(editor, EL_CLIENTDATA, this);
    el_set(editor, EL_PROMPT, &Impl::prompt_of);
    el_set(editor, EL_HIST, &history, recall);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_SIGNAL, 0);
    leave_out_what_waits();
    if (!handlers.complete) return;
    el_set(editor, EL_ADDFN, "muster-complete", "completes the word", &Impl::complete_word);
    el_set(editor, EL_BIND, "^I", "muster-complete", nullptr);
  }
  ~Impl() {
    leave_line();
    el_end(editor);
    history_end(recall);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Libedit's incremental search, quoting and command line read their own keys, which the loop
  /// would wait for, and put control characters into the line. Control-r recalls what begins as the
  /// line does instead.
  void leave_out_what_waits() const {
    el_set(editor, EL_BIND, "^R", "ed-search-prev-history", nullptr);
    for (const char* const key : {"^V", "^[x", "^[X"}) {
      el_set(editor, EL_BIND, key, "ed-unassigned", nullptr);
    }
  }

  static char* prompt_of(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return static_cast<Impl*>(self)->prompt.data();
  }

  /// Libedit's callback: adds what all that fits has in common, or shows what there is.
  static unsigned char complete_word(EditLine* editor, int /*key*/) {
    void* found = nullptr;
    el_get(editor, EL_CLIENTDATA, &found);
    Impl& self = *static_cast<Impl*>(found);
    const LineInfo* const line = el_line(editor);
    const std::string_view before(line->buffer,
                                  static_cast<std::size_t>(line->cursor - line->buffer));
    const std::size_t begun = before.size() - (before.find_last_of(' ') + 1);
    std::vector<std::string> words = self.handlers.complete(before);
    if (words.empty()) return CC_ERROR;
    std::string common = words.front();
    for (const std::string& word : words) {
      const auto differ = std::ranges::mismatch(common, word).in1;
      common.erase(differ, common.end());
    }
    if (words.size() == 1) common += ' ';
    if (common.size() > begun) {
      return el_insertstr(editor, common.c_str() + begun) == 0 ? CC_REFRESH : CC_ERROR;
    }
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : "  ") + word;
    self.wipe();
    std::fprintf(stdout, "%s\r\n", all.c_str());
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  /// From here on the terminal gives keys one by one, and the typed line is shown.
  void enter_line() {
    if (std::exchange(editing, true)) return;
    el_set(editor, EL_UNBUFFERED, 1);
  }
  void leave_line() {
    if (!std::exchange(editing, false)) return;
    el_set(editor, EL_UNBUFFERED, 0);
  }

  /// Moves to the beginning of what the typed line takes of the screen, and clears from there.
  void wipe() const {
    const LineInfo* const line = el_line(editor);
    const std::string_view before(line->buffer,
                                  static_cast<std::size_t>(line->cursor - line->buffer));
    const std::size_t rows = (columns_of(prompt) + columns_of(before)) / columns_of_terminal();
    if (rows > 0) std::fprintf(stdout, "\x1b[%zuA", rows);
    std::fputs("\r\x1b[J", stdout);
  }
  void redraw() const { el_set(editor, EL_REFRESH); }

  void wait_for_input() {
    input.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error && !self->closed) self->take_input();
                     });
  }
  void wait_for_resize() {
    resized.async_wait([self = shared_from_this()](const boost::system::error_code& error, int) {
      if (error || self->closed) return;
      el_resize(self->editor);
      self->wait_for_resize();
    });
  }

  void take_input() {
    while (editing && input_waits()) {
      if (!take_key()) return finish();
    }
    if (editing) wait_for_input();
  }

  /// Returns false at the end of input.
  bool take_key() {
    int count = 0;
    const char* const typed = el_gets(editor, &count);
    if (typed == nullptr || count <= 0) return !at_end();  // Nothing is typed, or no more will be.
    const std::string_view line(typed, static_cast<std::size_t>(count));
    if (line.size() == 1 && line.front() == end_of_transmission) return false;
    if (line.back() == '\n' || line.back() == '\r') take_line(line.substr(0, line.size() - 1));
    return true;
  }

  /// The terminal has gone, or has no more to give. Libedit tells an emptied line by the same
  /// values as the end of input, so the terminal itself is asked.
  static bool at_end() {
    pollfd wanted{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, 0) <= 0) return false;
    if ((wanted.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return true;
    int bytes = 0;
    return ioctl(STDIN_FILENO, FIONREAD, &bytes) != 0 || bytes == 0;
  }

  void take_line(std::string_view typed) {
    const std::string line(typed);
    HistEvent event{};
    if (!line.empty()) history(recall, &event, H_ENTER, line.c_str());
    if (!history_file.empty()) history(recall, &event, H_SAVE, history_file.c_str());
    leave_line();
    // The cursor stands below the line.
    const std::size_t rows = (columns_of(prompt) + columns_of(line)) / columns_of_terminal() + 1;
    std::fprintf(stdout, "\x1b[%zuA\r\x1b[J", rows);
    std::fflush(stdout);
    const auto self = shared_from_this();  // The handler may destroy the terminal.
    handlers.on_line(line);
    if (!closed) enter_line();
  }

  void finish() {
    leave_line();
    std::fputs("\n", stdout);
    std::fflush(stdout);
    const auto self = shared_from_this();
    handlers.on_end();
  }

  void close() {
    if (std::exchange(closed, true)) return;
    if (editing) {
      wipe();
      std::fflush(stdout);
    }
    leave_line();
    boost::system::error_code ignored;  // Nothing is left to do about it.
    input.close(ignored);
    resized.cancel(ignored);
  }

  std::string prompt;
  std::string history_file;
  Handlers handlers;
  boost::asio::posix::stream_descriptor input;
  boost::asio::signal_set resized;
  EditLine* editor{nullptr};
  History* recall{nullptr};
  bool begun{false};
  bool editing{false};
  bool closed{false};
};

Terminal::Terminal(boost::asio::io_context& context, std::string prompt, Handlers handlers)
    : impl_(std::make_shared<Impl>(context, std::move(prompt), std::move(handlers))) {}

Terminal::~Terminal() {
  impl_->close();
}

void Terminal::begin() {
  if (std::exchange(impl_->begun, true)) return;
  impl_->enter_line();
  impl_->wait_for_input();
  impl_->wait_for_resize();
}

void Terminal::print(std::string_view text) {
  if (impl_->editing) impl_->wipe();
  for (const char each : text) {
    if (each == '\n') std::fputc('\r', stdout);
    std::fputc(each, stdout);
  }
  std::fputs("\r\n", stdout);
  std::fflush(stdout);
  if (impl_->editing) impl_->redraw();
}

void Terminal::keep_history(const std::string& path) {
  HistEvent event{};
  impl_->history_file = path;
  history(impl_->recall, &event, H_LOAD, path.c_str());
}

void Terminal::clear() {
  std::fputs("\x1b[H\x1b[2J", stdout);
  std::fflush(stdout);
  if (impl_->editing) impl_->redraw();
}

void Terminal::set_prompt(std::string prompt) {
  if (impl_->editing) impl_->wipe();
  impl_->prompt = std::move(prompt);
  if (impl_->editing) impl_->redraw();
}

}  // namespace muster::cli
