// The file of `muster peer`: which servers a group of fixed members has, and where they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/error.h"
#include "muster/ids.h"

namespace muster::discovery {

inline constexpr std::size_t listed_max = 15;           ///< All of them vote.
inline constexpr std::uint32_t listed_id_max = 65'535;  ///< From 0 on.
inline constexpr std::size_t entry_file_bytes_max = 16'384;

/// One line of the file.
struct EntryLine {
  ServerNumber id;
  std::string host;  ///< A name in lower case or a number; IPv6 without brackets.
  std::uint16_t port{};

  std::string address() const;  ///< `HOST:PORT`; an IPv6 number gets its brackets.
  friend bool operator==(const EntryLine&, const EntryLine&) = default;
};

/// By ascending id; at least one.
using EntryFile = std::vector<EntryLine>;

/// Reads the text of an entry file: first the number of peers, then a line `ID ADDRESS` or
/// `ID ADDRESS:PORT` for each; nothing else but empty lines at the end. An address is an IPv4
/// number, an IPv6 number (in brackets, if a port follows) or the name of a host. Where no port
/// stands it is `default_port`. Errors: INVALID_ARGUMENT with the number of the line and what is
/// wrong in it. Any bytes do no harm; cost linear in the text.
[[nodiscard]] Result<EntryFile> parse_entry_file(std::string_view text, std::uint16_t default_port);

/// Equal for files that say the same, whatever their order of lines, spaces and case.
std::string digest_of(const EntryFile& file);

}  // namespace muster::discovery
