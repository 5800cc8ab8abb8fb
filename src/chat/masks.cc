#include "chat/masks.h"

#include <algorithm>

#include "wire/plain_text.h"
#include "wire/utf8.h"

namespace muster::chat {
namespace {

char small(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// One `*` for several in a row, and for nothing.
std::string part(std::string_view text) {
  std::string out;
  for (const char each : text) {
    if (each != '*' || out.empty() || out.back() != '*') out += each;
  }
  return out.empty() ? "*" : out;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t in_pattern = 0;
  std::size_t in_text = 0;
  std::size_t star = std::string_view::npos;  // The last one seen; it stands for the least so far.
  std::size_t after_star = 0;                 // Where the text goes on behind what it stands for.
  while (in_text < text.size()) {
    const char wanted = in_pattern < pattern.size() ? pattern[in_pattern] : '\0';
    if (wanted == '*') {
      star = in_pattern++;
      after_star = in_text;
    } else if (wanted == '?') {
      ++in_pattern;
      in_text += std::max<std::size_t>(wire::utf8_character(text.substr(in_text)), 1);
    } else if (in_pattern < pattern.size() && small(wanted) == small(text[in_text])) {
      ++in_pattern;
      ++in_text;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      in_text = ++after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

std::optional<std::string> full_mask(std::string_view mask) {
  if (!wire::validate_plain_word("a mask", mask, mask_bytes_max, ":")) return std::nullopt;
  if (mask.find(',') != std::string_view::npos) return std::nullopt;
  const std::size_t bang = mask.find('!');
  const std::size_t at = mask.find('@', bang == std::string_view::npos ? 0 : bang);
  std::string_view nick;
  std::string_view user;
  std::string_view host;
  if (at != std::string_view::npos) host = mask.substr(at + 1);
  const std::string_view front = mask.substr(0, at);
  if (bang != std::string_view::npos) {
    nick = front.substr(0, bang);
    user = front.substr(bang + 1);
  } else if (at != std::string_view::npos) {
    user = front;
  } else if (front.find_first_of(".:") != std::string_view::npos) {
    host = front;
  } else {
    nick = front;
  }
  std::string full = part(nick) + "!" + part(user) + "@" + part(host);
  if (full.size() > mask_bytes_max) return std::nullopt;
  return full;
}

}  // namespace muster::chat
