// The two parts of an address as it stands in a beacon.
#pragma once

#include <algorithm>
#include <string_view>

namespace muster::discovery {

/// `HOST:PORT` without the port. Without a colon: all of it.
constexpr std::string_view host_of(std::string_view address) {
  return address.substr(0, address.rfind(':'));
}

/// The port of `HOST:PORT`, with its colon. Without a colon: nothing.
constexpr std::string_view port_of(std::string_view address) {
  return address.substr(std::min(address.rfind(':'), address.size()));
}

}  // namespace muster::discovery
