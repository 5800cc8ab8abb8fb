// The terminal that `muster demo` draws on.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/demo_view.h"

namespace muster::cli {

/// Takes the terminal of standard input and output over: keys come one by one and are not echoed,
/// and the picture is drawn on the alternate screen. Gives it back as it was when it is destroyed,
/// left, or when the process crashes. At most one at a time. Thread-safety: none.
class DemoTerminal {
 public:
  using OnKey = std::function<void(char)>;

  /// Whether standard input and output are one.
  static bool is_there();
  /// Whether colours are wanted: `NO_COLOR` is not set (no-color.org), and the terminal has them.
  static bool wants_colour();
  /// Whether the locale of the environment has more characters than ASCII.
  static bool shows_unicode();

  /// Precondition: `is_there()`. `on_key` is called from the context, never from within a call.
  DemoTerminal(boost::asio::io_context& context, OnKey on_key);
  ~DemoTerminal();
  DemoTerminal(const DemoTerminal&) = delete;
  DemoTerminal& operator=(const DemoTerminal&) = delete;

  /// Gives the terminal back for a while, and takes it again.
  void leave();
  void enter();
  ViewSize size() const;
  /// Draws the picture in place; nothing is written if it is what was drawn last.
  void draw(const std::vector<StyledLine>& lines);

 private:
  void wait_for_keys();

  OnKey on_key_;
  boost::asio::posix::stream_descriptor input_;
  const bool colour_;
  bool entered_{false};
  std::string drawn_;
};

}  // namespace muster::cli
