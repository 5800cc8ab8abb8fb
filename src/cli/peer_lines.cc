#include "cli/peer_lines.h"

#include <fmt/format.h>

#include <utility>

namespace muster::cli {
namespace {

std::string online_line(const node::Presence& presence) {
  std::string line;
  for (const ServerNumber number : presence.online) {
    line += fmt::format("{}{}", line.empty() ? "online " : ",", number.value);
  }
  return line;
}

std::string leader_line(const node::Presence& presence) {
  if (presence.leader) return fmt::format("leader {}", presence.leader->value);
  return fmt::format("leader none: {} of {} online, {} needed", presence.online.size(),
                     presence.all.size(), presence.needed);
}

}  // namespace

std::string PeerLines::waiting_line(const node::Presence& presence) const {
  std::string missing;
  for (const discovery::EntryLine& peer : file_) {
    if (presence.online.contains(peer.id)) continue;
    missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", peer.id.value, peer.address());
  }
  if (missing.empty()) return {};
  return fmt::format("waiting for {}: {} of {} connected", missing, presence.online.size(),
                     presence.all.size());
}

std::vector<std::string> PeerLines::lines_for(const node::Presence& presence) {
  std::vector<std::string> lines;
  const auto add = [&](std::string& last, std::string line) {
    if (line == last) return;
    last = std::move(line);
    if (!last.empty()) lines.push_back(last);
  };
  if (!presence.formed) {
    add(waiting_, waiting_line(presence));
    return lines;
  }
  add(online_, online_line(presence));
  add(leader_, leader_line(presence));
  return lines;
}

}  // namespace muster::cli
