#include "storage/format/replay.h"

#include <algorithm>

#include "muster/check.h"

namespace muster::storage {

Replay::Replay(std::optional<SnapshotHeader> snapshot, std::size_t mark_step)
    : snapshot_(std::move(snapshot)), marks_(mark_step) {}

Result<void> Replay::add(const SegmentHeader& header, BytesView file, const std::string& path,
                         bool last) {
  if (auto connected = connect(header, path); !connected) return connected;
  hard_state_ = header.hard_state;
  extents_.push_back({.segment = header.number, .highest = header.base_index});
  sealed_ = false;

  SegmentScan scan(file, header, path);
  for (;;) {
    const auto record = scan.next();
    if (!record) return record.error();
    if (!*record) break;
    if (sealed_) return damage(path, (*record)->offset, "a record stands behind the seal");
    chain_before_seal_ = (*record)->chain_before;
    if (auto taken = take(**record, header, path); !taken) return taken;
  }
  end_ = scan.end();
  chain_ = scan.chain();
  if (!sealed_) chain_before_seal_ = chain_;
  torn_ = scan.torn();
  if (torn_ && !last)
    return damage(path, torn_->offset, "records are missing, and a later segment exists");
  return {};
}

Result<void> Replay::connect(const SegmentHeader& header, const std::string& path) {
  if (extents_.empty()) {
    base_index_ = header.base_index;
    base_term_ = header.base_term;
    first_path_ = path;
    return {};
  }
  check(!header.restart);  // Older segments do not count then, and the caller left them out.
  if (header.chain_start == chain_before_seal_ && header.base_index == last_index() &&
      header.base_term == last_term() && header.hard_state == hard_state_)
    return {};
  return damage(path, 0,
                "it does not go on where the segment before ends: that one ends with index " +
                    std::to_string(last_index().value) + ", this one begins after index " +
                    std::to_string(header.base_index.value));
}

Result<void> Replay::take(const SegmentScan::Record& record, const SegmentHeader& header,
                          const std::string& path) {
  switch (record.header.kind) {
    case RecordKind::hard_state:
      hard_state_.term = record.header.term;
      hard_state_.vote.reset();
      if (record.header.has_vote)
        hard_state_.vote = ServerNumber{static_cast<std::uint32_t>(record.header.index)};
      return {};
    case RecordKind::entry:
    case RecordKind::cut_entry:
      return take_entry(record, header, path);
    case RecordKind::seal:
      sealed_ = true;
      return {};
  }
  return damage(path, record.offset, "a record of an unknown kind");
}

Result<void> Replay::take_entry(const SegmentScan::Record& record, const SegmentHeader& header,
                                const std::string& path) {
  const LogIndex index{record.header.index};
  const bool cuts = record.header.kind == RecordKind::cut_entry;
  if (index.value == 0 || (cuts ? index > last_index() : index != last_index() + 1)) {
    return damage(path, record.offset,
                  "index " + std::to_string(index.value) + " follows index " +
                      std::to_string(last_index().value));
  }
  if (index <= base_index_) {  // Cuts into segments that were deleted since.
    entries_.clear();
    base_index_ = index - 1;
    base_term_.reset();
  }
  entries_.resize(index.value - base_index_.value - 1);
  const bool wanted = !snapshot_ || index > snapshot_->index;
  entries_.push_back({.term = record.header.term,
                      .index = index,
                      .kind = record.header.entry_kind,
                      .payload = wanted ? SharedBytes::copy_of(record.payload) : SharedBytes()});
  marks_.note({.index = index,
               .segment = header.number,
               .offset = record.offset,
               .chain = record.chain_before},
              cuts);
  extents_.back().highest = std::max(extents_.back().highest, index);
  return {};
}

Result<Replay::Log> Replay::finish() {
  const LogIndex reach = snapshot_ ? snapshot_->index : LogIndex{};
  if (reach < base_index_) {
    return damage(first_path_, 0,
                  "the log begins after index " + std::to_string(base_index_.value) +
                      ", but the newest snapshot reaches to index " + std::to_string(reach.value));
  }
  Log log{.hard_state = hard_state_,
          .first_index = base_index_ + 1,
          .last_index = last_index(),
          .last_term = last_term(),
          .entries = {}};
  if (!snapshot_) {
    log.entries = std::move(entries_);
    return log;
  }
  // Where the term is not known, the log was cut down to the snapshot, so it goes on after it.
  const Term term_there = reach == base_index_ ? base_term_.value_or(snapshot_->term)
                          : reach <= last_index()
                              ? entries_[reach.value - base_index_.value - 1].term
                              : Term{};
  const bool contained = reach <= last_index() && term_there == snapshot_->term;
  if (!contained) {
    log.needs_restart = true;
    return log;
  }
  const auto kept = static_cast<std::ptrdiff_t>(reach.value - base_index_.value);
  log.entries.assign(std::make_move_iterator(entries_.begin() + kept),
                     std::make_move_iterator(entries_.end()));
  return log;
}

}  // namespace muster::storage
