// From committed entries to replies, events and state: the replicated half of a server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/entry.h"
#include "group/group.h"
#include "muster/error.h"
#include "muster/machine.h"
#include "replica/session_table.h"
#include "wire/batch.h"
#include "wire/events.h"

namespace muster::replica {

/// Makes the services, each in its state before the first command.
using MachineFactory = std::function<std::vector<std::unique_ptr<service::Machine>>()>;

/// Replies to one batch, as the body of a Replies frame; for the session's home to pass on.
struct Answer {
  SessionId session;
  SequenceNumber first;
  std::uint32_t count{0};
  SharedBytes replies;
};
/// A batch was not taken because commands before it are missing: the home resends from `expected`.
struct Gap {
  SessionId session;
  SequenceNumber expected;
};
struct SessionAttached {
  SessionId session;
  Epoch epoch;
  SequenceNumber last;
  ServerNumber home;
  std::string name{};
  Duration timeout{};  ///< As its client asked; zero: as the group has it.
};
struct SessionEnded {
  SessionId session;
  std::string reason;
};
/// An open or resume that came to nothing.
struct AttachRefused {
  SessionId session;
  ServerNumber home;
  Epoch epoch;
  Error error;
};
/// The session of a batch is not open (it ended, or never was): the commands were not applied.
struct SessionUnknown {
  SessionId session;
};
using SessionNews =
    std::variant<Answer, Gap, SessionAttached, SessionEnded, AttachRefused, SessionUnknown>;

/// What followers of a topic are told. No two events of a log have the same position, and those of
/// an entry come in the order of their positions.
struct Event {
  std::string topic;
  wire::EventPosition position;
  LogTime time;  ///< Of the log, when the entry was applied.
  SharedBytes payload;
};

/// What a service said to a command of the leader's own. The group's are not told.
struct SystemAnswer {
  ServiceId service;
  Position position;
  Bytes command;  ///< Its payload.
  Result<Bytes> reply{Bytes{}};
};

/// What applying one entry gave, in order.
struct Applied {
  std::vector<SessionNews> news;
  std::vector<Event> events;
  std::vector<SystemAnswer> answers{};
};

/// The whole replicated state, frozen at one entry. Immutable; another thread may encode it.
struct Frozen {
  LogIndex index;
  LogTime time;
  std::uint64_t digest{0};
  struct Piece {
    ServiceId service;
    std::shared_ptr<const service::Part> part;
  };
  std::vector<Piece> pieces;
};

/// Writes a frozen state as a stream of chunks, one part at a time.
class FrozenEncoder {
 public:
  explicit FrozenEncoder(std::shared_ptr<const Frozen> frozen) : frozen_(std::move(frozen)) {}
  /// Replaces `chunk` by the next bytes; false (and an empty chunk) at the end.
  bool next(Bytes& chunk);

 private:
  std::shared_ptr<const Frozen> frozen_;
  std::size_t next_piece_{0};
  bool begun_{false};
};

/// Applies the log: checks sessions (exactly `last + 1`, else a kept reply or a gap), calls the
/// services, keeps replies, and keeps a digest over positions, commands, replies and events. Knows
/// no Raft. Same entries, same outputs and digest, on every server. Once the group gave way no
/// service takes a command: clients' are refused, the leader's pass without effect.
///
/// Thread-safety: none. Cost: O(log sessions) a batch, plus the services' own work.
class Replica {
 public:
  struct Options {
    SessionTable::Options sessions;
  };

  Replica(const Options& options, MachineFactory machines);

  /// Applies the next entry of kind `empty` or `commands`. A payload that doesn't decode changes
  /// nothing but the position. Precondition: it is the one after `applied()`.
  Applied apply(const Entry& entry);
  /// Applies the next entry when that is a configuration.
  Applied apply_membership(LogIndex index, const group::Roles& roles, BytesView annotation);

  /// Answers a read. Errors: `not_found` for an unknown service, and the service's own.
  Result<Bytes> query(ServiceId service, BytesView request) const;
  /// The services.
  const std::vector<std::unique_ptr<service::Machine>>& machines() const { return machines_; }
  /// What somebody who missed events of `topic` needs to know, as of `applied()`. Errors:
  /// `not_found` if it is no service's, and the service's own.
  Result<Bytes> topic_state(std::string_view topic) const;
  /// The earliest deadline of any service.
  std::optional<LogTime> deadline() const;

  LogIndex applied() const { return applied_; }
  LogTime time() const { return time_; }
  std::uint64_t digest() const { return digest_; }
  const group::View& view() const { return group_->view(); }
  const SessionTable& sessions() const { return sessions_; }

  std::shared_ptr<const Frozen> freeze() const;

 private:
  friend class Restorer;

  void apply_batch(const wire::BatchView& batch, std::uint32_t ordinal, Applied& out);
  void apply_sequenced(const wire::BatchView& batch, std::uint32_t ordinal, Session& session,
                       Applied& out);
  void apply_control(const wire::BatchView& batch, std::uint32_t ordinal, Applied& out);
  void open_session(SessionId id, const Open& open, std::uint32_t ordinal, Applied& out);
  void attach_session(SessionId id, const Resume& resume, std::uint32_t ordinal, Applied& out);
  static void tell_attached(SessionId id, const Session& session, Applied& out);
  void tell_sessions(std::uint32_t ordinal, const Bytes& event, Applied& out) const;
  void resend_kept(SessionId id, const Session& session, SequenceNumber first, std::uint32_t count,
                   Applied& out) const;
  void end_session(SessionId id, std::string reason, std::uint32_t ordinal, Applied& out);
  void expire(Applied& out);
  void mix(BytesView bytes);
  void mix_events(const std::vector<Event>& events);
  service::Machine* machine(ServiceId id) const;
  void adopt_behaviour();

  Options options_;
  MachineFactory factory_;
  std::vector<std::unique_ptr<service::Machine>> machines_;
  std::unique_ptr<group::Group> group_;
  SessionTable sessions_;
  LogIndex applied_;
  LogTime time_;
  std::uint64_t digest_{0};
  std::uint32_t behaviour_{1};  // As the machines were told.
};

/// Builds a second replica from a snapshot's bytes, slice by slice, to be swapped in when whole.
class Restorer {
 public:
  Restorer(const Replica::Options& options, MachineFactory machines);
  /// Takes in the next bytes. Errors: `internal` if they are no snapshot of this program.
  [[nodiscard]] Result<void> feed(BytesView bytes);
  /// The replica. Errors: `internal` if the bytes ended early.
  Result<std::unique_ptr<Replica>> finish() &&;

 private:
  Result<void> take_head(BytesView head);
  Result<void> take_piece(ServiceId service, BytesView piece);

  std::unique_ptr<Replica> replica_;
  Bytes waiting_;
  bool head_taken_{false};
  bool ended_{false};
};

}  // namespace muster::replica
