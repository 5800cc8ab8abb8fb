// Modes: the letters of IRC, and lists of changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/messages.h"

namespace muster::edge::irc {

// As ISUPPORT has them: PREFIX and CHANMODES.
constexpr std::string_view rank_letters = "qaohv";  ///< Highest first.
constexpr std::string_view rank_prefixes = "~&@%+";
constexpr std::string_view list_letters = "beI";
constexpr std::string_view key_letters = "k";    ///< With a parameter, set or not.
constexpr std::string_view limit_letters = "l";  ///< With a parameter when set.
constexpr std::string_view flag_letters = "imnstC";
constexpr std::string_view person_letters = "iwBo";

/// Whether a change of this mode of a room is told with a parameter.
bool takes_argument(char letter, bool set);

/// `@`, or with `all` (multi-prefix) `@+`.
std::string prefixes_of(std::string_view ranks, bool all);

/// What the parameters of MODE after the room ask for.
struct RoomModes {
  std::vector<chat::ModeChange> changes{};
  std::string lists{};    ///< Letters of lists that are to be shown.
  std::string unknown{};  ///< Letters that are none.
  std::string lacking{};  ///< Letters without their parameter.
  friend bool operator==(const RoomModes&, const RoomModes&) = default;
};
RoomModes parse_room_modes(const std::vector<std::string>& params);

/// The same of a person's: letters without parameters.
struct PersonModes {
  std::vector<chat::ModeChange> changes{};
  bool unknown{false};
  friend bool operator==(const PersonModes&, const PersonModes&) = default;
};
PersonModes parse_person_modes(std::string_view text);

/// `+o-v ann bob`.
std::string to_text(const std::vector<chat::ModeChange>& changes);

}  // namespace muster::edge::irc
