// Who may open a session under which name, and how many are where.
#include "replica/session_table.h"

#include <gtest/gtest.h>

namespace muster::replica::session_table_test {
namespace {

constexpr ServerNumber east{1};
constexpr ServerNumber west{2};

SessionId session(std::uint64_t number) {
  return {Uuid::make_v7(std::chrono::milliseconds{1}, 1, number)};
}

Open car(NameRule rule, const std::string& name = "car", ServerNumber home = east) {
  return {.name = name, .kind = "car", .home = home, .zone = {}, .name_rule = rule};
}

TEST(SessionTableTest, AUniqueNameIsRefusedWhileAnotherOfItsKindHasIt) {
  SessionTable table({});
  EXPECT_EQ((*table.open(session(1), car(NameRule::unique, "car_1"), {}))->name, "car_1");
  const auto second = table.open(session(2), car(NameRule::unique, "car_1"), {});
  EXPECT_EQ(second.error().code, ErrorCode::already_exists);
  EXPECT_EQ(second.error().message, "the name car_1 is taken; car_2 is free");
  EXPECT_EQ(table.size(), 1U);
  // One that doesn't mind.
  EXPECT_TRUE(table.open(session(3), car(NameRule::any, "car_1"), {}));
  table.erase(session(1));
  table.erase(session(3));
  EXPECT_TRUE(table.open(session(4), car(NameRule::unique, "car_1"), {}));
}

TEST(SessionTableTest, ANumberedNameGetsTheFirstFreeNumberAndKeepsIt) {
  SessionTable table({});
  EXPECT_EQ((*table.open(session(1), car(NameRule::numbered), {}))->name, "car_1");
  EXPECT_EQ((*table.open(session(2), car(NameRule::numbered), {}))->name, "car_2");
  EXPECT_EQ(table.attach(session(2), {.home = west, .epoch = {2}})->name, "car_2");
  table.erase(session(1));
  EXPECT_EQ((*table.open(session(3), car(NameRule::numbered), {}))->name, "car_1");
}

TEST(SessionTableTest, LoadsFollowTheHomes) {
  SessionTable table({});
  Open open = car(NameRule::any);
  ASSERT_TRUE(table.open(session(1), open, {}));
  open.zone = "north";
  ASSERT_TRUE(table.open(session(2), open, {}));
  EXPECT_EQ(table.loads(), (Loads{{east, {{"", 1}, {"north", 1}}}}));
  table.attach(session(2), {.home = west, .epoch = {2}});
  EXPECT_EQ(table.loads(), (Loads{{east, {{"", 1}}}, {west, {{"north", 1}}}}));
  table.erase(session(1));
  EXPECT_EQ(table.loads(), (Loads{{west, {{"north", 1}}}}));
  EXPECT_EQ(table.attach(session(1), {.home = west, .epoch = {2}}), nullptr);
}

TEST(SessionTableTest, PagesHaveEachSessionOnce) {
  SessionTable table({});
  for (std::uint64_t number = 1; number <= 10; ++number) {
    ASSERT_TRUE(table.open(session(number), car(NameRule::any), {}));
  }
  std::vector<SessionId> all;
  std::optional<SessionId> after;
  for (bool more = true; more;) {
    more = table.page(after, 3, [&](SessionId id, const Session&) { all.push_back(id); });
    after = all.back();
  }
  std::vector<SessionId> whole;
  table.for_each([&](SessionId id, const Session&) { whole.push_back(id); });
  EXPECT_EQ(all, whole);
  EXPECT_EQ(all.size(), 10U);
}

TEST(SessionTableTest, ARestoredTableKnowsNamesAndLoads) {
  SessionTable table({});
  Open open = car(NameRule::numbered);
  open.zone = "north";
  open.host = "box";
  open.tags = {{"crew", "2"}, {"shift", ""}};
  ASSERT_TRUE(table.open(session(1), open, LogTime{7}));
  SessionTable restored({});
  for (const auto& part : table.freeze()) {
    Bytes bytes;
    part->encode(bytes);
    ASSERT_TRUE(restored.restore(bytes));
  }
  EXPECT_EQ(restored.find(session(1))->zone, "north");
  EXPECT_EQ(restored.find(session(1))->host, "box");
  EXPECT_EQ(restored.find(session(1))->tags, open.tags);
  EXPECT_EQ(restored.find(session(1))->opened, LogTime{7});
  EXPECT_EQ(restored.loads(), table.loads());
  EXPECT_EQ((*restored.open(session(2), car(NameRule::numbered), {}))->name, "car_2");
}

}  // namespace
}  // namespace muster::replica::session_table_test
