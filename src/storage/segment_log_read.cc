// The reading half of SegmentLog: recovery at open, and entries for slow followers.
#include <algorithm>

#include "muster/check.h"
#include "storage/segment_log.h"

namespace muster::storage {
namespace {

constexpr std::size_t log_piece_bytes = std::size_t{256} << 10U;

Error not_there(LogIndex index, LogIndex first, LogIndex last) {
  return {.code = ErrorCode::not_found,
          .message = "the log holds the indexes " + std::to_string(first.value) + " to " +
                     std::to_string(last.value) + ", not " + std::to_string(index.value)};
}

}  // namespace

Result<Replay::Log> SegmentLog::open(std::vector<std::uint64_t> segments,
                                     const std::optional<SnapshotHeader>& snapshot,
                                     std::vector<std::string>& warnings) {
  if (segments.empty()) {
    if (const auto begun = roll(false); !begun) return begun.error();
    return Replay::Log{};
  }
  auto alive = leave_out_dead(std::move(segments), warnings);
  if (!alive) return alive.error();
  Replay replay(snapshot, options_.mark_bytes);
  Loaded loaded;
  for (const std::uint64_t number : *alive) {
    const bool last = number == alive->back();
    auto next = load(number);
    if (!next) return next.error();
    loaded = std::move(*next);
    const auto added = replay.add(loaded.header, loaded.file, path_of(number), last);
    if (!added) return added.error();
  }
  if (replay.sealed()) {
    return damage(path_of(alive->back() + 1), 0,
                  "the file is missing, and the segment before says that there was one");
  }
  if (replay.torn()) {
    warnings.push_back(path_of(loaded.header.number) + ": cut a write that never finished, " +
                       std::to_string(replay.torn()->bytes) + " bytes from byte " +
                       std::to_string(replay.torn()->offset) +
                       " on. It had not been acknowledged, so nothing needs to be done, unless "
                       "the disk is known to lose what was synced");
  }
  auto log = replay.finish();
  if (!log) return log.error();
  if (const auto done = rewrite(loaded, replay.end()); !done) return done.error();
  segment_ = loaded.header.number;
  segment_bytes_ = loaded.file.size();
  if (const auto done = adopt(replay, *log); !done) return done.error();
  if (log->needs_restart) {
    const auto restarted = restart_after(snapshot->index, snapshot->term);
    if (!restarted) return restarted.error();
    log->first_index = first_index_;
    warnings.push_back(folder_ + ": completed the installation of the snapshot at index " +
                       std::to_string(snapshot->index.value));
  }
  return std::move(*log);
}

// Segments before a restart count no more. Those before a gap were deleted by a compaction that a
// crash undid in part; if it was not so, the snapshot will not reach the rest, which is damage.
Result<std::vector<std::uint64_t>> SegmentLog::leave_out_dead(std::vector<std::uint64_t> segments,
                                                              std::vector<std::string>& warnings) {
  std::size_t begin = segments.size() - 1;
  while (begin > 0 && segments[begin - 1] + 1 == segments[begin]) {
    const auto start = files_.read(path_of(segments[begin]), 0, sector_bytes);
    if (!start) return start.error();
    const auto header = peek_segment_header(*start, path_of(segments[begin]));
    if (header && header->restart) break;  // What is wrong with a file, load() will report.
    --begin;
  }
  for (std::size_t dead = 0; dead < begin; ++dead) {
    const std::string path = path_of(segments[dead]);
    if (const auto removed = files_.remove(path); !removed) return removed.error();
    warnings.push_back(path + ": removed, as it lies before what the log begins with");
  }
  segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(begin));
  return segments;
}

Result<SegmentLog::Loaded> SegmentLog::load(std::uint64_t segment) {
  const std::string path = path_of(segment);
  auto file = files_.read(path, 0, std::size_t{0xffffffffU});
  if (!file) return file.error();
  const auto header = decode_segment_header(*file, path);
  if (!header) return header.error();
  if (header->number != segment) {
    return damage(path, 0,
                  "by its header it is segment " + std::to_string(header->number) +
                      ", so it was renamed or copied");
  }
  return Loaded{.header = *header, .file = std::move(*file)};
}

