#include "session/servers.h"

#include <algorithm>

#include "muster/check.h"
#include "wire/limits.h"

namespace muster::session {

Servers::Servers(const Options& options, const std::vector<std::string>& seeds)
    : options_(options) {
  check(options_.backoff_min > Duration::zero() && options_.backoff_min <= options_.backoff_max);
  check(options_.addresses_max > 0);
  for (const std::string& seed : seeds) learn(seed);
  seeds_ = addresses_.size();
}

void Servers::learn(const std::string& address) {
  if (address.empty() || address.size() > wire::address_bytes_max) return;
  if (std::ranges::find(addresses_, address) != addresses_.end()) return;
  if (addresses_.size() == options_.addresses_max) {
    if (seeds_ == addresses_.size()) return;
    addresses_.erase(addresses_.begin() + static_cast<std::ptrdiff_t>(seeds_));
    if (next_ > seeds_) --next_;
  }
  addresses_.push_back(address);
}

std::string Servers::next() {
  check(!addresses_.empty());
  next_ %= addresses_.size();
  ++tried_in_round_;
  return addresses_[next_++];
}

void Servers::tried(const std::string& address) {
  const auto found = std::ranges::find(addresses_, address);
  if (found == addresses_.end()) return;
  next_ = static_cast<std::size_t>(found - addresses_.begin()) + 1;
  ++tried_in_round_;
}

Duration Servers::pause(Random& random) {
  if (tried_in_round_ < addresses_.size()) return Duration::zero();
  tried_in_round_ = 0;
  Duration wait = options_.backoff_min;
  for (unsigned round = 0; round < rounds_ && wait < options_.backoff_max; ++round) wait *= 2;
  wait = std::min(wait, options_.backoff_max);
  if (wait < options_.backoff_max) ++rounds_;
  return random.between(wait / 2, wait);
}

void Servers::lost(const std::string& address, Random& random) {
  if (addresses_.size() < 2) return;
  const auto found = std::ranges::find(addresses_, address);
  const auto others = addresses_.size() - (found == addresses_.end() ? 0 : 1);
  next_ = static_cast<std::size_t>(random.below(others));
  if (found != addresses_.end() && next_ >= static_cast<std::size_t>(found - addresses_.begin())) {
    ++next_;
  }
}

void Servers::succeeded() {
  tried_in_round_ = 0;
  rounds_ = 0;
}

}  // namespace muster::session
