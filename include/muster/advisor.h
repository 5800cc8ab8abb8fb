// What proposes a service's commands where it decides things: sees the state and what clients say.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/bytes.h"
#include "muster/duration.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::service {

class Machine;

/// What a client said last with its heartbeat (`Client::set_heartbeat_value`).
struct LiveValue {
  BytesView value;  ///< Never empty; valid during the call only.
  Duration age;     ///< Since this server heard it.
};

/// The newest values of the clients of all servers. They are no part of the log: another server may
/// know others, older ones or none, and whatever a client wrote there may be in them.
class LiveValues {
 public:
  virtual ~LiveValues() = default;
  /// What the client of this session said last; nothing if it said nothing, or not for long.
  /// Cost: O(log values).
  virtual std::optional<LiveValue> find(SessionId session) const = 0;
};

/// A command that should be in the log, and what it is about.
struct Advice {
  std::string subject;  ///< No two of a service are on their way for the same one.
  Bytes command;        ///< At most as long as a client's command may be.
};

/// The half of a service that decides. Only the leader has one, from when it may write until it
/// leads no more. It proposes; the machine, which is the same everywhere, has the last word: advice
/// names the versions of what it assumed, and the machine refuses it if those have moved since
/// (Kung and Robinson 1981, "On optimistic methods for concurrency control").
///
/// What it returns is given to the log as a command of the leader (`Command::system`). While that
/// is on its way, further advice with its subject is passed by; so is what is beyond 64 of one
/// asking or 256 on their way, and the very command that was refused until `interval` has passed.
/// An advisor says again what is still not done. Nothing tells it what came of its advice but the
/// state, and what it keeps for itself is gone with the leadership.
///
/// Thread-safety: none.
class Advisor {
 public:
  virtual ~Advisor() = default;
  /// It is asked at least this often while nothing is applied, and after something was, but not
  /// more often than every 5 ms.
  virtual Duration interval() const = 0;
  /// What should be done now, the most urgent first. `applied` is the machine that made this
  /// advisor or one of the same class, as of the last entry applied; `now` only moves on. The same
  /// calls give the same advice: no clock, no randomness. It runs on the server's own thread, where
  /// everything waits for it.
  virtual std::vector<Advice> advise(const Machine& applied, const LiveValues& live,
                                     Instant now) = 0;
};

}  // namespace muster::service
