// What must hold of a group of bare cores, whatever the schedule.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "raft/testing/cluster.h"

namespace muster::raft::testing {

/// `property` is the name of what does not hold; the text says what was seen.
class Broken : public std::runtime_error {
 public:
  Broken(std::string property, const std::string& what)
      : std::runtime_error(what), property_(std::move(property)) {}
  const std::string& property() const { return property_; }

 private:
  std::string property_;
};

/// Shows `visit` the entries that a server's log holds once its stores are done, the newest first,
/// until it returns false. Returns the snapshot that they follow, or that reaches into them.
template <class Visit>
const SnapshotMark& walk_back(const Server& server, const Visit& visit) {
  LogIndex end{~std::uint64_t{0}};  // From here on, newer stores replace the older ones.
  const auto walk = [&](const std::vector<Entry>& entries) {
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (entry->index < end && !visit(*entry)) return false;
    }
    if (!entries.empty()) end = std::min(end, entries.front().index);
    return true;
  };
  for (auto pending = server.pending.rbegin(); pending != server.pending.rend(); ++pending) {
    const auto& piece = pending->store.snapshot;
    const bool goes_on = walk(pending->store.entries);
    if (piece && piece->last) return piece->mark;
    if (!goes_on) return server.disk.snapshot;
  }
  walk(server.disk.entries);
  return server.disk.snapshot;
}

/// The properties of Raft (figure 3), and the rules that keep them (figure 2 and section 5.4;
/// dissertation, chapter 4, with the correction of 2015), each held against what all servers have
/// in memory and on their disks. The rules are checked for themselves because breaking one of them
/// seldom breaks a property. Throws `Broken`. Thread-safety: none.
class Properties {
 public:
  /// `cluster` outlives this.
  explicit Properties(const Cluster& cluster) : cluster_(cluster) {}

  void read_began(std::uint64_t id) { read_floor_[id] = highest_applied_; }
  void read_done(const ReadOutcome& outcome) const {
    const LogIndex floor = read_floor_.at(outcome.id);
    if (outcome.index.value_or(floor) < floor) throw Broken("linearizable reads", "a stale read");
  }
  /// State Machine Safety: no two servers apply different entries at one place.
  void applied(const Server& server, const Entry& entry) {
    const auto [known, first] = committed_.try_emplace(entry.index, entry);
    if (!first && known->second != entry)
      throw Broken("state machine safety", text(server) + " applied another entry " + text(entry));
    highest_applied_ = std::max(highest_applied_, entry.index);
  }
  /// To be called before the message is stepped.
  void arrived(const Message& message) {
    late_answer_.reset();
    const Raft& raft = *cluster_.servers.at(message.to).raft;
    if (std::holds_alternative<AppendReply>(message.body) && message.term < raft.term())
      late_answer_ = LateAnswer{message.to, message.from, match(raft, message.from)};
    const auto* vote = std::get_if<VoteReply>(&message.body);
    if (vote == nullptr || !vote->granted) return;
    const auto [to, first] = votes_.try_emplace({message.from, message.term}, message.to);
    if (!first && to->second != message.to) {
      throw Broken("one vote per term", "server " + std::to_string(message.from.value) +
                                            " voted for " + std::to_string(to->second.value) +
                                            " and " + std::to_string(message.to.value) +
                                            " in term " + std::to_string(message.term.value));
    }
  }
  /// To be called after each store.
  static void stored(const Server& server) { stored_is_on_the_disk(server); }
  /// To be called after each input of a server, when its outputs have been carried out.
  void changed(const Server& server) {
    highest_commit_ = std::max(highest_commit_, server.raft->commit());
    answers_count_in_their_term(server);
    stored_is_on_the_disk(server);
    members_are_those_of_the_log(server);
    stands_only_with_a_state(server);
    if (server.raft->role() == Role::leader) {
      new_leader(server);
      commits_entries_of_its_term(server);
      commits_what_a_majority_has(server);
      followers_have_what_they_acknowledged(server);
      changes_one_by_one(server);
    }
    seen_[server.number] = {server.raft->role(), server.raft->term(), server.raft->commit()};
  }
  void crashed(const Server& server) { seen_.erase(server.number); }

  LogIndex highest_applied() const { return highest_applied_; }
  std::size_t applied_count() const { return committed_.size(); }

 private:
  struct LateAnswer {
    ServerNumber to;
    ServerNumber from;
    LogIndex match;
  };
  struct Seen {
    Role role{Role::follower};
    Term term;
    LogIndex commit;
  };

  static std::string text(const Server& server) {
    return "server " + std::to_string(server.number.value);
  }
  static std::string text(LogIndex index) { return std::to_string(index.value); }
  static std::string text(const Entry& entry) {
    return text(entry.index) + " of term " + std::to_string(entry.term.value);
  }

  // Without a term any entry will do: what is compacted is committed.
  static bool has(const Disk& disk, LogIndex index, std::optional<Term> term) {
    if (index <= disk.snapshot.index) return true;
    if (disk.entries.empty() || index < disk.entries.front().index) return false;
    const std::uint64_t at = index.value - disk.entries.front().index.value;
    return at < disk.entries.size() && (!term || disk.entries[at].term == term);
  }

  static LogIndex match(const Raft& raft, ServerNumber follower) {
    const auto progress = raft.progress(follower);
    return progress ? progress->match : LogIndex{};
  }

  void answers_count_in_their_term(const Server& server) {
    if (!late_answer_ || late_answer_->to != server.number) return;
    if (match(*server.raft, late_answer_->from) > late_answer_->match)
      throw Broken("answers count in their term", text(server));
    late_answer_.reset();
  }

