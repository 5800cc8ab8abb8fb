// Plain lines about what others do wrong, so that many of them do not flood the log.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "muster/time.h"

namespace muster::net {

/// Passes on one line at most in a while, and with the next one how many there were between.
/// Thread-safety: none.
class SparseNotices {
 public:
  using OnNotice = std::function<void(const std::string&)>;

  SparseNotices(Duration apart, OnNotice on_notice)
      : apart_(apart), on_notice_(std::move(on_notice)) {}

  void say(const std::string& text, Instant now) {
    if (last_ && now - *last_ < apart_) {
      ++held_back_;
      return;
    }
    last_ = now;
    const std::uint64_t held_back = std::exchange(held_back_, 0);
    on_notice_(held_back == 0 ? text
                              : text + " (and " + std::to_string(held_back) + " like it before)");
  }

 private:
  const Duration apart_;
  const OnNotice on_notice_;
  std::optional<Instant> last_;
  std::uint64_t held_back_{0};
};

}  // namespace muster::net
