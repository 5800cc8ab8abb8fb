#include "wire/utf8.h"

#include "muster/check.h"

namespace muster::wire {

namespace {

/// What a first byte promises: the length, and the range of the second byte.
struct Form {
  std::size_t length;
  unsigned char second_low{0x80};
  unsigned char second_high{0xbf};
};

Form form_of(unsigned char first) {
  if (first < 0x80) return {.length = 1};
  if (first < 0xc2) return {.length = 0};
  if (first < 0xe0) return {.length = 2};
  if (first == 0xe0) return {.length = 3, .second_low = 0xa0};
  if (first == 0xed) return {.length = 3, .second_high = 0x9f};
  if (first < 0xf0) return {.length = 3};
  if (first == 0xf0) return {.length = 4, .second_low = 0x90};
  if (first < 0xf4) return {.length = 4};
  if (first == 0xf4) return {.length = 4, .second_high = 0x8f};
  return {.length = 0};
}

}  // namespace

std::size_t utf8_character(std::string_view text) {
  check(!text.empty());
  const Form form = form_of(static_cast<unsigned char>(text.front()));
  if (form.length > text.size()) return 0;
  for (std::size_t i = 1; i < form.length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char low = i == 1 ? form.second_low : 0x80;
    const unsigned char high = i == 1 ? form.second_high : 0xbf;
    if (byte < low || byte > high) return 0;
  }
  return form.length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace muster::wire
