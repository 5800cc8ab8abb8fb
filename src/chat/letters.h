// Modes and ranks as sets of letters.
#pragma once

#include <string>
#include <string_view>

namespace muster::chat {

// A set of letters is a text that has each at most once, in the order of its alphabet.

inline constexpr std::string_view rank_letters = "qaohv";  ///< Highest first.
inline constexpr std::string_view room_flags = "imnstC";   ///< Without an argument.
inline constexpr std::string_view mask_letters = "beI";    ///< With a list.
inline constexpr std::string_view person_flags = "iwBo";

bool has(std::string_view set, char letter);
/// Puts the letter in or takes it out; whether that changed anything. Precondition: it is one of
/// the alphabet.
bool change(std::string& set, std::string_view alphabet, char letter, bool present);
bool is_set_of(std::string_view set, std::string_view alphabet);

/// From 5 for `q` to 1 for `v`; 0 for what is no rank.
int rank_of(char letter);
/// Of the highest of them; 0 without any.
int rank_of(std::string_view ranks);

}  // namespace muster::chat
