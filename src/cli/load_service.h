// What a load says to a service, and what it must be answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "session/session.h"

namespace muster::cli {

/// One client's part of it. Thread-safety: none.
class LoadService {
 public:
  struct Options {
    std::size_t client{0};  ///< Counted from 0.
    std::size_t size{128};  ///< Bytes of what is said, where the service leaves that open.
    std::uint64_t seed{0};  ///< Other clients, also of other programs, have other ones.
    Duration lasts{};       ///< At least so long its commands must stay possible.
  };

  virtual ~LoadService() = default;
  virtual ServiceId id() const = 0;
  /// What is said before the load, one after the other; nothing: the load may begin. `answer` is
  /// that to the one before, or nullptr. Errors: it was refused.
  virtual Result<std::optional<SharedBytes>> prepare(const session::Reply* answer) = 0;
  virtual SharedBytes next() = 0;
  /// Errors: `said` was refused, or the answer is not one to it.
  virtual Result<void> judge(const SharedBytes& said, const session::Reply& answer) const = 0;
};

/// `echo`, `chat` (lines of `size` bytes in one of 16 rooms) or `auction` (rising bids for a lot of
/// its own). Precondition: it is one of these, and the size within `load_size_max`.
std::unique_ptr<LoadService> make_load_service(std::string_view name,
                                               const LoadService::Options& options);
std::size_t load_size_max(std::string_view service);

}  // namespace muster::cli
