// The log as consensus sees it: which term every entry has, what is durable, what is in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/entry.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "raft/message.h"

namespace muster::raft {

/// The log from its base (the entry before the first one kept) to its last entry. Terms are known
/// for all of it, as runs; the entries themselves only from `cache_first()` on, the older ones are
/// on disk. Membership is what the log says: configurations are kept with their index and go when
/// their entry is truncated. Thread-safety: none.
class Log {
 public:
  /// Precondition: `entries` follow `snapshot` without a gap and are durable; their
  /// configurations decode. While memory holds more than `cache_bytes_max`, the oldest entries that
  /// are stored and applied leave it.
  Log(const SnapshotMark& snapshot, std::vector<Entry> entries, std::size_t cache_bytes_max);

  LogIndex base_index() const { return base_index_; }  ///< 0 if nothing was ever compacted.
  LogIndex first_index() const { return base_index_ + 1; }
  LogIndex last_index() const { return last_index_; }
  Term last_term() const { return runs_.back().term; }
  LogIndex stored_index() const { return stored_index_; }
  LogIndex cache_first() const { return last_index_ - cache_.size() + 1; }
  /// The term of the entry at `index`; nothing below the base or beyond the end. O(log terms).
  std::optional<Term> term_at(LogIndex index) const;
  /// The last index at or below `index` whose term is at most `term`; the base if there is none.
  LogIndex last_index_with_term_at_most(Term term, LogIndex index) const;

  /// Precondition: `entry` is the next one, its configuration decodes.
  void append(Entry entry);
  /// Drops `index` and all after it, also from the cache. Precondition: above the base; none of it
  /// was evicted (only what is applied is, and that is never truncated).
  void truncate_from(LogIndex index);
  /// All there was is void; the log begins after `mark`, which the store contains.
  void reset(const SnapshotMark& mark);
  /// Forgets what is at or below `index`. Precondition: not beyond the last entry.
  void compact(LogIndex index);

  /// The disk reports all up to this entry durable. False, and nothing changes, if the entry now
  /// at `index` is of another term: what became durable was truncated since.
  bool stored(Term term, LogIndex index);
  /// All up to `index` are applied, and are never truncated from now on.
  void applied(LogIndex index);
  /// Entries that no store contains yet, which therefore count as handed over.
  std::vector<Entry> take_unstored();

  /// Precondition: `cache_first() <= index <= last_index()`.
  const Entry& cached(LogIndex index) const;
  /// Of the entries in memory. 0 if none of them is both stored and applied, so that all must stay.
  std::size_t evictable_bytes() const { return can_evict() ? cache_bytes_ : 0; }

  /// The configuration in force with all entries up to `index`, and where it stands.
  struct PlacedConfiguration {
    LogIndex index;
    Configuration configuration;
  };
  PlacedConfiguration configuration_at(LogIndex index) const;
  const Configuration& configuration() const { return configurations_.rbegin()->second; }
  LogIndex configuration_index() const { return configurations_.rbegin()->first; }
  /// Those in force with the entry at `index` or a later one, oldest first. Empty if the first of
  /// them is not known any more. Precondition: `index` > 0.
  std::vector<Configuration> configurations_since(LogIndex index) const;

 private:
  struct TermRun {
    LogIndex first;
    Term term;
  };

  bool can_evict() const {
    return !cache_.empty() && cache_.front().index <= std::min(applied_index_, stored_index_);
  }
  void evict();

  LogIndex base_index_;
  LogIndex last_index_;
  LogIndex stored_index_;
  LogIndex applied_index_;
  LogIndex handed_over_;       // The last entry that some store contains.
  std::vector<TermRun> runs_;  // The first one begins at the base; never empty.
  std::map<LogIndex, Configuration> configurations_;  // Never empty.
  std::deque<Entry> cache_;
  std::size_t cache_bytes_{0};
  std::size_t cache_bytes_max_;
};

}  // namespace muster::raft
