// What a benchmark sends: payloads of one size, each different from all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "muster/bytes.h"

namespace muster::cli {

/// Makes payloads that begin with their number (as many bytes of it as fit) and go on with noise
/// that does not compress. Many share one piece of memory. Thread-safety: none.
class Payloads {
 public:
  /// Precondition: `size` is within `wire::command_bytes_max`.
  Payloads(std::size_t size, std::uint64_t seed);
  SharedBytes next();

 private:
  void make_block();

  const std::size_t size_;
  Bytes noise_;
  std::uint64_t number_{0};
  SharedBytes block_;
  std::size_t used_{0};  // Bytes of the block.
};

}  // namespace muster::cli
