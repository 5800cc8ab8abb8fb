#include "cli/payloads.h"

#include <algorithm>
#include <cstring>

namespace muster::cli {

namespace {
constexpr std::size_t block_bytes = 16 * 1024;
}

Payloads::Payloads(std::size_t size, std::uint64_t seed) : size_(size), noise_(size) {
  Random random(seed);
  for (std::byte& each : noise_) each = static_cast<std::byte>(random.below(256));
}

SharedBytes Payloads::next() {
  if (size_ == 0) return {};
  if (used_ == block_.size()) make_block();
  SharedBytes payload = block_.slice(used_, size_);
  used_ += size_;
  return payload;
}

void Payloads::make_block() {
  const std::size_t count = std::max<std::size_t>(1, block_bytes / size_);
  Bytes block;
  block.reserve(count * size_);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = block.size();
    block.insert(block.end(), noise_.begin(), noise_.end());
    ++number_;
    std::memcpy(block.data() + at, &number_, std::min(size_, sizeof(number_)));
  }
  block_ = SharedBytes(std::move(block));
  used_ = 0;
}

}  // namespace muster::cli
