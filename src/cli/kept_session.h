// What one client was told, and the line of a file that keeps it for later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "echo/echo.h"
#include "muster/ids.h"

namespace muster::cli {

/// What one client was told, for comparison with what the group has.
struct Acknowledged {
  SessionId session;
  echo::Tally tally;         ///< Over the payloads acknowledged, in order.
  std::uint64_t unknown{0};  ///< Commands that were perhaps applied.
  friend bool operator==(const Acknowledged&, const Acknowledged&) = default;
};

/// One session for later: `SESSION COUNT CHAIN UNKNOWN INDEX`. `index` is where the group stood
/// when it was asked: a server that has applied it has everything.
struct KeptSession {
  Acknowledged told;
  LogIndex index;
  friend bool operator==(const KeptSession&, const KeptSession&) = default;
};
/// Without a line end.
std::string to_line(const KeptSession& kept);
/// Nothing if the line is not as `to_line` writes it.
std::optional<KeptSession> parse_kept_session(const std::string& line);

}  // namespace muster::cli
