#include "cli/auction_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/auction_lines.h"

namespace muster::cli {
namespace {

using auction::State;

Span countdown(const auction::Status& status, LogTime now) {
  constexpr std::chrono::milliseconds urgent = std::chrono::seconds{30};
  switch (status.state) {
    case State::scheduled:
      return {Style::quiet, "opens in " + span_text(status.opens_at - now)};
    case State::open: {
      const auto left = status.closes_at - now;
      return {left < urgent ? Style::bad : Style::strong, "closes in " + span_text(left)};
    }
    case State::paused:
      return {Style::quiet, "paused by its seller"};
    case State::revealing:
      return {Style::strong, "bids may be revealed for " + span_text(status.reveal_ends_at - now)};
    case State::sold:
    case State::unsold:
    case State::cancelled:
      break;
  }
  return {Style::quiet, "over since " + time_text(status.closes_at, now)};
}

StyledLine position(const AuctionModel& model) {
  const auction::Status& status = model.lot.status;
  if (model.self.empty() || model.self == model.lot.seller) return {{Style::quiet, "you watch"}};
  if (status.winner == model.self) return {{Style::good, "it is yours"}};
  if (!status.winner.empty()) return {{Style::bad, "it went to " + status.winner}};
  if (status.standing_bidder == model.self) return {{Style::good, "your bid stands"}};
  if (!model.has_bid) return {{Style::quiet, "you have not bid"}};
  if (auction::is_sealed(model.lot.terms.format)) return {{Style::good, "your bid is sealed"}};
  return {{Style::bad, "you are outbid"}};
}

StyledLine standing(const AuctionModel& model) {
  const auction::Status& status = model.lot.status;
  const auction::Currency& currency = model.lot.terms.currency;
  if (!status.winner.empty() && status.paid) {
    return {{Style::title, auction::to_text_with_currency(*status.paid, currency)},
            {Style::plain, "  sold to " + status.winner}};
  }
  if (auction::is_over(status.state)) {
    return {{Style::title, std::string(auction::name_of(status.state))}};
  }
  if (auction::is_sealed(model.lot.terms.format)) {
    return {{Style::title, fmt::format("{} sealed bid{}, {} revealed", status.sealed,
                                       status.sealed == 1 ? "" : "s", status.revealed)}};
  }
  const std::string asking = auction::to_text_with_currency(status.asking, currency);
  if (!status.standing) return {{Style::title, "no bid yet"}, {Style::plain, "  from " + asking}};
  return {{Style::title, auction::to_text_with_currency(*status.standing, currency)},
          {Style::plain, "  by " + status.standing_bidder},
          {Style::quiet, "  next from " + asking}};
}

}  // namespace

void AuctionModel::add_line(std::string line) {
  lines.push_back(std::move(line));
  if (lines.size() > lines_max) lines.pop_front();
}

void AuctionModel::take(const auction::LotEvent& event, LogTime at) {
  lot.status = event.status;
  if (event.entry && event.entry->bidder == self) has_bid = true;
  add_line(event_text(event, at));
}

std::vector<StyledLine> render(const AuctionModel& model, LogTime now, ViewSize size) {
  const auction::Status& status = model.lot.status;
  std::vector<StyledLine> lines;
  lines.push_back({{Style::title, model.lot.terms.title}});
  lines.push_back(
      {{Style::quiet, fmt::format("{}  {} auction of {}", auction::to_text(model.lot.lot),
                                  auction::name_of(model.lot.terms.format), model.lot.seller)}});
  lines.push_back({countdown(status, now)});
  lines.push_back(standing(model));
  if (status.has_reserve) {
    const Style style = status.reserve_met ? Style::good : Style::bad;
    lines.push_back({{style, reserve_text(model.lot)}});
  }
  lines.push_back(position(model));
  lines.push_back({});
  const StyledLine foot{{Style::quiet, model.server.empty()
                                           ? std::string("no server answers: looking for another")
                                           : "told by " + model.server + "; q leaves"}};
  const std::size_t room = size.rows > lines.size() + 2 ? size.rows - lines.size() - 2 : 0;
  const std::size_t shown = std::min(room, model.lines.size());
  for (std::size_t i = model.lines.size() - shown; i < model.lines.size(); ++i) {
    lines.push_back({{Style::plain, model.lines[i]}});
  }
  lines.push_back({});
  lines.push_back(foot);
  for (StyledLine& line : lines) line = cut(std::move(line), size.columns);
  if (lines.size() > size.rows) lines.resize(size.rows);
  return lines;
}

}  // namespace muster::cli
