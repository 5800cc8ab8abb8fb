// Messages of the consensus core survive the way through bytes, and junk is refused.
#include "node/raft_codec.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace muster::node::raft_codec_test {
namespace {

SharedBytes joined(const raft::Message& message) {
  Bytes bytes;
  for (const SharedBytes& piece : encode_message(message)) {
    bytes.insert(bytes.end(), piece.view().begin(), piece.view().end());
  }
  return SharedBytes(std::move(bytes));
}

template <class Body>
Body through(const Body& body) {
  const raft::Message message{.from = {3}, .to = {0}, .term = {9}, .body = body};
  const auto back = decode_message(joined(message));
  EXPECT_TRUE(back.has_value());
  EXPECT_EQ(back->from, message.from);
  EXPECT_EQ(back->to, message.to);
  EXPECT_EQ(back->term, message.term);
  return std::get<Body>(back->body);
}

raft::SnapshotMark mark() {
  return {.index = {40},
          .term = {2},
          .configuration = {{{ServerNumber{1}, raft::MemberRole::voter},
                             {ServerNumber{2}, raft::MemberRole::standby}}},
          .configuration_index = {17}};
}

TEST(RaftCodecTest, SmallMessagesComeBackAsTheyWere) {
  EXPECT_EQ(through(raft::PreVoteRequest{{7}, {6}}).last_index, LogIndex{7});
  EXPECT_TRUE(through(raft::PreVoteReply{true}).granted);
  EXPECT_TRUE(through(raft::VoteRequest{{7}, {6}, true}).handed_over);
  EXPECT_EQ(through(raft::VoteReply{true, {-5}}).wall_clock, LogTime{-5});
  const auto reply = through(raft::AppendReply{true, {1}, {2}, {3}, 4});
  EXPECT_EQ(reply.match, LogIndex{1});
  EXPECT_EQ(reply.hint_index, LogIndex{2});
  EXPECT_EQ(reply.hint_term, Term{3});
  EXPECT_EQ(reply.round, 4U);
  EXPECT_EQ(through(raft::SnapshotReply{{1}, 2, true, 3}).next_offset, 2U);
  EXPECT_EQ(through(raft::ReadRequest{11}).id, 11U);
  EXPECT_EQ(through(raft::ReadReply{11, LogIndex{4}}).index, LogIndex{4});
  EXPECT_EQ(through(raft::ReadReply{11, std::nullopt}).index, std::nullopt);
  through(raft::TimeoutNow{});
}

TEST(RaftCodecTest, EntriesComeBackAndTheirPayloadsAreSlices) {
  raft::AppendRequest request{
      .previous_index = {4}, .previous_term = {2}, .commit = {3}, .round = 8, .entries = {}};
  request.entries.push_back({{2}, {5}, EntryKind::commands, SharedBytes::copy_of(as_bytes("abc"))});
  request.entries.push_back({{3}, {6}, EntryKind::empty, {}});
  const auto back = through(request);
  EXPECT_EQ(back.entries, request.entries);
  EXPECT_EQ(back.previous_index, request.previous_index);
  EXPECT_EQ(back.commit, request.commit);
  EXPECT_EQ(back.round, 8U);
}

TEST(RaftCodecTest, SnapshotPiecesComeBackWithTheirMark) {
  const raft::SnapshotChunk chunk{.mark = mark(),
                                  .offset = 3,
                                  .total = 9,
                                  .data = SharedBytes::copy_of(as_bytes("xyz")),
                                  .round = 5};
  const auto back = through(chunk);
  EXPECT_EQ(back.mark, chunk.mark);
  EXPECT_EQ(back.data, chunk.data);
  EXPECT_EQ(back.offset, 3U);
  EXPECT_EQ(back.total, 9U);
}

TEST(RaftCodecTest, AChangeOfLeaderIsUrgentUpToTheEntryThatBeginsItsTerm) {
  const auto lane = [](decltype(raft::Message::body) body) {
    return lane_of({.from = {1}, .to = {2}, .term = {3}, .body = std::move(body)});
  };
  const auto append = [&](std::vector<EntryKind> kinds) {
    raft::AppendRequest request{};
    for (const EntryKind kind : kinds) request.entries.push_back({{3}, {5}, kind, SharedBytes()});
    return lane(std::move(request));
  };
  EXPECT_EQ(lane(raft::VoteRequest{}), wire::Lane::urgent);
  EXPECT_EQ(append({}), wire::Lane::urgent);
  EXPECT_EQ(append({EntryKind::empty}), wire::Lane::urgent);
  EXPECT_EQ(append({EntryKind::commands}), wire::Lane::normal);
  EXPECT_EQ(append({EntryKind::empty, EntryKind::commands}), wire::Lane::normal);
  EXPECT_EQ(lane(raft::SnapshotChunk{}), wire::Lane::bulk);
}

TEST(RaftCodecTest, CutMessagesAndJunkAreRefused) {
  raft::AppendRequest request{
      .previous_index = {4}, .previous_term = {2}, .commit = {3}, .round = 8, .entries = {}};
  request.entries.push_back({{2}, {5}, EntryKind::commands, SharedBytes::copy_of(as_bytes("abc"))});
  const SharedBytes whole = joined({.from = {1}, .to = {2}, .term = {3}, .body = request});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(decode_message(whole.slice(0, size)).error().code, ErrorCode::invalid_argument);
  }
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    Bytes junk(random.below(80));
    for (std::byte& byte : junk) byte = static_cast<std::byte>(random.next());
    if (!junk.empty()) junk[0] = static_cast<std::byte>(random.below(14));
    const auto decoded = decode_message(SharedBytes(std::move(junk)));
    if (!decoded) {
      EXPECT_FALSE(decoded.error().message.empty());
    }
  }
}

}  // namespace
}  // namespace muster::node::raft_codec_test
