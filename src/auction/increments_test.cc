// The tables that houses publish, at the ends of their ranges, and tables of one's own.
#include "auction/increments.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::auction::increments_test {
namespace {

const Currency dollars{"USD", 2};

struct Row {
  const char* table;
  const char* standing;
  const char* increment;
};

constexpr Row rows[] = {
    // Trade Me, help: Placing a bid.
    {"trademe", "0", "0.50"},
    {"trademe", "19.99", "0.50"},
    {"trademe", "20", "1.00"},
    {"trademe", "199.99", "1.00"},
    {"trademe", "200", "5.00"},
    {"trademe", "999.99", "5.00"},
    {"trademe", "1000", "10.00"},
    {"trademe", "4999.99", "10.00"},
    {"trademe", "5000", "50.00"},
    {"trademe", "24999.99", "50.00"},
    {"trademe", "25000", "100.00"},
    {"trademe", "9999999", "100.00"},
    // GunBroker, support question 1018.
    {"gunbroker", "0", "0.25"},
    {"gunbroker", "9.99", "0.25"},
    {"gunbroker", "10", "1.00"},
    {"gunbroker", "49.99", "1.00"},
    {"gunbroker", "50", "2.00"},
    {"gunbroker", "99.99", "2.00"},
    {"gunbroker", "100", "5.00"},
    {"gunbroker", "999.99", "5.00"},
    {"gunbroker", "1000", "25.00"},
    // MaxSold, support: How do the bid increments work?
    {"maxsold", "0", "1.00"},
    {"maxsold", "35", "1.00"},
    {"maxsold", "35.01", "5.00"},
    {"maxsold", "100", "5.00"},
    {"maxsold", "100.01", "10.00"},
    {"maxsold", "1000", "10.00"},
    {"maxsold", "1000.01", "50.00"},
    {"maxsold", "5000", "50.00"},
    {"maxsold", "5000.01", "100.00"},
    {"maxsold", "10000", "100.00"},
    {"maxsold", "10000.01", "250.00"},
    // Estonian Internet Foundation, auction centre: update_minimum_bid_step.
    {"eif", "0.99", "0.01"},
    {"eif", "1", "0.10"},
    {"eif", "9.99", "0.10"},
    {"eif", "10", "1.00"},
    {"eif", "100", "10.00"},
    {"eif", "1000", "100.00"},
    {"eif", "9999.99", "100.00"},
    {"eif", "10000", "1000.00"},
    {"eif", "100000", "10000.00"},
    // One's own.
    {"2.50", "0", "2.50"},
    {"2.50", "1000000", "2.50"},
    {"0:1,10:2", "9.99", "1.00"},
    {"0:1,10:2", "10", "2.00"},
};

TEST(IncrementsTest, TablesSayTheIncrementAtThePrice) {
  for (const auto& [table, standing, increment] : rows) {
    const Increments increments = parse_increments(table, dollars).value();
    EXPECT_TRUE(validate_increments(increments)) << table;
    EXPECT_EQ(to_text(increment_at(increments, parse_price(standing, dollars).value()), dollars),
              increment)
        << table << " at " << standing;
  }
}

TEST(IncrementsTest, TablesAreWrittenAsTheyAreRead) {
  EXPECT_EQ(to_text(parse_increments("0.5", dollars).value(), dollars), "0.50");
  EXPECT_EQ(to_text(parse_increments("gunbroker", dollars).value(), dollars),
            "0.00:0.25,10.00:1.00,50.00:2.00,100.00:5.00,1000.00:25.00");
  for (const char* name : {"trademe", "gunbroker", "maxsold", "eif"}) {
    const Increments table = parse_increments(name, dollars).value();
    EXPECT_EQ(parse_increments(to_text(table, dollars), dollars).value(), table) << name;
  }
}

TEST(IncrementsTest, NamedTablesNeedTheirDecimals) {
  const Currency yen{"JPY", 0};
  const Currency dinar{"BHD", 3};
  EXPECT_EQ(parse_increments("trademe", yen).error().message,
            "the table trademe has steps too small for JPY; write a table of your own, such as "
            "0:1,100:5");
  EXPECT_EQ(to_text(parse_increments("gunbroker", dinar).value(), dinar),
            "0.000:0.250,10.000:1.000,50.000:2.000,100.000:5.000,1000.000:25.000");
}

TEST(IncrementsTest, WhatIsNoTableIsRefused) {
  std::string long_table = "0:1";
  for (int i = 1; i <= 64; ++i) long_table += "," + std::to_string(i) + ":1";
  for (const std::string& text :
       {std::string(""), std::string(","), std::string("0"), std::string("0:0"), std::string("1:1"),
        std::string("0:1,"), std::string("0:1,0:2"), std::string("0:1,10:2,5:3"),
        std::string("0:1:2"), std::string("0:-1"), std::string("Trademe"), std::string("0:0.001"),
        std::string(":1"), std::string("0:"), std::string("0:1,5"), long_table}) {
    EXPECT_FALSE(parse_increments(text, dollars)) << text;
  }
  EXPECT_EQ(parse_increments(long_table, dollars).error().message,
            "a table of increments has 65 steps; at most 64 are allowed");
}

}  // namespace
}  // namespace muster::auction::increments_test
