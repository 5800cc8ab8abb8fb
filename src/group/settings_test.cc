// Settings as people write them, and what is refused with which remedy.
#include "group/settings.h"

#include <gtest/gtest.h>

#include "muster/bytes.h"

namespace muster::group {
namespace {

using Values = std::map<std::string, std::string>;

std::string refusal(const Values& values, const wire::GroupSettings& now = default_settings()) {
  const auto changed = apply_settings(now, values);
  if (changed) return "accepted: " + describe(*changed);
  EXPECT_EQ(changed.error().code, ErrorCode::invalid_argument);
  return changed.error().message;
}

TEST(SettingsTest, TheDefaultsAreThoseOfTheCommandLineAndValid) {
  EXPECT_EQ(describe(default_settings()),
            "election=highest-id election-timeout=300ms failure-timeout=5s forget-after=24h "
            "handover-after=2s heartbeat-interval=50ms session-timeout=10s voters=5");
  EXPECT_TRUE(validate(default_settings()));
}

TEST(SettingsTest, WhatIsNotSetGetsItsDefaultAndTheRestStays) {
  wire::GroupSettings some;
  some.set_election(wire::ElectionRule::STABLE);
  some.set_failure_timeout_ms(7'000);
  EXPECT_EQ(describe(with_defaults(some)),
            "election=stable election-timeout=300ms failure-timeout=7s forget-after=24h "
            "handover-after=2s heartbeat-interval=50ms session-timeout=10s voters=5");
}

TEST(SettingsTest, EachIsChangedByItsKeyWithEitherDash) {
  const auto changed = apply_settings(default_settings(), {{"election", "Lowest_ID"},
                                                           {"voters", "7"},
                                                           {"heartbeat_interval", "20ms"},
                                                           {"election-timeout", "60"},
                                                           {"failure-timeout", "1.5s"},
                                                           {"session_timeout", "2m"},
                                                           {"handover-after", "100ms"},
                                                           {"forget-after", "2h"}});
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(describe(*changed),
            "election=lowest-id election-timeout=60ms failure-timeout=1500ms forget-after=2h "
            "handover-after=100ms heartbeat-interval=20ms session-timeout=2m voters=7");
  EXPECT_EQ(to_values(apply_settings(default_settings(), to_values(*changed)).value()),
            to_values(*changed));
}

TEST(SettingsTest, NoValueChangesNothing) {
  EXPECT_EQ(describe(apply_settings(default_settings(), {}).value()), describe(default_settings()));
}

TEST(SettingsTest, UnknownAndMalformedOnesAreRefusedWithTheRemedy) {
  EXPECT_EQ(refusal({{"colour", "red"}}),
            "no setting is called 'colour': there are election, voters, heartbeat-interval, "
            "election-timeout, failure-timeout, session-timeout, handover-after and forget-after");
  EXPECT_EQ(refusal({{"election", "me"}}),
            "election=me is no rule: write highest-id, lowest-id or stable");
  for (const char* voters : {"0", "16", "-1", "", "3x", "99999999999"}) {
    EXPECT_EQ(refusal({{"voters", voters}}),
              std::string("voters=") + voters + " is no number of voters: write one from 1 to 15");
  }
  EXPECT_EQ(refusal({{"failure-timeout", "soon"}}),
            "failure-timeout: 'soon' is no duration: write a number and a unit, for instance 15ms, "
            "3s, 2m or 24h (without a unit: milliseconds)");
  EXPECT_EQ(refusal({{"failure-timeout", "3"}}), "failure-timeout 3 is 3 ms: write 3s");
  EXPECT_EQ(refusal({{"forget-after", "9000h"}}), "forget-after 9000h is too long: at most 8760h");
  EXPECT_EQ(refusal({{"handover-after", "0ms"}}), "handover-after 0ms is too short: at least 1ms");
  EXPECT_EQ(refusal({{"heartbeat-interval", "1500us"}}),
            "heartbeat-interval 1500us is finer than a millisecond: write whole milliseconds");
  EXPECT_EQ(refusal({{"election_timeout", "1s"}, {"election-timeout", "2s"}}),
            "election-timeout is given twice: give it once");
}

TEST(SettingsTest, WhatTheySayTogetherIsChecked) {
  EXPECT_EQ(refusal({{"heartbeat-interval", "101ms"}}),
            "election-timeout 300ms is below three heartbeats of 101ms: make it at least 303ms, or "
            "heartbeat-interval shorter");
  EXPECT_TRUE(apply_settings(default_settings(), {{"heartbeat-interval", "100ms"}}));
  EXPECT_EQ(refusal({{"failure-timeout", "299ms"}}),
            "failure-timeout 299ms is below election-timeout: make it at least 300ms");
  EXPECT_TRUE(apply_settings(default_settings(), {{"failure-timeout", "300ms"}}));
  // Neither alone would do.
  EXPECT_TRUE(apply_settings(default_settings(),
                             {{"heartbeat-interval", "1s"}, {"election-timeout", "3s"}}));
}

TEST(SettingsTest, TimesThatAFounderChoseTogetherMayStay) {
  wire::GroupSettings chosen = default_settings();
  chosen.set_heartbeat_interval_ms(2'000);
  chosen.set_election_timeout_ms(5'000);
  EXPECT_FALSE(validate(chosen));
  EXPECT_EQ(apply_settings(chosen, {{"voters", "7"}}).value().voters(), 7U);
  EXPECT_EQ(apply_settings(chosen, {{"election-timeout", "5500ms"}}).error().message,
            "election-timeout 5500ms is below three heartbeats of 2s: make it at least 6s, or "
            "heartbeat-interval shorter");
}

TEST(SettingsTest, AnythingFromTheLogIsCheckedWithoutOverflow) {
  wire::GroupSettings settings = default_settings();
  settings.set_forget_after_ms(UINT64_MAX);
  EXPECT_EQ(validate(settings).error().message, "forget-after 8784h is too long: at most 8760h");
  settings = default_settings();
  settings.set_election(static_cast<wire::ElectionRule::Value>(9));
  EXPECT_FALSE(validate(settings));
  settings = default_settings();
  settings.set_voters(16);
  EXPECT_FALSE(validate(settings));
  settings.set_voters(0);
  EXPECT_FALSE(validate(settings));
}

TEST(SettingsTest, AChangeNamesWhatDiffers) {
  const auto changed =
      apply_settings(default_settings(), {{"voters", "7"}, {"forget-after", "2h"}}).value();
  EXPECT_EQ(describe_change(default_settings(), changed),
            "forget-after from 24h to 2h, voters from 5 to 7");
  EXPECT_EQ(describe_change(changed, changed), "");
}

}  // namespace
}  // namespace muster::group
