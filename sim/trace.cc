#include "sim/trace.h"

#include <cstdio>

namespace muster::sim {

namespace {

double in_seconds(Instant time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

}  // namespace

void Trace::print(Instant time, std::string_view what, std::uint64_t who, std::uint64_t a,
                  std::uint64_t b) {
  std::printf("%11.6f %-16.*s %3llu %12llu %12llu\n", in_seconds(time),
              static_cast<int>(what.size()), what.data(), static_cast<unsigned long long>(who),
              static_cast<unsigned long long>(a), static_cast<unsigned long long>(b));
}

void Trace::say(Instant time, const std::string& text) const {
  if (printing_) std::printf("%11.6f %s\n", in_seconds(time), text.c_str());
}

}  // namespace muster::sim
