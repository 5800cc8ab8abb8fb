#include "muster/error.h"

namespace muster {

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "INVALID_ARGUMENT";
    case ErrorCode::not_found:
      return "NOT_FOUND";
    case ErrorCode::already_exists:
      return "ALREADY_EXISTS";
    case ErrorCode::failed_precondition:
      return "FAILED_PRECONDITION";
    case ErrorCode::permission_denied:
      return "PERMISSION_DENIED";
    case ErrorCode::unauthenticated:
      return "UNAUTHENTICATED";
    case ErrorCode::resource_exhausted:
      return "RESOURCE_EXHAUSTED";
    case ErrorCode::unavailable:
      return "UNAVAILABLE";
    case ErrorCode::deadline_exceeded:
      return "DEADLINE_EXCEEDED";
    case ErrorCode::aborted:
      return "ABORTED";
    case ErrorCode::unimplemented:
      return "UNIMPLEMENTED";
    case ErrorCode::internal:
      return "INTERNAL";
  }
  return "UNKNOWN";
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::not_applied:
      return "NOT_APPLIED";
    case Outcome::applied:
      return "APPLIED";
    case Outcome::perhaps_applied:
      return "PERHAPS_APPLIED";
  }
  return "UNKNOWN";
}

std::optional<ErrorCode> error_code_from(std::uint8_t value) {
  if (value < static_cast<std::uint8_t>(ErrorCode::invalid_argument) ||
      value > static_cast<std::uint8_t>(ErrorCode::internal))
    return std::nullopt;
  return static_cast<ErrorCode>(value);
}

std::optional<Outcome> outcome_from(std::uint8_t value) {
  if (value < static_cast<std::uint8_t>(Outcome::not_applied) ||
      value > static_cast<std::uint8_t>(Outcome::perhaps_applied))
    return std::nullopt;
  return static_cast<Outcome>(value);
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw ErrorException(error);
}

}  // namespace muster
