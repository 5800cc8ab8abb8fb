// The replicated half: exactly once, kept replies, gaps, epochs, snapshots, digests.
#include "replica/replica.h"

#include <gtest/gtest.h>

#include "muster/codec.h"
#include "muster/copy_on_write.h"
#include "replica/session_control.h"
#include "wire/control.h"
#include "wire/replies.h"

namespace muster::replica::replica_test {
namespace {

const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
const SessionId bob{Uuid::make_v7(std::chrono::milliseconds{2}, 2, 2)};
constexpr ServerNumber home{3};

constexpr ServiceId notebook{2};

// Says back what it is told and counts it by session.
class Notebook final : public service::Machine {
 public:
  ServiceId id() const override { return notebook; }
  std::string_view name() const override { return "notebook"; }
  void apply(const service::Command& command, service::Output& output) override {
    ++counts_.write().counts[command.session];
    output.reply(command.payload);
  }
  void session_ended(SessionId session, Position, LogTime, service::Output&) override {
    counts_.write().counts.erase(session);
  }
  Result<Bytes> query(BytesView request) const override {
    Reader reader(request);
    const auto found = counts_.read().counts.find(SessionId{reader.uuid()});
    Bytes answer;
    Writer(answer).integer(found == counts_.read().counts.end() ? 0 : found->second);
    return answer;
  }
  service::FrozenParts freeze() const override { return {counts_.share()}; }
  [[nodiscard]] Result<void> restore(BytesView part) override {
    for (Reader reader(part); !reader.finished();) {
      const SessionId session{reader.uuid()};
      counts_.write().counts[session] = reader.integer<int>();
    }
    return {};
  }
  void clear() override { counts_.write().counts.clear(); }

 private:
  struct Counts final : service::Part {
    void encode(Bytes& out) const override {
      for (const auto& [session, count] : counts) {
        Writer(out).uuid(session.uuid);
        Writer(out).integer(count);
      }
    }
    std::map<SessionId, int> counts;
  };
  service::CopyOnWrite<Counts> counts_;
};

int count_in(const Replica& replica, SessionId session) {
  Bytes request;
  Writer(request).uuid(session.uuid);
  const Bytes answer = replica.query(notebook, request).value();
  return Reader(answer).integer<int>();
}

std::vector<std::unique_ptr<service::Machine>> make_machines() {
  std::vector<std::unique_ptr<service::Machine>> machines;
  machines.push_back(std::make_unique<Notebook>());
  return machines;
}

Bytes batch(SessionId session, std::uint64_t first, const std::vector<std::string>& payloads) {
  wire::BatchBuilder builder({.session = session, .epoch = {}, .first_sequence = {first}});
  for (const std::string& payload : payloads) {
    EXPECT_TRUE(builder.add(notebook, as_bytes(payload)));
  }
  return std::move(builder).finish();
}

class ReplicaTest : public testing::Test {
 protected:
  Applied apply(const std::vector<Bytes>& batches, LogTime time = {}) {
    wire::EntryBuilder builder;
    for (const Bytes& one : batches) EXPECT_TRUE(builder.add(*wire::BatchView::parse(one)));
    return replica_.apply({.term = {1},
                           .index = replica_.applied() + 1,
                           .kind = EntryKind::commands,
                           .payload = SharedBytes(std::move(builder).finish(time))});
  }
  Applied open(SessionId session, Epoch epoch = {1}) {
    Open open{"a", "test", home};
    open.epoch = epoch;
    return apply({encode_control_batch(session, open)});
  }
  int count(SessionId session) const { return count_in(replica_, session); }

