#include "edge/irc/lines.h"

#include <algorithm>
#include <utility>

namespace muster::edge::irc {
namespace {

constexpr std::size_t cr_lf_bytes = 2;  // CR LF.

bool fits(std::string_view line) {
  std::size_t tags = 0;
  if (line.starts_with('@')) {
    const std::size_t space = line.find(' ');
    tags = space == std::string_view::npos ? line.size() : space + 1;
  }
  return tags <= tags_bytes_max && line.size() - tags <= line_bytes_max - cr_lf_bytes;
}

}  // namespace

std::optional<LineReader::Line> LineReader::next() {
  while (true) {
    const std::size_t end = buffer_.find('\n', searched_);
    if (end == std::string::npos) {
      searched_ = buffer_.size();
      const bool hopeless = bytes() > line_bytes_max + tags_bytes_max;
      const bool is_news = hopeless && !std::exchange(skips_, skips_ || hopeless);
      if (skips_) read_ = searched_ = buffer_.size();
      drop_read();
      if (!is_news) return std::nullopt;
      return Line{.text = {}, .too_long = true};
    }
    std::string_view line = std::string_view(buffer_).substr(read_, end - read_);
    read_ = searched_ = end + 1;
    if (std::exchange(skips_, false)) continue;
    while (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (!fits(line)) return Line{.text = {}, .too_long = true};
    Line whole{.text = std::string(line)};
    // Neither is of any line, nor of what others are told of it.
    std::erase_if(whole.text, [](char c) { return c == '\0' || c == '\r'; });
    return whole;
  }
}

void LineReader::drop_read() {
  buffer_.erase(0, read_);
  searched_ -= read_;
  read_ = 0;
  if (buffer_.empty()) buffer_.shrink_to_fit();
}

}  // namespace muster::edge::irc
