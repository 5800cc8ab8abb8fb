#include "cli/kept_session.h"

#include <sstream>

namespace muster::cli {

std::string to_line(const KeptSession& kept) {
  std::ostringstream line;
  line << kept.told.session.uuid.to_string() << ' ' << kept.told.tally.count << ' '
       << kept.told.tally.chain << ' ' << kept.told.unknown << ' ' << kept.index.value;
  return line.str();
}

std::optional<KeptSession> parse_kept_session(const std::string& line) {
  std::istringstream words(line);
  std::string id;
  KeptSession kept;
  words >> id >> kept.told.tally.count >> kept.told.tally.chain >> kept.told.unknown >>
      kept.index.value;
  const auto uuid = Uuid::parse(id);
  if (!words || !uuid) return std::nullopt;
  kept.told.session = {*uuid};
  // A stream takes -1 for a large number, and does not mind what follows.
  if (to_line(kept) != line) return std::nullopt;
  return kept;
}

}  // namespace muster::cli
