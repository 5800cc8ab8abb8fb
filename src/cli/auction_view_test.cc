// The picture of a lot, line by line.
#include "cli/auction_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace muster::cli::auction_view_test {
namespace {

using auction::Price;
using auction::State;
using testing::ElementsAre;
using namespace std::chrono_literals;

constexpr LogTime midday{1'764'158'400'000};  // 2025-11-26T12:00:00Z.
const auction::Currency yen{"JPY", 0};

AuctionModel vase() {
  AuctionModel model;
  model.lot.lot = {{LogIndex{17}, 0}};
  model.lot.seller = "sel";
  model.lot.terms.title = "A vase";
  model.lot.terms.currency = yen;
  model.lot.status.state = State::open;
  model.lot.status.asking = {1'000};
  model.lot.status.closes_at = midday + 95s;
  model.self = "ann";
  model.server = "127.0.0.1:8888";
  return model;
}

auction::LotEvent bid_of(const std::string& bidder, std::uint64_t price) {
  auction::LotEvent event{.what = auction::Happening::bid, .currency = yen};
  event.entry =
      auction::Entry{.time = midday, .bidder = bidder, .price = {price}, .standing = Price{price}};
  event.entry->standing_bidder = bidder;
  event.status = vase().lot.status;
  event.status.standing = Price{price};
  event.status.standing_bidder = bidder;
  event.status.asking = {price + 100};
  return event;
}

std::string plain(const StyledLine& line) {
  std::string text;
  for (const Span& span : line) text += span.text;
  return text;
}

std::vector<std::string> picture(const AuctionModel& model, ViewSize size = {},
                                 LogTime now = midday) {
  std::vector<std::string> lines;
  for (const StyledLine& line : render(model, now, size)) lines.push_back(plain(line));
  return lines;
}

class AuctionViewTest : public testing::Test {
 protected:
  AuctionViewTest() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

TEST_F(AuctionViewTest, ALotWithoutBids) {
  EXPECT_THAT(picture(vase()),
              ElementsAre("A vase", "17.0  english auction of sel", "closes in 1m35s",
                          "no bid yet  from 1000 JPY", "you have not bid", "", "",
                          "told by 127.0.0.1:8888; q leaves"));
}

TEST_F(AuctionViewTest, BidsRollInAndThePositionFollowsThem) {
  AuctionModel model = vase();
  model.take(bid_of("ann", 1'000), midday);
  EXPECT_EQ(picture(model).at(4), "your bid stands");
  model.take(bid_of("bob", 1'200), midday);
  EXPECT_THAT(picture(model),
              ElementsAre("A vase", "17.0  english auction of sel", "closes in 1m35s",
                          "1200 JPY  by bob  next from 1300 JPY", "you are outbid", "",
                          "12:00:00  ann          1000 JPY", "12:00:00  bob          1200 JPY", "",
                          "told by 127.0.0.1:8888; q leaves"));
  EXPECT_EQ(render(model, midday, {}).at(4).at(0).style, Style::bad);
  model.self = "carl";
  model.has_bid = false;
  EXPECT_EQ(picture(model).at(4), "you have not bid");
  model.self = "sel";
  EXPECT_EQ(picture(model).at(4), "you watch");
  model.self.clear();
  EXPECT_EQ(picture(model).at(4), "you watch");
}

TEST_F(AuctionViewTest, TheCountdownTurnsRedShortlyBeforeTheEnd) {
  AuctionModel model = vase();
  EXPECT_EQ(render(model, midday, {}).at(2).at(0).style, Style::strong);
  EXPECT_EQ(render(model, midday + 66s, {}).at(2).at(0).style, Style::bad);
  EXPECT_EQ(picture(model, {}, midday + 66s).at(2), "closes in 29s");
  model.lot.status.state = State::paused;
  EXPECT_EQ(picture(model).at(2), "paused by its seller");
  model.lot.status.state = State::scheduled;
  model.lot.status.opens_at = midday + 3s;
  EXPECT_EQ(picture(model).at(2), "opens in 3s");
}

TEST_F(AuctionViewTest, TheEndSaysWhoHasIt) {
  AuctionModel model = vase();
  model.has_bid = true;
  model.lot.status.state = State::sold;
  model.lot.status.winner = "ann";
  model.lot.status.paid = Price{1'200};
  EXPECT_THAT(picture(model, {}, midday + 100s),
              ElementsAre("A vase", "17.0  english auction of sel", "over since 12:01:35",
                          "1200 JPY  sold to ann", "it is yours", "", "",
                          "told by 127.0.0.1:8888; q leaves"));
  model.lot.status.winner = "bob";
  EXPECT_EQ(picture(model).at(4), "it went to bob");
  model.lot.status.winner.clear();
  model.lot.status.state = State::unsold;
  EXPECT_EQ(picture(model).at(3), "UNSOLD");
}

TEST_F(AuctionViewTest, SealedBidsAreCountedAndNotShown) {
  AuctionModel model = vase();
  model.lot.terms.format = auction::Format::vickrey;
  model.lot.status.sealed = 1;
  model.lot.status.has_reserve = true;
  model.has_bid = true;
  EXPECT_THAT(picture(model),
              ElementsAre("A vase", "17.0  vickrey auction of sel", "closes in 1m35s",
                          "1 sealed bid, 0 revealed", "there is a reserve", "your bid is sealed",
                          "", "", "told by 127.0.0.1:8888; q leaves"));
  model.lot.status.state = State::revealing;
  model.lot.status.reveal_ends_at = midday + 61s;
  EXPECT_EQ(picture(model).at(2), "bids may be revealed for 1m01s");
}

TEST_F(AuctionViewTest, WithoutAServerItSaysSo) {
  AuctionModel model = vase();
  model.server.clear();
  EXPECT_EQ(picture(model).back(), "no server answers: looking for another");
}

TEST_F(AuctionViewTest, OlderLinesGoFirstAndLongOnesAreCutBetweenCharacters) {
  AuctionModel model = vase();
  model.lot.terms.title = "\u00c4\u00c4\u00c4\u00c4\u00c4";
  for (int i = 0; i < 20; ++i) model.add_line("line " + std::to_string(i));
  EXPECT_THAT(picture(model, {.columns = 7, .rows = 10}),
              ElementsAre("\u00c4\u00c4\u00c4\u00c4\u00c4", "17.0  e", "closes ", "no bid ",
                          "you hav", "", "line 18", "line 19", "", "told by"));
  EXPECT_EQ(picture(model, {.columns = 3, .rows = 10}).at(0), "\u00c4\u00c4\u00c4");
  EXPECT_EQ(picture(model, {.columns = 80, .rows = 4}).size(), 4U);
  for (std::size_t i = 0; i < 2 * AuctionModel::lines_max; ++i) model.add_line("more");
  EXPECT_EQ(model.lines.size(), AuctionModel::lines_max);
}

}  // namespace
}  // namespace muster::cli::auction_view_test
