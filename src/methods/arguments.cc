// What a method may be given.
#include <algorithm>
#include <charconv>

#include "methods/registry.h"
#include "wire/utf8.h"

namespace muster::methods {
namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "|") + word;
  return text;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

bool is_plain_text(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !text.empty() && wire::is_utf8(text) && std::ranges::none_of(text, is_control);
}

/// The value as the method gets it, or nothing if it is not of that kind.
std::optional<std::string> taken(const Argument& argument, const std::string& given) {
  switch (argument.kind) {
    case Argument::Kind::text:
      return is_plain_text(given) ? std::optional(given) : std::nullopt;
    case Argument::Kind::number: {
      const auto value = whole_number(given);
      const bool fits = value && *value >= argument.least && *value <= argument.most;
      return fits ? std::optional(std::to_string(*value)) : std::nullopt;
    }
    case Argument::Kind::choice: {
      std::string word = lower(given);
      const bool known = std::ranges::find(argument.choices, word) != argument.choices.end();
      return known ? std::optional(std::move(word)) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string describe_kind(const Argument& argument) {
  switch (argument.kind) {
    case Argument::Kind::text:
      return "text";
    case Argument::Kind::number:
      return argument.most == UINT64_MAX ? "a whole number from " + std::to_string(argument.least)
                                         : "a whole number from " + std::to_string(argument.least) +
                                               " to " + std::to_string(argument.most);
    case Argument::Kind::choice:
      return joined(argument.choices);
  }
  return {};
}

std::string usage_of(const Method& method) {
  std::string usage = method.name;
  for (const Argument& argument : method.arguments) {
    const std::string what =
        argument.kind == Argument::Kind::choice ? joined(argument.choices) : argument.name;
    usage += argument.optional ? " [" + what + "]" : " " + what;
  }
  return usage;
}

std::uint64_t Call::number(std::size_t place) const {
  return whole_number(arguments.at(place)).value_or(0);
}

Result<std::vector<std::string>> check_arguments(const Method& method,
                                                 const std::vector<std::string>& arguments) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::invalid_argument, why + "; usage: " + usage_of(method)};
  };
  if (arguments.size() > method.arguments.size()) {
    return refuse(method.name + " takes " + std::to_string(method.arguments.size()) +
                  (method.arguments.size() == 1 ? " argument, not " : " arguments, not ") +
                  std::to_string(arguments.size()));
  }
  std::vector<std::string> checked;
  for (std::size_t place = 0; place < method.arguments.size(); ++place) {
    const Argument& argument = method.arguments[place];
    if (place >= arguments.size()) {
      if (argument.optional) break;
      return refuse(method.name + " needs " + argument.name);
    }
    auto value = taken(argument, arguments[place]);
    if (!value) return refuse(argument.name + " must be " + describe_kind(argument));
    checked.push_back(std::move(*value));
  }
  return checked;
}

}  // namespace muster::methods
