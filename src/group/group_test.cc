// The group as the log has it: members, roles, states, settings, giving way; and what is told.
#include "group/group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "group/settings.h"
#include "muster/codec.h"
#include "wire/control.h"
#include "wire/limits.h"

namespace muster::group {
namespace {

using testing::ElementsAre;

constexpr ServerNumber a{1};
constexpr ServerNumber b{2};
constexpr ServerNumber c{3};
constexpr const char* own_id = "01890000-0000-7000-8000-000000000001";
constexpr const char* other_id = "01890000-0000-7000-8000-000000000002";

class Told final : public service::Output {
 public:
  void reply(BytesView) override { answers.emplace_back("done"); }
  void refuse(ErrorCode code, std::string_view message) override {
    answers.push_back(std::string(muster::name_of(code)) + ": " + std::string(message));
  }
  void publish(std::string_view where, BytesView event) override {
    EXPECT_EQ(where, topic);
    events.push_back(wire::decode<wire::GroupEvent>(event).value());
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const wire::GroupEvent& event : events) all.push_back(event.text());
    return all;
  }

  std::vector<std::string> answers;
  std::vector<wire::GroupEvent> events;
};

wire::Member member(ServerNumber number, const std::string& name) {
  wire::Member one;
  one.set_number(number.value);
  one.set_id("01890000-0000-7000-8000-0000000001" + std::string(number.value < 10 ? "0" : "") +
             std::to_string(number.value % 100));
  one.set_name(name);
  one.set_address("10.0.0." + std::to_string(number.value) + ":8888");
  return one;
}

class GroupTest : public testing::Test {
 protected:
  void SetUp() override { found(); }

  void found() {
    wire::Founding founding;
    founding.set_group_id(own_id);
    founding.set_group("default");
    *founding.add_members() = member(a, "a");
    *founding.add_members() = member(b, "b");
    roles_ = {{a, Role::voter}, {b, Role::voter}};
    ASSERT_TRUE(group_.membership_changed({1}, roles_, wire::encode(founding), told_));
  }
  Told change_members(wire::MemberChange::Kind kind, const wire::Member& one,
                      const std::string& cause = {}, std::int64_t time_ms = 0,
                      const std::string& gone_from = {}) {
    wire::MemberChange change;
    change.set_kind(kind);
    *change.mutable_member() = one;
    change.set_cause(cause);
    change.set_time_ms(time_ms);
    if (!gone_from.empty()) change.add_gone_from(gone_from);
    Told told;
    EXPECT_TRUE(group_.membership_changed(LogIndex{++index_}, roles_, wire::encode(change), told));
    return told;
  }
  Told join(ServerNumber number, const std::string& name, std::int64_t time_ms = 0,
            const std::string& gone_from = {}) {
    roles_[number] = Role::standby;
    return change_members(wire::MemberChange::JOINED, member(number, name), {}, time_ms, gone_from);
  }
  Told apply(BytesView payload, LogTime time = {}, bool system = true) {
    Told told;
    group_.apply({.position = {LogIndex{++index_}, 0},
                  .time = time,
                  .session = {},
                  .payload = payload,
                  .system = system},
                 told);
    EXPECT_EQ(told.answers.size(), 1U);
    return told;
  }
  Told apply(const wire::GroupChange& change, LogTime time = {}) {
    return apply(wire::encode(change), time);
  }
  Told set_state(ServerNumber number, wire::ServerState::Value state, LogTime time = {},
                 const std::string& cause = {}) {
    wire::GroupChange change;
    change.mutable_state()->set_number(number.value);
    change.mutable_state()->set_state(state);
    change.mutable_state()->set_cause(cause);
    return apply(change, time);
  }
  Told dissolve(const std::string& into, bool only_if_unused) {
    wire::GroupChange change;
    change.mutable_dissolve()->set_into(into);
    change.mutable_dissolve()->set_only_if_unused(only_if_unused);
    return apply(change);
  }
  const View& view() const { return group_.view(); }
  Bytes state() const {
    Bytes out;
    for (const auto& part : group_.freeze()) part->encode(out);
    return out;
  }

