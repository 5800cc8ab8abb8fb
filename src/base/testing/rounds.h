// How often a property is tried with something new.
#pragma once

#include <cstdint>

namespace muster {

/// `all`, or a quarter with a sanitizer, under which each takes several times as long: what it is
/// there to see, the rounds have in common.
constexpr std::uint64_t rounds(std::uint64_t all) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::uint64_t part = 4;
  return (all + part - 1) / part;
#else
  return all;
#endif
}

}  // namespace muster
