#include "cli/chat_input.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/nearest.h"
#include "wire/utf8.h"

namespace muster::cli {
namespace {

using Kind = ChatInput::Kind;

enum class Takes { nothing, target, perhaps_target, text, perhaps_text, target_and_text };

struct Word {
  std::string_view word;
  Kind kind;
  Takes takes;
  std::string_view usage;
};

constexpr std::array command_words{
    Word{"join", Kind::join, Takes::target, "/join ROOM"},
    Word{"leave", Kind::leave, Takes::perhaps_target, "/leave [ROOM]"},
    Word{"part", Kind::leave, Takes::perhaps_target, "/part [ROOM]"},
    Word{"msg", Kind::direct, Takes::target_and_text, "/msg NAME TEXT"},
    Word{"me", Kind::action, Takes::text, "/me TEXT"},
    Word{"nick", Kind::nick, Takes::target, "/nick NAME"},
    Word{"topic", Kind::topic, Takes::perhaps_text, "/topic TEXT"},
    Word{"who", Kind::who, Takes::nothing, "/who"},
    Word{"names", Kind::who, Takes::nothing, "/names"},
    Word{"rooms", Kind::rooms, Takes::nothing, "/rooms"},
    Word{"status", Kind::status, Takes::nothing, "/status"},
    Word{"help", Kind::help, Takes::nothing, "/help"},
    Word{"quit", Kind::quit, Takes::nothing, "/quit"},
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// The first word, and what follows it.
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  return {text.substr(0, end), trimmed(text.substr(end))};
}

ChatInput mistake(std::string text) {
  return {.kind = Kind::mistake, .text = std::move(text)};
}

ChatInput unknown(std::string_view word) {
  std::array<std::string_view, command_words.size()> known;
  std::ranges::transform(command_words, known.begin(), &Word::word);
  return mistake("no command is called /" + std::string(word) + ": did you mean /" +
                 nearest(word, known) +
                 "? /help lists them, and // says a line that begins with /");
}

std::string to_room(std::string_view name) {
  return std::string(name.starts_with('#') ? name.substr(1) : name);
}

ChatInput fill(const Word& word, std::string_view rest) {
  ChatInput input{.kind = word.kind};
  const auto [target, text] = split(rest);
  switch (word.takes) {
    case Takes::nothing:
      break;
    case Takes::target:
    case Takes::perhaps_target:
      input.target = word.kind == Kind::nick ? std::string(target) : to_room(target);
      if (word.takes == Takes::target && input.target.empty()) break;
      if (text.empty()) return input;
      break;
    case Takes::text:
    case Takes::perhaps_text:
      input.text = rest;
      if (word.takes == Takes::perhaps_text || !rest.empty()) return input;
      break;
    case Takes::target_and_text:
      input.target = target;
      input.text = text;
      if (!target.empty() && !text.empty()) return input;
      break;
  }
  if (word.takes == Takes::nothing && rest.empty()) return input;
  return mistake("write it as " + std::string(word.usage));
}

}  // namespace

ChatInput read_chat_input(std::string_view line) {
  if (!wire::is_utf8(line)) {
    return mistake(
        "a line that is no UTF-8 text was passed over: convert it, for instance with "
        "iconv -t UTF-8");
  }
  std::string plain(line);
  std::ranges::replace(plain, '\t', ' ');
  const std::string_view typed = trimmed(plain);
  if (typed.empty()) return {};
  if (typed == "status") return {.kind = Kind::status};
  if (typed.starts_with("//")) return {.kind = Kind::say, .text = std::string(typed.substr(1))};
  if (!typed.starts_with('/')) return {.kind = Kind::say, .text = std::string(typed)};
  const auto [name, rest] = split(typed.substr(1));
  const auto* const found = std::ranges::find(command_words, name, &Word::word);
  return found == command_words.end() ? unknown(name) : fill(*found, rest);
}

std::string_view chat_help() {
  return "/join ROOM       go into a room (or make it), and talk there\n"
         "/leave [ROOM]    leave it; also /part\n"
         "/msg NAME TEXT   say it to one person\n"
         "/me TEXT         say what you do\n"
         "/nick NAME       change your name\n"
         "/topic [TEXT]    show or set what the room is about\n"
         "/who             who is in the room; also /names\n"
         "/rooms           all rooms\n"
         "/status          servers, leader, and where you are at home\n"
         "/quit            leave\n"
         "//TEXT           say a line that begins with /";
}

}  // namespace muster::cli
