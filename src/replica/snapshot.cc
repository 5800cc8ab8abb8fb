// The stream of a snapshot: a head, then one piece after another, then an end mark.
//
//   head, 32 bytes: u32 magic, u32 format, u64 index, i64 log time, u64 digest
//   piece:          u16 service, u16 zero, u32 length, then the part's bytes
//   end:            u16 0xffff, u16 zero, u32 0
#include "muster/check.h"
#include "muster/codec.h"
#include "replica/replica.h"
#include "replica/session_control.h"

namespace muster::replica {
namespace {

constexpr std::uint32_t magic = 0x5453554d;  // "MUST"
constexpr std::uint32_t format = 2;          // 1: without what sessions asked as their timeout.
constexpr std::size_t head_bytes = 32;
constexpr std::size_t piece_header_bytes = 8;
constexpr std::uint16_t end_mark = 0xffff;
constexpr std::size_t chunk_bytes = std::size_t{256} * 1024;

Error damaged(const char* what) {
  return Error{ErrorCode::internal, std::string("the snapshot can't be read: ") + what};
}

void write_piece(Bytes& out, const Frozen::Piece& piece) {
  Writer writer(out);
  writer.integer(piece.service.value);
  writer.integer(std::uint16_t{0});
  const std::size_t length_at = out.size();
  writer.integer(std::uint32_t{0});
  piece.part->encode(out);
  const std::size_t length = out.size() - length_at - sizeof(std::uint32_t);
  check(length <= 0xffffffffU);
  const auto length32 = static_cast<std::uint32_t>(length);
  std::memcpy(out.data() + length_at, &length32, sizeof length32);
}

}  // namespace

bool FrozenEncoder::next(Bytes& chunk) {
  chunk.clear();
  if (frozen_ == nullptr) return false;
  Writer writer(chunk);
  if (!begun_) {
    begun_ = true;
    writer.integer(magic);
    writer.integer(format);
    writer.integer(frozen_->index.value);
    writer.integer(frozen_->time.milliseconds);
    writer.integer(frozen_->digest);
  }
  while (chunk.size() < chunk_bytes && next_piece_ < frozen_->pieces.size()) {
    write_piece(chunk, frozen_->pieces[next_piece_++]);
  }
  if (next_piece_ == frozen_->pieces.size()) {
    writer.integer(end_mark);
    writer.integer(std::uint16_t{0});
    writer.integer(std::uint32_t{0});
    frozen_ = nullptr;
  }
  return true;
}

Restorer::Restorer(const Replica::Options& options, MachineFactory machines)
    : replica_(std::make_unique<Replica>(options, std::move(machines))) {}

Result<void> Restorer::take_head(BytesView head) {
  Reader reader(head);
  if (reader.integer<std::uint32_t>() != magic) return damaged("it doesn't begin as one");
  if (reader.integer<std::uint32_t>() != format) return damaged("its format is not known here");
  replica_->applied_.value = reader.integer<std::uint64_t>();
  replica_->time_.milliseconds = reader.integer<std::int64_t>();
  replica_->digest_ = reader.integer<std::uint64_t>();
  head_taken_ = true;
  return {};
}

Result<void> Restorer::take_piece(ServiceId service, BytesView piece) {
  if (service == session_service) return replica_->sessions_.restore(piece);
  service::Machine* const machine = replica_->machine(service);
  if (machine == nullptr) return damaged("it has a service that this program lacks");
  return machine->restore(piece);
}

Result<void> Restorer::feed(BytesView bytes) {
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  BytesView rest = waiting_;
  if (!head_taken_) {
    if (rest.size() < head_bytes) return {};
    if (auto taken = take_head(rest.first(head_bytes)); !taken) return taken;
    rest = rest.subspan(head_bytes);
  }
  while (!ended_ && rest.size() >= piece_header_bytes) {
    Reader reader(rest);
    const ServiceId service{reader.integer<std::uint16_t>()};
    reader.integer<std::uint16_t>();
    const auto length = reader.integer<std::uint32_t>();
    if (service.value == end_mark) {
      ended_ = true;
      rest = reader.rest();
      break;
    }
    if (reader.rest().size() < length) break;
    if (auto taken = take_piece(service, reader.raw(length)); !taken) return taken;
    rest = reader.rest();
  }
  if (ended_ && !rest.empty()) return damaged("bytes follow its end");
  waiting_.erase(waiting_.begin(),
                 waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_.size() - rest.size()));
  return {};
}

Result<std::unique_ptr<Replica>> Restorer::finish() && {
  if (!ended_) return damaged("it ends early");
  replica_->adopt_behaviour();
  return std::move(replica_);
}

}  // namespace muster::replica
