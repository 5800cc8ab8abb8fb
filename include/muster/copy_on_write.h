// A value that is copied on its first change after somebody else got hold of it.
#pragma once

#include <memory>
#include <utility>

namespace muster::service {

/// Shares `Value` with frozen snapshots. `read()` is free; `write()` copies the value first if a
/// snapshot still holds it. All handles must be released on the thread that writes (a snapshot
/// hands its parts back there when it is done), so that "nobody else holds it" is exact.
template <class Value>
class CopyOnWrite {
 public:
  CopyOnWrite() : value_(std::make_shared<Value>()) {}
  explicit CopyOnWrite(Value value) : value_(std::make_shared<Value>(std::move(value))) {}

  const Value& read() const { return *value_; }
  Value& write() {
    if (value_.use_count() > 1) value_ = std::make_shared<Value>(*value_);
    return *value_;
  }
  std::shared_ptr<const Value> share() const { return value_; }

 private:
  std::shared_ptr<Value> value_;
};

}  // namespace muster::service
