// A terminal that is typed on and written to at the same time, on an event loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

/// Whether the program's input and output are a terminal that lines can be edited on.
bool is_interactive();

/// The one writer of a terminal: what is printed comes above the line that is being typed, which is
/// drawn again with what was typed and the cursor where it was. A line that was entered vanishes:
/// what came of it is for the handler to print. Line editing and recall by libedit; nothing is
/// waited for in a call.
///
/// Handlers are called from the loop. Of the signals it takes only SIGWINCH. There is one at a
/// time, since it owns standard input and output; destroying it gives the terminal back as it was.
/// Thread-safety: none; use it on its loop.
class Terminal {
 public:
  struct Handlers {
    std::function<void(std::string)> on_line;  ///< Without its end.
    std::function<void()> on_end;              ///< End of input; nothing comes after it.
    /// What the word before the cursor may go on as, given the line up to there. Not set: the
    /// tabulator key does nothing.
    std::function<std::vector<std::string>(std::string_view before)> complete{};
  };

  /// Preconditions: `is_interactive()`; `context` outlives it; the prompt has no control
  /// characters.
  Terminal(boost::asio::io_context& context, std::string prompt, Handlers handlers);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Shows text, one or more lines without an end of the last.
  void print(std::string_view text);
  void set_prompt(std::string prompt);
  /// Recalls the lines of earlier sittings from this file, and keeps those of this one there.
  void keep_history(const std::string& path);
  /// Leaves nothing on the screen but the typed line.
  void clear();
  /// Shows the prompt and takes input, if it does not do so already.
  void begin();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // Held by what the loop has under way.
};

/// Columns that UTF-8 text takes on a terminal; characters that are none count for nothing.
std::size_t columns_of(std::string_view text);

}  // namespace muster::cli
