// The lines of `muster peer`, change by change.
#include "cli/peer_lines.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::cli::peer_lines_test {
namespace {

using Lines = std::vector<std::string>;

class PeerLinesTest : public testing::Test {
 protected:
  Lines tell(bool formed, std::set<std::uint32_t> online,
             std::optional<std::uint32_t> leader = std::nullopt) {
    node::Presence presence{.formed = formed, .all = {{0}, {2}, {5}, {7}}, .needed = 3};
    for (const std::uint32_t number : online) presence.online.insert({number});
    if (leader) presence.leader = ServerNumber{*leader};
    return lines_.lines_for(presence);
  }

  PeerLines lines_{discovery::parse_entry_file("4\n0 a\n2 b\n5 ::1\n7 d:1\n", 9000).value()};
};

TEST_F(PeerLinesTest, WhileTheGroupIsNotFoundedTheMissingAreNamed) {
  EXPECT_EQ(tell(false, {0, 7}), Lines{"waiting for 2 (b:9000), 5 ([::1]:9000): 2 of 4 connected"});
  EXPECT_EQ(tell(false, {0, 7}), Lines{});
  EXPECT_EQ(tell(false, {0, 2, 7}), Lines{"waiting for 5 ([::1]:9000): 3 of 4 connected"});
  EXPECT_EQ(tell(false, {0, 2, 5, 7}), Lines{});
  EXPECT_EQ(tell(true, {0, 2, 5, 7}, 0), (Lines{"online 0,2,5,7", "leader 0"}));
}

TEST_F(PeerLinesTest, EachChangeIsALine) {
  EXPECT_EQ(tell(true, {0, 2, 5, 7}, 0), (Lines{"online 0,2,5,7", "leader 0"}));
  EXPECT_EQ(tell(true, {2, 5, 7}, 0), Lines{"online 2,5,7"});
  EXPECT_EQ(tell(true, {2, 5, 7}, 2), Lines{"leader 2"});
  EXPECT_EQ(tell(true, {2, 7}), (Lines{"online 2,7", "leader none: 2 of 4 online, 3 needed"}));
  EXPECT_EQ(tell(true, {7}), (Lines{"online 7", "leader none: 1 of 4 online, 3 needed"}));
  EXPECT_EQ(tell(true, {5, 2, 7}), (Lines{"online 2,5,7", "leader none: 3 of 4 online, 3 needed"}));
  EXPECT_EQ(tell(true, {2, 5, 7}, 2), Lines{"leader 2"});
}

}  // namespace
}  // namespace muster::cli::peer_lines_test