  Replica replica_{{.sessions = {.sessions_max = 2, .kept_replies_max = 4, .ended_max = 2}},
                   make_machines};
};

std::vector<std::string> texts(const Answer& answer) {
  std::vector<std::string> all;
  const auto replies = wire::RepliesView::parse(answer.replies.view());
  for (const wire::ReplyView reply : *replies) all.emplace_back(as_text(reply.payload));
  return all;
}

TEST_F(ReplicaTest, AppliesCommandsInOrderAndAnswersThem) {
  const Applied opened = open(ann);
  const auto& attached = std::get<SessionAttached>(opened.news.at(0));
  EXPECT_EQ(attached.epoch, Epoch{1});
  EXPECT_EQ(attached.last, SequenceNumber{0});
  EXPECT_EQ(attached.home, home);

  const Applied applied = apply({batch(ann, 1, {"x", "y"})});
  ASSERT_EQ(applied.news.size(), 1U);
  const auto& answer = std::get<Answer>(applied.news[0]);
  EXPECT_EQ(answer.first, SequenceNumber{1});
  EXPECT_EQ(answer.count, 2U);
  EXPECT_EQ(texts(answer), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(count(ann), 2);
}

TEST_F(ReplicaTest, ARepeatedCommandIsAnsweredFromTheKeptRepliesAndTakesEffectOnce) {
  open(ann);
  apply({batch(ann, 1, {"x", "y"})});
  const Applied again = apply({batch(ann, 1, {"x", "y"})});
  ASSERT_EQ(again.news.size(), 1U);
  EXPECT_EQ(texts(std::get<Answer>(again.news[0])), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(count(ann), 2);
}

TEST_F(ReplicaTest, ABatchThatIsHalfKnownTakesEffectInItsNewHalf) {
  open(ann);
  apply({batch(ann, 1, {"x", "y"})});
  const Applied mixed = apply({batch(ann, 2, {"y", "z"})});
  ASSERT_EQ(mixed.news.size(), 2U);
  EXPECT_EQ(std::get<Answer>(mixed.news[1]).first, SequenceNumber{3});
  EXPECT_EQ(texts(std::get<Answer>(mixed.news[1])), (std::vector<std::string>{"z"}));
  EXPECT_EQ(count(ann), 3);
}

TEST_F(ReplicaTest, AGapIsRefusedWithTheNumberExpected) {
  open(ann);
  const Applied gap = apply({batch(ann, 2, {"y"})});
  ASSERT_EQ(gap.news.size(), 1U);
  EXPECT_EQ(std::get<Gap>(gap.news[0]).expected, SequenceNumber{1});
  EXPECT_EQ(count(ann), 0);
}

TEST_F(ReplicaTest, NumbersSettledAtHomeAreSkippedButALostBatchIsStillAGap) {
  open(ann);
  const auto skipping = [](std::uint64_t first, std::uint32_t skip) {
    wire::BatchBuilder builder(
        {.session = ann, .epoch = {}, .first_sequence = {first}, .skip = skip});
    EXPECT_TRUE(builder.add(notebook, as_bytes("x")));
    return std::move(builder).finish();
  };
  const Applied lost = apply({skipping(4, 2)});  // Number 1 is missing: only 2 and 3 are settled.
  EXPECT_EQ(std::get<Gap>(lost.news.at(0)).expected, SequenceNumber{1});
  const Applied taken = apply({skipping(4, 3)});
  EXPECT_EQ(std::get<Answer>(taken.news.at(0)).first, SequenceNumber{4});
  EXPECT_EQ(count(ann), 1);
}

TEST_F(ReplicaTest, ARepeatedOpenAttachesTheSameSession) {
  open(ann);
  apply({batch(ann, 1, {"x"})});
  const Applied again = open(ann, {2});
  const auto& attached = std::get<SessionAttached>(again.news.at(0));
  EXPECT_EQ(attached.epoch, Epoch{2});
  EXPECT_EQ(attached.last, SequenceNumber{1});
}

TEST_F(ReplicaTest, ALateCopyOfAnAttachMovesNothing) {
  constexpr ServerNumber other{7};
  open(ann);
  const auto attach = [&](ServerNumber to, Epoch epoch) {
    return apply({encode_control_batch(ann, Resume{.home = to, .epoch = epoch})}).news.at(0);
  };
  EXPECT_EQ(std::get<SessionAttached>(attach(other, {3})).home, other);
  EXPECT_EQ(std::get<SessionAttached>(attach(other, {3})).epoch, Epoch{3});  // The same attach.
  const auto late = std::get<AttachRefused>(attach(home, {2}));
  EXPECT_EQ(late.error.code, ErrorCode::aborted);
  EXPECT_EQ(late.epoch, Epoch{2});
  EXPECT_EQ(std::get<AttachRefused>(attach(home, {3})).home, home);
  EXPECT_EQ(std::get<AttachRefused>(open(ann).news.at(0)).epoch, Epoch{1});
  EXPECT_EQ(replica_.sessions().find(ann)->home, other);
  EXPECT_EQ(replica_.sessions().find(ann)->epoch, Epoch{3});
}

TEST_F(ReplicaTest, ASessionHasTheTimeoutThatItsClientAskedForLast) {
  using std::chrono::seconds;
  const auto timeout = [&](const SessionControl& control) {
    const auto news = apply({encode_control_batch(ann, control)}).news.at(0);
    if (const auto* const attached = std::get_if<SessionAttached>(&news)) {
      EXPECT_EQ(attached->timeout, replica_.sessions().find(ann)->timeout);
    }
    return replica_.sessions().find(ann)->timeout;
  };
  Open open{.name = "a", .kind = "test", .home = home, .timeout = seconds{25}};
  EXPECT_EQ(timeout(open), seconds{25});
  EXPECT_EQ(timeout(Resume{.home = home, .epoch = {3}, .timeout = seconds{2}}), seconds{2});
  EXPECT_EQ(timeout(Resume{.home = home, .epoch = {2}, .timeout = seconds{9}}), seconds{2});
  open.epoch = {4};
  EXPECT_EQ(timeout(open), seconds{25});
  EXPECT_EQ(timeout(Resume{.home = home, .epoch = {5}}), Duration::zero());
}

TEST_F(ReplicaTest, ATimeoutBeyondTheLimitIsNoControl) {
  const Bytes batch = encode_control_batch(
      ann, Resume{.home = home, .epoch = {1}, .timeout = std::chrono::hours{24}});
  const auto view = wire::BatchView::parse(batch);
  const BytesView payload = (*view->commands().begin()).payload;
  EXPECT_EQ(decode_control(payload).value(),
            (SessionControl{Resume{
                .home = home, .epoch = {1}, .timeout = std::chrono::milliseconds{86'400'000}}}));
  Bytes longer(payload.begin(), payload.end());
  longer[longer.size() - 4] ^= std::byte{1};  // 86,400,001 ms.
  EXPECT_EQ(decode_control(longer).error().code, ErrorCode::invalid_argument);
}

TEST_F(ReplicaTest, AnEndThatNamesAnOlderEpochIsVoid) {
  open(ann);
  open(ann, {2});
  EXPECT_TRUE(apply({encode_control_batch(ann, End{Epoch{1}, "late"})}).news.empty());
  const Applied ended = apply({encode_control_batch(ann, End{Epoch{2}, "over"})});
  EXPECT_EQ(std::get<SessionEnded>(ended.news.at(0)).reason, "over");
  EXPECT_EQ(count(ann), 0);
}

TEST_F(ReplicaTest, ALateCopyOfAnOpenRevivesNothing) {
  open(ann);
  apply({encode_control_batch(ann, End{Epoch{1}, "over"})});
  const Applied late = open(ann);
  EXPECT_EQ(std::get<AttachRefused>(late.news.at(0)).error.code, ErrorCode::failed_precondition);
  const Applied commands = apply({batch(ann, 1, {"x"})});
  EXPECT_EQ(std::get<SessionUnknown>(commands.news.at(0)).session, ann);
}

TEST_F(ReplicaTest, SessionsBeyondTheLimitAreRefused) {
  open(ann);
  open(bob);
  const SessionId third{Uuid::make_v7(std::chrono::milliseconds{3}, 3, 3)};
  EXPECT_EQ(std::get<AttachRefused>(open(third).news.at(0)).error.code,
            ErrorCode::resource_exhausted);
  EXPECT_EQ(replica_.sessions().size(), 2U);
}

TEST_F(ReplicaTest, OfRepliesNoLongerKeptTheClientLearnsThatTheCommandTookEffect) {
  open(ann);
  for (std::uint64_t i = 1; i <= 6; ++i) apply({batch(ann, i, {std::to_string(i)})});
  const Applied again = apply({batch(ann, 1, {"1", "2", "3"})});
  ASSERT_EQ(again.news.size(), 2U);
  EXPECT_EQ(texts(std::get<Answer>(again.news[0])), (std::vector<std::string>{"3"}));
  const auto& gone = std::get<Answer>(again.news[1]);
  EXPECT_EQ(gone.first, SequenceNumber{1});
  EXPECT_EQ(gone.count, 2U);
  for (const wire::ReplyView reply : *wire::RepliesView::parse(gone.replies.view())) {
    EXPECT_EQ(reply.error, ErrorCode::aborted);
    EXPECT_EQ(reply.outcome, Outcome::applied);
  }
}

TEST_F(ReplicaTest, AnUnknownServiceIsRefusedAndTheRestApplies) {
  open(ann);
  wire::BatchBuilder builder({.session = ann, .epoch = {}, .first_sequence = {1}});
  ASSERT_TRUE(builder.add(ServiceId{999}, as_bytes("?")));
  ASSERT_TRUE(builder.add(notebook, as_bytes("x")));
  const Applied applied = apply({std::move(builder).finish()});
  const auto& answer = std::get<Answer>(applied.news.at(0));
  std::vector<std::optional<ErrorCode>> errors;
  for (const wire::ReplyView reply : *wire::RepliesView::parse(answer.replies.view())) {
    errors.push_back(reply.error);
  }
  EXPECT_EQ(errors, (std::vector<std::optional<ErrorCode>>{ErrorCode::not_found, std::nullopt}));
  EXPECT_EQ(count(ann), 1);
}

TEST_F(ReplicaTest, AnEntryThatDoesNotDecodeChangesNothingButThePosition) {
  const Applied applied = replica_.apply({.term = {1},
                                          .index = {1},
                                          .kind = EntryKind::commands,
                                          .payload = SharedBytes::copy_of(as_bytes("junk"))});
  EXPECT_TRUE(applied.news.empty());
  EXPECT_EQ(replica_.applied(), LogIndex{1});
}

TEST_F(ReplicaTest, LogTimeNeverGoesBack) {
  apply({}, LogTime{500});
  apply({}, LogTime{400});
  EXPECT_EQ(replica_.time(), LogTime{500});
}

TEST_F(ReplicaTest, ASnapshotCarriesEverythingAndChangesAfterItDoNotReachIt) {
  apply({encode_control_batch(
      ann, Open{.name = "a", .kind = "test", .home = home, .timeout = std::chrono::seconds{25}})});
  apply({batch(ann, 1, {"x"})}, LogTime{77});
  const auto frozen = replica_.freeze();
  const std::uint64_t digest = replica_.digest();
  apply({batch(ann, 2, {"y"})});

  FrozenEncoder encoder(frozen);
  Restorer restorer({}, make_machines);
  for (Bytes chunk; encoder.next(chunk);) {
    for (std::size_t at = 0; at < chunk.size(); at += 7) {
      ASSERT_TRUE(
          restorer.feed(BytesView(chunk).subspan(at, std::min<std::size_t>(7, chunk.size() - at))));
    }
  }
  const std::unique_ptr<Replica> restored = std::move(restorer).finish().value();
  EXPECT_EQ(restored->digest(), digest);
  EXPECT_EQ(restored->applied(), LogIndex{2});
  EXPECT_EQ(restored->time(), LogTime{77});
  EXPECT_EQ(restored->sessions().find(ann)->timeout, std::chrono::seconds{25});
  EXPECT_EQ(count_in(*restored, ann), 1);

  // The kept replies came along, so a repeated command still takes effect once.
  wire::EntryBuilder builder;
  const Bytes repeated = batch(ann, 1, {"x"});
  ASSERT_TRUE(builder.add(*wire::BatchView::parse(repeated)));
  const Applied again = restored->apply({.term = {1},
                                         .index = {3},
                                         .kind = EntryKind::commands,
                                         .payload = SharedBytes(std::move(builder).finish({}))});
  EXPECT_EQ(texts(std::get<Answer>(again.news.at(0))), (std::vector<std::string>{"x"}));
}

TEST_F(ReplicaTest, ADamagedSnapshotIsRefused) {
  open(ann);
  FrozenEncoder encoder(replica_.freeze());
  Bytes bytes;
  ASSERT_TRUE(encoder.next(bytes));
  Restorer short_one({}, make_machines);
  ASSERT_TRUE(short_one.feed(BytesView(bytes).first(bytes.size() - 1)));
  EXPECT_EQ(std::move(short_one).finish().error().code, ErrorCode::internal);
  bytes[0] ^= std::byte{1};
  Restorer wrong({}, make_machines);
  EXPECT_EQ(wrong.feed(bytes).error().code, ErrorCode::internal);
}

TEST_F(ReplicaTest, EqualHistoriesHaveEqualDigestsAndOthersDoNot) {
  Replica other({}, make_machines);
  const auto both = [&](const Bytes& one, const Bytes& two) {
    const auto entry = [&](const Bytes& bytes) {
      wire::EntryBuilder builder;
      EXPECT_TRUE(builder.add(*wire::BatchView::parse(bytes)));
      return Entry{.term = {1},
                   .index = replica_.applied() + 1,
                   .kind = EntryKind::commands,
                   .payload = SharedBytes(std::move(builder).finish({}))};
    };
    const Entry first = entry(one);
    const Entry second = entry(two);
    replica_.apply(first);
    other.apply(second);
  };
  const Bytes opening = encode_control_batch(ann, Open{"a", "test", home});
  both(opening, opening);
  EXPECT_EQ(replica_.digest(), other.digest());
  both(batch(ann, 1, {"x"}), batch(ann, 1, {"y"}));
  EXPECT_NE(replica_.digest(), other.digest());
}

Bytes system_batch(ServiceId service, BytesView payload) {
  wire::BatchBuilder builder({.session = {}, .epoch = {}, .first_sequence = {}, .system = true});
  EXPECT_TRUE(builder.add(service, payload));
  return std::move(builder).finish();
}

Bytes dissolve(bool only_if_unused) {
  wire::GroupChange change;
  change.mutable_dissolve()->set_into("01890000-0000-7000-8000-000000000002");
  change.mutable_dissolve()->set_only_if_unused(only_if_unused);
  return system_batch(group::service_id, wire::encode(change));
}

TEST_F(ReplicaTest, AGroupIsUsedOnceAClientsCommandReachedAService) {
  open(ann);
  wire::BatchBuilder builder({.session = ann, .epoch = {}, .first_sequence = {1}});
  ASSERT_TRUE(builder.add(ServiceId{999}, as_bytes("?")));
  ASSERT_TRUE(builder.add(group::service_id, as_bytes("?")));
  apply({std::move(builder).finish(), system_batch(notebook, as_bytes("x"))});
  EXPECT_FALSE(replica_.view().used);
  apply({batch(ann, 3, {"x"}), dissolve(true)});
  EXPECT_TRUE(replica_.view().used);
  EXPECT_FALSE(replica_.view().dissolved);  // The command came before it, in the same entry.
}

TEST_F(ReplicaTest, AfterTheGroupGaveWayCommandsAreRefusedAndAnsweredAsUsual) {
  open(ann);
  apply({batch(ann, 1, {"x"})});
  apply({dissolve(false), batch(ann, 2, {"y"}), system_batch(notebook, as_bytes("z"))});
  ASSERT_TRUE(replica_.view().dissolved);
  EXPECT_EQ(count(ann), 1);
  EXPECT_EQ(count(SessionId{}), 0);
  const Applied again = apply({batch(ann, 1, {"x", "y"})});
  ASSERT_EQ(again.news.size(), 2U);
  EXPECT_EQ(texts(std::get<Answer>(again.news[0])), (std::vector<std::string>{"x"}));
  const auto refused = wire::RepliesView::parse(std::get<Answer>(again.news[1]).replies.view());
  for (const wire::ReplyView reply : *refused) {
    EXPECT_EQ(reply.error, ErrorCode::failed_precondition);
  }
}

// Answers with the version by which it behaves.
class Mannered final : public service::Machine {
 public:
  ServiceId id() const override { return notebook; }
  std::string_view name() const override { return "mannered"; }
  void set_behaviour(std::uint32_t version) override { version_ = version; }
  void apply(const service::Command&, service::Output& output) override { output.reply({}); }
  Result<Bytes> query(BytesView) const override { return Bytes(version_); }
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override { version_ = 1; }

 private:
  std::uint32_t version_{1};
};

TEST(ReplicaBehaviourTest, MachinesBehaveAsTheLogSaysAlsoAfterASnapshot) {
  const auto machines = [] {
    std::vector<std::unique_ptr<service::Machine>> all;
    all.push_back(std::make_unique<Mannered>());
    return all;
  };
  Replica replica({}, machines);
  wire::Founding founding;
  founding.add_members()->set_number(1);
  founding.mutable_members(0)->set_behaviour_version(2);
  replica.apply_membership({1}, {{ServerNumber{1}, group::Role::voter}}, wire::encode(founding));
  EXPECT_EQ(replica.query(notebook, {})->size(), 1U);

  wire::GroupChange change;
  change.set_behaviour(2);
  wire::BatchBuilder batch(wire::BatchHeader{.system = true});
  ASSERT_TRUE(batch.add(group::service_id, wire::encode(change)));
  const Bytes bytes = std::move(batch).finish();
  wire::EntryBuilder entry;
  ASSERT_TRUE(entry.add(*wire::BatchView::parse(bytes)));
  replica.apply({.term = {1},
                 .index = {2},
                 .kind = EntryKind::commands,
                 .payload = SharedBytes(std::move(entry).finish({}))});
  EXPECT_EQ(replica.query(notebook, {})->size(), 2U);

  FrozenEncoder encoder(replica.freeze());
  Restorer restorer({}, machines);
  for (Bytes chunk; encoder.next(chunk);) ASSERT_TRUE(restorer.feed(chunk));
  EXPECT_EQ(std::move(restorer).finish().value()->query(notebook, {})->size(), 2U);
}

// Answers nothing, and tells all who follow it one word.
class Herald final : public service::Machine {
 public:
  explicit Herald(std::string word) : word_(std::move(word)) {}
  ServiceId id() const override { return notebook; }
  std::string_view name() const override { return "herald"; }
  void apply(const service::Command&, service::Output& output) override {
    output.publish("news", as_bytes(word_));
    output.reply({});
  }
  Result<Bytes> query(BytesView) const override { return Bytes{}; }
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override {}

 private:
  std::string word_;
};

TEST(ReplicaDigestTest, EventsThatDifferShow) {
  const auto digest_with = [](const std::string& word) {
    Replica replica({}, [&] {
      std::vector<std::unique_ptr<service::Machine>> machines;
      machines.push_back(std::make_unique<Herald>(word));
      return machines;
    });
    wire::EntryBuilder builder;
    const Bytes open = encode_control_batch(ann, Open{"a", "test", home});
    const Bytes command = batch(ann, 1, {"x"});
    EXPECT_TRUE(builder.add(*wire::BatchView::parse(open)));
    EXPECT_TRUE(builder.add(*wire::BatchView::parse(command)));
    const Applied applied = replica.apply({.term = {1},
                                           .index = {1},
                                           .kind = EntryKind::commands,
                                           .payload = SharedBytes(std::move(builder).finish({}))});
    EXPECT_EQ(applied.events.size(), 2U);  // One tells that the session came.
    return replica.digest();
  };
  EXPECT_EQ(digest_with("one"), digest_with("one"));
  EXPECT_NE(digest_with("one"), digest_with("two"));
}

}  // namespace
}  // namespace muster::replica::replica_test
