// The server's log for people: plain lines on standard error.
#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>

#include "node/io.h"

namespace muster::server {

/// A logger that writes `TIME LEVEL TEXT`, coloured on a terminal unless `NO_COLOR` is set. `level`
/// as in `Options`. Thread-safe.
std::shared_ptr<spdlog::logger> make_log(const std::string& level);

spdlog::level::level_enum level_of(node::NoticeLevel level);

}  // namespace muster::server
