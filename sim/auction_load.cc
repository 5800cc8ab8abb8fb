#include "sim/auction_load.h"

#include <algorithm>
#include <utility>

namespace muster::sim {

namespace {

using auction::Format;
using auction::Price;
using auction::State;
using std::chrono::milliseconds;

/// Prices of sealed bids: seven bytes in every encoding, so that no other bytes look like them.
constexpr std::uint64_t sealed_price_min = std::uint64_t{1} << 43U;
Price sealed_price(std::uint64_t step) {
  return {sealed_price_min + 500 + step * 1'000};  // Above the start, which all know.
}
constexpr std::uint64_t english_step = 100;
constexpr std::size_t repeated_max =
    16;  ///< So many of the newest commands with a key are repeated.

}  // namespace

AuctionLoad::AuctionLoad(std::uint32_t client, const Scenario& scenario, AuctionCheckers& checkers)
    : person_("p" + std::to_string(client)),
      options_(scenario.auctions),
      checkers_(checkers),
      random_(scenario.seed * 0x9e3779b97f4a7c15U + 1'000 + client) {}

milliseconds AuctionLoad::span(std::int64_t low, std::int64_t high) {
  return milliseconds(
      low + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low + 1))));
}

std::string AuctionLoad::key() {
  if (!random_.chance(options_.keys)) return {};
  return person_ + "-" + std::to_string(++keys_);
}

