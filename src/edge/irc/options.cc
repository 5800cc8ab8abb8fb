#include "edge/irc/options.h"

#include <algorithm>

namespace muster::edge::irc {

std::string as_server_name(std::string_view name) {
  std::string result(name);
  std::ranges::replace_if(
      result,
      [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !letter && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_';
      },
      '-');
  // Clients take a prefix without a dot for a person's.
  if (result.find('.') == std::string::npos) result += ".muster";
  return result;
}

std::string as_host(std::string_view address) {
  return (address.starts_with(':') ? "0" : "") + std::string(address.empty() ? "-" : address);
}

}  // namespace muster::edge::irc
