// Links as the pure layers see them: a number, and what is to be done on it.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <variant>
#include <vector>

#include "muster/bytes.h"
#include "wire/frame.h"

namespace muster::edge {

/// One connection, numbered by whoever drives the node. Never reused within a process.
struct LinkId {
  std::uint64_t value{};
  friend auto operator<=>(LinkId, LinkId) = default;
};

/// One frame, its body in pieces that are sent one after the other without being copied together.
struct SendFrame {
  LinkId link;
  wire::FrameType type{};
  wire::Lane lane{wire::Lane::normal};
  std::vector<SharedBytes> body{};
};
/// Close the connection once all that was sent before is out.
struct CloseLink {
  LinkId link;
};
/// Frames and closings share one order per link.
using LinkOutput = std::variant<SendFrame, CloseLink>;

}  // namespace muster::edge

template <>
struct std::hash<muster::edge::LinkId> {
  std::size_t operator()(muster::edge::LinkId link) const noexcept {
    return std::hash<std::uint64_t>{}(link.value);
  }
};
