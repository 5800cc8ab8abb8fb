// Colour on terminals, and none elsewhere.
#pragma once

#include <string>
#include <string_view>

namespace muster::cli {

/// Whether standard output is to be coloured: it is a terminal, and NO_COLOR is not set
/// (https://no-color.org).
bool wants_colour();

/// Wraps text in escape sequences, or gives it back as it is when colour is off.
class Colours {
 public:
  explicit Colours(bool on) : on_(on) {}

  /// The colour of one person: of many, and always the same for the same name.
  std::string person(std::string_view name) const { return person(name, name); }
  /// Text in the colour of `name`.
  std::string person(std::string_view name, std::string_view text) const;
  std::string quiet(std::string_view text) const { return wrap("2", text); }
  std::string strong(std::string_view text) const { return wrap("1", text); }
  bool on() const { return on_; }

 private:
  std::string wrap(std::string_view code, std::string_view text) const;

  bool on_;
};

}  // namespace muster::cli
