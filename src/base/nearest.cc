#include "base/nearest.h"

#include <algorithm>
#include <vector>

namespace muster {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> distance(a.size() + 1,
                                                 std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& here = distance[i][j];
      if (i == 0 || j == 0) {
        here = i + j;
        continue;
      }
      here = std::min({distance[i - 1][j] + 1, distance[i][j - 1] + 1,
                       distance[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        here = std::min(here, distance[i - 2][j - 2] + 1);
      }
    }
  }
  return distance[a.size()][b.size()];
}

std::string nearest(std::string_view word, std::span<const std::string_view> words) {
  const auto rank = [word](std::string_view other) {
    const bool alike = !word.empty() && !other.empty() && word.front() == other.front();
    return 2 * edit_distance(word, other) + (alike ? 0 : 1);
  };
  const auto found = std::ranges::min_element(words, {}, rank);
  return found == words.end() ? std::string() : std::string(*found);
}

}  // namespace muster
