#include "storage/segment_log.h"

#include <algorithm>

#include "muster/check.h"

namespace muster::storage {
namespace {

constexpr std::size_t zero_piece_bytes = std::size_t{1} << 20U;

Error refused(const std::string& what) {
  return {.code = ErrorCode::invalid_argument, .message = "cannot append to the log: " + what};
}

}  // namespace

SegmentLog::SegmentLog(Files& files, std::string folder, const LogOptions& options)
    : files_(files),
      folder_(std::move(folder)),
      options_(options),
      writer_(0, options.segment_bytes, sector_bytes, 0),
      marks_(options.mark_bytes) {
  check(options_.segment_bytes >= 8 * sector_bytes && options_.segment_bytes <= 0xffffffffU);
  check(options_.payload_bytes_max + 3 * sector_bytes <= options_.segment_bytes);
}

Result<void> SegmentLog::validate(const std::vector<StoreJob>& jobs, LogIndex snapshot) const {
  LogIndex last = last_index_;
  for (const StoreJob& job : jobs) {
    bool first = true;
    for (const Entry& entry : job.entries) {
      if (first ? entry.index > last + 1 : entry.index != last + 1) {
        return refused("index " + std::to_string(entry.index.value) + " does not follow index " +
                       std::to_string(last.value));
      }
      if (entry.index <= snapshot || entry.index < first_index_)
        return refused("index " + std::to_string(entry.index.value) + " is compacted");
      if (entry.payload.size() > options_.payload_bytes_max) {
        return refused("a payload of " + std::to_string(entry.payload.size()) +
                       " bytes is more than " + std::to_string(options_.payload_bytes_max));
      }
      last = entry.index;
      first = false;
    }
  }
  return {};
}

Result<void> SegmentLog::append(const std::vector<StoreJob>& jobs) {
  for (const StoreJob& job : jobs) {
    if (job.hard_state) {
      if (auto added = add_hard_state(*job.hard_state); !added) return added;
    }
    for (const Entry& entry : job.entries) {
      if (auto added = add_entry(entry); !added) return added;
    }
  }
  return flush();
}

Result<void> SegmentLog::add_hard_state(const HardState& state) {
  if (auto room = make_room(0); !room) return room;
  writer_.add_hard_state(state);
  hard_state_ = state;
  return {};
}

Result<void> SegmentLog::add_entry(const Entry& entry) {
  if (auto room = make_room(entry.payload.size()); !room) return room;
  const bool cuts = entry.index <= last_index_;
  const std::uint32_t chain = writer_.chain();
  const std::size_t offset = writer_.add_entry(entry, cuts);
  marks_.note({.index = entry.index, .segment = segment_, .offset = offset, .chain = chain}, cuts);
  extents_.back().highest = std::max(extents_.back().highest, entry.index);
  last_index_ = entry.index;
  last_term_ = entry.term;
  return {};
}

Result<void> SegmentLog::make_room(std::size_t payload_size) {
  if (writer_.fits(payload_size)) return {};
  if (auto flushed = flush(); !flushed) return flushed;
  return roll(false);
}

Result<void> SegmentLog::flush() {
  if (writer_.bytes().empty()) return {};
  const std::string path = path_of(segment_);
  if (auto written = files_.write(path, writer_.start(), writer_.bytes()); !written) return written;
  if (auto synced = files_.sync(path, SyncSite::append); !synced) return synced;
  writer_.clear();
  return {};
}

// The order is what makes a crash harmless: a segment has its name only when header and zeros are
// durable, and a record counts only when the name is. The seal is not waited for: it only tells,
// should the next segment ever be missing, that there was one.
Result<void> SegmentLog::roll(bool restart) {
  for (;;) {
    const auto more = fill_spare();
    if (!more) return more.error();
    if (!*more) break;
  }
  const SegmentHeader header{.number = segment_ + 1,
                             .file_bytes = options_.segment_bytes,
                             .base_index = last_index_,
                             .base_term = last_term_,
                             .restart = restart,
                             .hard_state = hard_state_,
                             .chain_start = writer_.chain()};
  const std::string path = path_of(header.number);
  if (auto done = files_.write(spare_path(), 0, encode(header)); !done) return done;
  if (auto done = files_.sync(spare_path(), SyncSite::roll_content); !done) return done;
  if (auto done = files_.rename(spare_path(), path); !done) return done;
  if (auto done = files_.sync(folder_, SyncSite::roll_folder); !done) return done;
  if (segment_ != 0 && !restart) {
    writer_.add_seal();
    auto sealed = files_.write(path_of(segment_), writer_.start(), writer_.bytes());
    if (!sealed) return sealed;
  }
  segment_ = header.number;
  segment_bytes_ = options_.segment_bytes;
  writer_ = RecordWriter(segment_, segment_bytes_, sector_bytes, header.chain_start);
  extents_.push_back({.segment = segment_, .highest = last_index_});
  spare_filled_ = 0;
  return {};
}

Result<bool> SegmentLog::fill_spare() {
  if (spare_filled_ == options_.segment_bytes) return false;
  const std::size_t stop =
      std::min(options_.segment_bytes, spare_filled_ + options_.spare_slice_bytes);
  if (const auto written = write_zeros(spare_path(), spare_filled_, stop); !written)
    return written.error();
  spare_filled_ = stop;
  return spare_filled_ < options_.segment_bytes;
}

Result<void> SegmentLog::write_zeros(const std::string& path, std::size_t from, std::size_t to) {
  const Bytes zeros(std::min(zero_piece_bytes, to - from));
  while (from < to) {
    const std::size_t size = std::min(zeros.size(), to - from);
    auto written = files_.write(path, from, BytesView(zeros).first(size));
    if (!written) return written;
    from += size;
  }
  return {};
}

Result<void> SegmentLog::restart_after(LogIndex index, Term term) {
  last_index_ = index;
  last_term_ = term;
  if (auto rolled = roll(true); !rolled) return rolled;
  first_index_ = index + 1;
  marks_.clear();
  // These count no more, whether or not their removal outlives a crash.
  while (extents_.size() > 1) {
    auto removed = files_.remove(path_of(extents_.front().segment));
    if (!removed) return removed;
    extents_.erase(extents_.begin());
  }
  return {};
}

// Removals need no sync: should a crash undo some of them, recovery leaves out what lies before a
// gap, and all before it is in the snapshot.
Result<void> SegmentLog::compact(LogIndex keep_from) {
  while (extents_.size() > 1 && extents_.front().highest < keep_from) {
    auto removed = files_.remove(path_of(extents_.front().segment));
    if (!removed) return removed;
    first_index_ = std::max(first_index_, extents_.front().highest + 1);
    extents_.erase(extents_.begin());
    marks_.drop_before(extents_.front().segment);
  }
  return {};
}

}  // namespace muster::storage
