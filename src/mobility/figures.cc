#include "mobility/figures.h"

#include <algorithm>
#include <array>

#include "muster/check.h"

namespace muster::mobility {
namespace {

template <class Self>
auto counters(Self& figures) {
  return std::array{&figures.incidents,    &figures.closed,
                    &figures.cancelled,    &figures.repeated_reports,
                    &figures.queued,       &figures.reassigned,
                    &figures.diverted,     &figures.over_capacity,
                    &figures.preemptions,  &figures.preemptions_granted,
                    &figures.preempted_ms, &figures.busy_ms,
                    &figures.on_duty_ms};
}

}  // namespace

void Times::add(Milliseconds time) {
  const std::int64_t seconds_cap = seconds_max;
  const std::int64_t ms = std::clamp<std::int64_t>(time.count(), 0, seconds_cap * 1'000);
  ++by_second_[static_cast<std::uint32_t>((ms + 999) / 1'000)];
  ++count_;
  sum_ms_ += static_cast<std::uint64_t>(ms);
}

Milliseconds Times::mean() const {
  return Milliseconds{count_ == 0 ? 0 : static_cast<std::int64_t>(sum_ms_ / count_)};
}

Milliseconds Times::percentile(std::uint32_t percent) const {
  check(percent >= 1 && percent <= 100);
  const std::uint64_t wanted = (count_ * percent + 99) / 100;
  std::uint64_t seen = 0;
  for (const auto& [second, times] : by_second_) {
    seen += times;
    if (seen >= wanted) return std::chrono::seconds{second};
  }
  return Milliseconds{0};
}

std::uint64_t Times::within(std::uint32_t seconds) const {
  std::uint64_t seen = 0;
  for (const auto& [second, times] : by_second_) {
    if (second > seconds) break;
    seen += times;
  }
  return seen;
}

void Times::encode(Writer& writer) const {
  writer.integer(sum_ms_);
  writer.integer(static_cast<std::uint32_t>(by_second_.size()));
  for (const auto& [second, times] : by_second_) {
    writer.integer(second);
    writer.integer(times);
  }
}

bool Times::restore(Reader& reader) {
  *this = {};
  sum_ms_ = reader.integer<std::uint64_t>();
  const auto seconds = reader.integer<std::uint32_t>();
  if (seconds > seconds_max + 1) return false;
  for (std::uint32_t i = 0; i < seconds && reader.ok(); ++i) {
    const auto second = reader.integer<std::uint32_t>();
    const auto times = reader.integer<std::uint64_t>();
    const bool ascends = by_second_.empty() || by_second_.rbegin()->first < second;
    if (!ascends || second > seconds_max || times == 0) return false;
    by_second_.emplace_hint(by_second_.end(), second, times);
    count_ += times;
  }
  return reader.ok();
}

void Figures::encode(Writer& writer) const {
  for (const std::uint64_t* const counter : counters(*this)) writer.integer(*counter);
  response.encode(writer);
  at_hospital.encode(writer);
}

bool Figures::restore(Reader& reader) {
  for (std::uint64_t* const counter : counters(*this)) *counter = reader.integer<std::uint64_t>();
  return response.restore(reader) && at_hospital.restore(reader);
}

}  // namespace muster::mobility
