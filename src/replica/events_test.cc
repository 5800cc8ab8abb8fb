// Where events stand: each at a place of its own, in order, that reads like the command's receipt.
#include <gtest/gtest.h>

#include "replica/replica.h"
#include "replica/session_control.h"
#include "replica/session_events.h"
#include "wire/control.h"

namespace muster::replica::events_test {
namespace {

const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
constexpr ServiceId crier{2};

// Publishes twice what it is told; once when its deadline has come and when a session has ended.
class Crier final : public service::Machine {
 public:
  ServiceId id() const override { return crier; }
  std::string_view name() const override { return "crier"; }
  void apply(const service::Command& command, service::Output& output) override {
    output.publish("street", command.payload);
    output.publish("street", command.payload);
    output.reply({});
  }
  std::optional<LogTime> deadline() const override { return LogTime{500}; }
  void expire(LogTime, service::Output& output) override {
    output.publish("street", as_bytes("late"));
  }
  void session_ended(SessionId, Position, LogTime, service::Output& output) override {
    output.publish("street", as_bytes("gone"));
  }
  Result<Bytes> topic_state(std::string_view topic) const override {
    if (topic == "street") return Bytes(3);
    return Machine::topic_state(topic);
  }
  Result<Bytes> query(BytesView) const override { return Bytes{}; }
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override {}
};

class EventsTest : public testing::Test {
 protected:
  Applied apply(const std::vector<Bytes>& batches, LogTime time) {
    wire::EntryBuilder builder;
    for (const Bytes& one : batches) EXPECT_TRUE(builder.add(*wire::BatchView::parse(one)));
    return replica_.apply({.term = {1},
                           .index = replica_.applied() + 1,
                           .kind = EntryKind::commands,
                           .payload = SharedBytes(std::move(builder).finish(time))});
  }
  // As `INDEX.ORDINAL/SUB@TIME TEXT`.
  static std::vector<std::string> lines(const Applied& applied) {
    std::vector<std::string> all;
    for (const Event& event : applied.events) {
      if (event.topic == sessions_topic) continue;
      const wire::EventPosition& at = event.position;
      all.push_back(std::to_string(at.command.index.value) + "." +
                    std::to_string(at.command.ordinal) + "/" + std::to_string(at.sub) + "@" +
                    std::to_string(event.time.milliseconds) + " " +
                    std::string(as_text(event.payload.view())));
    }
    return all;
  }
  static Bytes say(std::uint64_t first, const std::vector<std::string>& words) {
    wire::BatchBuilder builder({.session = ann, .epoch = {}, .first_sequence = {first}});
    for (const std::string& word : words) EXPECT_TRUE(builder.add(crier, as_bytes(word)));
    return std::move(builder).finish();
  }

  Replica replica_{{}, [] {
                     std::vector<std::unique_ptr<service::Machine>> machines;
                     machines.push_back(std::make_unique<Crier>());
                     return machines;
                   }};
};

TEST_F(EventsTest, StandAtTheirCommandAndAreToldApartWithinIt) {
  apply({encode_control_batch(ann, Open{"a", "test", {3}})}, LogTime{100});
  EXPECT_EQ(lines(apply({say(1, {"x", "y"})}, LogTime{200})),
            (std::vector<std::string>{"2.0/0@200 x", "2.0/1@200 x", "2.1/0@200 y", "2.1/1@200 y"}));
}

TEST_F(EventsTest, OfDeadlinesAndEndedSessionsHavePlacesOfTheirOwn) {
  apply({encode_control_batch(ann, Open{"a", "test", {3}})}, LogTime{100});
  const Bytes end = encode_control_batch(ann, End{.epoch = {1}, .reason = "bye"});
  EXPECT_EQ(
      lines(apply({say(1, {"x"}), end}, LogTime{500})),
      (std::vector<std::string>{"2.0/0@500 late", "2.0/1@500 x", "2.0/2@500 x", "2.1/0@500 gone"}));
}

TEST_F(EventsTest, OfSessionsSayWhoCameMovedAndWent) {
  const auto texts = [](const Applied& applied) {
    std::vector<std::string> all;
    for (const Event& event : applied.events) {
      if (event.topic != sessions_topic) continue;
      const auto told = wire::decode<wire::SessionEvent>(event.payload.view()).value();
      all.push_back(told.text() + ", " + std::to_string(told.sessions()));
    }
    return all;
  };
  const auto control = [&](const SessionControl& one) {
    return texts(apply({encode_control_batch(ann, one)}, LogTime{100}));
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(control(Open{"ann", "test", {3}}), Texts{"ann (test) came to #3, 1"});
  EXPECT_EQ(control(Resume{{4}, {2}}), Texts{"ann (test) moved to #4, 1"});
  EXPECT_EQ(control(Resume{{4}, {3}}), Texts{});  // It only came back.
  EXPECT_EQ(control(End{.epoch = {9}, .reason = "bye"}), Texts{"ann (test) went: bye, 0"});
  const auto state =
      wire::decode<wire::SessionEvent>(replica_.topic_state(sessions_topic).value()).value();
  EXPECT_EQ(state.text(), "0 sessions");
}

TEST_F(EventsTest, ATopicsStateIsThatOfTheServiceThatKnowsIt) {
  EXPECT_EQ(replica_.topic_state("street").value().size(), 3U);
  EXPECT_EQ(replica_.topic_state("lane").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace muster::replica::events_test
