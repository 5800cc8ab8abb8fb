#include "net/send_buffer.h"

#include <cstring>

namespace muster::net {

SendBuffer::SendBuffer() : copied_(copied_bytes_max) {
  pieces_.reserve(pieces_max);
  picks_.reserve(pieces_max);
}

void SendBuffer::clear() {
  pieces_.clear();
  picks_.clear();
  copied_bytes_ = 0;
  bytes_ = 0;
}

bool SendBuffer::copy(BytesView bytes) {
  if (bytes_ >= bytes_max || bytes.size() > copied_.size() - copied_bytes_) return false;
  std::byte* const place = copied_.data() + copied_bytes_;
  const bool continues_last_piece =
      !pieces_.empty() &&
      static_cast<std::byte*>(pieces_.back().iov_base) + pieces_.back().iov_len == place;
  if (!continues_last_piece) {
    if (pieces_.size() == pieces_max) return false;
    pieces_.push_back({.iov_base = place, .iov_len = 0});
  }
  std::memcpy(place, bytes.data(), bytes.size());
  pieces_.back().iov_len += bytes.size();
  copied_bytes_ += bytes.size();
  bytes_ += bytes.size();
  return true;
}

bool SendBuffer::add(BytesView bytes) {
  if (bytes.empty()) return true;
  if (bytes.size() <= copied_piece_max && copy(bytes)) return true;
  if (bytes_ >= bytes_max || pieces_.size() == pieces_max) return false;
  // The kernel only reads, but its structure is shared with calls that write.
  pieces_.push_back({.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()});
  bytes_ += bytes.size();
  return true;
}

}  // namespace muster::net
