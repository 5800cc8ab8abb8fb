// For the tests: random work for a store, and the model that says what it must hold afterwards.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/log_store.h"
#include "storage/simulated/simulated_files.h"

namespace muster::storage::testing {

/// Small, so that a short history has many segments.
inline LogOptions small_options() {
  return {.segment_bytes = 8'192,
          .payload_bytes_max = 4'096,
          .spare_slice_bytes = 1'024,
          .mark_bytes = 300};
}

inline const std::string folder = "data";
inline const std::string other_folder = "other";

/// What a store must hold.
struct State {
  HardState hard_state;
  std::optional<SnapshotHeader> snapshot;
  Bytes snapshot_data;
  std::vector<Entry> log;  ///< From index 1 on; before the snapshot only as far as it was known.
  LogIndex last;           ///< Equal to the last entry's index, or the snapshot's.
  std::optional<Identity> identity;
  std::optional<FenceRecord> other_fence;

  LogIndex snapshot_index() const { return snapshot ? snapshot->index : LogIndex{}; }
  std::vector<Entry> entries_after_snapshot() const {
    return {log.begin() + static_cast<std::ptrdiff_t>(snapshot_index().value), log.end()};
  }
};

/// Runs random operations on a store. `state` is what was acknowledged; while an operation runs,
/// `possible` holds every state that a crash may leave behind.
class History {
 public:
  History(SimulatedFiles& files, std::uint64_t seed) : files_(files), random_(seed) {}

  /// Opens the store and holds what it recovered against `possible`. Returns what is wrong; an
  /// operation that failed on purpose during the opening is nothing wrong and leaves no store.
  std::optional<std::string> open();
  void close() { store_.reset(); }
  /// One random operation; false if it failed.
  bool step();
  const State& state() const { return possible_.front(); }
  /// What crashes during the latest appends might have left, one state per record.
  const std::deque<State>& recent() const { return recent_; }
  bool is_open() const { return store_ != nullptr; }
  LogStore& store() { return *store_; }
  const Recovered& recovered() const { return recovered_; }

  /// The other folder is synced by nobody's opening: what is not acknowledged there may go.
  bool fence_is_open() const { return fence_is_open_; }

  void expect_failure(bool expected) { failure_expected_ = expected; }
  bool append();
  bool save_snapshot();
  bool install_snapshot();
  bool compact();
  bool write_identity();
  bool write_fence();

 private:
  Bytes random_bytes(std::size_t size);
  SharedBytes random_payload();
  bool finish(bool succeeded, State after);
  std::optional<std::string> match();
  std::optional<std::string> check_reads(const State& expected);
  std::optional<std::string> difference(const State& expected);

  SimulatedFiles& files_;
  Random random_;
  std::unique_ptr<LogStore> store_;
  Recovered recovered_;
  std::vector<State> possible_{State{}};
  std::deque<State> recent_;
  Term term_{1};
  bool failure_expected_{false};
  bool fence_is_open_{false};
};

}  // namespace muster::storage::testing
