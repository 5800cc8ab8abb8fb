#include "mobility/sumo_attributes.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace muster::mobility {
namespace {

template <class Number>
std::optional<Number> parsed(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::optional<double> finite(std::string_view text) {
  const auto number = parsed<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

/// What people see of a value that may be anything.
std::string shortened(std::string_view value) {
  constexpr std::size_t shown_max = 40;
  std::string shown;
  for (const char byte : value.substr(0, shown_max)) {
    shown += byte >= ' ' && byte <= '~' ? byte : '?';
  }
  return value.size() > shown_max ? shown + "..." : shown;
}

/// With what tells it from others of its name: its own id, where it begins, or what it is in.
std::string shown(const pugi::xml_node& element) {
  const std::string name = "<" + shortened(element.name());
  for (const char* const attribute : {"id", "from"}) {
    const auto value = element.attribute(attribute);
    if (value) return name + " " + attribute + "=\"" + shortened(value.value()) + "\">";
  }
  const auto outer = element.parent().attribute("id");
  return name + (outer ? "> in \"" + shortened(outer.value()) + "\"" : ">");
}

}  // namespace

Error wrong_element(const pugi::xml_node& element, const std::string& why) {
  return {ErrorCode::invalid_argument, shown(element) + " of the SUMO network " + why};
}

Result<std::string> text_of(const pugi::xml_node& element, const char* attribute) {
  const std::string value = element.attribute(attribute).value();
  if (value.empty()) {
    return wrong_element(
        element, "has no " + std::string(attribute) + ": write the file again with netconvert");
  }
  return value;
}

Result<double> number_of(const pugi::xml_node& element, const char* attribute) {
  const auto text = text_of(element, attribute);
  if (!text) return text.error();
  if (const auto number = finite(*text)) return *number;
  return wrong_element(element, "needs a number as " + std::string(attribute) + ", not \"" +
                                    shortened(*text) + "\"");
}

Result<std::size_t> index_of(const pugi::xml_node& element, const char* attribute) {
  const auto text = text_of(element, attribute);
  if (!text) return text.error();
  if (const auto index = parsed<std::uint16_t>(*text)) return std::size_t{*index};
  return wrong_element(element, "needs a number from 0 to 65,535 as " + std::string(attribute) +
                                    ", not \"" + shortened(*text) + "\"");
}

std::optional<std::vector<double>> numbers_in(std::string_view text) {
  std::vector<double> numbers;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto number = finite(text.substr(0, comma));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
    if (comma == std::string_view::npos) return numbers;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

}  // namespace muster::mobility
