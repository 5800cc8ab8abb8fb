#include "net/send_queue.h"

#include <utility>

#include "muster/check.h"
#include "net/send_buffer.h"

namespace muster::net {
namespace {

constexpr std::uint8_t urgent = 0;
constexpr std::uint8_t normal = 1;
constexpr std::uint8_t bulk = 2;
static_assert(static_cast<std::uint8_t>(wire::Lane::urgent) == urgent &&
              static_cast<std::uint8_t>(wire::Lane::normal) == normal &&
              static_cast<std::uint8_t>(wire::Lane::bulk) == bulk);

constexpr std::size_t kept_capacity_max = 8;  // Of an empty lane: 64 bytes each.
constexpr std::size_t compact_from = 64;      // Frames already sent, before memory is moved.

std::size_t body_bytes(const OutgoingFrame& frame) {
  std::size_t bytes = 0;
  for (const SharedBytes& part : frame.body) bytes += part.size();
  return bytes;
}

/// Adds the frame without its first `skip` bytes. False if only a part found room.
bool add_frame(SendBuffer& buffer, const OutgoingFrame& frame, std::size_t skip) {
  if (frame.type) {
    if (skip < wire::frame_header_bytes) {
      const auto header = wire::frame_header(*frame.type, frame.lane, body_bytes(frame));
      if (!buffer.copy(BytesView(header).subspan(skip))) return false;
      skip = 0;
    } else {
      skip -= wire::frame_header_bytes;
    }
  }
  for (const SharedBytes& part : frame.body) {
    if (skip >= part.size()) {
      skip -= part.size();
      continue;
    }
    if (!buffer.add(part.view().subspan(skip))) return false;
    skip = 0;
  }
  return true;
}

}  // namespace

std::size_t OutgoingFrame::bytes() const {
  return (type ? wire::frame_header_bytes : 0) + body_bytes(*this);
}

void SendQueue::LaneQueue::pop() {
  items_[begin_] = Waiting{};
  ++begin_;
  if (begin_ == items_.size()) {
    begin_ = 0;
    items_.clear();
    if (items_.capacity() > kept_capacity_max) std::vector<Waiting>().swap(items_);
  } else if (begin_ >= compact_from && begin_ * 2 >= items_.size()) {
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
}

void SendQueue::push(OutgoingFrame frame) {
  const std::size_t bytes = frame.bytes();
  const auto lane = static_cast<std::uint8_t>(frame.lane);
  check(lane < lane_count);
  if (bytes == 0) return;
  bytes_ += bytes;
  lanes_[lane].push({std::move(frame), bytes});
}

std::optional<std::uint8_t> SendQueue::choose(const Progress& progress) const {
  const auto waits = [&](std::uint8_t lane) { return progress.taken[lane] < lanes_[lane].size(); };
  if (waits(urgent)) return urgent;
  const bool bulk_is_due = progress.normal_bytes_since_bulk >= normal_bytes_per_bulk_frame;
  if (waits(bulk) && (bulk_is_due || !waits(normal))) return bulk;
  if (waits(normal)) return normal;
  return std::nullopt;
}

void SendQueue::note_taken(Progress& progress, std::uint8_t lane, std::size_t bytes) const {
  ++progress.taken[lane];
  if (lane == bulk) progress.normal_bytes_since_bulk = 0;
  if (lane == normal && progress.taken[bulk] < lanes_[bulk].size()) {
    progress.normal_bytes_since_bulk += bytes;
  }
}

void SendQueue::gather(SendBuffer& buffer) const {
  buffer.clear();
  Progress progress{.taken = {}, .normal_bytes_since_bulk = normal_bytes_since_bulk_};
  std::size_t skip = front_sent_;
  std::optional<std::uint8_t> lane = skip > 0 ? front_lane_ : choose(progress);
  while (lane) {
    const Waiting& next = lanes_[*lane].at(progress.taken[*lane]);
    buffer.picked(*lane);
    if (!add_frame(buffer, next.frame, skip)) return;
    skip = 0;
    note_taken(progress, *lane, next.bytes);
    lane = choose(progress);
  }
}

void SendQueue::consume(const SendBuffer& buffer, std::size_t bytes) {
  check(bytes <= buffer.bytes());
  bytes_ -= bytes;
  for (const std::uint8_t lane : buffer.picks()) {
    if (bytes == 0) return;
    LaneQueue& queue = lanes_[lane];
    const std::size_t whole = queue.at(0).bytes;
    const std::size_t rest = whole - front_sent_;
    if (bytes < rest) {
      front_lane_ = lane;
      front_sent_ += bytes;
      return;
    }
    bytes -= rest;
    front_sent_ = 0;
    Progress progress{.taken = {}, .normal_bytes_since_bulk = normal_bytes_since_bulk_};
    note_taken(progress, lane, whole);
    normal_bytes_since_bulk_ = progress.normal_bytes_since_bulk;
    queue.pop();
  }
  check(bytes == 0);
}

}  // namespace muster::net
