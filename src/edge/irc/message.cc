#include "edge/irc/message.h"

#include <algorithm>

#include "chat/words.h"
#include "edge/irc/lines.h"
#include "wire/utf8.h"

namespace muster::edge::irc {
namespace {

constexpr std::size_t text_bytes_max = line_bytes_max - 2;  // Without CR LF.

std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return word;
}

void put_tag(std::vector<Tag>& tags, std::string_view text) {
  const std::size_t equals = text.find('=');
  Tag tag{.key = std::string(text.substr(0, equals))};
  if (tag.key.empty()) return;
  if (equals != std::string_view::npos) tag.value = unescape_tag(text.substr(equals + 1));
  const auto same = std::ranges::find(tags, tag.key, &Tag::key);
  if (same == tags.end()) {
    tags.push_back(std::move(tag));
  } else {
    *same = std::move(tag);
  }
}

void parse_tags(std::vector<Tag>& tags, std::string_view text) {
  while (!text.empty()) {
    const std::string_view tag = text.substr(0, text.find(';'));
    put_tag(tags, tag);
    text.remove_prefix(std::min(tag.size() + 1, text.size()));
  }
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::optional<std::string_view> Message::tag(std::string_view key) const {
  const auto found = std::ranges::find(tags, key, &Tag::key);
  if (found == tags.end()) return std::nullopt;
  return found->value;
}

std::string Message::client_tags() const {
  std::string text;
  for (const Tag& tag : tags) {
    std::string one = tag.key;
    if (!tag.value.empty()) one += "=" + escape_tag(tag.value);
    // Of one that is wrong nobody is told; the rest of the line counts (IRCv3 message tags).
    if (one.empty() || !chat::validate_tags(one)) continue;
    if (!text.empty()) text += ';';
    text += one;
  }
  return text;
}

std::optional<Message> parse_message(std::string_view line) {
  Message message;
  std::string_view rest = line;
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  if (rest.starts_with('@')) parse_tags(message.tags, take_word(rest).substr(1));
  if (rest.starts_with(':')) take_word(rest);
  message.command = upper(take_word(rest));
  if (message.command.empty()) return std::nullopt;
  while (!rest.empty()) {
    if (rest.starts_with(':')) {
      message.params.emplace_back(rest.substr(1));
      break;
    }
    message.params.emplace_back(take_word(rest));
  }
  return message;
}

bool is_middle(std::string_view text) {
  return !text.empty() && !text.starts_with(':') && text.find(' ') == std::string_view::npos;
}

std::string escape_tag(std::string_view value) {
  std::string text;
  for (const char c : value) {
    switch (c) {
      case ';':
        text += "\\:";
        break;
      case ' ':
        text += "\\s";
        break;
      case '\\':
        text += "\\\\";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\n':
        text += "\\n";
        break;
      default:
        text += c;
    }
  }
  return text;
}

std::string unescape_tag(std::string_view text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    if (++i == text.size()) break;  // A lone backslash at the end is dropped.
    constexpr std::string_view letters = ":srn";
    constexpr std::string_view meanings = "; \r\n";
    const std::size_t place = letters.find(text[i]);
    value += place == std::string_view::npos ? text[i] : meanings[place];
  }
  return value;
}

std::string format_line(std::string_view prefix, std::string_view command,
                        std::initializer_list<std::string_view> middle,
                        std::optional<std::string_view> trailing) {
  std::string line = ":" + std::string(prefix) + " " + std::string(command);
  for (const std::string_view each : middle) {
    line += ' ';
    line += is_middle(each) ? each : "*";
  }
  if (trailing) {
    line += " :";
    line += *trailing;
  }
  if (line.size() > text_bytes_max) line.resize(front_of(line, text_bytes_max).size());
  return line;
}

std::string_view front_of(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t character = std::max<std::size_t>(wire::utf8_character(text.substr(end)), 1);
    if (end + character > bytes && end > 0) break;
    end += character;
  }
  return text.substr(0, end);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return parts;
}

bool matches(std::string_view mask, std::string_view text) {
  std::size_t m = 0;
  std::size_t t = 0;
  std::optional<std::size_t> star;  // The place after it; `kept` is what it covers up to.
  std::size_t kept = 0;
  while (t < text.size()) {
    if (m < mask.size() && mask[m] == '*') {
      star = ++m;
      kept = t;
    } else if (m < mask.size() && (mask[m] == '?' || lower(mask[m]) == lower(text[t]))) {
      ++m;
      ++t;
    } else if (star) {
      m = *star;
      t = ++kept;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(mask.substr(m), [](char c) { return c == '*'; });
}

std::string with_tag(std::string_view tag, std::string_view line) {
  constexpr std::string_view batch = "@batch=";
  if (line.starts_with(batch) && tag.starts_with(batch.substr(1))) return std::string(line);
  if (!line.starts_with('@')) return "@" + std::string(tag) + " " + std::string(line);
  return "@" + std::string(tag) + ";" + std::string(line.substr(1));
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

}  // namespace muster::edge::irc
