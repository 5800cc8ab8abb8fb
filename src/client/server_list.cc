#include "client/server_list.h"

#include <cstdint>

namespace muster::client {

std::vector<std::string> local_servers() {
  constexpr std::uint16_t first = 8888;
  constexpr std::uint16_t last = 8906;
  std::vector<std::string> servers;
  for (std::uint16_t port = first; port <= last; port = static_cast<std::uint16_t>(port + 2)) {
    servers.push_back("127.0.0.1:" + std::to_string(port));
  }
  return servers;
}

}  // namespace muster::client