  // What a server believes durable is on its disk; during an installation all waits for that.
  static void stored_is_on_the_disk(const Server& server) {
    const LogIndex stored = server.raft->stored_index();
    if (server.raft->installing() || has(server.disk, stored, server.raft->term_at(stored))) return;
    throw Broken("stored is on the disk", text(server) + " counts entry " + text(stored));
  }

  // Until a later leader has it truncated.
  void followers_have_what_they_acknowledged(const Server& server) const {
    const Raft& raft = *server.raft;
    for (const auto& [number, follower] : cluster_.servers) {
      const auto progress = raft.progress(number);
      if (!progress || follower.disk.hard_state.term > raft.term()) continue;
      if (progress->match <= raft.last_index() &&
          has(follower.disk, progress->match, raft.term_at(progress->match)))
        continue;
      throw Broken("followers have what they acknowledged",
                   text(follower) + " lacks entry " + text(progress->match));
    }
  }

  static void members_are_those_of_the_log(const Server& server) {
    const Entry* latest = nullptr;
    const SnapshotMark& mark = walk_back(server, [&](const Entry& entry) {
      if (entry.kind == EntryKind::configuration) latest = &entry;
      return latest == nullptr;
    });
    const LogIndex index = latest == nullptr ? mark.configuration_index : latest->index;
    const bool same =
        server.raft->configuration_index() == index &&
        server.raft->configuration() ==
            (latest == nullptr ? mark.configuration
                               : decode_configuration(latest->payload.view())->configuration);
    if (!same) {
      throw Broken("members are those of the log", text(server) + " goes by entry " +
                                                       text(server.raft->configuration_index()) +
                                                       ", and the latest one is " + text(index));
    }
  }

  static void stands_only_with_a_state(const Server& server) {
    if (server.raft->installing() && server.raft->role() != Role::follower)
      throw Broken("no candidacy while installing", text(server));
  }

  void new_leader(const Server& server) {
    const Raft& raft = *server.raft;
    const auto [leader, first] = leaders_.try_emplace(raft.term(), server.number);
    if (leader->second != server.number) {
      throw Broken("election safety", text(server) + " and server " +
                                          std::to_string(leader->second.value) + " lead in term " +
                                          std::to_string(raft.term().value));
    }
    if (!first) return;
    // Leader Completeness: a new leader has all that was ever committed.
    for (const auto& [index, entry] : committed_) {
      if (index >= raft.first_index() && raft.term_at(index) != entry.term)
        throw Broken("leader completeness", text(server) + " lacks entry " + text(entry));
    }
    logs_match();
  }

  // Log Matching: logs that agree at an index agree at all before it.
  void logs_match() const {
    for (const auto& [a, one] : cluster_.servers) {
      for (const auto& [b, other] : cluster_.servers) {
        if (!(a < b) || !one.raft || !other.raft) continue;
        LogIndex index = std::min(one.raft->last_index(), other.raft->last_index());
        const LogIndex first = std::max(one.raft->first_index(), other.raft->first_index());
        bool agreed = false;
        for (; index >= first && index > LogIndex{}; index = index - 1) {
          const bool same = one.raft->term_at(index) == other.raft->term_at(index);
          if (agreed && !same) throw Broken("log matching", "at entry " + text(index));
          agreed = agreed || same;
        }
      }
    }
  }

  // Section 5.4.2: entries of earlier terms are committed along with one of the own.
  void commits_entries_of_its_term(const Server& server) const {
    const Raft& raft = *server.raft;
    const auto before = seen_.find(server.number);
    if (before == seen_.end() || before->second.role != Role::leader) return;
    if (before->second.term != raft.term() || before->second.commit == raft.commit()) return;
    if (raft.term_at(raft.commit()) != raft.term()) {
      throw Broken("a leader commits entries of its term",
                   text(server) + " committed entry " + text(raft.commit()));
    }
  }

  // Figure 2, rules for leaders, the last one: neither earlier nor later.
  static void commits_what_a_majority_has(const Server& server) {
    const Raft& raft = *server.raft;
    std::vector<LogIndex> have;
    for (const auto& [member, role] : raft.configuration().members) {
      if (role != MemberRole::voter) continue;
      have.push_back(member == server.number ? raft.stored_index() : raft.progress(member)->match);
    }
    std::ranges::sort(have, std::greater{});
    const LogIndex majority = have[have.size() / 2];
    if (majority > raft.commit() && raft.term_at(majority) == raft.term()) {
      throw Broken("a leader commits what a majority has", text(server) + " has committed " +
                                                               text(raft.commit()) +
                                                               " and not yet " + text(majority));
    }
  }

  void changes_one_by_one(const Server& server) const {
    const Raft& raft = *server.raft;
    const LogIndex change = raft.configuration_index();
    if (change <= highest_commit_) return;
    if (raft.term_at(change) == raft.term() && raft.term_at(raft.commit()) != raft.term()) {
      throw Broken("no change before the term's first commit",
                   text(server) + " changed the members at " + text(change));
    }
    std::size_t uncommitted = 0;
    walk_back(server, [&](const Entry& entry) {
      const bool counts = entry.index > highest_commit_;
      if (counts && entry.kind == EntryKind::configuration) ++uncommitted;
      return counts;
    });
    if (uncommitted > 1) {
      throw Broken("one change at a time",
                   text(server) + " has " + std::to_string(uncommitted) + " uncommitted changes");
    }
  }

  const Cluster& cluster_;
  std::map<LogIndex, Entry> committed_;
  std::map<Term, ServerNumber> leaders_;
  std::map<std::pair<ServerNumber, Term>, ServerNumber> votes_;
  std::map<std::uint64_t, LogIndex> read_floor_;
  std::map<ServerNumber, Seen> seen_;
  std::optional<LateAnswer> late_answer_;
  LogIndex highest_applied_;
  LogIndex highest_commit_;
};

}  // namespace muster::raft::testing
