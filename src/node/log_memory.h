// What a log says of the group's members before it is known how far it is committed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/entry.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::node {

struct Remembered {
  std::string name;
  std::optional<LogTime> stopped{};  ///< When the leader noted that it stopped; not back since.
  friend bool operator==(const Remembered&, const Remembered&) = default;
};

/// The members that these entries speak of, as the last of them has it. For words alone: an entry
/// may yet be replaced by another. What can't be read is passed over. Pure.
std::map<ServerNumber, Remembered> remember_members(const std::vector<Entry>& entries);

}  // namespace muster::node
