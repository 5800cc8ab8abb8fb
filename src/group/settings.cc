#include "group/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "muster/duration.h"

namespace muster::group {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::pair<std::string_view, wire::ElectionRule::Value>, 3> rules{
    {{"highest-id", wire::ElectionRule::HIGHEST_ID},
     {"lowest-id", wire::ElectionRule::LOWEST_ID},
     {"stable", wire::ElectionRule::STABLE}}};

/// A setting that is a duration: its name, where it stands, what it is unless somebody says, and
/// below what a bare number is a slip.
struct Time {
  std::string_view key;
  std::uint64_t (wire::GroupSettings::*get)() const;
  void (wire::GroupSettings::*set)(std::uint64_t);
  std::chrono::milliseconds otherwise;
  Duration plausible;
  Duration lowest{1ms};

  DurationRange range() const { return {.lowest = lowest, .plausible = plausible}; }
  Duration of(const wire::GroupSettings& settings) const {
    // Beyond the longest that is allowed the exact value is of no interest.
    constexpr auto longest = std::chrono::milliseconds(std::chrono::hours{24 * 366});
    return std::chrono::milliseconds(
        std::min((settings.*get)(), static_cast<std::uint64_t>(longest.count())));
  }
};

using Settings = wire::GroupSettings;
constexpr std::array<Time, 6> times{{
    {"heartbeat-interval", &Settings::heartbeat_interval_ms, &Settings::set_heartbeat_interval_ms,
     50ms, 5ms},
    {"election-timeout", &Settings::election_timeout_ms, &Settings::set_election_timeout_ms, 300ms,
     15ms},
    {"failure-timeout", &Settings::failure_timeout_ms, &Settings::set_failure_timeout_ms, 5s,
     100ms},
    {"session-timeout", &Settings::session_timeout_ms, &Settings::set_session_timeout_ms, 10s,
     100ms, 1s},  // Clients that chose nothing say a word each second.
    {"handover-after", &Settings::handover_after_ms, &Settings::set_handover_after_ms, 2s, 100ms},
    {"forget-after", &Settings::forget_after_ms, &Settings::set_forget_after_ms, 24h, 1s},
}};
constexpr std::uint32_t default_voters = 5;

constexpr const char* keys =
    "election, voters, heartbeat-interval, election-timeout, failure-timeout, session-timeout, "
    "handover-after and forget-after";

Error refused(const std::string& text) {
  return Error{ErrorCode::invalid_argument, text};
}

Duration time_of(const Settings& settings, std::string_view key) {
  return std::ranges::find(times, key, &Time::key)->of(settings);
}

Result<void> set_election(Settings& settings, std::string value) {
  std::ranges::transform(value, value.begin(), [](char c) {
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const auto& [name, rule] : rules) {
    if (name != value) continue;
    settings.set_election(rule);
    return {};
  }
  return refused("election=" + value + " is no rule: write highest-id, lowest-id or stable");
}

Result<void> set_voters(Settings& settings, const std::string& value) {
  std::uint32_t voters = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, voters);
  if (error != std::errc{} || stop != end || voters < 1 || voters > voters_max) {
    return refused("voters=" + value + " is no number of voters: write one from 1 to " +
                   std::to_string(voters_max));
  }
  settings.set_voters(voters);
  return {};
}

Result<void> set_time(Settings& settings, const Time& time, const std::string& value) {
  const Result<Duration> read = parse_duration(value);
  if (!read) return refused(std::string(time.key) + ": " + read.error().message);
  const std::string problem = check_range(value, *read, time.range());
  if (!problem.empty()) return refused(std::string(time.key) + " " + problem);
  if (*read % 1ms != Duration::zero()) {
    return refused(std::string(time.key) + " " + value +
                   " is finer than a millisecond: write whole milliseconds");
  }
  (settings.*time.set)(static_cast<std::uint64_t>(*read / 1ms));
  return {};
}

Result<void> set_one(Settings& settings, const std::string& key, const std::string& value) {
  if (key == "election") return set_election(settings, value);
  if (key == "voters") return set_voters(settings, value);
  const auto* const time = std::ranges::find(times, key, &Time::key);
  if (time == times.end()) {
    return refused("no setting is called '" + key + "': there are " + keys);
  }
  return set_time(settings, *time, value);
}

}  // namespace

