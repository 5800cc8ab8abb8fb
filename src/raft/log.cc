#include "raft/log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "muster/check.h"

namespace muster::raft {
namespace {

// What an entry costs in memory beside its payload, about.
constexpr std::size_t entry_overhead = sizeof(Entry);

std::size_t size_in_cache(const Entry& entry) {
  return entry.payload.size() + entry_overhead;
}

}  // namespace

Log::Log(const SnapshotMark& snapshot, std::vector<Entry> entries, std::size_t cache_bytes_max)
    : cache_bytes_max_(cache_bytes_max) {
  reset(snapshot);
  for (Entry& entry : entries) append(std::move(entry));
  stored_index_ = last_index_;
  handed_over_ = last_index_;
}

std::optional<Term> Log::term_at(LogIndex index) const {
  if (index < base_index_ || index > last_index_) return std::nullopt;
  const auto after = std::ranges::upper_bound(runs_, index, {}, &TermRun::first);
  return std::prev(after)->term;
}

LogIndex Log::last_index_with_term_at_most(Term term, LogIndex index) const {
  LogIndex end = last_index_;
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    if (run->first <= index && run->term <= term) return std::min(index, end);
    end = run->first - 1;
  }
  return base_index_;
}

void Log::append(Entry entry) {
  check(entry.index == last_index_ + 1);
  check(entry.term >= last_term());
  if (entry.kind == EntryKind::configuration) {
    const auto decoded = decode_configuration(entry.payload.view());
    check(decoded.has_value());
    configurations_[entry.index] = decoded->configuration;
  }
  if (entry.term != last_term()) runs_.push_back({entry.index, entry.term});
  last_index_ = entry.index;
  cache_bytes_ += size_in_cache(entry);
  cache_.push_back(std::move(entry));
  evict();
}

void Log::truncate_from(LogIndex index) {
  check(index > base_index_);
  if (index > last_index_) return;
  while (!cache_.empty() && cache_.back().index >= index) {
    cache_bytes_ -= size_in_cache(cache_.back());
    cache_.pop_back();
  }
  while (runs_.back().first >= index) runs_.pop_back();
  // Pitfall 14: membership is what the log says, so it is truncated with the log.
  configurations_.erase(configurations_.lower_bound(index), configurations_.end());
  last_index_ = index - 1;
  stored_index_ = std::min(stored_index_, last_index_);
  handed_over_ = std::min(handed_over_, last_index_);
}

void Log::reset(const SnapshotMark& mark) {
  base_index_ = last_index_ = stored_index_ = handed_over_ = mark.index;
  runs_ = {{mark.index, mark.term}};
  configurations_ = {{mark.configuration_index, mark.configuration}};
  cache_.clear();
  cache_bytes_ = 0;
}

void Log::compact(LogIndex index) {
  check(index <= last_index_);
  if (index <= base_index_) return;
  const auto after = std::ranges::upper_bound(runs_, index, {}, &TermRun::first);
  runs_.erase(runs_.begin(), std::prev(after));
  runs_.front().first = index;
  const auto in_force = std::prev(configurations_.upper_bound(index));
  configurations_.erase(configurations_.begin(), in_force);
  while (!cache_.empty() && cache_.front().index <= index) {
    cache_bytes_ -= size_in_cache(cache_.front());
    cache_.pop_front();
  }
  base_index_ = index;
}

bool Log::stored(Term term, LogIndex index) {
  // Pitfall 40: the report may be of an entry that was truncated and replaced meanwhile.
  if (term_at(index) != term) return false;
  stored_index_ = std::max(stored_index_, std::min(index, handed_over_));
  evict();
  return true;
}

void Log::applied(LogIndex index) {
  applied_index_ = std::max(applied_index_, index);
  evict();
}

std::vector<Entry> Log::take_unstored() {
  const auto count = static_cast<std::ptrdiff_t>(last_index_.value - handed_over_.value);
  handed_over_ = last_index_;
  return {cache_.end() - count, cache_.end()};
}

const Entry& Log::cached(LogIndex index) const {
  check(index >= cache_first() && index <= last_index_);
  return cache_[static_cast<std::size_t>(index.value - cache_first().value)];
}

void Log::evict() {
  while (cache_bytes_ > cache_bytes_max_ && can_evict()) {
    cache_bytes_ -= size_in_cache(cache_.front());
    cache_.pop_front();
  }
}

std::vector<Configuration> Log::configurations_since(LogIndex index) const {
  check(index > LogIndex{0});
  std::vector<Configuration> all;
  const auto after = configurations_.upper_bound(index);
  if (after == configurations_.begin()) return all;
  for (auto each = std::prev(after); each != configurations_.end(); ++each) {
    all.push_back(each->second);
  }
  return all;
}

Log::PlacedConfiguration Log::configuration_at(LogIndex index) const {
  const auto after = configurations_.upper_bound(index);
  if (after == configurations_.begin()) return {};
  return {std::prev(after)->first, std::prev(after)->second};
}

}  // namespace muster::raft
