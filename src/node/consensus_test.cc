// Consensus bound to disk and state: snapshots that overtake each other, clocks, hand-overs.
#include "node/consensus.h"

#include <gtest/gtest.h>

#include <utility>

#include "replica/session_control.h"
#include "wire/batch.h"

namespace muster::node::consensus_test {
namespace {

using namespace std::chrono_literals;

constexpr ServerNumber ann{1};
constexpr ServerNumber bob{2};
constexpr ServerNumber eve{3};
constexpr LogTime far_ahead{1'000'000'000};

raft::Configuration voters() {
  raft::Configuration configuration;
  for (const ServerNumber server : {ann, bob, eve}) {
    configuration.members[server] = raft::MemberRole::voter;
  }
  return configuration;
}

// The bytes of a snapshot of the state after this entry.
SharedBytes snapshot_at(std::uint64_t index) {
  replica::Replica state({}, [] { return std::vector<std::unique_ptr<service::Machine>>{}; });
  for (std::uint64_t i = 1; i <= index; ++i) {
    state.apply({.term = {1}, .index = {i}, .kind = EntryKind::empty, .payload = {}});
  }
  replica::FrozenEncoder encoder(state.freeze());
  Bytes all;
  for (Bytes chunk; encoder.next(chunk);) all.insert(all.end(), chunk.begin(), chunk.end());
  return SharedBytes(std::move(all));
}

// Waits for one point in log time.
class Alarm final : public service::Machine {
 public:
  explicit Alarm(LogTime at) : at_(at) {}
  ServiceId id() const override { return ServiceId{100}; }
  std::string_view name() const override { return "alarm"; }
  void apply(const service::Command&, service::Output& output) override { output.reply({}); }
  std::optional<LogTime> deadline() const override { return at_; }
  Result<Bytes> query(BytesView) const override { return Bytes{}; }
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override {}

 private:
  LogTime at_;
};

class ConsensusTest : public testing::Test {
 protected:
  void start(raft::Restored restored) {
    const auto machines = [at = alarm_] {
      std::vector<std::unique_ptr<service::Machine>> all;
      if (at) all.push_back(std::make_unique<Alarm>(*at));
      return all;
    };
    consensus_.emplace(options_, raft::Raft(options_.raft, bob, std::move(restored)),
                       std::make_unique<replica::Replica>(replica::Replica::Options{}, machines),
                       machines, jobs_);
    consensus_->raft().tick(now_.monotonic);
  }
  // A voter of three that knows entry 1, and then an entry of each of these times.
  void start_as_voter(const std::vector<LogTime>& times = {}) {
    raft::Restored restored;
    restored.hard_state.term = Term{1};
    restored.entries = {{Term{1}, LogIndex{1}, EntryKind::configuration,
                         SharedBytes(raft::encode_configuration(voters(), {}))}};
    for (const LogTime time : times) {
      restored.entries.push_back({Term{1}, restored.entries.back().index + 1, EntryKind::commands,
                                  SharedBytes(wire::EntryBuilder().finish(time))});
    }
    start(std::move(restored));
  }

  void step(ServerNumber from, std::uint64_t term, decltype(raft::Message::body) body) {
    const raft::Message message{from, bob, Term{term}, std::move(body)};
    ASSERT_TRUE(consensus_->raft().step(message, now_.monotonic).has_value());
    turn();
  }
  void turn() {
    ConsensusOutputs outputs = consensus_->turn(now_);
    replaced_ = replaced_ || outputs.state_replaced;
    fatal_ = fatal_ || outputs.fatal.has_value();
    for (raft::Message& message : outputs.messages) messages_.push_back(std::move(message));
    for (storage::DiskJob& job : jobs_.take()) waiting_.push_back(std::move(job));
  }
  // Answers the jobs that wait, but for reads of snapshots, which are left.
  void write_all() {
    std::vector<storage::DiskJob> reads;
    for (storage::DiskJob& job : std::exchange(waiting_, {})) {
      if (std::holds_alternative<storage::ReadSnapshotJob>(job.work)) {
        reads.push_back(std::move(job));
        continue;
      }
      storage::DiskResult result{.id = job.id, .outcome = storage::Stored{}};
      EXPECT_TRUE(consensus_->disk_done(result, now_));
    }
    turn();
    waiting_.insert(waiting_.begin(), std::make_move_iterator(reads.begin()),
                    std::make_move_iterator(reads.end()));
  }
  // Answers the only job, a read of this snapshot.
  void answer_read(std::uint64_t index, decltype(storage::DiskResult::outcome) outcome) {
    ASSERT_EQ(waiting_.size(), 1U);
    const auto* const read = std::get_if<storage::ReadSnapshotJob>(&waiting_[0].work);
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(read->index, LogIndex{index});
    storage::DiskResult result{.id = waiting_[0].id, .outcome = std::move(outcome)};
    waiting_.clear();
    EXPECT_TRUE(consensus_->disk_done(result, now_));
    turn();
  }
  void receive_snapshot(std::uint64_t index) {
    const SharedBytes data = snapshot_at(index);
    step(ann, 1,
         raft::SnapshotChunk{.mark = {LogIndex{index}, Term{1}, voters(), LogIndex{1}},
                             .offset = 0,
                             .total = data.size(),
                             .data = data,
                             .round = 0});
  }
  void become_leader(const std::vector<LogTime>& times = {}) {
    start_as_voter(times);
    now_.monotonic = consensus_->raft().deadline();
    consensus_->raft().tick(now_.monotonic);
    turn();
    step(eve, 2, raft::PreVoteReply{true});
    write_all();
    step(eve, 2, raft::VoteReply{.granted = true, .wall_clock = {70}});
    write_all();
    step(eve, 2, raft::AppendReply{.accepted = true, .match = consensus_->raft().last_index()});
    ASSERT_TRUE(consensus_->raft().term_start_committed());
    messages_.clear();
  }
  void offer() {
    consensus_->offer(SharedBytes(replica::encode_control_batch(
        SessionId{Uuid::make_v7(1ms, 1, 1)}, replica::Resume{.home = bob, .epoch = {2}})));
  }
  // The times of the entries with commands that were sent to this server.
  std::vector<LogTime> times_sent_to(ServerNumber server) {
    std::vector<LogTime> times;
    for (const raft::Message& message : messages_) {
      const auto* const append = std::get_if<raft::AppendRequest>(&message.body);
      if (append == nullptr || message.to != server) continue;
      for (const Entry& entry : append->entries) {
        if (entry.kind != EntryKind::commands) continue;
        times.push_back(wire::EntryView::parse(entry.payload.view())->time());
      }
    }
    return times;
  }

  // From now until time moves on though nobody writes, with an alarm so far from log time's start.
  Duration wait_with_alarm_in(std::chrono::milliseconds time) {
    alarm_ = LogTime{70 + time.count()};  // The median of the votes' clocks is 70.
    become_leader();
    turn();
    return consensus_->deadline() - now_.monotonic;
  }

  Options options_;
  std::optional<LogTime> alarm_;
  DiskJobs jobs_;
  Now now_{.monotonic = Instant{1s}, .wall = far_ahead};
  std::optional<Consensus> consensus_;
  std::vector<storage::DiskJob> waiting_;
  std::vector<raft::Message> messages_;
  bool replaced_{false};
  bool fatal_{false};
};

TEST_F(ConsensusTest, ASnapshotThatReplacesOneBeingLoadedIsLoadedInstead) {
  start({});
  receive_snapshot(5);
  write_all();
  receive_snapshot(9);
  write_all();
  const Error gone{ErrorCode::not_found, "a newer snapshot is there"};
  answer_read(5, storage::Failed{.error = gone, .fatal = false});
  EXPECT_FALSE(fatal_);
  const SharedBytes data = snapshot_at(9);
  storage::SnapshotHeader header;
  header.size = data.size();
  answer_read(9, storage::SnapshotRead{header, 0, data});
  EXPECT_TRUE(replaced_);
  EXPECT_EQ(consensus_->replica().applied(), LogIndex{9});
  EXPECT_FALSE(consensus_->raft().installing());
}

TEST_F(ConsensusTest, TheLeaderHasAllTakeASnapshotAtOneEntryAndTheStatesAreCompared) {
  options_.log_bytes_between_snapshots = 600;
  become_leader();
  const auto save = [&] {
    return std::ranges::find_if(waiting_, [](const storage::DiskJob& job) {
      return std::holds_alternative<storage::SaveSnapshotJob>(job.work);
    });
  };
  for (int round = 0; round < 20 && save() == waiting_.end(); ++round) {
    write_all();
    offer();
    turn();
    step(eve, 2, raft::AppendReply{.accepted = true, .match = consensus_->raft().last_index()});
  }
  ASSERT_NE(save(), waiting_.end());
  const LogIndex index = std::get<storage::SaveSnapshotJob>(save()->work).header.index;
  EXPECT_EQ(index, consensus_->replica().view().checkpoint);
  EXPECT_GT(index, LogIndex{2});
  EXPECT_FALSE(consensus_->digests().to_tell());

  storage::SnapshotSaved outcome{std::get<storage::SaveSnapshotJob>(save()->work).header};
  outcome.header.checksum = 4711;
  storage::DiskResult saved{.id = save()->id, .outcome = std::move(outcome)};
  waiting_.erase(save());
  EXPECT_TRUE(consensus_->disk_done(saved, now_));
  const auto told = consensus_->digests().to_tell();
  ASSERT_TRUE(told);
  ASSERT_EQ(told->items().size(), 1);
  EXPECT_EQ(told->items(0).index(), index.value);
  EXPECT_TRUE(told->items(0).whole());
  EXPECT_EQ(told->items(0).digest(), 4711U);
}

TEST_F(ConsensusTest, TimeMovesEachSecondWhileADeadlineIsNear) {
  EXPECT_EQ(wait_with_alarm_in(5min), 1s);
}

TEST_F(ConsensusTest, TimeMovesEachMinuteWhileADeadlineIsFar) {
  EXPECT_EQ(wait_with_alarm_in(7 * 24h), 1min);
}

TEST_F(ConsensusTest, TimeMovesWhenTheDeadlineComes) {
  EXPECT_EQ(wait_with_alarm_in(300ms), 300ms);
}

TEST_F(ConsensusTest, OneVoterWhoseClockIsAheadDoesNotMoveLogTimeAlsoWhenItLeads) {
  become_leader();
  offer();
  turn();
  EXPECT_EQ(times_sent_to(eve), std::vector<LogTime>{{70}});
}

TEST_F(ConsensusTest, LogTimeGoesOnAtHalfSpeedFromStampsThatANewLeaderHadNotAppliedYet) {
  become_leader({LogTime{5'000}});
  now_.monotonic += 200ms;
  offer();
  turn();
  EXPECT_EQ(times_sent_to(eve), std::vector<LogTime>{{5'100}});
}

TEST_F(ConsensusTest, WhatComesDuringAHandOverIsProposedWhenThatFails) {
  become_leader();
  ASSERT_TRUE(consensus_->raft().transfer(ann, now_.monotonic).has_value());
  offer();
  turn();
  EXPECT_EQ(times_sent_to(eve), std::vector<LogTime>{});
  EXPECT_GT(consensus_->queued_bytes(), 0U);
  step(eve, 2, raft::AppendReply{.accepted = true, .match = LogIndex{2}});
  now_.monotonic += 299ms;
  step(eve, 2, raft::AppendReply{.accepted = true, .match = LogIndex{2}});
  now_.monotonic += 1ms;
  consensus_->raft().tick(now_.monotonic);
  turn();
  EXPECT_EQ(times_sent_to(eve).size(), 1U);
  EXPECT_EQ(consensus_->queued_bytes(), 0U);
}

TEST_F(ConsensusTest, WhatIsTooMuchForOneEntryBecomesSeveral) {
  options_.raft.message_bytes_max = 350;
  become_leader();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(consensus_->offer(ServiceId{100}, Bytes(100)));
  turn();
  write_all();
  step(eve, 2, raft::AppendReply{.accepted = true, .match = consensus_->raft().last_index()});
  EXPECT_EQ(times_sent_to(eve).size(), 3U);
  EXPECT_EQ(consensus_->queued_bytes(), 0U);
}

TEST_F(ConsensusTest, ACommandOfItsOwnIsRefusedIfItDoesNotLeadOrTheQueueIsFull) {
  const Bytes command(100);
  start_as_voter();
  EXPECT_EQ(consensus_->offer(ServiceId{100}, command).error().code, ErrorCode::unavailable);
  options_.queued_bytes_max = 300;
  become_leader();
  EXPECT_TRUE(consensus_->offer(ServiceId{100}, command).has_value());
  EXPECT_TRUE(consensus_->offer(ServiceId{100}, command).has_value());
  const std::size_t queued = consensus_->queued_bytes();
  EXPECT_EQ(consensus_->offer(ServiceId{100}, command).error().code, ErrorCode::resource_exhausted);
  EXPECT_EQ(consensus_->queued_bytes(), queued);
}

}  // namespace
}  // namespace muster::node::consensus_test
