// Clients that are asked to move, and where they are until they have.
#include <gtest/gtest.h>

#include "edge/edge.h"
#include "edge/testing/home.h"
#include "wire/control.h"

namespace muster::edge::edge_moves_test {
namespace {

using namespace std::chrono_literals;

const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
constexpr LinkId link{10};

class EdgeMovesTest : public HomeTest {
 protected:
  EdgeMovesTest() { edge_.link_opened(link, now_); }
  void frame(wire::FrameType type, const google::protobuf::MessageLite& message) {
    HomeTest::frame(link, type, wire::encode(message));
  }
  void open(const wire::OpenSession& open) {
    frame(wire::FrameType::open_session, open);
    edge_.applied({replica::SessionAttached{
                      .session = ann, .epoch = {1}, .last = {0}, .home = self, .name = "ann"}},
                  self, now_);
    edge_.take_outputs();
  }
  static wire::OpenSession opening() { return HomeTest::opening(ann); }
  std::vector<SessionId> movable() const {
    std::vector<SessionId> all;
    edge_.for_each_movable(now_, [&](SessionId id) {
      all.push_back(id);
      return true;
    });
    return all;
  }
  std::vector<wire::Redirect> redirects() {
    std::vector<wire::Redirect> all;
    for (const LinkOutput& output : edge_.take_outputs()) {
      const auto* const send = std::get_if<SendFrame>(&output);
      if (send == nullptr || send->type != wire::FrameType::redirect) continue;
      all.push_back(wire::decode<wire::Redirect>(send->body.front().view()).value());
    }
    return all;
  }
};

using Ids = std::vector<SessionId>;

TEST_F(EdgeMovesTest, ASessionIsAskedOnceAndServedUntilItHasMoved) {
  EXPECT_EQ(movable(), Ids{});
  open(opening());
  EXPECT_EQ(movable(), Ids{ann});
  edge_.ask_to_move(ann, other, "b:1", "a drains", now_);
  const auto asked = redirects();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].address(), "b:1");
  EXPECT_TRUE(asked[0].keep_until_moved());
  EXPECT_EQ(movable(), Ids{});
  EXPECT_EQ(edge_.on_their_way(now_), (std::map<SessionId, ServerNumber>{{ann, other}}));
  EXPECT_EQ(edge_.attached(), 1U);

  edge_.applied({replica::SessionAttached{
                    .session = ann, .epoch = {2}, .last = {0}, .home = other, .name = "ann"}},
                self, now_);
  EXPECT_EQ(edge_.attached(), 0U);
  EXPECT_TRUE(edge_.on_their_way(now_).empty());
}

TEST_F(EdgeMovesTest, WhoDoesNotMoveIsAskedAnewAfterAWhile) {
  open(opening());
  edge_.ask_to_move(ann, other, "b:1", "a drains", now_);
  now_ += 5s;
  EXPECT_EQ(movable(), Ids{ann});
  EXPECT_TRUE(edge_.on_their_way(now_).empty());
}

TEST_F(EdgeMovesTest, AnOpenCarriesZoneAndRuleForTheLog) {
  wire::OpenSession wanted = opening();
  wanted.set_zone("north");
  wanted.set_host("box");
  (*wanted.mutable_tags())["crew"] = "2";
  wanted.set_name_rule(wire::NameRule::NUMBERED);
  frame(wire::FrameType::open_session, wanted);
  const auto batches = edge_.take_batches();
  ASSERT_EQ(batches.size(), 1U);
  const auto view = wire::BatchView::parse(batches[0].view());
  const auto control = replica::decode_control((*view->commands().begin()).payload);
  const auto& sent = std::get<replica::Open>(*control);
  EXPECT_EQ(sent.zone, "north");
  EXPECT_EQ(sent.host, "box");
  EXPECT_EQ(sent.tags, (std::map<std::string, std::string>{{"crew", "2"}}));
  EXPECT_EQ(sent.name_rule, replica::NameRule::numbered);
}

TEST_F(EdgeMovesTest, ANameWithoutRoomForItsNumberIsRefused) {
  wire::OpenSession wanted = opening();
  wanted.set_name(std::string(55, 'x'));
  wanted.set_name_rule(wire::NameRule::NUMBERED);
  frame(wire::FrameType::open_session, wanted);
  EXPECT_TRUE(edge_.take_batches().empty());
}

TEST_F(EdgeMovesTest, TagsAndHostsBeyondTheirLimitsAreRefused) {
  const auto refused = [this](const wire::OpenSession& wanted) {
    frame(wire::FrameType::open_session, wanted);
    edge_.link_closed(link, now_);
    edge_.link_opened(link, now_);
    return edge_.take_batches().empty();
  };
  wire::OpenSession wanted = opening();
  for (std::size_t i = 0; i < wire::client_tags_max; ++i) {
    (*wanted.mutable_tags())[std::to_string(i)] = std::string(wire::name_bytes_max, 'v');
  }
  wanted.set_host(std::string(wire::address_bytes_max, 'h'));
  EXPECT_FALSE(refused(wanted));
  wire::OpenSession longer = wanted;
  (*longer.mutable_tags())["0"] += "v";
  EXPECT_TRUE(refused(longer));
  wire::OpenSession more = wanted;
  (*more.mutable_tags())["more"] = "v";
  EXPECT_TRUE(refused(more));
  wanted.mutable_host()->push_back('h');
  EXPECT_TRUE(refused(wanted));
}

TEST_F(EdgeMovesTest, WhoFollowsWithoutASessionIsAskedToo) {
  wire::Follow follow;
  follow.set_topic("group");
  follow.set_from_now(true);
  frame(wire::FrameType::follow, follow);
  EXPECT_EQ(edge_.movable_followers(now_), std::vector<LinkId>{link});
  edge_.ask_follower_to_move(link, "b:1", "a stops", now_);
  EXPECT_TRUE(redirects().back().keep_until_moved());
  EXPECT_TRUE(edge_.movable_followers(now_).empty());
}

TEST_F(EdgeMovesTest, TheClientThatIsAttachedWasHeardNow) {
  EXPECT_EQ(edge_.heard(ann), std::nullopt);
  open(opening());
  EXPECT_EQ(edge_.heard(ann), now_);
}

}  // namespace
}  // namespace muster::edge::edge_moves_test
