// What can be the terms of a lot, and the names of lots and people.
#include "auction/terms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "auction/testing.h"

namespace muster::auction::terms_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string why_not(Terms terms, const std::function<void(Terms&)>& change) {
  change(terms);
  const Result<void> valid = validate_terms(terms);
  if (valid) return "";
  EXPECT_EQ(valid.error().code, ErrorCode::invalid_argument);
  return valid.error().message;
}

TEST(TermsTest, TheUsualTermsAreValid) {
  EXPECT_TRUE(validate_terms(Saleroom::english()));
  EXPECT_TRUE(validate_terms(Saleroom::dutch()));
  EXPECT_TRUE(validate_terms(Saleroom::sealed()));
  EXPECT_TRUE(validate_terms(Saleroom::sealed(Format::sealed_first)));
}

TEST(TermsTest, TitlesAreOneLineOfLimitedLength) {
  const Terms terms = Saleroom::english();
  EXPECT_EQ(why_not(terms, [](Terms& it) { it.title = std::string(200, 't'); }), "");
  EXPECT_EQ(why_not(terms, [](Terms& it) { it.title = std::string(201, 't'); }),
            "a title has 201 bytes; at most 200 are allowed");
  EXPECT_EQ(why_not(terms, [](Terms& it) { it.title = std::string(std::size_t{1} << 20U, 't'); }),
            "a title has 1048576 bytes; at most 200 are allowed");
  EXPECT_EQ(why_not(terms, [](Terms& it) { it.title.clear(); }),
            "a title must not be empty; say what is sold");
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.title = "two\nlines"; }), HasSubstr("control"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.title = "\xff"; }), HasSubstr("UTF-8"));
  EXPECT_EQ(why_not(terms, [](Terms& it) { it.title = "ein Fahrrad für Müßiggänger"; }), "");
}

TEST(TermsTest, EnglishTermsMustHoldTogether) {
  const Terms terms = Saleroom::english();
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.increments.clear(); }), HasSubstr("empty"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.increments[0].by = {}; }), HasSubstr("above 0"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.reserve = Price{999}; }),
              HasSubstr("reserve is below"));
  EXPECT_EQ(why_not(terms, [](Terms& it) { it.reserve = Price{1'000}; }), "");
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.buy_now = Price{999}; }),
              HasSubstr("buy-now price is below the start"));
  EXPECT_THAT(why_not(terms,
                      [](Terms& it) {
                        it.reserve = Price{3'000};
                        it.buy_now = Price{2'999};
                      }),
              HasSubstr("buy-now price is below the reserve"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.start.minor = price_max.minor + 1; }),
              HasSubstr("too large"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.soft_close = 99ms; }), HasSubstr("soft close"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.floor = Price{1}; }),
              HasSubstr("Dutch auctions only"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.reveal_window = 1s; }),
              HasSubstr("sealed auctions only"));
}

TEST(TermsTest, DutchTermsMustHoldTogether) {
  const Terms terms = Saleroom::dutch();
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.floor = Price{10'001}; }),
              HasSubstr("floor is above"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.step = {}; }), HasSubstr("some step"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.every = 99ms; }), HasSubstr("every 100ms"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.reserve = Price{20'000}; }),
              HasSubstr("its floor"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.soft_close = 1s; }),
              HasSubstr("English auctions only"));
  EXPECT_THAT(why_not(terms,
                      [](Terms& it) {
                        it.start = price_max;
                        it.step = {1};
                      }),
              HasSubstr("366 days to its floor"));
  EXPECT_EQ(why_not(terms, [](Terms& it) { it.duration = 30s; }), "");
}

TEST(TermsTest, SealedTermsMustHoldTogether) {
  const Terms terms = Saleroom::sealed();
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.reveal_window = {}; }), HasSubstr("reveal window"));
  EXPECT_THAT(why_not(terms,
                      [](Terms& it) {
                        it.increments = {{{0}, {1}}};
                      }),
              HasSubstr("English auctions only"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.buy_now = Price{1'000}; }),
              HasSubstr("English auctions only"));
}

TEST(TermsTest, ALotHasOneEnd) {
  const Terms terms = Saleroom::english();
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.duration = {}; }), HasSubstr("must end"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.closes_at = LogTime{5}; }),
              HasSubstr("give one of them"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.duration = 99ms; }),
              HasSubstr("100ms to 366 days"));
  EXPECT_THAT(why_not(terms, [](Terms& it) { it.duration = lot_time_max + 1ms; }),
              HasSubstr("366 days"));
}

TEST(TermsTest, TimesMustBeAheadAndNotTooFar) {
  const LogTime now{1'000'000};
  Terms terms = Saleroom::english();
  EXPECT_TRUE(validate_times(terms, now));
  terms.duration = {};
  terms.closes_at = now + 100ms;
  EXPECT_TRUE(validate_times(terms, now));
  terms.closes_at = now + 99ms;
  EXPECT_FALSE(validate_times(terms, now));
  terms.closes_at = now + lot_time_max;
  EXPECT_TRUE(validate_times(terms, now));
  terms.closes_at = now + lot_time_max + 1ms;
  EXPECT_FALSE(validate_times(terms, now));
  terms.opens_at = now + 1s;
  EXPECT_TRUE(validate_times(terms, now));
  terms.closes_at = now + 1s;
  EXPECT_FALSE(validate_times(terms, now));
  terms.opens_at = now + lot_time_max + 1ms;
  EXPECT_FALSE(validate_times(terms, now));
}

TEST(TermsTest, LotsAreCalledByTheirPlaces) {
  EXPECT_EQ(to_text(LotId{{.index = {17}, .ordinal = 2}}), "17.2");
  EXPECT_EQ(parse_lot("17.2").value(), (LotId{{.index = {17}, .ordinal = 2}}));
  EXPECT_EQ(lot_topic(parse_lot("17.0").value()), "auction/17.0");
  for (const char* none : {"", "17", "17.", ".0", "17.0.0", "017.0", "17.00", "-1.0", "17.-1",
                           "a.b", " 17.0", "17.0 ", "99999999999999999999.0", "1.4294967296"}) {
    EXPECT_FALSE(parse_lot(none)) << none;
  }
}

TEST(TermsTest, FormatsAreWrittenAsPeopleWriteThem) {
  for (const char* name : {"english", "dutch", "sealed-first", "vickrey"}) {
    EXPECT_EQ(name_of(format_from(name).value()), name);
  }
  EXPECT_FALSE(format_from("unknown"));
  EXPECT_FALSE(format_from("English"));
}

}  // namespace
}  // namespace muster::auction::terms_test
