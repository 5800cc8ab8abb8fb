#include "cli/json_line.h"

#include <fmt/format.h>

#include <cmath>

#include "muster/check.h"
#include "wire/json.h"

namespace muster::cli {

JsonLine& JsonLine::add(std::string_view name, std::string_view text) {
  return add_json(name, wire::json_string(text));
}

JsonLine& JsonLine::add(std::string_view name, double number) {
  check(std::isfinite(number));
  return add_json(name, fmt::format("{:.3f}", number));
}

JsonLine& JsonLine::add_json(std::string_view name, std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  text_ += wire::json_string(name);
  text_ += ':';
  text_ += json;
  return *this;
}

}  // namespace muster::cli
