// A queue that says no: limited in items and in bytes.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "muster/check.h"

namespace muster {

/// First in, first out, within limits given at construction. Thread-safety: none.
template <class Item>
class BoundedQueue {
 public:
  struct Limits {
    std::size_t items_max;
    std::size_t bytes_max;
  };

  explicit BoundedQueue(Limits limits) : limits_(limits) {}

  /// Takes the item in, or leaves the queue as it is and returns false if a limit would be passed.
  [[nodiscard]] bool push(Item item, std::size_t bytes) {
    if (items_.size() >= limits_.items_max || bytes > limits_.bytes_max - bytes_) return false;
    bytes_ += bytes;
    items_.emplace_back(std::move(item), bytes);
    return true;
  }
  /// Precondition: not empty.
  Item pop() {
    check(!items_.empty());
    auto [item, bytes] = std::move(items_.front());
    items_.pop_front();
    bytes_ -= bytes;
    return std::move(item);
  }
  const Item& front() const { return items_.front().first; }
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  std::size_t bytes() const { return bytes_; }
  void clear() {
    items_.clear();
    bytes_ = 0;
  }

 private:
  Limits limits_;
  std::size_t bytes_{0};
  std::deque<std::pair<Item, std::size_t>> items_;
};

}  // namespace muster