Result<void> SegmentLog::adopt(Replay& replay, const Replay::Log& log) {
  writer_ = RecordWriter(segment_, segment_bytes_, replay.end(), replay.chain());
  extents_ = replay.extents();
  marks_ = replay.marks();
  hard_state_ = log.hard_state;
  first_index_ = log.first_index;
  last_index_ = log.last_index;
  last_term_ = log.last_term;
  return {};
}

Result<void> SegmentLog::rewrite(const Loaded& last, std::size_t end) {
  const std::string fresh = folder_ + "/rewrite.tmp";
  const BytesView valid = BytesView(last.file).first(end);
  if (auto done = files_.write(fresh, 0, valid); !done) return done;
  if (auto done = write_zeros(fresh, end, last.file.size()); !done) return done;
  if (auto done = files_.sync(fresh, SyncSite::rewrite_content); !done) return done;
  auto renamed = files_.rename(fresh, path_of(last.header.number));
  if (!renamed) return renamed;
  return files_.sync(folder_, SyncSite::rewrite_folder);
}

Result<std::vector<Entry>> SegmentLog::read(LogIndex first, std::size_t bytes_max) {
  if (first < first_index_ || first > last_index_)
    return not_there(first, first_index_, last_index_);
  std::vector<Entry> entries;
  const auto run = marks_.find(first);
  if (!run) return not_there(first, first_index_, last_index_);
  if (const auto done = read_run(*run, first, bytes_max, entries); !done) return done.error();
  check(!entries.empty());
  return entries;
}

// Reads one run from its mark on, checking the chain, and keeps what is wanted. One run holds at
// least one wanted entry; the caller asks again for what follows it.
Result<void> SegmentLog::read_run(const Marks::Run& run, LogIndex first, std::size_t bytes_max,
                                  std::vector<Entry>& entries) {
  const std::string path = path_of(run.from.segment);
  const LogIndex until = run.until ? *run.until : last_index_ + 1;
  std::size_t offset = run.from.offset;
  std::uint32_t chain = run.from.chain;
  std::size_t taken_bytes = 0;
  Bytes piece;
  std::size_t piece_start = offset;
  for (LogIndex expected = run.from.index; expected < until;) {
    offset = record_place(offset);
    std::size_t need = record_header_bytes;
    std::optional<RecordHeader> header;
    for (int pass = 0; pass < 2; ++pass) {
      if (offset + need > piece_start + piece.size()) {
        auto more = files_.read(path, offset, std::max(log_piece_bytes, need));
        if (!more) return more.error();
        if (more->size() < need) return damage(path, offset, "the file ends within a record");
        piece = std::move(*more);
        piece_start = offset;
      }
      if (pass == 1) break;
      header = read_record_header(BytesView(piece).subspan(offset - piece_start), offset,
                                  run.from.segment);
      if (!header) return damage(path, offset, "here stands something that is not a record");
      need += header->payload_size;
    }
    const BytesView payload =
        BytesView(piece).subspan(offset - piece_start + record_header_bytes, header->payload_size);
    if (chain_after(chain, *header, payload) != header->chain)
      return damage(path, offset, "the checksum of a record does not match");
    chain = header->chain;
    offset += need;
    if (header->kind == RecordKind::hard_state) continue;
    if (header->index != expected.value)
      return damage(path, offset - need, "an entry of another index than expected");
    if (expected >= first) {
      if (!entries.empty() && taken_bytes + payload.size() > bytes_max) return {};
      taken_bytes += payload.size();
      entries.push_back({.term = header->term,
                         .index = expected,
                         .kind = header->entry_kind,
                         .payload = SharedBytes::copy_of(payload)});
    }
    expected = expected + 1;
  }
  return {};
}

}  // namespace muster::storage
