// What happened in a run: a digest always, lines on demand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/time.h"

namespace muster::sim {

/// Takes in every event of a run. Two runs of one seed give the same digest, on every build.
/// Thread-safety: none.
class Trace {
 public:
  explicit Trace(bool printing) : printing_(printing) {}

  /// `what` is a fixed word; `who` the server or client; `a` and `b` what is worth comparing.
  void event(Instant time, std::string_view what, std::uint64_t who, std::uint64_t a = 0,
             std::uint64_t b = 0) {
    mix(static_cast<std::uint64_t>(time.time_since_epoch().count()));
    mix(what.size() * 31 + static_cast<unsigned char>(what.front()));
    mix(who);
    mix(a);
    mix(b);
    if (printing_) [[unlikely]]
      print(time, what, who, a, b);
  }
  /// A line for people, which is not part of the digest.
  void say(Instant time, const std::string& text) const;
  bool printing() const { return printing_; }
  std::uint64_t digest() const { return digest_; }

 private:
  void mix(std::uint64_t value) {
    digest_ = (digest_ ^ value) * 0x9e3779b97f4a7c15U;
    digest_ ^= digest_ >> 29U;
  }
  static void print(Instant time, std::string_view what, std::uint64_t who, std::uint64_t a,
                    std::uint64_t b);

  bool printing_;
  std::uint64_t digest_{0xcbf29ce484222325U};
};

}  // namespace muster::sim
