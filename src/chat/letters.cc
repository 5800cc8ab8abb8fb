#include "chat/letters.h"

#include <algorithm>

namespace muster::chat {

bool has(std::string_view set, char letter) {
  return set.find(letter) != std::string_view::npos;
}

bool change(std::string& set, std::string_view alphabet, char letter, bool present) {
  if (has(set, letter) == present) return false;
  if (!present) {
    std::erase(set, letter);
    return true;
  }
  const auto before = [&](char other) { return alphabet.find(other) < alphabet.find(letter); };
  set.insert(std::ranges::find_if_not(set, before), letter);
  return true;
}

bool is_set_of(std::string_view set, std::string_view alphabet) {
  std::string rebuilt;
  for (const char letter : set) {
    if (!has(alphabet, letter)) return false;
    change(rebuilt, alphabet, letter, true);
  }
  return rebuilt == set;
}

int rank_of(char letter) {
  const std::size_t place = rank_letters.find(letter);
  return place == std::string_view::npos ? 0 : static_cast<int>(rank_letters.size() - place);
}

int rank_of(std::string_view ranks) {
  return ranks.empty() ? 0 : rank_of(ranks.front());
}

}  // namespace muster::chat
