// Compares what clients were told with what the group has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/kept_session.h"
#include "client/question.h"
#include "echo/echo.h"
#include "muster/error.h"
#include "net/loop.h"

namespace muster::cli {

/// What became of acknowledged commands; over any number of sessions and servers.
struct Verdict {
  std::uint64_t acknowledged{0};
  std::uint64_t lost{0};       ///< Acknowledged, but the group has fewer.
  std::uint64_t twice{0};      ///< The group has more than were ever said.
  std::uint64_t different{0};  ///< Sessions whose count is right but whose contents are not.

  bool well() const { return lost == 0 && twice == 0 && different == 0; }
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// Adds the comparison of one session to `verdict`, except the number acknowledged. The contents
/// can be compared only where no command's outcome is unknown.
void compare(const Acknowledged& told, const echo::Tally& found, Verdict& verdict);

/// Sessions for later, a line each. Errors: FAILED_PRECONDITION.
[[nodiscard]] Result<void> write_kept(const std::string& path,
                                      const std::vector<KeptSession>& sessions);
/// Errors: NOT_FOUND; INVALID_ARGUMENT naming the line.
[[nodiscard]] Result<std::vector<KeptSession>> read_kept(const std::string& path);

/// Reads each session's tally from one server as it is there, without asking the leader; waits
/// until the server has applied the session's index. `question` names that server only.
/// Errors: DEADLINE_EXCEEDED if it does not get there within the question's timeout.
[[nodiscard]] Result<Verdict> verify_on(net::Loop& loop, const client::Question::Options& question,
                                        const std::vector<KeptSession>& sessions);

}  // namespace muster::cli
