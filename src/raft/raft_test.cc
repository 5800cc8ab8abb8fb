// The core's answers to what no transcript can say: malformed messages, limits, views.
#include "raft/raft.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace muster::raft::raft_test {
namespace {

using namespace std::chrono_literals;

constexpr ServerNumber ann{1};
constexpr ServerNumber bob{2};
constexpr ServerNumber eve{3};
constexpr Instant start{1s};

Configuration voters(std::initializer_list<ServerNumber> servers) {
  Configuration configuration;
  for (const ServerNumber server : servers) configuration.members[server] = MemberRole::voter;
  return configuration;
}

Entry command(std::uint64_t term, std::uint64_t index) {
  return {Term{term}, LogIndex{index}, EntryKind::commands, SharedBytes::copy_of(as_bytes("x"))};
}

/// Bob, of three voters, with entry 1 stored.
Raft bob_of_three(Options options = {}) {
  Restored restored;
  restored.hard_state.term = Term{1};
  restored.entries = {{Term{1}, LogIndex{1}, EntryKind::configuration,
                       SharedBytes(encode_configuration(voters({ann, bob, eve}), {}))}};
  Raft raft(options, bob, std::move(restored));
  raft.tick(start);
  return raft;
}

Message append(std::uint64_t term, std::uint64_t previous, std::uint64_t previous_term,
               std::vector<Entry> entries, std::uint64_t commit = 0) {
  return {ann, bob, Term{term},
          AppendRequest{LogIndex{previous}, Term{previous_term}, LogIndex{commit}, 0,
                        std::move(entries)}};
}

/// Leads bob's group of one; entry 2 begins its term.
Raft alone(Options options = {}) {
  Raft raft = Raft::found(options, bob, voters({bob}), as_bytes("note"), start);
  Ready ready = raft.ready();
  raft.stored(Term{1}, LogIndex{1});
  static_cast<void>(raft.ready());
  raft.applied(LogIndex{1});
  return raft;
}

std::string refusal(Raft& raft, const Message& message) {
  const auto taken = raft.step(message, start);
  return taken ? "taken" : taken.error().message;
}

TEST(RaftTest, RefusesImpossibleMessagesAndStaysUnchanged) {
  Raft raft = bob_of_three();
  ASSERT_TRUE(raft.step(append(2, 1, 1, {command(2, 2), command(2, 3)}, 3), start));
  static_cast<void>(raft.ready());
  EXPECT_EQ(refusal(raft, append(2, 3, 2, {command(2, 5)})),
            "append request of server 1: entries that do not follow");
  EXPECT_EQ(refusal(raft, append(2, 3, 2, {command(3, 4)})),
            "append request of server 1: entries whose terms go back or ahead");
  EXPECT_EQ(refusal(raft, append(3, 2, 2, {command(3, 3)})),
            "append request of server 1: contradicts what is committed here");
  EXPECT_EQ(refusal(raft, append(2, 3, 0, {})),
            "append request of server 1: a previous entry without a term, or the reverse");
  Entry broken = command(2, 4);
  broken.kind = EntryKind::configuration;
  EXPECT_EQ(refusal(raft, append(2, 3, 2, {broken})),
            "a configuration entry of an unknown version");
  EXPECT_EQ(refusal(raft, {eve, bob, Term{2}, AppendRequest{}}),
            "append request of server 3: a second leader in one term");
  EXPECT_EQ(refusal(raft, {ann, eve, Term{2}, AppendRequest{}}),
            "append request of server 1: meant for another server");
  EXPECT_EQ(refusal(raft, {ann, bob, Term{2}, SnapshotChunk{.mark = {}, .offset = 9, .total = 4}}),
            "snapshot chunk of server 1: a piece beyond the snapshot's end");
  EXPECT_EQ(raft.term(), Term{2});
  EXPECT_EQ(raft.last_index(), LogIndex{3});
  const Ready ready = raft.ready();
  EXPECT_TRUE(ready.store.empty());
  EXPECT_TRUE(ready.send_when_stored.empty());
}

TEST(RaftTest, AStoreThatReplacesEntriesBeginsAtTheFirstThatDiffers) {
  Raft raft = bob_of_three();
  ASSERT_TRUE(raft.step(append(2, 1, 1, {command(2, 2), command(2, 3)}), start));
  EXPECT_EQ(raft.ready().store.entries.size(), 2U);
  ASSERT_TRUE(raft.step(append(3, 2, 2, {command(3, 3)}), start));
  const Ready ready = raft.ready();
  ASSERT_EQ(ready.store.entries.size(), 1U);
  EXPECT_EQ(ready.store.entries[0], command(3, 3));
  EXPECT_EQ(ready.store.hard_state, (HardState{Term{3}, std::nullopt}));
}

TEST(RaftTest, CommittedEntriesAreGivenOnceInPortions) {
  Options options;
  options.apply_bytes_max = 2;
  Raft raft = bob_of_three(options);
  std::vector<Entry> entries;
  for (std::uint64_t i = 2; i <= 6; ++i) entries.push_back(command(2, i));
  ASSERT_TRUE(raft.step(append(2, 1, 1, entries, 6), start));
  std::vector<std::uint64_t> given;
  for (int i = 0; i < 10; ++i) {
    for (const Entry& entry : raft.ready().apply) given.push_back(entry.index.value);
  }
  EXPECT_EQ(given, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
}

TEST(RaftTest, AFounderOfOneCommitsWhenItsDiskHas) {
  Raft raft = Raft::found({}, bob, voters({bob}), as_bytes("note"), start);
  Ready ready = raft.ready();
  EXPECT_EQ(raft.role(), Role::leader);
  EXPECT_EQ(ready.store.hard_state, (HardState{Term{1}, bob}));
  ASSERT_EQ(ready.store.entries.size(), 1U);
  EXPECT_EQ(as_text(decode_configuration(ready.store.entries[0].payload.view())->annotation),
            "note");
  EXPECT_EQ(raft.commit(), LogIndex{0});
  raft.stored(Term{1}, LogIndex{1});
  EXPECT_EQ(raft.ready().apply.size(), 1U);
  EXPECT_TRUE(raft.term_start_committed());
}

TEST(RaftTest, LimitsOnProposalsAndReadsAreToldAsErrors) {
  Options options;
  options.message_bytes_max = 4;
  options.uncommitted_bytes_max = 6;
  options.reads_max = 1;
  Raft raft = alone(options);
  const auto propose = [&](std::string_view text) {
    return raft.propose(SharedBytes::copy_of(as_bytes(text)), start);
  };
  EXPECT_EQ(propose("12345").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(propose("1234").value(), LogIndex{2});
  EXPECT_EQ(propose("123").error().code, ErrorCode::resource_exhausted);
  raft.read(1, start);
  raft.read(2, start);
  const Ready ready = raft.ready();
  EXPECT_EQ(ready.reads, (std::vector<ReadOutcome>{{2, std::nullopt}, {1, LogIndex{1}}}));
  raft.stored(Term{1}, LogIndex{2});
  EXPECT_EQ(raft.ready().apply.size(), 1U);
  EXPECT_EQ(propose("123").value(), LogIndex{3});
}

TEST(RaftTest, ABlankServerWaitsForNothing) {
  Raft raft({}, bob, {});
  EXPECT_EQ(raft.deadline(), Instant{});
  raft.tick(start);
  raft.tick(raft.deadline());
  EXPECT_EQ(raft.deadline(), Instant::max());
  EXPECT_TRUE(raft.ready().store.empty());
}

TEST(RaftTest, ALeaderKnowsTheWallClocksOfTheVotesThatMadeIt) {
  Raft raft = bob_of_three();
  raft.tick(raft.deadline());
  static_cast<void>(raft.ready());
  ASSERT_TRUE(raft.step({ann, bob, Term{2}, PreVoteReply{true}}, start));
  static_cast<void>(raft.ready());
  ASSERT_TRUE(raft.step({bob, bob, Term{2}, VoteReply{true, {70}}}, start));
  ASSERT_TRUE(raft.step({eve, bob, Term{2}, VoteReply{true, {90}}}, start));
  EXPECT_EQ(raft.role(), Role::leader);
  EXPECT_EQ(raft.vote_clocks(), (std::vector<LogTime>{{70}, {90}}));
}

TEST(RaftTest, ASnapshotMarkHoldsTheMembershipOfItsPlaceNotALaterOne) {
  Raft raft = alone();
  Configuration two = voters({bob});
  two.members[ann] = MemberRole::standby;
  EXPECT_EQ(raft.propose_configuration(two, {}, start).value(), LogIndex{2});
  EXPECT_EQ(raft.configuration(), two);
  const SnapshotMark mark = raft.mark_at(LogIndex{1});
  EXPECT_EQ(mark.configuration, voters({bob}));
  EXPECT_EQ(mark.configuration_index, LogIndex{1});
}

TEST(RaftTest, AReturningServerRemembersItsVote) {
  Restored restored;
  restored.hard_state = {Term{4}, ann};
  restored.snapshot = {LogIndex{8}, Term{3}, voters({ann, bob, eve}), LogIndex{1}};
  Raft raft({}, bob, std::move(restored));
  ASSERT_TRUE(raft.step({eve, bob, Term{4}, VoteRequest{LogIndex{9}, Term{4}, true}}, start));
  ASSERT_TRUE(raft.step({ann, bob, Term{4}, VoteRequest{LogIndex{9}, Term{4}}}, start));
  const Ready ready = raft.ready();
  ASSERT_EQ(ready.send_when_stored.size(), 2U);
  EXPECT_FALSE(std::get<VoteReply>(ready.send_when_stored[0].body).granted);
  EXPECT_TRUE(std::get<VoteReply>(ready.send_when_stored[1].body).granted);
}

TEST(RaftTest, AVoteIsInTheStoreThatItsAnswerWaitsFor) {
  Raft raft = bob_of_three();
  ASSERT_TRUE(raft.step({ann, bob, Term{1}, VoteRequest{LogIndex{1}, Term{1}}}, start));
  const Ready ready = raft.ready();
  EXPECT_EQ(ready.store.hard_state, (HardState{Term{1}, ann}));
  EXPECT_EQ(ready.send_when_stored.size(), 1U);
}

TEST(RaftTest, WhoHearsALeaderIsDeafToCandidatesButNotToOneHandedOver) {
  Raft raft = bob_of_three();
  ASSERT_TRUE(raft.step(append(2, 1, 1, {}), start));
  ASSERT_TRUE(raft.step({eve, bob, Term{9}, VoteRequest{LogIndex{9}, Term{8}}}, start));
  EXPECT_EQ(raft.term(), Term{2});
  ASSERT_TRUE(raft.step({eve, bob, Term{9}, VoteRequest{LogIndex{9}, Term{8}, true}}, start));
  EXPECT_EQ(raft.term(), Term{9});
}

TEST(RaftTest, RankMakesTheWaitAfterSilenceLonger) {
  Raft first = bob_of_three();
  Raft last = bob_of_three();
  last.set_rank(4);
  ASSERT_TRUE(first.step(append(2, 1, 1, {}), start));
  ASSERT_TRUE(last.step(append(2, 1, 1, {}), start));
  EXPECT_EQ(last.deadline() - first.deadline(), 4 * Options{}.rank_wait);
}

TEST(RaftTest, RankMakesTheWaitAfterALossLonger) {
  Raft second = bob_of_three();
  Raft last = bob_of_three();
  second.set_rank(1);
  last.set_rank(4);
  for (Raft* const raft : {&second, &last}) {
    ASSERT_TRUE(raft->step(append(2, 1, 1, {}), start));
    raft->leader_lost(start);
  }
  EXPECT_EQ(second.deadline(), start + Options{}.lost_rank_wait);
  EXPECT_EQ(last.deadline(), start + 4 * Options{}.lost_rank_wait);
}

// The third of three is dead, so that neither a majority nor a refusal by one ever comes.
TEST(RaftTest, WhoIsRefusedByOneThatDoesNotMissTheLeaderYetAsksAgainWithinMoments) {
  Raft raft = bob_of_three();
  ASSERT_TRUE(raft.step(append(2, 1, 1, {}), start));
  raft.leader_lost(start);
  ASSERT_EQ(raft.role(), Role::pre_candidate);
  ASSERT_TRUE(raft.step({eve, bob, Term{2}, PreVoteReply{false}}, start));
  EXPECT_EQ(raft.role(), Role::pre_candidate);
  const Instant again = raft.deadline();
  EXPECT_GE(again, start + Options{}.retry_wait);
  EXPECT_LE(again, start + 2 * Options{}.retry_wait);
  static_cast<void>(raft.ready());
  raft.tick(again);
  ASSERT_TRUE(raft.step({eve, bob, Term{2}, PreVoteReply{false}}, again));
  EXPECT_GE(raft.deadline(), again + 2 * Options{}.retry_wait) << "twice as long each time";
  ASSERT_TRUE(raft.step({eve, bob, Term{3}, PreVoteReply{true}}, again));
  EXPECT_EQ(raft.role(), Role::candidate);
}

TEST(RaftTest, AMajorityThatReturnsEndsTheWaitForASilence) {
  Options slow{.heartbeat_interval = 2s, .election_timeout = 5s};
  Raft raft = bob_of_three(slow);
  raft.set_rank(2);
  EXPECT_GE(raft.deadline(), start + 5s);
  raft.majority_returned(start + 1s);
  EXPECT_EQ(raft.deadline(), start + 1s + 2 * Options{}.lost_rank_wait);

  Raft led = bob_of_three(slow);
  ASSERT_TRUE(led.step(append(2, 1, 1, {}), start));
  led.majority_returned(start + 1s);
  EXPECT_GE(led.deadline(), start + 5s);
}

TEST(RaftTest, ACandidacyThatIsNotDecidedBeginsAnewAfterASecond) {
  Raft raft = bob_of_three({.heartbeat_interval = 2s, .election_timeout = 5s});
  const Instant stood = raft.deadline();
  raft.tick(stood);
  ASSERT_TRUE(raft.step({ann, bob, Term{2}, PreVoteReply{true}}, stood));
  ASSERT_EQ(raft.role(), Role::candidate);
  EXPECT_GE(raft.deadline(), stood + 500ms);
  EXPECT_LE(raft.deadline(), stood + 1s);
  raft.tick(raft.deadline());
  EXPECT_EQ(raft.role(), Role::pre_candidate);
}

TEST(RaftTest, RankMakesTheWaitAfterARefusalLonger) {
  Raft first = bob_of_three();
  Raft last = bob_of_three();
  for (Raft* const raft : {&first, &last}) raft->tick(raft->deadline());
  last.set_rank(4);
  for (Raft* const raft : {&first, &last}) {
    ASSERT_EQ(raft->role(), Role::pre_candidate);
    ASSERT_TRUE(raft->step({ann, bob, Term{1}, PreVoteReply{false}}, start));
    ASSERT_TRUE(raft->step({eve, bob, Term{1}, PreVoteReply{false}}, start));
  }
  EXPECT_EQ(last.deadline() - first.deadline(), 4 * Options{}.lost_rank_wait);
}

TEST(RaftTest, WhoDoesNotKnowThatOnlyTwoVotersRemainedDoesNotGoOnAlone) {
  Restored restored;
  restored.hard_state.term = Term{1};
  restored.entries = {{Term{1}, LogIndex{1}, EntryKind::configuration,
                       SharedBytes(encode_configuration(voters({ann, bob}), {}))}};
  Raft raft({}, bob, std::move(restored));
  EXPECT_EQ(raft.may_continue_alone(ann).error().code, ErrorCode::failed_precondition);
  ASSERT_TRUE(raft.step(append(2, 1, 1, {}, 1), start));
  EXPECT_TRUE(raft.may_continue_alone(ann).has_value());
}

TEST(RaftTest, AMatchIndexNeverGoesBack) {
  Progress progress(LogIndex{1}, start);
  progress.matched(LogIndex{7});
  progress.matched(LogIndex{3});
  EXPECT_EQ(progress.match(), LogIndex{7});
  progress.probe_from(LogIndex{2});
  EXPECT_EQ(progress.next(), LogIndex{8});
}

/// Of what a leader sends a follower that says nothing, over some heartbeats.
struct Sent {
  int heartbeats{0};
  std::size_t entries{0};
  int pieces{0};
};

Sent sent_in_silence(Raft& raft, Instant now, int heartbeats) {
  Sent sent;
  for (int beat = 0; beat <= heartbeats; ++beat, now = raft.deadline()) {
    raft.tick(now);
    for (const Message& message : raft.ready().send_now) {
      const auto* const append = std::get_if<AppendRequest>(&message.body);
      if (append != nullptr) sent.entries += append->entries.size();
      if (append != nullptr && append->entries.empty()) ++sent.heartbeats;
      if (std::holds_alternative<SnapshotChunk>(message.body)) ++sent.pieces;
    }
  }
  return sent;
}

// Over a slow link what was sent may still be on its way: more of it only makes that longer.
TEST(RaftTest, WhoDoesNotAnswerIsAskedAgainButNotSentTheEntriesAgain) {
  Raft raft = alone();
  Configuration two = voters({bob});
  two.members[ann] = MemberRole::standby;
  EXPECT_TRUE(raft.propose_configuration(two, {}, start));
  EXPECT_EQ(sent_in_silence(raft, start, 1).entries, 0U);  // Nobody knows where its log ends.
  const auto answer = [&](bool accepted, LogIndex match) {
    const AppendReply reply{
        .accepted = accepted, .match = match, .hint_index = {}, .hint_term = {}};
    ASSERT_TRUE(raft.step({ann, bob, Term{1}, reply}, start));
  };
  answer(false, LogIndex{2});
  const Sent sent = sent_in_silence(raft, start, 40);
  EXPECT_EQ(sent.entries, 2U);
  EXPECT_GE(sent.heartbeats, 39);
  answer(true, LogIndex{0});
  EXPECT_EQ(sent_in_silence(raft, start, 0).entries, 2U);  // It is there, and may have lost them.
}

// Its match is not known yet: it is not nothing.
TEST(RaftTest, AFollowerThatConnectsBeforeItAnsweredIsNotSentTheWholeLog) {
  Raft raft = alone();
  Configuration two = voters({bob});
  two.members[ann] = MemberRole::standby;
  EXPECT_TRUE(raft.propose_configuration(two, {}, start));
  const auto asked_after = [&] {
    std::vector<LogIndex> asked;
    for (const Message& message : raft.ready().send_now) {
      const auto* const append = std::get_if<AppendRequest>(&message.body);
      if (append != nullptr) asked.push_back(append->previous_index);
    }
    return asked;
  };
  EXPECT_EQ(asked_after(), std::vector{LogIndex{2}});
  raft.peer_connected(ann, start);
  EXPECT_EQ(asked_after(), std::vector{LogIndex{2}});
}

// A slow link has not lost what it has not brought yet.
TEST(RaftTest, APieceOfASnapshotIsSentAgainLessAndLessOften) {
  Progress progress(LogIndex{1}, start);
  progress.begin_transfer({}, 100ms);
  Progress::Transfer& transfer = *progress.transfer();
  const auto lost_after = [&](Duration silence) {
    transfer.in_flight = true;
    transfer.sent_at = start;
    transfer.send_again_if_lost(start + silence);
    return !transfer.in_flight;
  };
  EXPECT_FALSE(lost_after(99ms));
  EXPECT_TRUE(lost_after(100ms));
  EXPECT_FALSE(lost_after(199ms));
  EXPECT_TRUE(lost_after(200ms));
  transfer.answered();
  EXPECT_EQ(transfer.patience, 200ms);
  for (int times = 0; times < 20; ++times) EXPECT_TRUE(lost_after(5s));
  EXPECT_EQ(transfer.patience, 5s);
  for (int times = 0; times < 20; ++times) transfer.answered();
  EXPECT_EQ(transfer.patience, 100ms);
}

TEST(RaftTest, TimeThatGoesBackIsNoTime) {
  Raft raft = bob_of_three();
  const Instant deadline = raft.deadline();
  raft.tick(start - 500ms);
  EXPECT_EQ(raft.deadline(), deadline);
  EXPECT_EQ(raft.role(), Role::follower);
}

}  // namespace
}  // namespace muster::raft::raft_test
