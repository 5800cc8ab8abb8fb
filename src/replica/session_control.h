// What opens and ends sessions in the log: commands to the group itself, outside the numbering.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "muster/bytes.h"
#include "muster/codec.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "replica/session_names.h"

namespace muster::replica {

/// Commands of this service are session control. They come in batches of their own with
/// sequence number 0, because what attaches a session can't be numbered by it.
inline constexpr ServiceId session_service{0};

/// Opens the session or, if it is open, attaches it to `home` as `Resume` does.
struct Open {
  std::string name;
  std::string kind;
  ServerNumber home;
  std::string zone{};  ///< Of the client; servers of it are preferred. Empty: any.
  std::string host{};  ///< Name of its machine, for people.
  std::map<std::string, std::string> tags{};  ///< For people.
  NameRule name_rule{NameRule::any};
  Epoch epoch{1};
  /// Silence after which the session ends, as its client asked; zero: as the group has it.
  Duration timeout{};
  friend bool operator==(const Open&, const Open&) = default;
};
/// Attaches an open session to `home`; refused if it has ended. The epoch is the client's: it
/// counts each attempt to attach. What is not above the session's epoch is a late copy of an
/// attach, which changes nothing.
struct Resume {
  ServerNumber home;
  Epoch epoch;
  Duration timeout{};  ///< As in `Open`.
  friend bool operator==(const Resume&, const Resume&) = default;
};
/// Ends the session, unless it was attached anew since `epoch`.
struct End {
  Epoch epoch;
  std::string reason;
  friend bool operator==(const End&, const End&) = default;
};
using SessionControl = std::variant<Open, Resume, End>;

/// Tags as the log and snapshots have them.
void write_tags(Writer& writer, const std::map<std::string, std::string>& tags);
std::map<std::string, std::string> read_tags(Reader& reader);

/// The whole batch that carries the control for this session.
Bytes encode_control_batch(SessionId session, const SessionControl& control);
/// Errors: `invalid_argument` if the payload is no control, or a timeout beyond
/// `wire::session_timeout_max`.
Result<SessionControl> decode_control(BytesView payload);

}  // namespace muster::replica
