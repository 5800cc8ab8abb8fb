#include "edge/irc/modes.h"

#include <cstddef>
#include <optional>

namespace muster::edge::irc {
namespace {

bool has(std::string_view letters, char letter) {
  return letters.find(letter) != std::string_view::npos;
}

}  // namespace

bool takes_argument(char letter, bool set) {
  return has(rank_letters, letter) || has(list_letters, letter) || has(key_letters, letter) ||
         (set && has(limit_letters, letter));
}

std::string prefixes_of(std::string_view ranks, bool all) {
  std::string prefixes;
  for (std::size_t place = 0; place < rank_letters.size(); ++place) {
    if (has(ranks, rank_letters[place]) && (all || prefixes.empty())) {
      prefixes += rank_prefixes[place];
    }
  }
  return prefixes;
}

RoomModes parse_room_modes(const std::vector<std::string>& params) {
  RoomModes modes;
  if (params.empty()) return modes;
  std::size_t next = 1;
  const auto argument = [&]() -> std::optional<std::string> {
    if (next >= params.size()) return std::nullopt;
    return params[next++];
  };
  bool set = true;
  for (const char letter : params[0]) {
    if (letter == '+' || letter == '-') {
      set = letter == '+';
    } else if (has(flag_letters, letter) || (has(limit_letters, letter) && !set)) {
      modes.changes.push_back({.mode = letter, .set = set});
    } else if (has(key_letters, letter) && !set) {
      // Whoever takes a key away names it, or anything.
      modes.changes.push_back({.mode = letter, .set = set, .argument = argument().value_or("*")});
    } else if (!has(rank_letters, letter) && !has(list_letters, letter) &&
               !has(key_letters, letter) && !has(limit_letters, letter)) {
      if (!has(modes.unknown, letter)) modes.unknown += letter;
    } else if (std::optional<std::string> value = argument()) {
      modes.changes.push_back({.mode = letter, .set = set, .argument = std::move(*value)});
    } else if (has(list_letters, letter)) {
      if (!has(modes.lists, letter)) modes.lists += letter;
    } else {
      modes.lacking += letter;
    }
  }
  return modes;
}

PersonModes parse_person_modes(std::string_view text) {
  PersonModes modes;
  bool set = true;
  for (const char letter : text) {
    if (letter == '+' || letter == '-') {
      set = letter == '+';
    } else if (!has(person_letters, letter)) {
      modes.unknown = true;
    } else if (letter != 'o' || !set) {  // Nobody makes itself an operator by it.
      modes.changes.push_back({.mode = letter, .set = set});
    }
  }
  return modes;
}

std::string to_text(const std::vector<chat::ModeChange>& changes) {
  std::string letters;
  std::string arguments;
  char sign = '\0';
  for (const chat::ModeChange& change : changes) {
    const char now = change.set ? '+' : '-';
    if (now != sign) letters += sign = now;
    letters += change.mode;
    if (!change.argument.empty()) arguments += " " + change.argument;
  }
  return letters + arguments;
}

}  // namespace muster::edge::irc
