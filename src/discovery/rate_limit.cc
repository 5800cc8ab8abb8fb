#include "discovery/rate_limit.h"

#include <algorithm>

#include "muster/check.h"

namespace muster::discovery {

RateLimit::RateLimit(const Options& options) : options_(options) {
  check(options.all.count > 0 && options.one.count > 0 && options.sources_max > 0);
  check(options.all.each > Duration::zero() && options.one.each > Duration::zero());
}

void RateLimit::fill(Bucket& bucket, const Rate& rate, Instant now) {
  const Duration token = std::max(rate.each / rate.count, Duration{1});
  if (now <= bucket.filled_at) return;
  const auto due = (now - bucket.filled_at) / token;
  if (due >= static_cast<std::int64_t>(rate.count - bucket.tokens)) {
    bucket.tokens = rate.count;
    bucket.filled_at = now;
  } else {
    bucket.tokens += static_cast<unsigned>(due);
    bucket.filled_at += due * token;
  }
}

RateLimit::Bucket& RateLimit::bucket_of(const std::string& source, Instant now) {
  if (const auto known = sources_.find(source); known != sources_.end()) return known->second;
  if (sources_.size() >= options_.sources_max) {
    const auto by_use = [](const auto& a, const auto& b) {
      return a.second.used_at < b.second.used_at;
    };
    sources_.erase(std::ranges::min_element(sources_, by_use));
  }
  return sources_[source] = {.tokens = options_.one.count, .filled_at = now, .used_at = now};
}

bool RateLimit::allow(const std::string& source, Instant now) {
  if (!started_) all_ = {.tokens = options_.all.count, .filled_at = now};
  started_ = true;
  fill(all_, options_.all, now);
  // Asked first, so that a flood from ever new sources neither grows nor turns over the table.
  if (all_.tokens == 0) return false;
  Bucket& one = bucket_of(source, now);
  fill(one, options_.one, now);
  if (one.tokens == 0) return false;
  --all_.tokens;
  --one.tokens;
  one.used_at = now;
  return true;
}

}  // namespace muster::discovery
