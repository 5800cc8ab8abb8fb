// Which servers a client tries when it is told none.
#pragma once

#include <string>
#include <vector>

namespace muster::client {

/// The client ports that servers of this machine choose by themselves, in their order:
/// 127.0.0.1:8888, :8890, … :8906.
std::vector<std::string> local_servers();

}  // namespace muster::client
