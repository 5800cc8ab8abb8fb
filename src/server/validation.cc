#include "server/validation.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "muster/duration.h"
#include "wire/control.h"
#include "wire/limits.h"

namespace muster::server {
namespace {

constexpr std::size_t voters_max = 15;
constexpr std::uint32_t priority_max = 255;
constexpr unsigned attempts_max = 16;

Error invalid(std::string text) {
  return {ErrorCode::invalid_argument, std::move(text)};
}

Result<void> check_name(const std::string& option, const std::string& name) {
  const Result<void> valid = wire::validate_name(name);
  if (!valid) return invalid(option + ": " + valid.error().message);
  return {};
}

Result<void> check_names(const node::Options& node) {
  if (auto valid = check_name("group", node.group); !valid) return valid;
  if (!node.name.empty()) {
    if (auto valid = check_name("name", node.name); !valid) return valid;
    const bool is_number =
        std::ranges::all_of(node.name, [](char c) { return c >= '0' && c <= '9'; });
    if (is_number || node.name == "all") {
      return invalid("name: " + node.name + " stands for " +
                     (is_number ? "a port of this machine" : "every server") +
                     " where commands take a name; choose another");
    }
  }
  if (!node.zone.empty()) {
    if (auto valid = check_name("zone", node.zone); !valid) return valid;
  }
  if (node.tags.size() > wire::tags_max) {
    return invalid("tag: a server has at most " + std::to_string(wire::tags_max));
  }
  for (const auto& [key, value] : node.tags) {
    if (auto valid = check_name("tag", key); !valid) return valid;
  }
  return {};
}

Result<void> check_numbers(const node::Options& node) {
  if (node.voters < 1 || node.voters > voters_max) {
    return invalid("voters " + std::to_string(node.voters) + " is not from 1 to 15");
  }
  if (node.expect > voters_max) {
    return invalid("expect " + std::to_string(node.expect) + " is not from 1 to 15");
  }
  if (node.priority > priority_max) {
    return invalid("priority " + std::to_string(node.priority) + " is not from 0 to 255");
  }
  if (node.discovery_attempts < 1 || node.discovery_attempts > attempts_max) {
    return invalid("discovery-attempts " + std::to_string(node.discovery_attempts) +
                   " is not from 1 to 16");
  }
  return {};
}

Result<void> check_times(const node::Options& node) {
  const std::array<std::pair<const char*, Duration>, 8> times{
      {{"heartbeat-interval", node.heartbeat_interval},
       {"election-timeout", node.election_timeout},
       {"failure-timeout", node.failure_timeout},
       {"session-timeout", node.session_timeout},
       {"handover-after", node.handover_after},
       {"forget-after", node.forget_after},
       {"discovery-window", node.discovery_window},
       {"beacon-interval", node.beacon_interval}}};
  for (const auto& [name, time] : times) {
    const std::string problem = check_range(to_text(time), time, {});
    if (!problem.empty()) return invalid(std::string(name) + " " + problem);
  }
  const Duration least = 3 * node.heartbeat_interval;
  if (node.election_timeout < least) {
    return invalid("election-timeout " + to_text(node.election_timeout) +
                   " is below three heartbeats of " + to_text(node.heartbeat_interval) +
                   ": make it at least " + to_text(least) + ", or heartbeat-interval shorter");
  }
  if (node.failure_timeout < node.election_timeout) {
    return invalid("failure-timeout " + to_text(node.failure_timeout) +
                   " is below election-timeout: make it at least " +
                   to_text(node.election_timeout));
  }
  return {};
}

}  // namespace

Result<void> validate(const node::Options& node) {
  if (auto valid = check_names(node); !valid) return valid;
  if (auto valid = check_numbers(node); !valid) return valid;
  return check_times(node);
}

}  // namespace muster::server
