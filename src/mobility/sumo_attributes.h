// Attributes of XML elements as numbers and text that must be there.
#pragma once

#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "muster/error.h"

namespace muster::mobility {

/// INVALID_ARGUMENT: `<edge id="7">` and what is wrong with it.
Error wrong_element(const pugi::xml_node& element, const std::string& why);

/// Errors: INVALID_ARGUMENT, naming the element, if it is missing or empty.
[[nodiscard]] Result<std::string> text_of(const pugi::xml_node& element, const char* attribute);
/// Errors: likewise, and if it is no finite decimal number.
[[nodiscard]] Result<double> number_of(const pugi::xml_node& element, const char* attribute);
/// Errors: likewise, and if it is no whole number from 0 to 65,535.
[[nodiscard]] Result<std::size_t> index_of(const pugi::xml_node& element, const char* attribute);

/// The numbers between commas, or nothing if one is no finite number.
std::optional<std::vector<double>> numbers_in(std::string_view text);
/// What stands between blanks.
std::vector<std::string_view> words_of(std::string_view text);

}  // namespace muster::mobility