std::optional<auction::Request> AuctionLoad::next() {
  // What came in on another session comes again here: word for word, or something else as that.
  if (!checkers_.keyed.empty() && random_.chance(0.12)) {
    const std::size_t newest = std::min(checkers_.keyed.size(), repeated_max);
    auction::Request again =
        *(checkers_.keyed.end() - 1 - static_cast<std::ptrdiff_t>(random_.below(newest)));
    auto* const bid = std::get_if<auction::Bid>(&again);
    if (bid != nullptr && random_.chance(0.1)) bid->max = Price{bid->price.minor + 12'345};
    return again;
  }
  std::vector<const Story*> going;
  for (const Story& lot : checkers_.stories) {
    const bool is_over = auction::is_over(lot.second.now.state);
    if (!is_over || random_.chance(0.02)) going.push_back(&lot);
  }
  if (checkers_.stories.size() < options_.lots_max && going.size() < options_.lots_at_once) {
    return open();
  }
  if (going.empty()) return std::nullopt;
  auto made = act(*going[random_.below(going.size())]);
  if (!made) return made;
  const bool has_key = std::visit([](const auto& one) { return !one.key.empty(); }, *made);
  if (has_key) checkers_.keyed.push_back(*made);
  return made;
}

// ---- Lots ---------------------------------------------------------------------------------------

auction::Request AuctionLoad::open() {
  const std::uint64_t draw = random_.below(10);
  auction::Open made{.seller = person_, .terms = {}, .key = key()};
  made.terms = draw < 5 ? english() : draw < 7 ? dutch() : sealed();
  made.terms.title = "a lot";
  made.terms.extend_on_outage = random_.chance(0.7);
  return made;
}

auction::Terms AuctionLoad::english() {
  auction::Terms terms{.start = {1'000}, .increments = {{Price{}, {english_step}}}};
  if (random_.chance(0.5)) terms.increments.push_back({Price{5'000}, {500}});
  if (random_.chance(0.4)) terms.reserve = Price{1'000 + random_.below(4'000)};
  if (random_.chance(0.3)) terms.buy_now = Price{6'000 + random_.below(4'000)};
  if (random_.chance(0.5)) terms.soft_close = span(100, 500);
  terms.duration = span(300, 3'000);
  return terms;
}

auction::Terms AuctionLoad::dutch() {
  auction::Terms terms{.format = Format::dutch, .start = {10'000}, .step = {700}};
  terms.floor = Price{random_.below(9'000)};
  terms.every = span(100, 600);
  if (random_.chance(0.4)) terms.duration = span(300, 4'000);
  return terms;
}

auction::Terms AuctionLoad::sealed() {
  auction::Terms terms{.format = random_.chance(0.6) ? Format::vickrey : Format::sealed_first,
                       .start = {sealed_price_min}};
  if (random_.chance(0.4)) terms.reserve = sealed_price(random_.below(4));
  terms.reveal_window = span(300, 2'500);
  terms.duration = span(300, 2'000);
  return terms;
}

std::optional<auction::Request> AuctionLoad::act(const Story& lot) {
  const bool sells = lot.second.open.seller == person_;
  if (random_.chance(sells ? options_.steering : options_.steering / 20)) return steer(lot);
  switch (lot.second.open.terms.format) {
    case Format::english:
      return bid_english(lot);
    case Format::dutch:
      return bid_dutch(lot);
    case Format::sealed_first:
    case Format::vickrey:
      break;
  }
  return bid_sealed(lot);
}

auction::Request AuctionLoad::steer(const Story& lot) {
  using auction::Steering;
  auction::Steer made{.lot = lot.first, .seller = person_, .key = key()};
  const std::uint64_t draw = random_.below(100);
  if (lot.second.now.state == State::paused && draw < 80) {
    made.what = Steering::resume;
  } else if (draw < 45) {
    made.what = Steering::pause;
  } else if (draw < 80) {
    made.what = Steering::extend;
    made.by = span(100, 1'000);
  } else if (draw < 95) {
    made.what = Steering::close;
  } else {
    made.what = Steering::cancel;
  }
  return made;
}

// ---- Bids ---------------------------------------------------------------------------------------

auction::Request AuctionLoad::bid_english(const Story& lot) {
  const auction::Status& now = lot.second.now;
  if (random_.chance(0.03)) return auction::Retract{lot.first, person_, key()};
  auction::Bid made{.lot = lot.first, .bidder = person_, .price = now.asking, .key = key()};
  const std::uint64_t draw = random_.below(100);
  if (draw < 10) made.price.minor -= std::min<std::uint64_t>(made.price.minor, english_step);
  if (draw >= 70) made.price.minor += random_.below(3) * english_step / 2;
  if (draw >= 98 && now.buy_now) made.price = *now.buy_now;
  if (draw % 3 == 0) made.max = Price{made.price.minor + random_.below(12) * english_step};
  return made;
}

std::optional<auction::Request> AuctionLoad::bid_dutch(const Story& lot) {
  const std::uint64_t draw = random_.below(100);
  if (draw < 80) return std::nullopt;  // Who waits pays less.
  auction::Bid made{
      .lot = lot.first, .bidder = person_, .price = lot.second.now.asking, .key = key()};
  if (draw < 95 && made.price.minor >= 700) made.price.minor -= 700;
  return made;
}

std::optional<auction::Request> AuctionLoad::bid_sealed(const Story& lot) {
  const State state = lot.second.now.state;
  auto& secrets = secrets_[lot.first];
  const bool early = !secrets.empty() && random_.chance(0.05);
  if (state >= State::revealing || early) return reveal(lot);
  if (!secrets.empty() && !random_.chance(0.15)) return std::nullopt;
  Secret secret{.price = sealed_price(random_.below(6))};
  for (std::byte& byte : secret.nonce) byte = static_cast<std::byte>(random_.below(256));
  secrets.push_back(secret);
  checkers_.sealed.committed(lot.first, secret.price);
  return auction::Commit{lot.first, person_,
                         auction::seal(lot.first, person_, secret.price, secret.nonce), key()};
}

// The newest that was made need not be the one that counts: its commitment may have come too late.
std::optional<auction::Request> AuctionLoad::reveal(const Story& lot) {
  const auto& secrets = secrets_[lot.first];
  if (secrets.empty()) return std::nullopt;
  if (revealed_.contains(lot.first) && !random_.chance(0.1)) return std::nullopt;
  Secret secret = random_.chance(0.8) ? secrets.back() : secrets[random_.below(secrets.size())];
  if (random_.chance(0.1)) secret.price.minor += 1'000;
  return auction::Reveal{lot.first, person_, secret.price, secret.nonce, key()};
}

void AuctionLoad::answered(const auction::Request& request, const auction::Receipt& receipt) {
  checkers_.record.acknowledged(receipt);
  const auto* const reveal = std::get_if<auction::Reveal>(&request);
  if (reveal == nullptr || reveal->bidder != person_) return;
  if (receipt.reason == auction::Reason::accepted) revealed_.insert(receipt.lot);
}

}  // namespace muster::sim
