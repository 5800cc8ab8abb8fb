// An entry of the replicated log, as every layer from the disk to the services sees it.
#pragma once

#include <cstdint>
#include <optional>

#include "muster/bytes.h"
#include "muster/ids.h"

namespace muster {

/// What an entry is for. The values are written to disk: append only, never renumber.
enum class EntryKind : std::uint8_t {
  empty = 0,          ///< The first entry of a term; commits what earlier terms left.
  configuration = 1,  ///< A membership change; raft acts on it as soon as it is appended.
  commands = 2,       ///< Log time and batches of commands, as `wire/batch.h` lays them out.
};

/// One place of the log. The payload is shared, so that an entry is copied for the price of a
/// reference count: disk, followers and the state machine all read the same bytes.
struct Entry {
  Term term;
  LogIndex index;
  EntryKind kind{EntryKind::empty};
  SharedBytes payload;
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// What a server must not forget across a restart, besides its log (Raft, figure 2).
struct HardState {
  Term term;
  std::optional<ServerNumber> vote;  ///< For whom this server voted in `term`.
  friend bool operator==(const HardState&, const HardState&) = default;
};

}  // namespace muster
