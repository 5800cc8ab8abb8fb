// Lines of IRC, cut out of the bytes that a client sends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "muster/bytes.h"

namespace muster::edge::irc {

constexpr std::size_t line_bytes_max = 512;    ///< With CR LF, without tags (RFC 1459, 2.3).
constexpr std::size_t tags_bytes_max = 4'096;  ///< That a client may send, with `@` and the space.

/// Lines end with CR LF, or with LF alone. Empty ones are passed over, and NUL and CR in them
/// dropped.
/// Thread-safety: none.
class LineReader {
 public:
  struct Line {
    std::string text{};
    bool too_long{false};  ///< And so left out.
  };

  void feed(BytesView bytes) { buffer_ += as_text(bytes); }
  /// The next whole line, or nothing until more is received.
  std::optional<Line> next();
  /// Bytes that are not read yet.
  std::size_t bytes() const { return buffer_.size() - read_; }

 private:
  void drop_read();

  std::string buffer_;
  std::size_t read_{0};      // Of the buffer.
  std::size_t searched_{0};  // So far there is no end of a line.
  bool skips_{false};        // What comes is the rest of a line that is too long.
};

}  // namespace muster::edge::irc