wire::GroupSettings default_settings() {
  return with_defaults({});
}

wire::GroupSettings with_defaults(wire::GroupSettings settings) {
  if (settings.voters() == 0) settings.set_voters(default_voters);
  for (const Time& time : times) {
    if ((settings.*time.get)() != 0) continue;
    (settings.*time.set)(static_cast<std::uint64_t>(time.otherwise.count()));
  }
  return settings;
}

namespace {

Result<void> validate_each(const Settings& settings) {
  if (std::ranges::find(rules, settings.election(), [](const auto& rule) { return rule.second; }) ==
      rules.end()) {
    return refused("election is no rule: write highest-id, lowest-id or stable");
  }
  if (settings.voters() < 1 || settings.voters() > voters_max) {
    return refused("voters=" + std::to_string(settings.voters()) +
                   " is no number of voters: write one from 1 to " + std::to_string(voters_max));
  }
  for (const Time& time : times) {
    const Duration value = time.of(settings);
    const std::string problem = check_range(to_text(value), value, time.range());
    if (!problem.empty()) return refused(std::string(time.key) + " " + problem);
  }
  return {};
}

Result<void> validate_together(const Settings& settings) {
  const Duration heartbeat = time_of(settings, "heartbeat-interval");
  const Duration election = time_of(settings, "election-timeout");
  const Duration failure = time_of(settings, "failure-timeout");
  if (election < 3 * heartbeat) {
    return refused("election-timeout " + to_text(election) + " is below three heartbeats of " +
                   to_text(heartbeat) + ": make it at least " + to_text(3 * heartbeat) +
                   ", or heartbeat-interval shorter");
  }
  if (failure < election) {
    return refused("failure-timeout " + to_text(failure) +
                   " is below election-timeout: make it at least " + to_text(election));
  }
  return {};
}

}  // namespace

Result<void> validate(const wire::GroupSettings& settings) {
  if (auto valid = validate_each(settings); !valid) return valid;
  return validate_together(settings);
}

Result<void> validate_change(const wire::GroupSettings& before, const wire::GroupSettings& after) {
  if (auto valid = validate_each(after); !valid) return valid;
  const bool times_stay = before.heartbeat_interval_ms() == after.heartbeat_interval_ms() &&
                          before.election_timeout_ms() == after.election_timeout_ms() &&
                          before.failure_timeout_ms() == after.failure_timeout_ms();
  return times_stay ? Result<void>{} : validate_together(after);
}

Result<wire::GroupSettings> apply_settings(const wire::GroupSettings& now,
                                           const std::map<std::string, std::string>& values) {
  wire::GroupSettings changed = now;
  std::map<std::string, std::string> by_key;
  for (const auto& [written, value] : values) {
    std::string key = written;
    std::ranges::replace(key, '_', '-');
    if (!by_key.emplace(key, value).second) {
      return refused(key + " is given twice: give it once");
    }
  }
  for (const auto& [key, value] : by_key) {
    if (Result<void> set = set_one(changed, key, value); !set) return set.error();
  }
  if (Result<void> valid = validate_change(now, changed); !valid) return valid.error();
  return changed;
}

std::map<std::string, std::string> to_values(const wire::GroupSettings& settings) {
  std::map<std::string, std::string> values{{"election", std::string(name_of(settings.election()))},
                                            {"voters", std::to_string(settings.voters())}};
  for (const Time& time : times) values.emplace(time.key, to_text(time.of(settings)));
  return values;
}

std::string describe(const wire::GroupSettings& settings) {
  std::string text;
  for (const auto& [key, value] : to_values(settings)) {
    text.append(text.empty() ? "" : " ").append(key).append("=").append(value);
  }
  return text;
}

std::string describe_change(const wire::GroupSettings& before, const wire::GroupSettings& after) {
  const auto old_values = to_values(before);
  std::string text;
  for (const auto& [key, value] : to_values(after)) {
    const std::string& old_value = old_values.at(key);
    if (old_value == value) continue;
    text.append(text.empty() ? "" : ", ").append(key);
    text.append(" from ").append(old_value).append(" to ").append(value);
  }
  return text;
}

std::string_view name_of(wire::ElectionRule::Value rule) {
  for (const auto& [name, value] : rules) {
    if (value == rule) return name;
  }
  return "unknown";
}

}  // namespace muster::group
