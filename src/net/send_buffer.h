// Where frames are put side by side for one gathering write; one for all links of a loop.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace muster::net {

/// Pieces of memory in the order they are to be sent. Short pieces are copied side by side, because
/// that is cheaper than telling the kernel where each one is; long ones are only pointed to, and
/// must stay until the write. Thread-safety: none.
class SendBuffer {
 public:
  static constexpr std::size_t pieces_max = 256;
  static constexpr std::size_t bytes_max = 256 * 1024;    ///< In one write, about.
  static constexpr std::size_t copied_piece_max = 1'024;  ///< Longer pieces are pointed to.
  static constexpr std::size_t copied_bytes_max = 64 * 1024;

  SendBuffer();

  void clear();
  /// Whether there is room for another frame of `pieces` pieces that begins now. The first frame
  /// always finds room for its first pieces.
  bool has_room(std::size_t pieces) const;
  /// Adds bytes. False, and nothing is added, when there is no room for another piece.
  bool add(BytesView bytes);
  /// Notes which lane the frame that was just added came from.
  void picked(std::uint8_t lane) { picks_.push_back(lane); }

  std::span<const iovec> pieces() const { return pieces_; }
  std::span<const std::uint8_t> picks() const { return picks_; }
  std::size_t bytes() const { return bytes_; }

 private:
  bool add_copied(BytesView bytes);

  std::vector<iovec> pieces_;
  std::vector<std::uint8_t> picks_;
  Bytes copied_;  // Never grows beyond what was reserved, so pointers into it stay.
  std::size_t bytes_{0};
};

}  // namespace muster::net
