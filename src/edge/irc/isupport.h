// What this server can do, as numeric 005 tells it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::edge::irc {

constexpr std::size_t targets_max = 20;             ///< Of one PRIVMSG, NOTICE, TAGMSG.
constexpr std::size_t watched_max = 100;            ///< By MONITOR.
constexpr std::uint32_t history_lines_max = 1'000;  ///< Of one CHATHISTORY.
constexpr std::size_t masks_max = 100;              ///< Of a room, all lists together.
// As much as fits into a line with the longest prefix and room (115 and 65 bytes).
constexpr std::size_t topic_bytes_max = 307;
constexpr std::size_t away_bytes_max = 300;
constexpr std::size_t part_bytes_max = 300;  ///< Of a PART; of a QUIT with what stands before it.
constexpr std::size_t kick_bytes_max = 280;

/// `NAME=VALUE` or `NAME`, in the order of their names.
std::vector<std::string> isupport_tokens(std::string_view network);

}  // namespace muster::edge::irc
