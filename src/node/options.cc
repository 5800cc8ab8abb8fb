#include "node/options.h"

namespace muster::node {
namespace {

std::uint64_t setting_ms(Duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(duration).count());
}

}  // namespace

wire::GroupSettings settings_of(const Options& options) {
  wire::GroupSettings settings;
  settings.set_election(to_schema(options.election));
  settings.set_voters(static_cast<std::uint32_t>(options.voters));
  settings.set_heartbeat_interval_ms(setting_ms(options.heartbeat_interval));
  settings.set_election_timeout_ms(setting_ms(options.election_timeout));
  settings.set_failure_timeout_ms(setting_ms(options.failure_timeout));
  settings.set_session_timeout_ms(setting_ms(options.session_timeout));
  settings.set_handover_after_ms(setting_ms(options.handover_after));
  settings.set_forget_after_ms(setting_ms(options.forget_after));
  return settings;
}

wire::FoundingMode::Value to_schema(FoundingMode mode) {
  switch (mode) {
    case FoundingMode::now:
      return wire::FoundingMode::NOW;
    case FoundingMode::never:
      return wire::FoundingMode::NEVER;
    case FoundingMode::automatic:
      break;
  }
  return wire::FoundingMode::AUTOMATIC;
}

wire::ElectionRule::Value to_schema(ElectionRule rule) {
  switch (rule) {
    case ElectionRule::lowest_id:
      return wire::ElectionRule::LOWEST_ID;
    case ElectionRule::stable:
      return wire::ElectionRule::STABLE;
    case ElectionRule::highest_id:
      break;
  }
  return wire::ElectionRule::HIGHEST_ID;
}

ElectionRule from_schema(wire::ElectionRule::Value rule) {
  switch (rule) {
    case wire::ElectionRule::LOWEST_ID:
      return ElectionRule::lowest_id;
    case wire::ElectionRule::STABLE:
      return ElectionRule::stable;
    default:
      return ElectionRule::highest_id;
  }
}

}  // namespace muster::node
