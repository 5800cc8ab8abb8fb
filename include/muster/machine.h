// The interface of a replicated service: a deterministic state machine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/advisor.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::service {

/// A committed command, as a machine sees it. `payload` is valid during the call only.
struct Command {
  Position position;
  LogTime time;
  SessionId session;
  BytesView payload;
  bool system{false};  ///< Made by the leader itself, not by a client.
};

/// Takes what applying a command gives. For each command exactly one `reply` or `refuse` is called,
/// and any number of `publish`.
class Output {
 public:
  virtual ~Output() = default;
  /// The result for the caller.
  virtual void reply(BytesView payload) = 0;
  /// The command was looked at and changes nothing. `message` says why and what to do.
  virtual void refuse(ErrorCode code, std::string_view message) = 0;
  /// Tells those who follow `topic`. The events of one topic keep their order. Preconditions: the
  /// topic's name is valid and the event not too long (`wire/events.h`).
  virtual void publish(std::string_view topic, BytesView event) = 0;
};

/// What operators may have the leader do by name (`muster rmi`): it makes a command of its own for
/// it (`Command::system`), which goes through the log like any other.
struct OperatorCommand {
  std::string name;                      ///< Lower case words, `.` and `-` between: `shop.close`.
  std::string help;                      ///< A line.
  std::vector<std::string> arguments{};  ///< The names of what it takes; all are needed.
};

/// Something that is counted.
struct Counter {
  std::string name;
  std::uint64_t value{0};
};

/// A frozen piece of a machine's state. Immutable, so another thread may encode it.
class Part {
 public:
  virtual ~Part() = default;
  /// Appends the piece in an encoding with one form only: equal states give equal bytes.
  virtual void encode(Bytes& out) const = 0;
};
using FrozenParts = std::vector<std::shared_ptr<const Part>>;

/// A service's replicated state (Schneider 1990, "Implementing fault-tolerant services using the
/// state machine approach"): the same commands in the same order give the same replies, events and
/// state on every server. It sees committed commands and log time only: no clock, no randomness, no
/// address, no iteration over unordered containers where order reaches an output.
///
/// A machine never fails: a command it can't carry out is refused, which is an ordinary reply.
/// Thread-safety: none; frozen parts may be read by one other thread.
class Machine {
 public:
  virtual ~Machine() = default;

  /// The service's number in the log format, and its name for people.
  virtual ServiceId id() const = 0;
  virtual std::string_view name() const = 0;

  /// Carries out one command. Bytes come from clients and may be anything.
  virtual void apply(const Command& command, Output& output) = 0;
  /// The log time at which `expire` should be called next, or nothing.
  virtual std::optional<LogTime> deadline() const { return std::nullopt; }
  /// The services behave as of this version from the next command on. It is raised by an entry of
  /// the log, once the programs of all servers support it, so what is decided by it is the same
  /// everywhere; never by what this program happens to be. Called after `clear` and `restore` too,
  /// with a version above 1. A machine that has behaved in one way only ignores it.
  virtual void set_behaviour(std::uint32_t /*version*/) {}
  /// Log time has reached `now`, which is at or after `deadline()`.
  virtual void expire(LogTime /*now*/, Output& /*output*/) {}
  /// The session has ended, at that place of the log; what the machine keeps for it can go.
  virtual void session_ended(SessionId /*session*/, Position /*at*/, LogTime /*now*/,
                             Output& /*output*/) {}

  /// What somebody who follows `topic` needs to know before the next event, when the events up to
  /// now can no longer be told one by one. Errors: `not_found` if no such topic is this machine's.
  virtual Result<Bytes> topic_state(std::string_view topic) const {
    return Error{ErrorCode::not_found, "no topic is called " + std::string(topic)};
  }

  /// What this copy counted since it was made, for people (`muster rmi stats`). No part of the
  /// state: it may differ from server to server.
  virtual std::vector<Counter> counters() const { return {}; }

  /// Answers a read from the state as it is. Changes nothing.
  virtual Result<Bytes> query(BytesView request) const = 0;

  /// What operators may have done; the same whatever the state. Names are unique in a group.
  virtual std::vector<OperatorCommand> operator_commands() const { return {}; }
  /// The payload of one of them. `key` is a text that no other command has: two commands must not
  /// have the same payload. Preconditions: it is one of `operator_commands`, with its arguments.
  /// Errors: `invalid_argument` for an argument that can't be.
  virtual Result<Bytes> operator_command(std::string_view name,
                                         std::span<const std::string> /*arguments*/,
                                         std::string_view /*key*/) const {
    return Error{ErrorCode::unimplemented, "there is no " + std::string(name)};
  }
  /// The reply to such a command in words: what was done. Errors: why it was not.
  virtual Result<std::string> operator_outcome(BytesView reply) const {
    return std::string(as_text(reply));
  }

  /// A new one of what proposes commands of this service while this server leads; nothing if the
  /// service carries out what its clients say and decides nothing by itself.
  virtual std::unique_ptr<Advisor> make_advisor() const { return nullptr; }

  /// The whole state as frozen parts, cheap: what changes later is copied first.
  virtual FrozenParts freeze() const = 0;
  /// Takes in one part encoded by `Part::encode`, in the order `freeze` gave them, after `clear`.
  /// Errors: `internal` if the bytes are not such a part.
  [[nodiscard]] virtual Result<void> restore(BytesView part) = 0;
  /// Back to the state before the first command.
  virtual void clear() = 0;
};

}  // namespace muster::service
