#include "edge/irc/history.h"

#include <gtest/gtest.h>

#include "edge/irc/event_lines.h"

namespace muster::edge::irc::history_test {
namespace {

TEST(IrcHistoryTest, ReadsTimesAsTheyAreWritten) {
  EXPECT_EQ(parse_time("2026-01-01T00:00:00.123Z"), LogTime{1'767'225'600'123});
  EXPECT_EQ(parse_time("2026-01-01T00:00:00Z"), LogTime{1'767'225'600'000});
  EXPECT_EQ(parse_time("2026-01-01T00:00:00.5Z"), LogTime{1'767'225'600'500});
  EXPECT_EQ(parse_time("2026-01-01T00:00:00.123456Z"), LogTime{1'767'225'600'123});
  const LogTime leap{1'709'164'799'999};
  EXPECT_EQ(parse_time(time_text(leap)), leap);
  for (const char* const wrong : {"", "2026-01-01", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                                  "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "now"}) {
    EXPECT_EQ(parse_time(wrong), std::nullopt) << wrong;
  }
}

TEST(IrcHistoryTest, ReadsReferences) {
  EXPECT_EQ(parse_selector("msgid=12.3"), Selector(Position{{12}, 3}));
  EXPECT_EQ(parse_selector("timestamp=2026-01-01T00:00:00Z"), Selector(LogTime{1'767'225'600'000}));
  for (const char* const wrong : {"*", "msgid=", "msgid=1", "msgid=1.2x", "timestamp=1", "12.3"}) {
    EXPECT_EQ(parse_selector(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace muster::edge::irc::history_test
