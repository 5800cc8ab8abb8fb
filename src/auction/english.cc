#include "auction/english.h"

#include <algorithm>

#include "muster/check.h"

namespace muster::auction {
namespace {

using Standing = EnglishBoard::Standing;

EnglishTurn refused(Reason reason, const EnglishBoard& board) {
  return {.reason = reason, .board = board};
}

/// The price with one increment on top, without going over `limit`.
Price one_above(const EnglishRules& rules, Price price, Price limit) {
  return std::min(limit, Price{price.minor + increment_at(rules.increments, price).minor});
}

/// What follows from a new standing bid: the reserve, what is asked, and whether to buy now.
void settle(const EnglishRules& rules, EnglishBoard& board) {
  Standing& standing = *board.standing;
  if (rules.reserve && standing.max >= *rules.reserve) {
    standing.price = std::max(standing.price, *rules.reserve);
  }
  const Price next{standing.price.minor + increment_at(rules.increments, standing.price).minor};
  board.asking = std::max(board.asking, next);
  if (!rules.reserve || standing.price >= *rules.reserve) board.buy_now_gone = true;
}

EnglishTurn raise(const EnglishRules& rules, const EnglishBoard& board, const EnglishBid& bid) {
  if (!bid.max) return refused(Reason::own_standing_bid, board);
  if (*bid.max <= board.standing->max) return refused(Reason::max_not_raised, board);
  EnglishTurn turn{.board = board};
  turn.board.standing->max = *bid.max;
  settle(rules, turn.board);
  turn.bid = turn.board.standing->price;
  return turn;
}

EnglishTurn play(const EnglishRules& rules, const EnglishBoard& board, const EnglishBid& bid) {
  const Price max = bid.max.value_or(bid.price);
  check(max >= bid.price && max <= price_max);
  if (const auto offer = buy_now_offer(rules, board); offer && bid.price >= *offer) {
    return {.board = board, .bid = *offer, .sale = Sale{bid.bidder, *offer}};
  }
  if (board.standing && board.standing->bidder == bid.bidder) return raise(rules, board, bid);
  if (max < board.asking) return refused(Reason::too_low, board);

  EnglishTurn turn{.board = board, .bid = std::max(bid.price, board.asking)};
  if (!board.standing) {
    turn.board.standing = Standing{.bidder = bid.bidder, .max = max, .price = turn.bid};
  } else if (max > board.standing->max) {
    const Price above_second = one_above(rules, board.standing->max, max);
    turn.board.standing =
        Standing{.bidder = bid.bidder, .max = max, .price = std::max(turn.bid, above_second)};
  } else {
    turn.board.standing->price = one_above(rules, max, board.standing->max);
  }
  settle(rules, turn.board);
  return turn;
}

EnglishTurn play(const EnglishRules&, const EnglishBoard& board,
                 const EnglishRetraction& retraction) {
  if (!board.standing || board.standing->bidder != retraction.bidder) {
    return refused(Reason::no_standing_bid, board);
  }
  return {.board = {.asking = board.asking, .buy_now_gone = board.buy_now_gone}};
}

}  // namespace

EnglishBoard english_start(const EnglishRules& rules) {
  return {.asking = rules.start};
}

EnglishTurn play_english(const EnglishRules& rules, const EnglishBoard& board,
                         const EnglishMove& move) {
  return std::visit([&](const auto& one) { return play(rules, board, one); }, move);
}

bool is_reserve_met(const EnglishRules& rules, const EnglishBoard& board) {
  return board.standing && (!rules.reserve || board.standing->price >= *rules.reserve);
}

std::optional<Price> buy_now_offer(const EnglishRules& rules, const EnglishBoard& board) {
  return board.buy_now_gone ? std::nullopt : rules.buy_now;
}

std::optional<Sale> close_english(const EnglishRules& rules, const EnglishBoard& board) {
  if (!is_reserve_met(rules, board)) return std::nullopt;
  return Sale{board.standing->bidder, board.standing->price};
}

}  // namespace muster::auction
