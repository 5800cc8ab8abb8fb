// One JSON object on one line, for what is no message of the schema.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace muster::cli {

/// Adds fields in the order of the calls. Thread-safety: none.
class JsonLine {
 public:
  JsonLine& add(std::string_view name, std::string_view text);
  JsonLine& add(std::string_view name, const char* text) {
    return add(name, std::string_view(text));
  }
  JsonLine& add(std::string_view name, bool value) {
    return add_json(name, value ? "true" : "false");
  }
  JsonLine& add(std::string_view name, std::integral auto number) {
    return add_json(name, std::to_string(number));
  }
  /// With three digits behind the point. Precondition: finite.
  JsonLine& add(std::string_view name, double number);
  /// `json` as it is: an object or an array.
  JsonLine& add_json(std::string_view name, std::string_view json);
  /// The object, without a line break.
  std::string text() const { return text_ + "}"; }

 private:
  std::string text_{"{"};
};

}  // namespace muster::cli
