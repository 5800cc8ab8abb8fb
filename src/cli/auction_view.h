// The picture of a lot that `muster auction watch` draws.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "auction/messages.h"
#include "cli/demo_view.h"
#include "muster/time.h"

namespace muster::cli {

/// A lot as it is watched.
struct AuctionModel {
  static constexpr std::size_t lines_max = 200;

  auction::LotView lot{};
  std::string self{};               ///< Whose position is shown; empty: nobody's.
  std::deque<std::string> lines{};  ///< What happened, newest last; at most `lines_max`.
  std::string server{};             ///< That is listened to; empty: none at the moment.
  bool has_bid{false};              ///< `self` has bid.

  void add_line(std::string line);
  /// Takes an event in.
  void take(const auction::LotEvent& event, LogTime at);
};

/// At most `size.rows` lines; older events are left out first. Pure.
std::vector<StyledLine> render(const AuctionModel& model, LogTime now, ViewSize size);

}  // namespace muster::cli
