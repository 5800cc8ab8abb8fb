#include "cli/line_reader.h"

#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace muster::cli {

struct LineReader::Impl : std::enable_shared_from_this<LineReader::Impl> {
  Impl(boost::asio::io_context& context, int descriptor, Handlers told)
      : handlers(std::move(told)), input(context, ::dup(descriptor)) {}

  void go_on() {
    if (std::exchange(under_way, true)) return;
    boost::asio::post(input.get_executor(), [self = shared_from_this()] { self->step(); });
  }

  void step() {
    under_way = false;
    give_lines();
    if (paused || closed || ended) return;
    under_way = true;
    input.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->under_way = false;
                       // Files and devices that can't be waited for are always ready.
                       if (error && error != boost::asio::error::operation_not_supported) return;
                       if (self->closed) return;
                       self->read_some();
                       self->go_on();
                     });
  }

  void read_some() {
    std::array<char, 16 * 1024> bytes;
    const ssize_t count = ::read(input.native_handle(), bytes.data(), bytes.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count > 0) {
      waiting.append(bytes.data(), static_cast<std::size_t>(count));
    } else {
      at_end = true;
    }
  }

  void give_lines() {
    while (!paused && !closed && !ended) {
      const std::size_t end = waiting.find('\n');
      if (end == std::string::npos && waiting.size() < line_bytes_max) break;
      const std::size_t length = std::min(end, line_bytes_max);
      std::string line = waiting.substr(0, length);
      waiting.erase(0, length + (length == end ? 1 : 0));
      if (!line.empty() && line.back() == '\r') line.pop_back();
      handlers.on_line(std::move(line));
    }
    if (!at_end || paused || closed || ended) return;
    if (!waiting.empty()) return handlers.on_line(std::exchange(waiting, {})), go_on();
    ended = true;
    handlers.on_end();
  }

  Handlers handlers;
  boost::asio::posix::stream_descriptor input;
  std::string waiting{};
  bool under_way{false};
  bool paused{true};
  bool at_end{false};  // Of the file; what waits is still to be given.
  bool ended{false};
  bool closed{false};
};

LineReader::LineReader(boost::asio::io_context& context, int descriptor, Handlers handlers)
    : impl_(std::make_shared<Impl>(context, descriptor, std::move(handlers))) {}

LineReader::~LineReader() {
  impl_->closed = true;
  boost::system::error_code ignored;  // Nothing is left to do about it.
  impl_->input.close(ignored);
}

void LineReader::resume() {
  impl_->paused = false;
  impl_->go_on();
}

void LineReader::pause() {
  impl_->paused = true;
}

}  // namespace muster::cli
