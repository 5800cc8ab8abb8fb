// Standard input line by line, on an event loop, when it is no terminal.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

namespace muster::cli {

/// Reads a pipe, a file or a terminal without line editing. Lines longer than `line_bytes_max` come
/// in pieces. Thread-safety: none; use it on its loop.
class LineReader {
 public:
  struct Handlers {
    std::function<void(std::string)> on_line;  ///< Without its end; the last one may lack it.
    std::function<void()> on_end;              ///< Nothing comes after it.
  };
  static constexpr std::size_t line_bytes_max = std::size_t{64} * 1024;

  /// Precondition: `context` outlives it. Reads nothing before `resume`.
  LineReader(boost::asio::io_context& context, int descriptor, Handlers handlers);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Reads until `pause`.
  void resume();
  /// No line comes until `resume`; a handler may say so too. What was read already is kept.
  void pause();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // Held by what the loop has under way.
};

}  // namespace muster::cli
