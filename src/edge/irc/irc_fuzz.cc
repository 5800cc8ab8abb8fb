// Whatever two clients say, in any pieces: what they are told are lines of IRC.
#include <cstdint>
#include <string>
#include <string_view>

#include "edge/irc/lines.h"
#include "edge/irc/testing/world.h"
#include "muster/check.h"
#include "wire/utf8.h"

using namespace muster;

namespace {

constexpr std::size_t told_tags_bytes_max = 8'191;

void check_lines(std::string_view told) {
  while (!told.empty()) {
    const std::size_t end = told.find("\r\n");
    check(end != std::string_view::npos);
    std::string_view line = told.substr(0, end);
    told.remove_prefix(end + 2);
    check(!line.empty() && wire::is_utf8(line));
    check(line.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos);
    if (line.starts_with('@')) {
      const std::size_t space = line.find(' ');
      check(space < told_tags_bytes_max);
      line.remove_prefix(space + 1);
    }
    check(line.size() <= edge::irc::line_bytes_max - 2);
  }
}

}  // namespace

// The first byte says how the rest is cut in two: the first part is said before it is registered.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = data[0] % text.size();
  edge::irc::World world;
  world.start("a");
  world.connect("ann", "a", "ann.example");
  world.connect("bob", "a", "bob.example");
  world.say("bob",
            "CAP REQ :message-tags batch labeled-response echo-message server-time "
            "away-notify setname draft/chathistory\r\n"
            "NICK bob\r\nUSER bob 0 * :Bob\r\nCAP END\r\nJOIN #den\r\n");
  world.say("ann", text.substr(0, cut));
  world.say("ann", "\r\nNICK ann\r\nUSER ann 0 * :Ann\r\nCAP END\r\nJOIN #den\r\n");
  world.say("ann", text.substr(cut));
  world.say("bob", "\r\n");
  world.say("bob", text);
  world.say("ann", "\r\nPING :end\r\n");
  for (const auto& [client, told] : world.take_told()) {
    std::string_view lines = told;
    constexpr std::string_view closed = "(closed)\r\n";
    if (lines.ends_with(closed)) lines.remove_suffix(closed.size());
    check_lines(lines);
  }
  return 0;
}
