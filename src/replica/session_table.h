// The replicated sessions: who the clients are, and what each was last answered.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/lazy_deque.h"
#include "muster/bytes.h"
#include "muster/codec.h"
#include "muster/copy_on_write.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/machine.h"
#include "replica/session_control.h"
#include "replica/session_names.h"

namespace muster::replica {

/// Encoded replies to consecutive commands: the body of a Replies frame, kept as it was sent.
struct KeptReplies {
  SequenceNumber first;
  std::uint32_t count{0};
  SharedBytes body;
};

/// One client's place in the group (Raft dissertation, section 6.3). Part of the replicated state.
struct Session {
  std::string name;
  std::string kind;
  std::string zone;  ///< Of the client; empty: any.
  std::string host;  ///< Name of its machine.
  std::map<std::string, std::string> tags;
  LogTime opened;
  Epoch epoch;                  ///< Its client's, of the newest attachment: that counts.
  Duration timeout{};           ///< As its client asked; zero: as the group has it.
  ServerNumber home;            ///< The server it was last attached to: a hint for others.
  SequenceNumber last;          ///< The last command that took effect (or was refused).
  LazyDeque<KeptReplies> kept;  ///< Oldest first, without a gap, ending at `last`.
  std::uint32_t kept_count{0};
  std::size_t kept_bytes{0};
};

/// How many sessions are at home where: by server and by the client's zone.
using Loads = std::map<ServerNumber, std::map<std::string, std::size_t>>;

/// All sessions, in blocks that are frozen and copied one by one. Thread-safety: none.
class SessionTable {
 public:
  struct Options {
    std::size_t sessions_max{100'000};
    std::uint32_t kept_replies_max{2'048};  ///< Per session; at least the commands in flight.
    std::size_t kept_bytes_max{4 * 1'024 * 1'024};  ///< Per session.
    std::size_t ended_max{16'384};                  ///< Ids of ended sessions that are remembered.
  };

  explicit SessionTable(const Options& options) : options_(options) {}

  std::size_t size() const { return size_; }
  const Session* find(SessionId id) const;
  /// The session for changing it, or nullptr. O(log sessions).
  Session* change(SessionId id);
  /// Opens the session. Precondition: there is none of this id.
  /// Errors: `resource_exhausted` if there are `sessions_max`;
  /// `failed_precondition` if it has ended: a late copy of an open revives nothing;
  /// `already_exists` if its name is to be unique and is not: the message proposes another.
  Result<Session*> open(SessionId id, const Open& open, LogTime now);
  /// The session is at home where `resume` says from now on. Nullptr if there is none.
  Session* attach(SessionId id, const Resume& resume);
  /// Ends the session and remembers its id. Returns whether there was such a session.
  bool erase(SessionId id);

  /// Only sessions that there are; no server or zone without one.
  const Loads& loads() const { return loads_; }

  /// Keeps the encoded replies to the session's newest commands, and drops the oldest over limits.
  void keep(Session& session, KeptReplies replies) const;

  /// Calls `visit(id, session)` by ascending id within each block; the order is the same
  /// everywhere.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& block : blocks_) {
      for (const auto& [id, session] : block.read().sessions) visit(id, session);
    }
  }

  /// The same in pieces: at most `count` sessions after `after`. Returns whether there are more.
  template <class Visit>
  bool page(std::optional<SessionId> after, std::size_t count, Visit visit) const {
    for (std::size_t block = after ? place_of(*after) : 0; block < blocks_.size(); ++block) {
      const auto& sessions = blocks_[block].read().sessions;
      auto at = after ? sessions.upper_bound(*after) : sessions.begin();
      after.reset();
      for (; at != sessions.end(); ++at, --count) {
        if (count == 0) return true;
        visit(at->first, at->second);
      }
    }
    return false;
  }

  service::FrozenParts freeze() const;
  /// Takes in one part of `freeze`. Errors: `internal` if the bytes are not such a part.
  [[nodiscard]] Result<void> restore(BytesView part);

 private:
  struct Block final : service::Part {
    void encode(Bytes& out) const override;
    std::map<SessionId, Session> sessions;
  };

  struct Ended final : service::Part {
    void encode(Bytes& out) const override;
    std::deque<SessionId> order;  ///< Oldest first.
    std::set<SessionId> ids;
  };

  Result<void> restore_sessions(Reader& reader);
  void remember_ended(SessionId id);
  [[nodiscard]] Result<std::string> name_for(const Open& open) const;
  void count(const Session& session);
  void discount(const Session& session);
  std::size_t place_of(SessionId id) const { return id.uuid.bytes.back() % blocks_.size(); }
  service::CopyOnWrite<Block>& block_of(SessionId id);
  const service::CopyOnWrite<Block>& block_of(SessionId id) const;

  Options options_;
  std::size_t size_{0};
  std::array<service::CopyOnWrite<Block>, 64> blocks_;
  service::CopyOnWrite<Ended> ended_;
  SessionNames names_;  // Of all sessions; follows from them.
  Loads loads_;         // The same.
};

}  // namespace muster::replica
