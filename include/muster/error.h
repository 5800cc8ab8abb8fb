// What went wrong, whether it took effect, and what to do: the one error type of the product.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace muster {

/// One set of codes everywhere: schema, library, exit text. Values go over the wire and into logs:
/// append only, never renumber.
enum class ErrorCode : std::uint8_t {
  invalid_argument = 1,     ///< The request can never succeed as it stands.
  not_found = 2,            ///< What it names does not exist.
  already_exists = 3,       ///< What it would make exists.
  failed_precondition = 4,  ///< The state must change first; the message says how.
  permission_denied = 5,    ///< Known, but not allowed.
  unauthenticated = 6,      ///< The secret was missing or wrong.
  resource_exhausted = 7,   ///< A limit is reached.
  unavailable = 8,          ///< Not now: no leader, no majority, no server. Trying again may help.
  deadline_exceeded = 9,    ///< The time allowed passed before an answer came.
  aborted = 10,             ///< Given up midway, for instance because a session ended.
  unimplemented = 11,       ///< This server does not know the request.
  internal = 12,            ///< A fault of the program or its disk, told rather than hidden.
};

/// Whether the request took effect. The caller's next step depends on this more than on the code.
enum class Outcome : std::uint8_t {
  not_applied = 1,      ///< Certainly not: it may be sent again, here or elsewhere.
  applied = 2,          ///< Certainly: the answer is final.
  perhaps_applied = 3,  ///< Unknown: only a resend with the same sequence number or key is safe.
};

/// `INVALID_ARGUMENT` and so on, as users and scripts read them.
std::string_view name_of(ErrorCode code);
/// `NOT_APPLIED`, `APPLIED`, `PERHAPS_APPLIED`.
std::string_view name_of(Outcome outcome);
/// The code with this number, or nothing: for bytes from outside.
std::optional<ErrorCode> error_code_from(std::uint8_t value);
std::optional<Outcome> outcome_from(std::uint8_t value);

/// A failure as a value. `message` says in plain words what happened and what to do about it.
struct Error {
  ErrorCode code{ErrorCode::internal};
  std::string message;
  Outcome outcome{Outcome::not_applied};
  friend bool operator==(const Error&, const Error&) = default;
};

/// Thrown by `Result::value()` on an error, and by start-up code that cannot go on.
class ErrorException : public std::runtime_error {
 public:
  explicit ErrorException(Error error)
      : std::runtime_error(error.message), error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

/// Called by Boost when `value()` is asked of a failed result.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& at);

/// A value, or the reason why there is none.
template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace muster
