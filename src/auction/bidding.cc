// What people do to lots.
#include <utility>

#include "auction/auction.h"

namespace muster::auction {
namespace {

/// Why nobody of this name may do that to the lot in any way, or nothing.
std::optional<Reason> why_not(const Lot* lot, std::string_view person) {
  if (lot == nullptr) return Reason::unknown_lot;
  if (lot->seller == person) return Reason::own_lot;
  return std::nullopt;
}

}  // namespace

// ---- The record ---------------------------------------------------------------------------------

Receipt Auction::accept(Entry entry, LotId id, const service::Command& command,
                        service::Output& output) {
  Lot& lot = change(id);
  entry.position = command.position;
  entry.time = command.time;
  if (lot.sale) {
    entry.standing = lot.sale->paid;
    entry.standing_bidder = lot.sale->winner;
  } else if (lot.board.standing) {
    entry.standing = lot.board.standing->price;
    entry.standing_bidder = lot.board.standing->bidder;
  }
  const std::uint64_t before = lot.record.kept();
  const Entry& kept = lot.record.add(id, std::move(entry), record_limits());
  entries_ += lot.record.kept() - before;
  while (entries_ > options_.entries_max && lot.record.parts.size() > 1) {
    entries_ -= lot.record.parts.front().read().entries.size();
    lot.record.drop_oldest();
  }
  changed(id);
  tell(lot, {.what = Happening::bid, .entry = kept}, output);
  Receipt given = receipt(id, Reason::accepted, command);
  given.number = kept.number;
  given.hash = kept.hash;
  given.price = kept.price;
  return given;
}

Receipt Auction::refuse(Entry entry, LotId id, Reason reason, const service::Command& command) {
  const Price price = entry.price;
  if (find(id) != nullptr) {
    Lot& lot = change(id);
    entry.position = command.position;
    entry.time = command.time;
    entry.reason = reason;
    // What is said too early is kept from the others all the same.
    if (is_sealed(lot.terms.format) && lot.state < State::revealing) entry.price = {};
    if (lot.board.standing) {
      entry.standing = lot.board.standing->price;
      entry.standing_bidder = lot.board.standing->bidder;
    }
    lot.record.add_refused(std::move(entry), record_limits());
  }
  Receipt given = receipt(id, reason, command);
  given.price = price;
  return given;
}

void Auction::extend_softly(LotId id, LogTime time, service::Output& output) {
  Lot& lot = change(id);
  const auto by = close_softly(lot, time);
  changed(id);
  if (by.count() > 0) tell(lot, {.what = Happening::extended, .by = by}, output);
}

// ---- Bids ---------------------------------------------------------------------------------------

Result<Receipt> Auction::handle(const Bid& request, const service::Command& command,
                                service::Output& output) {
  const Lot* const lot = find(request.lot);
  std::optional<Reason> reason = why_not(lot, request.bidder);
  if (!reason) reason = why_closed(*lot);
  if (!reason && is_sealed(lot->terms.format)) reason = Reason::wrong_format;
  if (!reason && !is_currency(request.currency, lot->terms.currency)) {
    reason = Reason::wrong_currency;
  }
  if (reason) {
    return refuse({.act = Act::bid, .bidder = request.bidder, .price = request.price}, request.lot,
                  *reason, command);
  }
  return lot->terms.format == Format::english ? bid_english(request, command, output)
                                              : bid_dutch(request, command, output);
}

Receipt Auction::bid_english(const Bid& request, const service::Command& command,
                             service::Output& output) {
  Entry entry{.act = Act::bid, .bidder = request.bidder, .price = request.price};
  const Lot& before = *find(request.lot);
  EnglishTurn turn = play_english(english_rules(before.terms), before.board,
                                  EnglishBid{request.bidder, request.price, request.max});
  if (turn.reason != Reason::accepted) {
    return refuse(std::move(entry), request.lot, turn.reason, command);
  }
  entry.price = turn.bid;
  if (turn.sale) {
    entry.act = Act::buy_now;
    change(request.lot).sale = std::move(turn.sale);
    Receipt given = accept(std::move(entry), request.lot, command, output);
    end(request.lot, State::sold, command.time, output);
    given.status = status_of(*find(request.lot));
    return given;
  }
  const bool is_seen = !before.board.standing ||
                       before.board.standing->bidder != turn.board.standing->bidder ||
                       before.board.standing->price != turn.board.standing->price;
  change(request.lot).board = std::move(turn.board);
  Receipt given = accept(std::move(entry), request.lot, command, output);
  if (is_seen) extend_softly(request.lot, command.time, output);
  const Lot& lot = *find(request.lot);
  given.status = status_of(lot);
  if (lot.board.standing->bidder == request.bidder) given.own_max = lot.board.standing->max;
  return given;
}

Receipt Auction::bid_dutch(const Bid& request, const service::Command& command,
                           service::Output& output) {
  Entry entry{.act = Act::take, .bidder = request.bidder, .price = request.price};
  const Lot& before = *find(request.lot);
  const DutchTurn turn =
      play_dutch(dutch_rules(before.terms), elapsed(before, command.time), request.price);
  if (turn.reason != Reason::accepted) {
    return refuse(std::move(entry), request.lot, turn.reason, command);
  }
  entry.price = turn.paid;
  change(request.lot).sale = Sale{request.bidder, turn.paid};
  Receipt given = accept(std::move(entry), request.lot, command, output);
  end(request.lot, State::sold, command.time, output);
  given.status = status_of(*find(request.lot));
  return given;
}

Result<Receipt> Auction::handle(const Retract& request, const service::Command& command,
                                service::Output& output) {
  Entry entry{.act = Act::retract, .bidder = request.bidder};
  const Lot* const lot = find(request.lot);
  std::optional<Reason> reason =
      lot == nullptr ? std::optional(Reason::unknown_lot) : why_closed(*lot);
  if (!reason && lot->terms.format != Format::english) reason = Reason::wrong_format;
  if (reason) return refuse(std::move(entry), request.lot, *reason, command);
  EnglishTurn turn =
      play_english(english_rules(lot->terms), lot->board, EnglishRetraction{request.bidder});
  if (turn.reason != Reason::accepted) {
    return refuse(std::move(entry), request.lot, turn.reason, command);
  }
  change(request.lot).board = std::move(turn.board);
  Receipt given = accept(std::move(entry), request.lot, command, output);
  extend_softly(request.lot, command.time, output);
  given.status = status_of(*find(request.lot));
  return given;
}

// ---- Sealed bids --------------------------------------------------------------------------------

Result<Receipt> Auction::handle(const Commit& request, const service::Command& command,
                                service::Output& output) {
  Entry entry{.act = Act::commit, .bidder = request.bidder, .commitment = request.commitment};
  const Lot* const lot = find(request.lot);
  std::optional<Reason> reason = why_not(lot, request.bidder);
  if (!reason) reason = why_closed(*lot);
  if (!reason && !is_sealed(lot->terms.format)) reason = Reason::wrong_format;
  if (!reason && lot->sealed.size() >= options_.sealed_bidders_max &&
      !lot->sealed.contains(request.bidder)) {
    reason = Reason::too_many_bidders;
  }
  if (reason) return refuse(std::move(entry), request.lot, *reason, command);
  change(request.lot).sealed[request.bidder] = {.commitment = request.commitment,
                                                .committed = command.position};
  return accept(std::move(entry), request.lot, command, output);
}

namespace {

std::optional<Reason> why_not_revealed(const Lot* lot, const Reveal& reveal) {
  if (lot == nullptr) return Reason::unknown_lot;
  if (!is_sealed(lot->terms.format)) return Reason::wrong_format;
  if (lot->state < State::revealing) return Reason::not_revealing_yet;
  if (lot->state != State::revealing) return why_closed(*lot);
  const auto offer = lot->sealed.find(reveal.bidder);
  if (offer == lot->sealed.end()) return Reason::not_committed;
  if (offer->second.revealed) return Reason::already_revealed;
  if (seal(lot->id, reveal.bidder, reveal.price, reveal.nonce) != offer->second.commitment) {
    return Reason::commitment_mismatch;
  }
  return std::nullopt;
}

}  // namespace

Result<Receipt> Auction::handle(const Reveal& request, const service::Command& command,
                                service::Output& output) {
  Entry entry{.act = Act::reveal, .bidder = request.bidder, .price = request.price};
  if (const auto reason = why_not_revealed(find(request.lot), request)) {
    return refuse(std::move(entry), request.lot, *reason, command);
  }
  change(request.lot).sealed.at(request.bidder).revealed = request.price;
  Receipt given = accept(std::move(entry), request.lot, command, output);
  // When all are revealed there is nothing left to wait for.
  if (given.status.revealed == given.status.sealed) {
    end(request.lot, State::sold, command.time, output);
    given.status = status_of(*find(request.lot));
  }
  return given;
}

// ---- What sellers do ----------------------------------------------------------------------------

namespace {

bool is_possible(Steering what, State state) {
  switch (what) {
    case Steering::pause:
      return state == State::open;
    case Steering::resume:
      return state == State::paused;
    case Steering::close:
      return state == State::open || state == State::paused;
    case Steering::extend:
    case Steering::cancel:
      break;
  }
  return !is_over(state);
}

}  // namespace

Result<Receipt> Auction::handle(const Steer& request, const service::Command& command,
                                service::Output& output) {
  const Lot* const found = find(request.lot);
  if (found == nullptr) return receipt(request.lot, Reason::unknown_lot, command);
  if (!command.system && found->seller != request.seller) {
    return receipt(request.lot, Reason::not_the_seller, command);
  }
  if (!is_possible(request.what, found->state)) {
    return receipt(request.lot, Reason::wrong_state, command);
  }
  if (request.what == Steering::extend) {
    if (auto possible = extend(request, command, output); !possible) return possible.error();
  } else {
    steer(request, command, output);
  }
  return receipt(request.lot, Reason::accepted, command);
}

Result<void> Auction::extend(const Steer& request, const service::Command& command,
                             service::Output& output) {
  const Lot& before = *find(request.lot);
  const bool reveals = before.state == State::revealing;
  const LogTime end = (reveals ? before.reveal_ends_at : before.closes_at) + request.by;
  if (end > command.time + 2 * lot_time_max) {
    return Error{ErrorCode::invalid_argument,
                 "the lot would go on for more than two years; extend it by less"};
  }
  Lot& lot = change(request.lot);
  (reveals ? lot.reveal_ends_at : lot.closes_at) = end;
  changed(request.lot);
  tell(lot, {.what = Happening::extended, .by = request.by}, output);
  return {};
}

void Auction::steer(const Steer& request, const service::Command& command,
                    service::Output& output) {
  if (request.what == Steering::close) return close(request.lot, command.time, output);
  if (request.what == Steering::cancel) {
    return end(request.lot, State::cancelled, command.time, output);
  }
  Lot& lot = change(request.lot);
  if (request.what == Steering::pause) {
    lot.state = State::paused;
    lot.paused_at = command.time;
  } else {
    stand_still(lot, command.time - lot.paused_at);
    lot.state = State::open;
    lot.paused_at = {};
  }
  changed(request.lot);
  const bool pauses = request.what == Steering::pause;
  tell(lot, {.what = pauses ? Happening::paused : Happening::resumed}, output);
}

}  // namespace muster::auction
