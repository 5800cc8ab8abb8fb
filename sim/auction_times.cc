// What must hold of the times of lots.
#include <algorithm>

#include "sim/auction_checkers.h"
#include "sim/violation.h"

namespace muster::sim {

namespace {

using auction::Happening;
using auction::LotEvent;
using auction::LotId;
using auction::State;
using std::chrono::milliseconds;

[[noreturn]] void fail_on_time(LotId lot, const std::string& what) {
  throw Violation("on time", "lot " + to_text(lot) + " " + what);
}

/// The command, if it did this to the lot.
const auction::Steer* steered(const AuctionDeed& deed, LotId lot) {
  if (!deed.request || !deed.receipt || deed.receipt->reason != auction::Reason::accepted) {
    return nullptr;
  }
  const auto* const steer = std::get_if<auction::Steer>(&*deed.request);
  return steer != nullptr && steer->lot == lot && !deed.receipt->repeated ? steer : nullptr;
}

bool is_steered(const AuctionDeed& deed, LotId lot, auction::Steering what) {
  const auction::Steer* const steer = steered(deed, lot);
  return steer != nullptr && steer->what == what;
}

}  // namespace

// A silence is told of all lots whose time ran, or should have begun to run, before anything else.
void OnTime::begins(const AuctionDeed& deed, LogTime before) {
  bid_.clear();
  moved_.clear();
  owed_.clear();
  if (before == LogTime{}) return;
  for (const auto& [lot, story] : stories_) {
    if (!story.open.terms.extend_on_outage) continue;
    const State state = story.now.state;
    const bool runs = state == State::open || state == State::revealing;
    const LogTime since = runs ? before : std::max(before, story.now.opens_at);
    if (!runs && state != State::scheduled) continue;
    if (deed.time - since > outage_min_ && lot.opened != deed.position) owed_.insert(lot);
  }
}

void OnTime::seen(const AuctionDeed& deed, const LotEvent& event, LogTime before) {
  const LotStory& story = stories_.at(event.lot);
  const auction::Status& was = story.now;
  if (is_over(was.state)) fail_on_time(event.lot, "goes on after its end");
  if (owed_.contains(event.lot) && event.what != Happening::extended &&
      event.what != Happening::opened) {
    fail_on_time(event.lot, "was not extended by a silence before it");
  }
  switch (event.what) {
    case Happening::extended:
      return extended(deed, event, story, before);
    case Happening::ended:
      return ended(deed, event, story);
    case Happening::opened:
      if (deed.time < was.opens_at) fail_on_time(event.lot, "opened before its time");
      break;
    case Happening::bid: {
      const bool reveals = event.entry->act == auction::Act::reveal;
      const LogTime until = reveals ? was.reveal_ends_at : was.closes_at;
      if (was.state != (reveals ? State::revealing : State::open) || deed.time >= until) {
        fail_on_time(event.lot, "took a bid when it was not the time for that");
      }
      bid_.insert(event.lot);
      const bool is_seen = event.status.standing != was.standing ||
                           event.status.standing_bidder != was.standing_bidder;
      if (is_seen || event.entry->act == auction::Act::retract) moved_.insert(event.lot);
      break;
    }
    case Happening::resumed:
      if (event.status.closes_at != was.closes_at + (deed.time - story.paused_at)) {
        fail_on_time(event.lot, "did not stand still for as long as it was paused");
      }
      return;
    case Happening::revealing:
      if (is_steered(deed, event.lot, auction::Steering::close)) return;
      if (deed.time < was.closes_at) fail_on_time(event.lot, "closed before its time");
      break;
    case Happening::scheduled:
    case Happening::stepped:
    case Happening::paused:
      break;
  }
  const bool ends = is_over(event.status.state);  // By a bid: that comes right after it.
  if (!ends && event.status.closes_at != was.closes_at) {
    fail_on_time(event.lot, "closes at another time, and nobody was told why");
  }
}

void OnTime::extended(const AuctionDeed& deed, const LotEvent& event, const LotStory& story,
                      LogTime before) {
  const auction::Status& was = story.now;
  const bool reveals = was.state == State::revealing;
  const LogTime end = reveals ? event.status.reveal_ends_at : event.status.closes_at;
  const auto moved = end - (reveals ? was.reveal_ends_at : was.closes_at);
  if (event.by.count() <= 0 || event.by != moved) {
    fail_on_time(event.lot, "was extended by " + std::to_string(event.by.count()) +
                                " ms as was told, and by " + std::to_string(moved.count()) +
                                " ms in truth");
  }
  if (owed_.erase(event.lot) > 0) {
    if (event.by == deed.time - std::max(before, was.opens_at)) return;
    fail_on_time(event.lot, "was extended by something else than a silence");
  }
  if (is_steered(deed, event.lot, auction::Steering::extend)) return;
  if (bid_.contains(event.lot) && end == deed.time + story.open.terms.soft_close) return;
  fail_on_time(event.lot, "was extended without a cause");
}

void OnTime::ended(const AuctionDeed& deed, const LotEvent& event, const LotStory& story) {
  ++ended_;
  const auction::Status& was = story.now;
  if (is_steered(deed, event.lot, auction::Steering::close) ||
      is_steered(deed, event.lot, auction::Steering::cancel) || bid_.contains(event.lot)) {
    return;
  }
  const LogTime end = was.state == State::revealing ? was.reveal_ends_at : was.closes_at;
  if (deed.time < end) fail_on_time(event.lot, "ended before its time");
  if (was.state == State::paused) fail_on_time(event.lot, "ended while it was paused");
  late_max_ = std::max(late_max_, deed.time - end);
}

void OnTime::done(const AuctionDeed& deed) {
  if (!owed_.empty()) fail_on_time(*owed_.begin(), "was not extended by a silence");
  for (const LotId lot : moved_) {
    const LotStory& story = stories_.at(lot);
    if (is_over(story.now.state)) continue;
    if (story.open.terms.soft_close.count() == 0) continue;
    if (story.now.closes_at >= deed.time + story.open.terms.soft_close) continue;
    fail_on_time(lot, "was not extended by a late bid");
  }
}

}  // namespace muster::sim
