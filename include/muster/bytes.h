// Bytes: owned, borrowed, and shared without copying.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "muster/check.h"

namespace muster {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;

inline BytesView as_bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}
inline std::string_view as_text(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A slice of an immutable buffer that lives as long as any slice of it. Copying costs one
/// reference count. Safe to hand to another thread; the bytes never change.
class SharedBytes {
 public:
  SharedBytes() = default;
  /// Takes `bytes` over without copying them.
  explicit SharedBytes(Bytes bytes)
      : owner_(std::make_shared<const Bytes>(std::move(bytes))), view_(*owner_) {}
  static SharedBytes copy_of(BytesView bytes) {
    return SharedBytes(Bytes(bytes.begin(), bytes.end()));
  }

  BytesView view() const { return view_; }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  /// Precondition: the slice lies within these bytes.
  SharedBytes slice(std::size_t offset, std::size_t size) const {
    check(offset <= view_.size() && size <= view_.size() - offset);
    SharedBytes part(*this);
    part.view_ = view_.subspan(offset, size);
    return part;
  }
  /// The slice that `part` is. Precondition: `part` is empty or lies within these bytes.
  SharedBytes slice(BytesView part) const {
    if (part.empty()) return {};
    return slice(static_cast<std::size_t>(part.data() - view().data()), part.size());
  }
  friend bool operator==(const SharedBytes& a, const SharedBytes& b) {
    return std::ranges::equal(a.view_, b.view_);
  }

 private:
  std::shared_ptr<const Bytes> owner_;
  BytesView view_;
};

}  // namespace muster
