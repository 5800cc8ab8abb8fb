// What happens to lots by themselves: they open, their prices fall, they close, and a silence of
// the whole group does not count.
#include <algorithm>
#include <vector>

#include "auction/auction.h"

namespace muster::auction {

std::optional<LogTime> Auction::deadline() const {
  std::optional<LogTime> next;
  if (!due_.empty()) next = due_.begin()->first;
  if (running_.empty()) return next;
  const LogTime pulse = house_.read().seen + options_.pulse;
  return next ? std::min(*next, pulse) : pulse;
}

void Auction::expire(LogTime now, service::Output& output) {
  pass(now, output);
}

// Called before every command as well, so that none of them sees a lot that should be over.
void Auction::pass(LogTime now, service::Output& output) {
  if (now < house_.read().seen) return;
  end_silence(now, output);
  house_.write().seen = now;
  keys_.drop_old(now);
  while (!due_.empty() && due_.begin()->first <= now) advance(due_.begin()->second, now, output);
}

// The time from the last sign of it on did not count for those who wanted to bid. A lot that should
// have opened meanwhile does so first: its silence begins there.
void Auction::end_silence(LogTime now, service::Output& output) {
  const LogTime seen = house_.read().seen;
  std::vector<LotId> quiet;
  if (now - seen > options_.outage_min) quiet.assign(running_.begin(), running_.end());
  std::vector<LotId> late;
  for (const auto& [due, id] : due_) {
    if (due + options_.outage_min >= now) break;
    if (find(id)->state == State::scheduled) late.push_back(id);
  }
  for (const LotId id : late) begin(id, find(id)->opens_at, output);
  quiet.insert(quiet.end(), late.begin(), late.end());
  for (const LotId id : quiet) {
    const Lot& lot = *find(id);
    if (!lot.terms.extend_on_outage) continue;
    const auto silence = now - std::max(seen, lot.opens_at);
    stand_still(change(id), silence);
    changed(id);
    tell(*find(id), {.what = Happening::extended, .by = silence}, output);
  }
}

void Auction::advance(LotId id, LogTime now, service::Output& output) {
  const Lot& lot = *find(id);
  if (lot.state == State::scheduled) return begin(id, lot.opens_at, output);
  if (lot.state == State::revealing) return end(id, State::sold, lot.reveal_ends_at, output);
  if (lot.closes_at <= now) return close(id, lot.closes_at, output);
  set_dutch_price(change(id), now);
  changed(id);
  tell(*find(id), {.what = Happening::stepped}, output);
}

void Auction::begin(LotId id, LogTime at, service::Output& output) {
  Lot& lot = change(id);
  lot.state = State::open;
  if (lot.terms.format == Format::dutch) set_dutch_price(lot, at);
  changed(id);
  tell_all(lot, {.what = Happening::opened}, output);
}

void Auction::close(LotId id, LogTime at, service::Output& output) {
  Lot& lot = change(id);
  lot.closes_at = at;
  lot.paused_at = {};
  if (lot.sealed.empty()) return end(id, State::sold, at, output);
  lot.state = State::revealing;
  lot.reveal_ends_at = at + lot.terms.reveal_window;
  changed(id);
  tell_all(lot, {.what = Happening::revealing}, output);
}

void Auction::end(LotId id, State state, LogTime at, service::Output& output) {
  Lot& lot = change(id);
  if (state == State::sold && !lot.sale) lot.sale = sale_of(lot);
  if (state == State::sold && !lot.sale) state = State::unsold;
  lot.state = state;
  lot.closes_at = std::min(lot.closes_at, at);
  lot.over_at = at;
  lot.paused_at = {};
  changed(id);
  tell_all(lot, {.what = Happening::ended}, output);
}

}  // namespace muster::auction
