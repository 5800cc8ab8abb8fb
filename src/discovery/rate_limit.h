// How often something is done, in all and for each of those who cause it.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "muster/time.h"

namespace muster::discovery {

/// Token buckets: one for all, one for each source, in a table of bounded size. A bucket starts
/// full and is filled evenly. What is refused costs its source nothing. Thread-safety: none.
class RateLimit {
 public:
  struct Rate {
    unsigned count{1};  ///< Allowed at once, and per `each`.
    Duration each{std::chrono::seconds{1}};
  };
  struct Options {
    Rate all;
    Rate one;                        ///< For one source.
    std::size_t sources_max{1'024};  ///< The one that was allowed something longest ago makes room.
  };

  /// Precondition: counts, durations and `sources_max` are positive.
  explicit RateLimit(const Options& options);

  /// Whether `source` may cause it once more now; if so, it is counted.
  bool allow(const std::string& source, Instant now);
  std::size_t sources() const { return sources_.size(); }

 private:
  struct Bucket {
    unsigned tokens{0};
    Instant filled_at{};  // Up to here the time has been turned into tokens.
    Instant used_at{};
  };

  static void fill(Bucket& bucket, const Rate& rate, Instant now);
  Bucket& bucket_of(const std::string& source, Instant now);

  const Options options_;
  Bucket all_;
  bool started_{false};
  std::map<std::string, Bucket> sources_;
};

}  // namespace muster::discovery
