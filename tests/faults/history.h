// What clients did and were answered, and what followers were told, as lines of text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/error.h"
#include "sim/linearizability.h"

namespace muster::faults {

/// An operation as its client knows it. Times are of the machine's monotonic clock, which all
/// processes share, in whatever network namespace they are.
struct Recorded {
  sim::ObservedOperation operation{};
  bool is_query{false};      ///< A read that did not go through the log.
  bool was_not_done{false};  ///< Its error said that it was certainly not applied.
};

/// What a follower of the topic of the registers was told: an event, or a gap up to one.
struct Told {
  std::uint64_t number{0};                    ///< Of the event, counted from 1 by the service.
  std::optional<sim::OperationId> operation;  ///< None: a gap; all up to `number` is missing.
};

/// One line each, without its end.
std::string to_line(const Recorded& recorded);
std::string to_line(const Told& told);

/// All lines of a file. Errors: NOT_FOUND, or INVALID_ARGUMENT naming the line that is none.
[[nodiscard]] Result<std::vector<Recorded>> read_history(const std::string& path);
[[nodiscard]] Result<std::vector<Told>> read_told(const std::string& path);

}  // namespace muster::faults
