// Random histories of a store; see the header beside this file.
#include <algorithm>

#include "base/crc32c.h"
#include "storage/format/small_files.h"
#include "storage/simulated/history_test_support.h"

namespace muster::storage::testing {
namespace {

constexpr std::size_t recent_max = 40;

}  // namespace

Bytes History::random_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_.next() >> 56U);
  return bytes;
}

SharedBytes History::random_payload() {
  if (random_.chance(0.05)) return SharedBytes(Bytes(random_.below(2'000)));
  return SharedBytes(random_bytes(random_.below(random_.chance(0.1) ? 4'000 : 200)));
}

bool History::finish(bool succeeded, State after) {
  if (succeeded) possible_ = {std::move(after)};
  return succeeded;
}

bool History::step() {
  switch (random_.below(20)) {
    case 0:
    case 1:
      return save_snapshot();
    case 2:
    case 3:
      return compact();
    case 4:
      return install_snapshot();
    case 5:
      return write_identity();
    case 6:
      return write_fence();
    case 7:
    case 8:
      return store_->tidy().has_value();
    default:
      return append();
  }
}

bool History::append() {
  State after = state();
  std::vector<StoreJob> jobs(1 + random_.below(3));
  for (StoreJob& job : jobs) {
    if (random_.chance(0.3)) {
      term_.value += random_.below(3);
      job.hard_state = HardState{.term = term_, .vote = std::nullopt};
      if (random_.chance(0.5))
        job.hard_state->vote = ServerNumber{static_cast<std::uint32_t>(random_.below(5))};
      after.hard_state = *job.hard_state;
      possible_.push_back(after);
    }
    LogIndex index = after.last + 1;
    const std::uint64_t can_cut = after.last.value - after.snapshot_index().value;
    if (can_cut > 0 && random_.chance(0.1)) index = index - (1 + random_.below(can_cut));
    for (std::uint64_t count = random_.below(5); count > 0; --count) {
      job.entries.push_back({.term = term_,
                             .index = index,
                             .kind = static_cast<EntryKind>(random_.below(3)),
                             .payload = random_payload()});
      after.log.resize(index.value - 1);
      after.log.push_back(job.entries.back());
      after.last = index;
      index = index + 1;
      possible_.push_back(after);
    }
  }
  recent_.insert(recent_.end(), possible_.begin(), possible_.end());
  while (recent_.size() > recent_max) recent_.pop_front();
  return finish(store_->append(jobs).has_value(), after);
}

bool History::save_snapshot() {
  State after = state();
  if (after.last <= after.snapshot_index()) return true;
  const std::uint64_t reach = after.last.value - after.snapshot_index().value;
  const LogIndex index = after.snapshot_index() + 1 + random_.below(reach);
  SnapshotHeader header{.index = index,
                        .term = after.log[index.value - 1].term,
                        .metadata = random_bytes(random_.below(700))};
  after.snapshot_data = random_bytes(random_.below(3'000));
  bool good = store_->begin_snapshot(header).has_value();
  const BytesView data(after.snapshot_data);
  const std::size_t half = data.size() / 2;
  good = good && store_->add_to_snapshot(data.first(half)).has_value();
  good = good && store_->add_to_snapshot(data.subspan(half)).has_value();
  header.size = data.size();
  header.checksum = crc32c(data);
  after.snapshot = header;
  possible_.push_back(after);
  if (!good) return false;
  const auto saved = store_->finish_snapshot();
  return finish(saved && *saved == header, after);
}

bool History::install_snapshot() {
  const State before = state();
  const Bytes data = random_bytes(random_.below(3'000));
  const LogIndex index = before.snapshot_index() + 1 + random_.below(40);
  term_.value += random_.below(2);
  const SnapshotHeader header{.index = index,
                              .term = term_,
                              .metadata = random_bytes(random_.below(700)),
                              .size = data.size(),
                              .checksum = crc32c(data)};
  State after = before;
  after.snapshot = header;
  after.snapshot_data = data;
  if (index <= before.last && before.log[index.value - 1].term == header.term)
    possible_.push_back(after);  // Interrupted before the log was started again.
  after.log.assign(index.value, Entry{});
  after.last = index;
  possible_.push_back(after);

  const SharedBytes all(data);
  const std::size_t half = data.size() / 2;
  SnapshotPieceJob first{.header = header, .data = all.slice(0, half)};
  SnapshotPieceJob second{
      .header = header, .offset = half, .data = all.slice(half, data.size() - half), .last = true};
  if (half > 0 && !store_->add_piece(first)) return false;
  const auto installed = store_->add_piece(second);
  return finish(installed && *installed, after);
}

bool History::compact() {
  const LogIndex reach = state().snapshot_index() + 1;
  return store_->compact({1 + random_.below(reach.value)}).has_value() &&
         store_->compact(reach).has_value();
}

bool History::write_identity() {
  State after = state();
  after.identity = Identity{.server = {Uuid::make_v7({}, random_.next(), random_.next())},
                            .group_name = "group",
                            .group = std::nullopt,
                            .number = ServerNumber{static_cast<std::uint32_t>(random_.below(9))},
                            .name = "server",
                            .branch = {}};
  possible_.push_back(after);
  return finish(store_->write_identity(*after.identity).has_value(), after);
}

bool History::write_fence() {
  const FenceRecord record{.by = {Uuid::make_v7({}, 1, 1)}, .term = term_, .index = state().last};
  const bool only_confirm = random_.chance(0.2);
  const auto there = state().other_fence;
  const bool refused =
      there ? std::pair(there->term, there->index) > std::pair(term_, record.index) : only_confirm;
  const FenceJob job{.folder = other_folder, .record = record, .only_confirm = only_confirm};
  if (refused) return !store_->write_fence(job);
  State after = state();
  // One that was not acknowledged may be there or not; whichever it is stays.
  if (!there) after.other_fence = record;
  possible_.push_back(after);
  fence_is_open_ = !store_->write_fence(job);
  return finish(!fence_is_open_, after);
}

std::optional<std::string> History::open() {
  auto opened = LogStore::open(files_, folder, small_options());
  if (!opened) {
    if (failure_expected_) return std::nullopt;
    return "open failed: " + opened.error().message;
  }
  fence_is_open_ = false;
  store_ = std::move(opened->store);
  recovered_ = std::move(opened->recovered);
  return match();
}

std::optional<std::string> History::match() {
  std::string why;
  for (const State& candidate : possible_) {
    const auto differs = difference(candidate);
    if (!differs) {
      possible_ = {State(candidate)};
      return check_reads(possible_.front());
    }
    why += "; " + *differs;
  }
  return "recovered none of " + std::to_string(possible_.size()) + " states" + why;
}

std::optional<std::string> History::difference(const State& expected) {
  if (recovered_.hard_state != expected.hard_state) return "hard state";
  if (recovered_.snapshot != expected.snapshot) return "snapshot";
  if (recovered_.identity != expected.identity) return "identity";
  if (recovered_.entries != expected.entries_after_snapshot()) {
    return "entries: " + std::to_string(recovered_.entries.size()) + " after index " +
           std::to_string(expected.snapshot_index().value) + " instead of " +
           std::to_string(expected.last.value - expected.snapshot_index().value);
  }
  const auto fence = files_.read(other_folder + "/fence", 0, 1'000);
  if (fence.has_value() != expected.other_fence.has_value()) return "fence";
  if (fence) {
    const auto decoded = decode_fence(*fence, "fence");
    if (!decoded || *decoded != *expected.other_fence) return "fence record";
  }
  return std::nullopt;
}

std::optional<std::string> History::check_reads(const State& expected) {
  if (expected.snapshot) {
    const auto read = store_->read_snapshot(
        {.index = expected.snapshot->index, .offset = 0, .bytes_max = 10'000});
    if (!read || !std::ranges::equal(read->data.view(), expected.snapshot_data))
      return "the snapshot's state";
  }
  for (LogIndex index = recovered_.first_index; index <= expected.last;) {
    const auto read = store_->read_entries(index, 1'000);
    if (!read)
      return "cannot read index " + std::to_string(index.value) + ": " + read.error().message;
    for (const Entry& entry : *read) {
      if (entry != expected.log[index.value - 1])
        return "read another entry at index " + std::to_string(index.value);
      index = index + 1;
    }
  }
  return std::nullopt;
}

}  // namespace muster::storage::testing
