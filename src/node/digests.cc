#include "node/digests.h"

#include <algorithm>
#include <utility>

namespace muster::node {

// Beyond the limit the oldest goes; one that is older than all is not taken.
Digests::Check* Digests::check_at(Place place) {
  const auto known = checks_.find(place);
  if (known != checks_.end()) return &known->second;
  if (checks_.size() == 2 * checks_max) {
    if (place < checks_.begin()->first) return nullptr;
    checks_.erase(checks_.begin());
  }
  return &checks_[place];
}

void Digests::applied(LogIndex index, std::uint64_t digest) {
  if (index.value % rolling_interval != 0) return;
  if (Check* const check = check_at({index, false})) check->digests[self_] = digest;
}

void Digests::encoded(LogIndex index, std::uint64_t digest) {
  if (Check* const check = check_at({index, true})) check->digests[self_] = digest;
}

void Digests::told(ServerNumber server, const wire::StateDigests& digests) {
  if (server == self_) return;
  for (const wire::StateDigests::Item& item : digests.items()) {
    const bool is_place = item.whole() || item.index() % rolling_interval == 0;
    Check* const check = is_place ? check_at({LogIndex{item.index()}, item.whole()}) : nullptr;
    if (check == nullptr) continue;
    if (check->digests.size() < servers_max || check->digests.contains(server)) {
      check->digests[server] = item.digest();
    }
  }
}

std::optional<wire::StateDigests> Digests::to_tell() {
  wire::StateDigests digests;
  for (auto& [place, check] : checks_) {
    const auto own = check.digests.find(self_);
    if (own == check.digests.end() || std::exchange(check.told, true)) continue;
    wire::StateDigests::Item& item = *digests.add_items();
    item.set_index(place.index.value);
    item.set_whole(place.whole);
    item.set_digest(own->second);
  }
  if (digests.items().empty()) return std::nullopt;
  return digests;
}

std::optional<Digests::Verdict> Digests::judge(const std::set<ServerNumber>& voters) {
  for (auto& [place, check] : checks_) {
    const auto own = check.digests.find(self_);
    if (own == check.digests.end()) continue;
    Verdict verdict{.index = place.index, .whole = place.whole, .same = {}, .other = {}};
    std::map<std::uint64_t, std::size_t> votes;
    for (const auto& [server, digest] : check.digests) {
      (digest == own->second ? verdict.same : verdict.other).insert(server);
      if (voters.contains(server)) ++votes[digest];
    }
    if (verdict.other.size() == check.disagreeing) continue;
    check.disagreeing = verdict.other.size();
    if (verdict.other.empty()) continue;
    verdict.outvoted = std::ranges::any_of(votes, [&](const auto& item) {
      return item.first != own->second && 2 * item.second > voters.size();
    });
    return verdict;
  }
  return std::nullopt;
}

std::string words_for(const Digests::Verdict& verdict,
                      const std::map<ServerNumber, std::string>& names) {
  const auto list = [&](const std::set<ServerNumber>& servers) {
    std::string text;
    for (const ServerNumber server : servers) {
      const auto name = names.find(server);
      text += (text.empty() ? "" : ", ") +
              (name == names.end() ? "#" + std::to_string(server.value) : name->second);
    }
    return text;
  };
  return std::string(verdict.whole ? "the state" : "what was applied") + " up to index " +
         std::to_string(verdict.index.value) + " differs: " + list(verdict.same) + " have one, " +
         list(verdict.other) + " another";
}

}  // namespace muster::node
