#include "cli/colours.h"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/crc32c.h"
#include "chat/words.h"

namespace muster::cli {
namespace {

// Of the 256 colours of xterm those that are read well on dark and on light ground.
constexpr std::array palette{27,  32,  35,  37,  62,  65,  67,  69,  71,  73,  97,  99,
                             101, 103, 105, 107, 109, 127, 130, 132, 133, 136, 137, 139,
                             141, 160, 162, 166, 167, 168, 169, 172, 173, 174, 175, 178};

}  // namespace

bool wants_colour() {
  const char* const refused = std::getenv("NO_COLOR");
  if (refused != nullptr && *refused != '\0') return false;
  const char* const kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && kind != nullptr && std::strcmp(kind, "dumb") != 0;
}

std::string Colours::person(std::string_view name, std::string_view text) const {
  const std::uint32_t number = crc32c(as_bytes(chat::folded(name)), 0);
  return wrap("38;5;" + std::to_string(palette[number % palette.size()]), text);
}

std::string Colours::wrap(std::string_view code, std::string_view text) const {
  if (!on_) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace muster::cli
