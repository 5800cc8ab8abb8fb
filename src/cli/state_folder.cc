#include "cli/state_folder.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace muster::cli {

Result<std::string> state_folder() {
  const auto variable = [](const char* name) -> std::string {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  std::string state = variable("XDG_STATE_HOME");
  if (state.empty() && !variable("HOME").empty()) state = variable("HOME") + "/.local/state";
  if (state.empty()) {
    return Error{ErrorCode::failed_precondition,
                 "there is no folder to keep things in: set HOME or XDG_STATE_HOME"};
  }
  state += "/muster";
  std::error_code error;
  std::filesystem::create_directories(state, error);
  if (error) {
    return Error{ErrorCode::permission_denied,
                 "the folder " + state + " can't be made: " + error.message()};
  }
  return state;
}

}  // namespace muster::cli
