// What `muster peer` prints: a line at each change of who is there and who leads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "discovery/entry_file.h"
#include "node/io.h"

namespace muster::cli {

/// Turns what a server says of its list into lines:
/// `waiting for ID (ADDRESS), ...: 3 of 5 connected` while the group is not founded,
/// `online ID,ID,...`, `leader ID`, and `leader none: 2 of 4 online, 3 needed`.
class PeerLines {
 public:
  explicit PeerLines(discovery::EntryFile file) : file_(std::move(file)) {}

  /// The lines for what has changed since the call before; none if nothing has.
  std::vector<std::string> lines_for(const node::Presence& presence);

 private:
  std::string waiting_line(const node::Presence& presence) const;

  const discovery::EntryFile file_;
  std::string waiting_;  // The lines of each kind as they were last.
  std::string online_;
  std::string leader_;
};

}  // namespace muster::cli
