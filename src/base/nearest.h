// Which word was meant by one that is none.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace muster {

/// How many letters must be changed, added, left out or exchanged with their neighbour to make one
/// word of the other (Damerau 1964, "A technique for computer detection and correction of spelling
/// errors", as optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `words`; of those that are equally near the first one that begins alike. Empty if
/// there are no words.
std::string nearest(std::string_view word, std::span<const std::string_view> words);

}  // namespace muster