  Group group_;
  Roles roles_;
  Told told_;  // By the founding.
  std::uint64_t index_{1};
};

TEST_F(GroupTest, FoundingNamesTheServersAndCompletesTheSettings) {
  EXPECT_EQ(view().number, 1U);
  EXPECT_EQ(view().name, "default");
  EXPECT_EQ(view().next_number, 3U);
  EXPECT_EQ(view().members.at(a).role(), wire::Role::VOTER);
  EXPECT_EQ(view().members.at(a).state(), wire::ServerState::ALIVE);
  EXPECT_EQ(describe(view().settings), describe(default_settings()));
  EXPECT_THAT(told_.texts(), ElementsAre("group default: 2 servers: a, b"));
  EXPECT_EQ(told_.events[0].founded().members_size(), 2);
  EXPECT_EQ(told_.events[0].view(), 1U);
}

TEST_F(GroupTest, AJoinerIsAliveFromTheLeadersLogTimeOn) {
  const Told told = join(c, "c", 5'000);
  EXPECT_THAT(told.texts(), ElementsAre("c joined as number 3 (10.0.0.3:8888)"));
  EXPECT_EQ(told.events[0].view(), 2U);
  EXPECT_EQ(told.events[0].member().kind(), wire::MemberChange::JOINED);
  EXPECT_EQ(told.events[0].member().member().role(), wire::Role::STANDBY);
  const wire::Member& joined = view().members.at(c);
  EXPECT_EQ(joined.state(), wire::ServerState::ALIVE);
  EXPECT_EQ(joined.joined_ms(), 5'000);
  EXPECT_EQ(joined.state_since_ms(), 5'000);
  EXPECT_EQ(view().next_number, 4U);
}

TEST_F(GroupTest, RolesAreTakenOverAndTheDocumentStaysThatOfTheView) {
  join(c, "c", 5'000);
  set_state(c, wire::ServerState::STOPPED, LogTime{6'000});
  roles_[c] = Role::voter;
  wire::Member stale = member(c, "of old");
  EXPECT_THAT(change_members(wire::MemberChange::PROMOTED, stale).texts(),
              ElementsAre("c votes from now on"));
  EXPECT_EQ(view().members.at(c).role(), wire::Role::VOTER);
  EXPECT_EQ(view().members.at(c).state(), wire::ServerState::STOPPED);
  EXPECT_EQ(view().members.at(c).joined_ms(), 5'000);
  roles_[c] = Role::standby;
  EXPECT_THAT(change_members(wire::MemberChange::DEMOTED, stale, "it stops").texts(),
              ElementsAre("c votes no more: it stops"));
  EXPECT_EQ(view().members.at(c).role(), wire::Role::STANDBY);
}

TEST_F(GroupTest, WhoIsRemovedOrLeavesIsRememberedAsSuch) {
  join(c, "c");
  roles_.erase(b);
  const Told removed = change_members(wire::MemberChange::REMOVED, member(b, ""), "fenced", 7'000);
  EXPECT_THAT(removed.texts(), ElementsAre("b was removed: fenced"));
  EXPECT_EQ(removed.events[0].member().member().name(), "b");
  roles_.erase(c);
  EXPECT_THAT(change_members(wire::MemberChange::LEFT, member(c, ""), "asked", 8'000).texts(),
              ElementsAre("c left"));

  EXPECT_EQ(view().members.size(), 1U);
  const Departed& gone = view().departed.at(b);
  EXPECT_TRUE(gone.removed);
  EXPECT_EQ(gone.member.state(), wire::ServerState::FAILED);
  EXPECT_EQ(gone.member.state_since_ms(), 7'000);
  EXPECT_EQ(gone.cause, "fenced");
  EXPECT_EQ(gone.index, LogIndex{3});
  const Departed& left = view().departed.at(c);
  EXPECT_FALSE(left.removed);
  EXPECT_EQ(left.member.state(), wire::ServerState::LEFT);
  EXPECT_EQ(view().find_departed(member(b, "").id()), &gone);
  EXPECT_EQ(view().find_departed("nobody"), nullptr);
  EXPECT_EQ(view().next_number, 4U);
}

TEST_F(GroupTest, ADepartedServerThatJoinsAgainIsAMemberOnly) {
  roles_.erase(b);
  change_members(wire::MemberChange::LEFT, member(b, ""));
  ASSERT_EQ(view().departed.size(), 1U);
  wire::Member again = member(b, "b");
  again.set_number(3);
  roles_[c] = Role::standby;
  change_members(wire::MemberChange::JOINED, again);
  EXPECT_TRUE(view().departed.empty());
  EXPECT_EQ(view().members.at(c).name(), "b");
}

TEST_F(GroupTest, BeyondTheLimitWhoDepartedFirstIsForgotten) {
  // Number 2 stays until the end: who went first counts, not the number.
  for (std::uint32_t number = 3; number < 3 + departed_max; ++number) {
    join(ServerNumber{number}, "x");
    roles_.erase(ServerNumber{number});
    change_members(wire::MemberChange::LEFT, member(ServerNumber{number}, ""));
  }
  EXPECT_EQ(view().departed.size(), departed_max);
  EXPECT_TRUE(view().departed.contains(c));
  roles_.erase(b);
  change_members(wire::MemberChange::REMOVED, member(b, ""));
  EXPECT_EQ(view().departed.size(), departed_max);
  EXPECT_TRUE(view().departed.contains(b));
  EXPECT_FALSE(view().departed.contains(c));
}

TEST_F(GroupTest, WithoutAReadableAnnotationTheRolesCountAllTheSame) {
  roles_.erase(b);
  Told told;
  const auto taken = group_.membership_changed({2}, roles_, as_bytes("\xff\xff"), told);
  EXPECT_EQ(taken.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(told.texts(), ElementsAre("the membership changed"));
  EXPECT_EQ(view().members.size(), 1U);
  EXPECT_TRUE(view().departed.at(b).removed);
  EXPECT_EQ(view().number, 2U);
}

TEST_F(GroupTest, ARecoveryByForceBeginsABranchAndLeavesAllOthersBehind) {
  join(c, "c");
  roles_ = {{c, Role::voter}};
  wire::MemberChange change;
  change.set_cause("recovered by force");
  change.set_branch(other_id);
  change.mutable_fork()->set_index(2);
  change.set_time_ms(9);
  Told told;
  EXPECT_TRUE(group_.membership_changed({3}, roles_, wire::encode(change), told));
  EXPECT_THAT(told.texts(), ElementsAre("the membership changed: recovered by force"));
  EXPECT_FALSE(told.events[0].member().has_member());
  EXPECT_EQ(view().branch, other_id);
  EXPECT_EQ(view().fork.index(), 2U);
  EXPECT_EQ(view().members.size(), 1U);
  EXPECT_EQ(view().departed.at(a).cause, "recovered by force");
  EXPECT_TRUE(view().departed.at(b).removed);
  EXPECT_EQ(view().departed.at(b).member.state_since_ms(), 9);
}

TEST_F(GroupTest, TheIdOfAGroupThatGaveWayComesWithItsServers) {
  const GroupId gone{*Uuid::parse(other_id)};
  join(c, "c", 0, other_id);
  EXPECT_THAT(view().gone_groups, ElementsAre(gone));
  join(ServerNumber{4}, "d", 0, other_id);
  EXPECT_THAT(view().gone_groups, ElementsAre(gone));
  join(ServerNumber{5}, "e", 0, "no id");
  EXPECT_EQ(view().gone_groups.size(), 1U);
}

TEST(ViewTest, GroupsBeyondTheLimitPushTheOldestOut) {
  std::vector<GroupId> groups;
  const auto group = [](std::uint64_t i) {
    return GroupId{Uuid::make_v7(std::chrono::milliseconds{i}, i, i)};
  };
  for (std::uint64_t i = 1; i <= gone_groups_max; ++i) EXPECT_TRUE(remember(groups, group(i)));
  EXPECT_FALSE(remember(groups, group(1)));
  EXPECT_TRUE(remember(groups, group(1'000)));
  EXPECT_EQ(groups.size(), gone_groups_max);
  EXPECT_EQ(groups.front(), group(2));
  EXPECT_EQ(groups.back(), group(1'000));
}

ServerId server_id(std::uint64_t i) {
  return ServerId{Uuid::make_v7(std::chrono::milliseconds{i}, i, i)};
}

TEST_F(GroupTest, TheFormerIdsOfAServerComeWithIt) {
  wire::MemberChange change;
  change.set_kind(wire::MemberChange::JOINED);
  *change.mutable_member() = member(c, "c");
  change.add_retired(server_id(7).uuid.to_string());
  roles_[c] = Role::standby;
  Told told;
  EXPECT_TRUE(group_.membership_changed({2}, roles_, wire::encode(change), told));
  EXPECT_THAT(view().retired, ElementsAre(server_id(7)));
  EXPECT_TRUE(view().gone_groups.empty());
}

TEST_F(GroupTest, TheFormerIdsOfFoundersAreInEntryOne) {
  wire::Founding founding;
  founding.set_group_id(own_id);
  founding.add_retired(server_id(1).uuid.to_string());
  founding.add_retired(server_id(3).uuid.to_string());
  View founded;
  take_founding(founded, founding);
  EXPECT_THAT(founded.retired, ElementsAre(server_id(1), server_id(3)));
}

TEST(ViewTest, RetiredIdsBeyondTheLimitPushTheOldestOut) {
  std::vector<ServerId> servers;
  for (std::uint64_t i = 1; i <= retired_max; ++i) remember(servers, server_id(i));
  remember(servers, server_id(1));
  remember(servers, "no id");
  EXPECT_EQ(servers.size(), retired_max);
  EXPECT_EQ(servers.front(), server_id(1));
  remember(servers, server_id(1'000).uuid.to_string());
  EXPECT_EQ(servers.size(), retired_max);
  EXPECT_EQ(servers.front(), server_id(2));
  EXPECT_EQ(servers.back(), server_id(1'000));
}

TEST_F(GroupTest, AStateIsKeptWithItsTime) {
  const Told told = set_state(b, wire::ServerState::FAILED, LogTime{9'000}, "silent for 5s");
  EXPECT_THAT(told.answers, ElementsAre("done"));
  EXPECT_THAT(told.texts(), ElementsAre("b failed: silent for 5s"));
  EXPECT_EQ(told.events[0].view(), 2U);
  EXPECT_EQ(view().members.at(b).state(), wire::ServerState::FAILED);
  EXPECT_EQ(view().members.at(b).state_since_ms(), 9'000);
  EXPECT_THAT(set_state(b, wire::ServerState::ALIVE).texts(), ElementsAre("b is back"));
  EXPECT_THAT(set_state(b, wire::ServerState::STOPPED).texts(), ElementsAre("b stopped"));
}

TEST_F(GroupTest, AStateThatWasKnownChangesNothing) {
  set_state(b, wire::ServerState::FAILED, LogTime{9'000});
  const Bytes before = state();
  const Told told = set_state(b, wire::ServerState::FAILED, LogTime{10'000});
  EXPECT_THAT(told.answers, ElementsAre("done"));
  EXPECT_TRUE(told.events.empty());
  EXPECT_EQ(state(), before);
}

TEST_F(GroupTest, AStateOfNobodyOrThatIsNoneOfTheLogIsRefused) {
  const Bytes before = state();
  EXPECT_THAT(set_state(ServerNumber{9}, wire::ServerState::FAILED).answers,
              ElementsAre("NOT_FOUND: no member has the number 9"));
  for (const auto state : {wire::ServerState::UNKNOWN, wire::ServerState::SUSPECT,
                           wire::ServerState::LEFT, static_cast<wire::ServerState::Value>(77)}) {
    EXPECT_THAT(set_state(b, state).answers,
                ElementsAre("INVALID_ARGUMENT: the log has only the states ALIVE, FAILED and "
                            "STOPPED of members"));
  }
  EXPECT_EQ(set_state(b, wire::ServerState::FAILED, {}, std::string(513, 'x')).answers[0],
            "INVALID_ARGUMENT: the cause is too long");
  EXPECT_EQ(state(), before);
}

wire::GroupChange election_of_c() {
  wire::GroupChange change;
  wire::Election& election = *change.mutable_election();
  election.set_cause("joined:c");
  for (const std::uint32_t number : {1U, 2U, 3U}) election.add_candidates(number);
  election.set_leader(3);
  election.set_previous(1);
  election.set_term(7);
  election.set_took_ms(38);
  return change;
}

TEST_F(GroupTest, AnElectionIsToldInTheWordsThatPeopleKnow) {
  join(c, "c");
  wire::GroupChange change = election_of_c();
  const Told told = apply(change);
  EXPECT_THAT(told.texts(),
              ElementsAre("election: cause=joined:c candidates=a,b,c leader=c previous=a "
                          "rule=highest-id term=7 took=38ms"));
  EXPECT_EQ(told.events[0].election().leader(), 3U);
  EXPECT_EQ(view().election->term(), 7U);
  EXPECT_EQ(view().number, 3U);
  change.mutable_election()->clear_previous();
  change.mutable_election()->set_rule(wire::ElectionRule::STABLE);
  change.mutable_election()->add_candidates(44);
  EXPECT_THAT(apply(change).texts(),
              ElementsAre("election: cause=joined:c candidates=a,b,c,#44 leader=c previous=none "
                          "rule=stable term=7 took=38ms"));
}

TEST_F(GroupTest, TheRecordOfAnElectionNamesALeaderThatHasDepartedAndRefusesAnUnknownOne) {
  wire::GroupChange change = election_of_c();
  EXPECT_THAT(apply(change).answers, ElementsAre("NOT_FOUND: no member has the number 3"));
  EXPECT_FALSE(view().election);
  join(c, "c");
  roles_.erase(a);
  change_members(wire::MemberChange::REMOVED, member(a, ""));
  EXPECT_THAT(apply(change).texts(),
              ElementsAre("election: cause=joined:c candidates=a,b,c leader=c previous=a "
                          "rule=highest-id term=7 took=38ms"));
}

TEST_F(GroupTest, SettingsAreCheckedAndTheirDifferenceIsTold) {
  wire::GroupChange change;
  auto& values = *change.mutable_settings()->mutable_values();
  values["voters"] = "7";
  values["forget-after"] = "2h";
  const Told told = apply(change);
  EXPECT_THAT(told.texts(),
              ElementsAre("settings: forget-after from 24h to 2h, voters from 5 to 7"));
  EXPECT_EQ(told.events[0].settings().voters(), 7U);
  EXPECT_EQ(view().settings.voters(), 7U);
  EXPECT_EQ(view().number, 2U);

  const Told again = apply(change);
  EXPECT_THAT(again.answers, ElementsAre("done"));
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(view().number, 2U);

  wire::GroupChange another;  // Says nothing of the voters, and changes nothing of them.
  (*another.mutable_settings()->mutable_values())["session-timeout"] = "20s";
  EXPECT_THAT(apply(another).texts(), ElementsAre("settings: session-timeout from 10s to 20s"));
  EXPECT_EQ(view().settings.voters(), 7U);

  values["voters"] = "16";
  EXPECT_THAT(apply(change).answers,
              ElementsAre("INVALID_ARGUMENT: voters=16 is no number of voters: write one from 1 to "
                          "15"));
  EXPECT_EQ(view().settings.voters(), 7U);
}

TEST_F(GroupTest, AnUnusedGroupGivesWayAndRefusesWhatFollows) {
  EXPECT_FALSE(group_.why_closed());
  const Told told = dissolve(other_id, true);
  EXPECT_THAT(told.texts(),
              ElementsAre(std::string("group default (") + own_id + ") gives way to " + other_id));
  EXPECT_EQ(told.events[0].dissolved().into(), other_id);
  EXPECT_EQ(view().dissolved->into(), other_id);
  EXPECT_EQ(view().number, 2U);
  const Error closed = group_.why_closed().value();
  EXPECT_EQ(closed.code, ErrorCode::failed_precondition);
  EXPECT_EQ(closed.message, std::string("group default (") + own_id + ") gave way to " + other_id +
                                ": send commands to that group; what this one had is archived by "
                                "its servers");
  const Bytes before = state();
  EXPECT_THAT(set_state(b, wire::ServerState::FAILED).answers,
              ElementsAre("FAILED_PRECONDITION: " + closed.message));
  EXPECT_EQ(state(), before);
}

TEST_F(GroupTest, AUsedGroupGivesWayOnlyToAPersonsWord) {
  group_.client_command_applied();
  group_.client_command_applied();
  EXPECT_TRUE(view().used);
  EXPECT_EQ(view().number, 1U);
  EXPECT_THAT(dissolve(other_id, true).answers,
              ElementsAre(std::string("FAILED_PRECONDITION: group default has taken commands of "
                                      "clients and gives way only when a person says so: muster "
                                      "dissolve --into ") +
                          other_id));
  EXPECT_FALSE(view().dissolved);
  EXPECT_THAT(dissolve(other_id, false).answers, ElementsAre("done"));
  EXPECT_TRUE(view().dissolved);
}

TEST_F(GroupTest, AGroupGivesWayToAnotherGroupOnly) {
  EXPECT_EQ(dissolve("nonsense", true).answers[0].substr(0, 17), "INVALID_ARGUMENT:");
  EXPECT_THAT(dissolve(own_id, false).answers,
              ElementsAre("INVALID_ARGUMENT: a group can't give way to itself"));
  EXPECT_FALSE(view().dissolved);
}

TEST_F(GroupTest, AMemberSaysAnewWhatItIsCalledAndWhereItIs) {
  set_state(b, wire::ServerState::STOPPED, LogTime{4'000});
  wire::GroupChange change;
  wire::Member& said = *change.mutable_updated();
  said = member(b, "bee");
  said.set_address("10.0.0.9:8888");
  said.set_zone("west");
  said.set_role(wire::Role::LEADER);
  said.set_state(wire::ServerState::LEFT);
  said.set_joined_ms(1);
  const Told told = apply(change);
  EXPECT_THAT(told.texts(), ElementsAre("bee is now at 10.0.0.9:8888, zone west"));
  EXPECT_EQ(told.events[0].member().kind(), wire::MemberChange::UPDATED);
  const wire::Member& learnt = view().members.at(b);
  EXPECT_EQ(learnt.name(), "bee");
  EXPECT_EQ(learnt.zone(), "west");
  EXPECT_EQ(learnt.role(), wire::Role::VOTER);
  EXPECT_EQ(learnt.state(), wire::ServerState::STOPPED);
  EXPECT_EQ(learnt.state_since_ms(), 4'000);
  EXPECT_EQ(learnt.joined_ms(), 0);

  const std::uint64_t number = view().number;
  EXPECT_TRUE(apply(change).events.empty());
  EXPECT_EQ(view().number, number);
}

TEST_F(GroupTest, NobodySpeaksForAnotherServer) {
  wire::GroupChange change;
  *change.mutable_updated() = member(b, "x");
  change.mutable_updated()->set_id(member(a, "").id());
  EXPECT_THAT(apply(change).answers, ElementsAre("INVALID_ARGUMENT: number 2 is another server"));
  change.mutable_updated()->set_number(8);
  EXPECT_THAT(apply(change).answers, ElementsAre("NOT_FOUND: no member has the number 8"));
  EXPECT_EQ(view().members.at(b).name(), "b");
}

TEST_F(GroupTest, WhatAServerSaysOfItselfIsCutToTheLimits) {
  wire::Member huge = member(c, std::string(100'000, 'n'));
  // A character of two bytes lies across the limit of 64.
  huge.set_zone("z" + [] {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "\xc3\xa9";
    return text;
  }());
  for (int i = 0; i < 100; ++i) {
    (*huge.mutable_tags())["key" + std::to_string(100 + i)] = std::string(1'000, 'v');
  }
  roles_[c] = Role::standby;
  change_members(wire::MemberChange::JOINED, huge);
  const wire::Member& kept = view().members.at(c);
  EXPECT_EQ(kept.name(), std::string(wire::name_bytes_max, 'n'));
  EXPECT_EQ(kept.zone().size(), 63U);
  EXPECT_EQ(static_cast<std::size_t>(kept.tags().size()), wire::tags_max);
  EXPECT_EQ(kept.tags().at("key100"), std::string(wire::name_bytes_max, 'v'));
  EXPECT_TRUE(kept.tags().contains("key131"));
}

TEST_F(GroupTest, ManyServersWithMuchToSayFitInASnapshotButNotInOneMessage) {
  wire::Member big = member(c, "c");
  big.set_folder(std::string(4'096, 'f'));
  for (int i = 0; i < 32; ++i) {
    (*big.mutable_tags())["key" + std::to_string(i)] = std::string(64, 'v');
  }
  for (std::uint32_t number = 3; number < 203; ++number) {
    big.set_number(number);
    roles_[ServerNumber{number}] = Role::standby;
    change_members(wire::MemberChange::JOINED, big);
  }
  EXPECT_EQ(group_.query({}).error().code, ErrorCode::resource_exhausted);
  EXPECT_EQ(group_.topic_state(topic).error().code, ErrorCode::resource_exhausted);
  Group restored;
  ASSERT_TRUE(restored.restore(state()));
  EXPECT_EQ(restored.view().members.size(), 202U);
}

TEST_F(GroupTest, AMemberIsDrainedUntilThatIsTakenBackWhateverItSaysOfItself) {
  wire::GroupChange drain;
  drain.mutable_drain()->set_number(b.value);
  drain.mutable_drain()->set_drained(true);
  EXPECT_THAT(apply(drain).texts(),
              ElementsAre("b is drained: its clients move to others, and none come"));
  EXPECT_TRUE(apply(drain).events.empty());

  wire::GroupChange updated;
  *updated.mutable_updated() = member(b, "b");
  updated.mutable_updated()->set_zone("north");
  apply(updated);
  EXPECT_TRUE(view().members.at(b).drained());
  EXPECT_FALSE(view().members.at(a).drained());

  drain.mutable_drain()->set_drained(false);
  EXPECT_THAT(apply(drain).texts(), ElementsAre("b is no longer drained: it takes clients again"));
  EXPECT_FALSE(view().members.at(b).drained());
  drain.mutable_drain()->set_number(9);
  EXPECT_EQ(apply(drain).answers[0], "NOT_FOUND: no member has the number 9");
}

TEST_F(GroupTest, AGroupOfTheSameNameIsToldOfOnce) {
  wire::GroupChange change;
  change.mutable_meeting()->set_group_id(other_id);
  change.mutable_meeting()->set_address("10.0.0.7:8888");
  const Told told = apply(change);
  EXPECT_THAT(told.texts(),
              ElementsAre(std::string("another group is called default too: ") + other_id +
                          " at 10.0.0.7:8888; neither gives way: let one of them with `muster "
                          "dissolve --into GROUP-ID`, or give one another name"));
  EXPECT_EQ(told.events[0].met().address(), "10.0.0.7:8888");
  EXPECT_TRUE(apply(change).events.empty());
  EXPECT_EQ(view().number, 1U);
  change.mutable_meeting()->set_group_id("?");
  EXPECT_EQ(apply(change).answers[0].substr(0, 17), "INVALID_ARGUMENT:");
}

TEST_F(GroupTest, ServicesBehaveAnewOnceAllProgramsSupportIt) {
  wire::GroupChange change;
  change.set_behaviour(2);
  EXPECT_EQ(apply(change).answers[0],
            "FAILED_PRECONDITION: a does not support behaviour version 2");
  for (const ServerNumber number : {a, b}) {
    wire::GroupChange updated;
    *updated.mutable_updated() = view().members.at(number);
    updated.mutable_updated()->set_behaviour_version(number == a ? 3 : 2);
    apply(updated);
  }
  const std::uint64_t number = view().number;
  EXPECT_THAT(apply(change).texts(), ElementsAre("services behave as of version 2"));
  EXPECT_EQ(view().behaviour, 2U);
  EXPECT_EQ(view().number, number + 1);
  EXPECT_TRUE(apply(change).events.empty());  // Nor back.
  change.set_behaviour(3);
  EXPECT_EQ(apply(change).answers[0],
            "FAILED_PRECONDITION: b does not support behaviour version 3");
  Group restored;
  ASSERT_TRUE(restored.restore(state()));
  EXPECT_EQ(restored.view().behaviour, 2U);
}

TEST_F(GroupTest, ACheckpointIsRememberedAndTellsNobody) {
  wire::GroupChange change;
  change.mutable_checkpoint();
  const Told told = apply(change);
  EXPECT_EQ(told.answers[0], "done");
  EXPECT_TRUE(told.events.empty());
  EXPECT_EQ(view().number, 1U);
  EXPECT_EQ(view().checkpoint, LogIndex{2});
  Group restored;
  ASSERT_TRUE(restored.restore(state()));
  EXPECT_EQ(restored.view().checkpoint, LogIndex{2});
}

TEST_F(GroupTest, ClientsCommandsAreRefused) {
  wire::GroupChange change;
  change.mutable_dissolve()->set_into(other_id);
  EXPECT_EQ(apply(wire::encode(change), {}, false).answers[0],
            "PERMISSION_DENIED: only the leader changes the group; ask it with `muster set`, "
            "`transfer`, `drain`, `remove`, `leave` or `dissolve`");
  EXPECT_FALSE(view().dissolved);
}

TEST_F(GroupTest, GarbageIsRefusedAndChangesNothing) {
  const Bytes before = state();
  EXPECT_EQ(apply(BytesView{}).answers[0],
            "INVALID_ARGUMENT: this version of the group service knows no such change");
  std::uint64_t random = 1;
  for (int round = 0; round < 2'000; ++round) {
    Bytes bytes(static_cast<std::size_t>(round % 40));
    for (std::byte& byte : bytes) {
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      byte = static_cast<std::byte>(random >> 56U);
    }
    const Told told = apply(bytes);
    EXPECT_NE(told.answers[0], "done");
  }
  EXPECT_EQ(state(), before);
}

TEST_F(GroupTest, WhoFollowsTheTopicIsToldTheWholeView) {
  join(c, "c");
  const auto event = wire::decode<wire::GroupEvent>(group_.topic_state(topic).value()).value();
  EXPECT_EQ(event.text(), "group default: 3 servers: a, b, c");
  EXPECT_EQ(event.view(), 2U);
  EXPECT_EQ(event.founded().group_id(), own_id);
  EXPECT_EQ(event.founded().members_size(), 3);
  EXPECT_EQ(group_.topic_state("chat/lobby").error().code, ErrorCode::not_found);
}

TEST_F(GroupTest, AQueryAnswersWithTheView) {
  const auto document = wire::decode<wire::Founding>(group_.query({}).value()).value();
  EXPECT_EQ(document.members_size(), 2);
  EXPECT_EQ(document.group(), "default");
  EXPECT_EQ(group_.query(as_bytes("x")).error().code, ErrorCode::invalid_argument);
}

TEST_F(GroupTest, ASnapshotCarriesEverything) {
  join(c, "c", 5, other_id);
  wire::MemberChange came;
  *came.mutable_member() = member(ServerNumber{4}, "d");
  came.set_kind(wire::MemberChange::JOINED);
  came.add_retired(server_id(7).uuid.to_string());
  roles_[ServerNumber{4}] = Role::standby;
  Told told;
  EXPECT_TRUE(group_.membership_changed(LogIndex{++index_}, roles_, wire::encode(came), told));
  roles_.erase(b);
  change_members(wire::MemberChange::REMOVED, member(b, ""), "fenced", 7);
  apply(election_of_c());
  group_.client_command_applied();
  wire::GroupChange meeting;
  meeting.mutable_meeting()->set_group_id("01890000-0000-7000-8000-000000000003");
  apply(meeting);
  dissolve(other_id, false);

  const Bytes bytes = state();
  Group restored;
  ASSERT_TRUE(restored.restore(bytes));
  Bytes again;
  restored.freeze().at(0)->encode(again);
  EXPECT_EQ(again, bytes);
  const View& taken = restored.view();
  EXPECT_EQ(taken.number, view().number);
  EXPECT_EQ(taken.next_number, 5U);
  EXPECT_EQ(taken.name, "default");
  EXPECT_TRUE(taken.used);
  EXPECT_EQ(taken.dissolved->into(), other_id);
  EXPECT_EQ(taken.election->took_ms(), 38U);
  EXPECT_EQ(taken.departed.at(b).cause, "fenced");
  EXPECT_EQ(taken.departed.at(b).index, LogIndex{4});
  EXPECT_TRUE(taken.departed.at(b).removed);
  EXPECT_EQ(taken.members.at(c).joined_ms(), 5);
  EXPECT_EQ(taken.retired, view().retired);
  EXPECT_EQ(taken.retired.size(), 1U);
  EXPECT_EQ(taken.gone_groups, view().gone_groups);
  EXPECT_EQ(taken.met.size(), 1U);

  restored.clear();
  EXPECT_EQ(restored.view().number, 0U);
  EXPECT_FALSE(restored.view().used);
}

TEST_F(GroupTest, ADamagedPartIsRefusedAndLeavesTheStateAlone) {
  join(c, "c", 5, other_id);
  const Bytes bytes = state();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Group restored;
    EXPECT_EQ(restored.restore(BytesView(bytes).first(size)).error().code, ErrorCode::internal);
    EXPECT_EQ(restored.view().number, 0U);
  }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(Group().restore(longer));
}

}  // namespace
}  // namespace muster::group
