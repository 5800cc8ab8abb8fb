#include "discovery/entry_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/crc32c.h"
#include "wire/utf8.h"

namespace muster::discovery {
namespace {

constexpr std::size_t host_characters_max = 253;  // RFC 1035, section 2.3.4.
constexpr std::size_t quoted_max = 40;            // Of what stands there, in an error.

Error wrong(std::size_t line, const std::string& what) {
  return {ErrorCode::invalid_argument, "line " + std::to_string(line) + ": " + what};
}

std::string quoted(std::string_view text) {
  if (text.size() <= quoted_max) return "'" + std::string(text) + "'";
  return "'" + std::string(text.substr(0, quoted_max)) + "...'";
}

std::string peers(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " peer" : " peers");
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (is_space(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (line = trimmed(line); !line.empty(); line = trimmed(line)) {
    const auto end = std::ranges::find_if(line, is_space);
    words.push_back(line.substr(0, static_cast<std::size_t>(end - line.begin())));
    line.remove_prefix(words.back().size());
  }
  return words;
}

std::optional<std::uint64_t> number_in(std::string_view text, int base = 10) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  const bool whole = end == text.data() + text.size();
  if (error == std::errc::result_out_of_range && whole) return UINT64_MAX;
  if (error != std::errc{} || !whole || text.empty()) return std::nullopt;
  return number;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool may_stand_in_name(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || is_digit(c) || c == '.' || c == '-' || c == '_';
}

/// Four numbers up to 255 (RFC 3986, section 3.2.2).
bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view digits = text.substr(0, dot);
    const auto value = number_in(digits);
    if (!value || *value > 255 || digits.size() > 3) return false;
    if (digits.size() > 1 && digits.front() == '0') return false;  // Some read those as octal.
    text.remove_prefix(dot);
    if (part == 3) return text.empty();
    if (text.empty()) return false;
    text.remove_prefix(1);
  }
  return false;
}

/// How many 16-bit pieces `text` has; nothing if one of them is none. An IPv4 number may stand
/// last.
std::optional<std::size_t> pieces_in(std::string_view text, bool is_last) {
  std::size_t pieces = 0;
  while (!text.empty()) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view piece = text.substr(0, colon);
    const bool ends_here = colon == text.size();
    if (ends_here && is_last && is_ipv4(piece)) return pieces + 2;
    if (piece.size() > 4 || !number_in(piece, 16)) return std::nullopt;
    ++pieces;
    text.remove_prefix(colon);
    if (ends_here) break;
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;  // It ends in a lone colon.
  }
  return pieces;
}

/// RFC 4291, section 2.2, perhaps with the name of an interface behind `%` (RFC 4007).
bool is_ipv6(std::string_view text) {
  constexpr std::size_t pieces = 8;
  const std::size_t percent = text.find('%');
  if (percent != std::string_view::npos) {
    const std::string_view interface = text.substr(percent + 1);
    if (interface.empty() || !std::ranges::all_of(interface, may_stand_in_name)) return false;
    text = text.substr(0, percent);
  }
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return !text.empty() && pieces_in(text, true) == pieces;
  const auto before = pieces_in(text.substr(0, gap), false);
  const auto after = pieces_in(text.substr(gap + 2), true);
  return before && after && *before + *after < pieces;
}

/// Nothing if it is an address; otherwise why not.
std::optional<std::string> problem_of_host(std::string_view host) {
  if (host.empty()) return "the host is missing";
  if (host.size() > host_characters_max) return "the host is too long";
  if (host == "0.0.0.0" || host == "::") return "that is every address of a machine, not one";
  if (host.find(':') != std::string_view::npos) {
    return is_ipv6(host) ? std::nullopt : std::optional("that is no IPv6 number");
  }
  if (!std::ranges::all_of(host, may_stand_in_name)) {
    return "a host has letters, digits, dots and hyphens";
  }
  const bool is_number = std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; });
  if (is_number && !is_ipv4(host)) return "that is no IPv4 number";
  return std::nullopt;
}

/// An address without and with a port. `host` has no brackets any more.
struct Halves {
  std::string_view host;
  std::optional<std::string_view> port{};
  const char* problem{nullptr};
};

