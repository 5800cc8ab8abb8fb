#include "cli/verification.h"

#include <chrono>
#include <fstream>
#include <utility>

#include "cli/local_read.h"

namespace muster::cli {
namespace {

struct LocalTally {
  LogIndex index;
  echo::Tally tally;
};

Result<LocalTally> ask_tally(net::Loop& loop, const client::Question::Options& question,
                             SessionId session) {
  const auto answer = read_locally(loop, question, echo::service_id, echo::tally_query(session));
  if (!answer) return answer.error();
  const auto tally = echo::read_tally(answer->payload);
  if (!tally) return tally.error();
  return LocalTally{.index = answer->index, .tally = *tally};
}

Result<echo::Tally> tally_at(net::Loop& loop, const client::Question::Options& question,
                             const KeptSession& session) {
  const Instant deadline = loop.now() + question.timeout;
  for (;;) {
    const auto found = ask_tally(loop, question, session.told.session);
    if (!found) return found.error();
    if (found->index >= session.index) return found->tally;
    if (loop.now() >= deadline) {
      return Error{ErrorCode::deadline_exceeded,
                   question.servers.front() + " has applied only entry " +
                       std::to_string(found->index.value) + ", not " +
                       std::to_string(session.index.value) + "; look at its log"};
    }
    client::run_for(loop, std::chrono::milliseconds{20});
  }
}

}  // namespace

void compare(const Acknowledged& told, const echo::Tally& found, Verdict& verdict) {
  const std::uint64_t most = told.tally.count + told.unknown;
  if (found.count < told.tally.count) {
    verdict.lost += told.tally.count - found.count;
  } else if (found.count > most) {
    verdict.twice += found.count - most;
  } else if (told.unknown == 0 && found.chain != told.tally.chain) {
    ++verdict.different;
  }
}

Result<void> write_kept(const std::string& path, const std::vector<KeptSession>& sessions) {
  std::ofstream file(path);
  for (const KeptSession& each : sessions) {
    file << to_line(each) << '\n';
  }
  file.close();
  if (!file) {
    return Error{ErrorCode::failed_precondition,
                 "cannot write " + path + "; name a file that can be written"};
  }
  return {};
}

Result<std::vector<KeptSession>> read_kept(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{ErrorCode::not_found, "cannot read " + path + "; is it there?"};
  std::vector<KeptSession> sessions;
  for (std::string line; std::getline(file, line);) {
    const auto kept = parse_kept_session(line);
    if (!kept) {
      return Error{ErrorCode::invalid_argument,
                   "line " + std::to_string(sessions.size() + 1) + " of " + path +
                       " is not of the form SESSION COUNT CHAIN UNKNOWN INDEX"};
    }
    sessions.push_back(*kept);
  }
  return sessions;
}

Result<Verdict> verify_on(net::Loop& loop, const client::Question::Options& question,
                          const std::vector<KeptSession>& sessions) {
  Verdict verdict;
  for (const KeptSession& session : sessions) {
    const auto found = tally_at(loop, question, session);
    if (!found) return found.error();
    verdict.acknowledged += session.told.tally.count;
    compare(session.told, *found, verdict);
  }
  return verdict;
}

}  // namespace muster::cli
