// The figures that people ask of a dispatch: response times, times at hospitals, utilisation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "mobility/network.h"
#include "muster/codec.h"

namespace muster::mobility {

/// How often something took how long, to the second.
class Times {
 public:
  static constexpr std::uint32_t seconds_max = 14'400;  ///< What takes longer counts as this long.

  void add(Milliseconds time);
  std::uint64_t count() const { return count_; }
  /// 0 if there are none.
  Milliseconds mean() const;
  /// The least time, in whole seconds rounded up, within which `percent` of 100 were. 0 if there
  /// are none. Precondition: 1 to 100.
  Milliseconds percentile(std::uint32_t percent) const;
  /// How many took no longer than whole seconds.
  std::uint64_t within(std::uint32_t seconds) const;

  void encode(Writer& writer) const;
  /// False if the bytes are none.
  [[nodiscard]] bool restore(Reader& reader);
  friend bool operator==(const Times&, const Times&) = default;

 private:
  std::map<std::uint32_t, std::uint64_t> by_second_{};  // Rounded up.
  std::uint64_t count_{0};
  std::uint64_t sum_ms_{0};
};

/// Counted since the log began.
struct Figures {
  std::uint64_t incidents{0};
  std::uint64_t closed{0};
  std::uint64_t cancelled{0};
  std::uint64_t repeated_reports{0};
  std::uint64_t queued{0};
  std::uint64_t reassigned{0};
  std::uint64_t diverted{0};
  std::uint64_t over_capacity{0};
  std::uint64_t preemptions{0};
  std::uint64_t preemptions_granted{0};
  std::uint64_t preempted_ms{0};  ///< Ended ones.
  std::uint64_t busy_ms{0};       ///< Of ambulances, up to when each last became free,
  std::uint64_t on_duty_ms{0};    ///< and up to when each last went off duty.
  Times response{};
  Times at_hospital{};
  friend bool operator==(const Figures&, const Figures&) = default;

  void encode(Writer& writer) const;
  [[nodiscard]] bool restore(Reader& reader);
};

/// As they are told.
struct FiguresSummary {
  std::uint64_t incidents{0};
  std::uint64_t open{0};
  std::uint64_t waiting{0};
  std::uint64_t closed{0};
  std::uint64_t cancelled{0};
  std::uint64_t repeated_reports{0};
  std::uint64_t queued{0};
  std::uint64_t reassigned{0};
  std::uint64_t diverted{0};
  std::uint64_t over_capacity{0};
  std::uint64_t responses{0};  ///< From the report until the first ambulance is on scene.
  Milliseconds response_mean{};
  Milliseconds response_p50{};
  Milliseconds response_p90{};
  std::uint64_t responses_within_7_min{0};
  std::uint64_t responses_within_15_min{0};
  Milliseconds hospital_mean{};  ///< From handing over until the ambulance is available.
  Milliseconds hospital_p90{};
  std::uint64_t busy_ms{0};
  std::uint64_t on_duty_ms{0};
  std::uint64_t preemptions{0};
  std::uint64_t preemptions_granted{0};
  std::uint64_t preempted_ms{0};
  friend bool operator==(const FiguresSummary&, const FiguresSummary&) = default;
};

}  // namespace muster::mobility