Halves halves_of(std::string_view address) {
  if (!address.starts_with('[')) {
    const auto colons = std::ranges::count(address, ':');
    const std::size_t colon = address.find(':');
    if (colons != 1) return {.host = address};  // An IPv6 number without brackets has several.
    return {.host = address.substr(0, colon), .port = address.substr(colon + 1)};
  }
  const std::size_t end = address.find(']');
  if (end == std::string_view::npos) return {.host = {}, .problem = "a ] is missing"};
  const std::string_view host = address.substr(1, end - 1);
  const std::string_view rest = address.substr(end + 1);
  if (host.find(':') == std::string_view::npos) {
    return {.host = {}, .problem = "brackets are for IPv6 only"};
  }
  if (rest.empty()) return {.host = host};
  if (!rest.starts_with(':')) return {.host = {}, .problem = "after ] comes :PORT"};
  return {.host = host, .port = rest.substr(1)};
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

Result<EntryLine> parse_peer(std::string_view text, std::size_t line, std::uint16_t default_port) {
  const auto words = words_of(text);
  if (words.empty()) return wrong(line, "it is empty: write ID ADDRESS");
  const auto id = number_in(words[0]);
  if (!id) return wrong(line, "the ID " + quoted(words[0]) + " is no number: write ID ADDRESS");
  if (*id > listed_id_max) {
    return wrong(line, "the ID " + quoted(words[0]) + " is too large: at most " +
                           std::to_string(listed_id_max));
  }
  if (words.size() == 1) return wrong(line, "the address is missing: write ID ADDRESS");
  if (words.size() > 2) {
    return wrong(line, quoted(words[2]) + " is too much: write ID ADDRESS and nothing more");
  }
  const Halves halves = halves_of(words[1]);
  const auto problem = halves.problem != nullptr ? std::optional<std::string>(halves.problem)
                                                 : problem_of_host(halves.host);
  if (problem) {
    return wrong(line, quoted(words[1]) + " is no address (" + *problem +
                           "): write ADDRESS or ADDRESS:PORT, for instance 10.0.0.7, "
                           "10.0.0.7:8888, [::1]:8888 or a host's name");
  }
  std::uint64_t port = default_port;
  if (halves.port) port = number_in(*halves.port).value_or(0);
  if (port < 1 || port > 65'535) {
    return wrong(line, quoted(words[1]) + ": the port must be a number from 1 to 65535");
  }
  return EntryLine{.id = {static_cast<std::uint32_t>(*id)},
                   .host = lower_case(halves.host),
                   .port = static_cast<std::uint16_t>(port)};
}

Result<std::size_t> parse_count(std::string_view text) {
  const auto words = words_of(text);
  constexpr const char* remedy = ": the first line is the number of peers";
  if (words.empty()) return wrong(1, std::string("it is empty") + remedy);
  const auto count = number_in(words[0]);
  if (!count) return wrong(1, quoted(words[0]) + " is no number" + remedy);
  if (words.size() > 1) {
    return wrong(1, quoted(words[1]) + " is too much" + remedy + " and nothing more");
  }
  if (*count < 1 || *count > listed_max) {
    return wrong(
        1, quoted(words[0]) + " peers are not possible: from 1 to " + std::to_string(listed_max));
  }
  return static_cast<std::size_t>(*count);
}

/// The lines up to the last that is not empty.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  while (!lines.empty() && trimmed(lines.back()).empty()) lines.pop_back();
  return lines;
}

Result<void> check_text(const std::vector<std::string_view>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!wire::is_utf8(lines[i])) return wrong(i + 1, "it is no text (no UTF-8)");
    const bool plain = std::ranges::all_of(lines[i], [](char c) {
      return static_cast<unsigned char>(c) >= ' ' || c == '\t' || c == '\r';
    });
    if (!plain) return wrong(i + 1, "it is no text (it has control characters)");
  }
  return {};
}

Result<void> add_peer(EntryFile& file, EntryLine peer, std::size_t line) {
  for (const EntryLine& other : file) {
    if (other.id == peer.id) {
      return wrong(line, "the ID " + std::to_string(peer.id.value) +
                             " stands there twice: each peer has one of its own");
    }
    if (other.address() == peer.address()) {
      return wrong(line, "the address " + peer.address() + " is that of ID " +
                             std::to_string(other.id.value) + " too: each peer has one of its own");
    }
  }
  file.push_back(std::move(peer));
  return {};
}

}  // namespace

std::string EntryLine::address() const {
  const bool needs_brackets = host.find(':') != std::string::npos;
  return (needs_brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<EntryFile> parse_entry_file(std::string_view text, std::uint16_t default_port) {
  if (text.size() > entry_file_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "it is larger than " + std::to_string(entry_file_bytes_max) +
                     " bytes: it has a line for each of at most " + std::to_string(listed_max) +
                     " peers, and nothing else"};
  }
  const auto lines = lines_of(text);
  if (lines.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "it is empty: the first line is the number of peers, then a line ID ADDRESS for "
                 "each"};
  }
  if (auto valid = check_text(lines); !valid) return valid.error();
  const auto count = parse_count(lines[0]);
  if (!count) return count.error();
  EntryFile file;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (i > *count) {
      return wrong(i + 1, "one line too many: line 1 says " + peers(*count));
    }
    auto peer = parse_peer(lines[i], i + 1, default_port);
    if (!peer) return peer.error();
    if (auto added = add_peer(file, std::move(*peer), i + 1); !added) return added.error();
  }
  if (file.size() < *count) {
    return wrong(lines.size() + 1, "a line is missing: line 1 says " + peers(*count) +
                                       ", and there are " + std::to_string(file.size()));
  }
  std::ranges::sort(file, {}, &EntryLine::id);
  return file;
}

std::string digest_of(const EntryFile& file) {
  std::string text;
  for (const EntryLine& peer : file) {
    text += std::to_string(peer.id.value) + " " + peer.address() + "\n";
  }
  std::array<char, 8> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), crc32c(as_bytes(text)), 16).ptr;
  return {digits.data(), end};
}

}  // namespace muster::discovery
