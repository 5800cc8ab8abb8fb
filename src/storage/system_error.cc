#include "storage/system_error.h"

#include <cerrno>
#include <system_error>

namespace muster::storage {
namespace {

struct Advice {
  ErrorCode code;
  const char* remedy;
};

Advice advice_for(int number) {
  switch (number) {
    case ENOENT:
      return {ErrorCode::not_found, "Check the path"};
    case ENOSPC:
    case EDQUOT:
      return {ErrorCode::resource_exhausted, "Free space on that disk and start the server again"};
    case EMFILE:
    case ENFILE:
      return {ErrorCode::resource_exhausted, "Raise the limit of open files (ulimit -n)"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {ErrorCode::permission_denied,
              "Give the server's user the right to read and write there, or name another folder"};
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
      return {ErrorCode::failed_precondition, "Name another folder, or move what is there away"};
    default:
      return {ErrorCode::internal,
              "Look at the system's log for faults of that disk, then start the server again"};
  }
}

}  // namespace

Error system_error(const std::string& what, const std::string& path, int number) {
  const Advice advice = advice_for(number);
  return {.code = advice.code,
          .message = what + " " + path + ": " + std::generic_category().message(number) + ". " +
                     advice.remedy};
}

}  // namespace muster::storage
