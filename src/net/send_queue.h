// The frames that wait to be sent on one connection, in three lanes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "muster/bytes.h"
#include "wire/frame.h"

namespace muster::net {

class SendBuffer;

/// What is sent in one piece: a frame, its body in parts, or the raw bytes of a preface.
struct OutgoingFrame {
  std::optional<wire::FrameType> type{};  ///< Nothing: raw bytes without a header.
  wire::Lane lane{wire::Lane::normal};
  std::vector<SharedBytes> body{};

  std::size_t bytes() const;  ///< With its header.
};

/// Three lanes of frames. Whole frames of a higher lane overtake; a frame that is partly out is
/// finished first. While the normal lane is never empty, the bulk lane still gets one frame for
/// each `normal_bytes_per_bulk_frame` of it, so that a server which catches up does arrive.
///
/// Holds almost no memory when empty. No input or output of its own. Thread-safety: none.
class SendQueue {
 public:
  static constexpr std::size_t normal_bytes_per_bulk_frame = std::size_t{256} * 1024;

  void push(OutgoingFrame frame);
  /// Fills `buffer` with what is to be sent next, as much as it takes. The queue stays as it is.
  void gather(SendBuffer& buffer) const;
  /// The first `bytes` of what `gather` put into `buffer` are out.
  /// Precondition: it put as many there, and nothing was pushed since.
  void consume(const SendBuffer& buffer, std::size_t bytes);
  bool empty() const { return bytes_ == 0; }
  /// Bytes that wait, headers included.
  std::size_t bytes() const { return bytes_; }
  void clear() { *this = SendQueue(); }

 private:
  static constexpr std::size_t lane_count = 3;

  struct Waiting {
    OutgoingFrame frame;
    std::size_t bytes{0};
  };

  /// First in, first out, in one piece of memory that is given back when it runs empty.
  class LaneQueue {
   public:
    void push(Waiting waiting) { items_.push_back(std::move(waiting)); }
    void pop();
    std::size_t size() const { return items_.size() - begin_; }
    const Waiting& at(std::size_t place) const { return items_[begin_ + place]; }

   private:
    std::vector<Waiting> items_;
    std::size_t begin_{0};
  };

  /// How far the choice of the next frame has come: once while gathering, once while consuming.
  struct Progress {
    std::array<std::size_t, lane_count> taken{};
    std::size_t normal_bytes_since_bulk{0};
  };

  std::optional<std::uint8_t> choose(const Progress& progress) const;
  void note_taken(Progress& progress, std::uint8_t lane, std::size_t bytes) const;

  std::array<LaneQueue, lane_count> lanes_;
  std::size_t bytes_{0};
  std::size_t front_sent_{0};               // Of the frame that is partly out.
  std::uint8_t front_lane_{0};              // Its lane; means something when front_sent_ > 0.
  std::size_t normal_bytes_since_bulk_{0};  // Sent while bulk waited.
};

}  // namespace muster::net
