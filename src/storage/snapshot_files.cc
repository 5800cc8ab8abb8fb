#include "storage/snapshot_files.h"

#include <algorithm>

#include "base/crc32c.h"
#include "muster/check.h"
#include "storage/format/segment.h"
#include "storage/format/small_files.h"

namespace muster::storage {
namespace {

constexpr std::size_t snapshot_piece_bytes = std::size_t{1} << 20U;

}  // namespace

SnapshotFiles::SnapshotFiles(Files& files, std::string folder, const LogOptions& options)
    : files_(files), folder_(std::move(folder)), options_(options) {}

Result<void> SnapshotFiles::open(std::vector<LogIndex> found) {
  stored_ = std::move(found);
  std::ranges::sort(stored_);
  if (stored_.empty()) return {};
  return verify(stored_.back());
}

Result<void> SnapshotFiles::verify(LogIndex index) {
  const std::string path = path_of(index);
  auto start = files_.read(path, 0, sector_bytes);
  if (!start) return start.error();
  const auto header_bytes = snapshot_header_bytes_in(*start, path);
  if (!header_bytes) return header_bytes.error();
  if (*header_bytes > options_.snapshot_metadata_max + 2 * sector_bytes)
    return damage(path, 0, "its header is longer than allowed");
  start = files_.read(path, 0, *header_bytes);
  if (!start) return start.error();

  std::uint64_t offset = *header_bytes;
  std::uint32_t checksum = 0;
  for (;;) {
    const auto piece = files_.read(path, offset, snapshot_piece_bytes);
    if (!piece) return piece.error();
    if (piece->empty()) break;
    checksum = crc32c(*piece, checksum);
    offset += piece->size();
  }
  const auto header = decode_snapshot_header(*start, offset, path);
  if (!header) return header.error();
  if (header->index != index) return damage(path, 0, "it was renamed or copied");
  if (header->checksum != checksum)
    return damage(path, *header_bytes, "the checksum of its state does not match");
  newest_ = *header;
  return {};
}

Result<void> SnapshotFiles::begin(const SnapshotHeader& header) {
  if (own_) {
    const std::string path = own_->path;
    own_.reset();
    if (auto removed = files_.remove(path); !removed) return removed;
  }
  check(header.metadata.size() <= options_.snapshot_metadata_max);
  own_ = Draft{.path = folder_ + "/saving.tmp", .header = header};
  own_->header.size = 0;
  own_->header.checksum = 0;
  return files_.write(own_->path, 0, encode(own_->header));
}

Result<void> SnapshotFiles::room_for(std::size_t bytes) const {
  check(own_.has_value());
  if (bytes > options_.snapshot_bytes_max - own_->header.size) {
    return Error{.code = ErrorCode::resource_exhausted,
                 .message = "a snapshot has more than " +
                            std::to_string(options_.snapshot_bytes_max) +
                            " bytes, the limit. The state must shrink before it can be saved"};
  }
  return {};
}

Result<void> SnapshotFiles::add(BytesView chunk) {
  check(own_.has_value());
  return write(*own_, chunk);
}

Result<SnapshotHeader> SnapshotFiles::finish() {
  check(own_.has_value());
  const Draft draft = std::move(*own_);
  own_.reset();
  if (newest_ && newest_->index >= draft.header.index) {
    if (const auto removed = files_.remove(draft.path); !removed) return removed.error();
  } else if (const auto completed = complete(draft); !completed) {
    return completed.error();
  }
  return *newest_;
}

Result<void> SnapshotFiles::write(Draft& draft, BytesView chunk) {
  if (chunk.empty()) return {};
  const std::uint64_t offset =
      snapshot_header_bytes(draft.header.metadata.size()) + draft.header.size;
  if (auto written = files_.write(draft.path, offset, chunk); !written) return written;
  draft.header.size += chunk.size();
  draft.header.checksum = crc32c(chunk, draft.header.checksum);
  return {};
}

Result<void> SnapshotFiles::complete(const Draft& draft) {
  const std::string path = path_of(draft.header.index);
  if (auto done = files_.write(draft.path, 0, encode(draft.header)); !done) return done;
  if (auto done = files_.sync(draft.path, SyncSite::snapshot_content); !done) return done;
  if (auto done = files_.rename(draft.path, path); !done) return done;
  if (auto done = files_.sync(folder_, SyncSite::snapshot_folder); !done) return done;
  newest_ = draft.header;
  if (stored_.empty() || stored_.back() < newest_->index) stored_.push_back(newest_->index);
  return {};
}

Result<void> SnapshotFiles::validate(const SnapshotPieceJob& piece) const {
  const auto refused = [](ErrorCode code, const std::string& what) {
    return Error{.code = code, .message = "cannot take this piece of a snapshot: " + what};
  };
  if (piece.header.size > options_.snapshot_bytes_max ||
      piece.header.metadata.size() > options_.snapshot_metadata_max)
    return refused(ErrorCode::resource_exhausted, "the whole is larger than allowed");
  if (piece.header.index <= newest_index())
    return refused(ErrorCode::failed_precondition, "one as new is here");
  const bool begins = piece.offset == 0;
  if (!begins &&
      (!incoming_ || incoming_->header.index != piece.header.index ||
       incoming_->header.term != piece.header.term || incoming_->header.size != piece.offset))
    return refused(ErrorCode::failed_precondition, "it does not follow the piece before");
  const std::uint64_t reach = piece.offset + piece.data.size();
  if (reach > piece.header.size || (piece.last && reach != piece.header.size))
    return refused(ErrorCode::invalid_argument, "its end does not fit the size of the whole");
  if (!piece.last) return {};
  const std::uint32_t before = begins ? 0 : incoming_->header.checksum;
  if (crc32c(piece.data.view(), before) != piece.header.checksum) {
    return refused(ErrorCode::invalid_argument,
                   "the checksum of the whole does not match. Send it again from the start");
  }
  return {};
}

Result<void> SnapshotFiles::add_piece(const SnapshotPieceJob& piece) {
  if (piece.offset == 0) {
    if (incoming_) {  // A shorter one must not keep the end of the longer.
      const std::string path = incoming_->path;
      incoming_.reset();
      if (auto removed = files_.remove(path); !removed) return removed;
    }
    incoming_ = Draft{.path = folder_ + "/incoming.tmp", .header = piece.header};
    incoming_->header.size = 0;
    incoming_->header.checksum = 0;
    auto written = files_.write(incoming_->path, 0, encode(incoming_->header));
    if (!written) return written;
  }
  if (auto written = write(*incoming_, piece.data.view()); !written) return written;
  if (!piece.last) return {};
  const Draft draft = std::move(*incoming_);
  incoming_.reset();
  return complete(draft);
}

Result<SnapshotRead> SnapshotFiles::read(const ReadSnapshotJob& wanted) {
  if (!newest_ || newest_->index != wanted.index) {
    return Error{.code = ErrorCode::not_found,
                 .message = "there is no snapshot at index " + std::to_string(wanted.index.value) +
                            "; the newest is at " + std::to_string(newest_index().value)};
  }
  SnapshotRead answer{.header = *newest_, .offset = wanted.offset, .data = {}};
  if (wanted.offset >= newest_->size) return answer;
  const auto size = static_cast<std::size_t>(
      std::min<std::uint64_t>(wanted.bytes_max, newest_->size - wanted.offset));
  const std::string path = path_of(wanted.index);
  auto data =
      files_.read(path, snapshot_header_bytes(newest_->metadata.size()) + wanted.offset, size);
  if (!data) return data.error();
  if (data->size() != size) return damage(path, wanted.offset, "the file ends early");
  answer.data = SharedBytes(std::move(*data));
  return answer;
}

Result<void> SnapshotFiles::remove_old() {
  while (stored_.size() > 1) {
    if (auto removed = files_.remove(path_of(stored_.front())); !removed) return removed;
    stored_.erase(stored_.begin());
  }
  return {};
}

}  // namespace muster::storage
