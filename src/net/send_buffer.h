// Where frames are put side by side for one gathering write; one for all links of a loop.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "muster/bytes.h"

namespace muster::net {

/// Pieces of memory in the order they are to be sent. Short pieces are copied side by side, because
/// that is cheaper than telling the kernel where each one is; long ones are only pointed to, and
/// must stay until the write. Thread-safety: none.
class SendBuffer {
 public:
  static constexpr std::size_t pieces_max = 256;
  static constexpr std::size_t bytes_max = 256 * 1024;    ///< Full beyond; one piece may pass it.
  static constexpr std::size_t copied_piece_max = 1'024;  ///< Longer pieces are pointed to.
  static constexpr std::size_t copied_bytes_max = 64 * 1024;

  SendBuffer();

  void clear();
  /// Adds a copy. False, and nothing is added, when there is no room.
  bool copy(BytesView bytes);
  /// Adds bytes, copied or pointed to. False, and nothing is added, when there is no room.
  bool add(BytesView bytes);
  /// Notes which lane the frame that is being added came from.
  void picked(std::uint8_t lane) { picks_.push_back(lane); }

  std::span<iovec> pieces() { return pieces_; }
  std::span<const std::uint8_t> picks() const { return picks_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::vector<iovec> pieces_;
  std::vector<std::uint8_t> picks_;
  Bytes copied_;
  std::size_t copied_bytes_{0};
  std::size_t bytes_{0};
};

}  // namespace muster::net
