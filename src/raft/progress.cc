#include "raft/progress.h"

#include <algorithm>
#include <chrono>

#include "muster/check.h"

namespace muster::raft {

namespace {

constexpr Duration patience_max = std::chrono::seconds(5);  ///< With a piece of a snapshot.

}  // namespace

void Progress::sent(LogIndex last, std::size_t bytes) {
  check(state_ != ProgressState::snapshot && next_ <= last + 1);
  if (state_ == ProgressState::probe) {
    probe_sent_ = true;
    return;
  }
  if (last < next_) return;
  const std::size_t entries = last.value - next_.value + 1;
  flights_.push_back({last, entries, bytes});
  flight_entries_ += entries;
  flight_bytes_ += bytes;
  next_ = last + 1;
}

bool Progress::may_send(const Window& window) const {
  switch (state_) {
    case ProgressState::probe:
      return !probe_sent_;
    case ProgressState::replicate:
      // Pitfalls 21 and 24: a follower that does not answer is sent no more than this.
      return flight_bytes_ < window.bytes && flight_entries_ < window.entries;
    case ProgressState::snapshot:
      return false;
  }
  return false;
}

void Progress::matched(LogIndex index) {
  match_ = std::max(match_, index);  // Pitfall 10: a late answer never takes it back.
  while (!flights_.empty() && flights_.front().last <= match_) {
    flight_entries_ -= flights_.front().entries;
    flight_bytes_ -= flights_.front().bytes;
    flights_.pop_front();
  }
  const bool agrees = state_ == ProgressState::probe && index + 1 >= next_;
  const bool transferred = transfer_ && match_ >= transfer_->mark.index;
  next_ = std::max(next_, match_ + 1);
  if (!agrees && !transferred) return;
  state_ = ProgressState::replicate;
  transfer_.reset();
}

void Progress::probe_from(LogIndex next) {
  state_ = ProgressState::probe;
  next_ = std::max(next, match_ + 1);
  probe_sent_ = false;
  flights_.clear();
  flight_entries_ = 0;
  flight_bytes_ = 0;
  transfer_.reset();
  commit_told = {};
}

void Progress::Transfer::send_again_if_lost(Instant now) {
  if (!in_flight || now - sent_at < patience) return;
  in_flight = false;
  patience = std::min(patience * 2, std::max(patience_max, patience_min));
}

void Progress::Transfer::answered() {
  in_flight = false;
  patience = std::max(patience / 2, patience_min);
}

void Progress::begin_transfer(const SnapshotMark& mark, Duration patience) {
  probe_from(match_ + 1);
  state_ = ProgressState::snapshot;
  transfer_ = Transfer{.mark = mark,
                       .offset = 0,
                       .total = 0,
                       .sent_at = {},
                       .patience = patience,
                       .patience_min = patience};
}

}  // namespace muster::raft
