// The server's log for people: plain lines on standard error.
#pragma once

#include <spdlog/logger.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "node/io.h"

namespace muster::server {

/// A logger that writes `TIME LEVEL TEXT`, coloured on a terminal unless `NO_COLOR` is set. `level`
/// as in `Options`. Thread-safe.
std::shared_ptr<spdlog::logger> make_log(const std::string& level);

/// Takes one line of the log, without level and time.
using LogSink = std::function<void(spdlog::level::level_enum level, std::string_view text)>;
/// A logger whose lines go to `sink`: one at a time, from the thread that logs.
std::shared_ptr<spdlog::logger> make_log(const std::string& level, LogSink sink);

spdlog::level::level_enum level_of(node::NoticeLevel level);

}  // namespace muster::server
