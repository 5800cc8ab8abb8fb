// The settings of a group as people write them: defaults, names, checks.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "muster/error.h"
#include "wire/muster.pb.h"

namespace muster::group {

inline constexpr std::uint32_t voters_max = 15;

wire::GroupSettings default_settings();
/// As they are, with the default for each that is not set (0): those of a founder of an older
/// version are incomplete.
wire::GroupSettings with_defaults(wire::GroupSettings settings);

/// Each within its range, and what they say together: an election timeout of at least three
/// heartbeats, a failure timeout of at least an election timeout. Errors: INVALID_ARGUMENT, naming
/// the setting and the remedy.
[[nodiscard]] Result<void> validate(const wire::GroupSettings& settings);
/// The same for a change from `before`. Times that a founder chose together, and that stay, are its
/// own affair.
[[nodiscard]] Result<void> validate_change(const wire::GroupSettings& before,
                                           const wire::GroupSettings& after);

/// `now`, changed by `values` as `muster set KEY=VALUE` has them: `election` (highest-id,
/// lowest-id, stable), `voters` (1 to 15), and as durations `heartbeat-interval`,
/// `election-timeout`, `failure-timeout`, `session-timeout`, `handover-after`, `forget-after`. `_`
/// stands for `-` too. They are checked as a whole, so that two that need each other can be changed
/// together. Errors: INVALID_ARGUMENT, naming the setting and the remedy; then nothing is changed.
[[nodiscard]] Result<wire::GroupSettings> apply_settings(
    const wire::GroupSettings& now, const std::map<std::string, std::string>& values);

/// Every setting by its key, in the form that `apply_settings` reads back.
std::map<std::string, std::string> to_values(const wire::GroupSettings& settings);
/// `KEY=VALUE` of all of them, by key, separated by spaces.
std::string describe(const wire::GroupSettings& settings);
/// What differs: `voters from 5 to 7, forget-after from 24h to 2h`. Empty: nothing.
std::string describe_change(const wire::GroupSettings& before, const wire::GroupSettings& after);

/// `highest-id`, `lowest-id` or `stable`.
std::string_view name_of(wire::ElectionRule::Value rule);

}  // namespace muster::group
