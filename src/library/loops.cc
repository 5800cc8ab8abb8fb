#include "library/loops.h"

#include <utility>

namespace muster::library {

boost::asio::execution_context::id Loops::id;

Loops::Loops(boost::asio::io_context& context) : service(context), loop_(context, {}) {}

void Loops::shutdown() {
  for (const auto& [address, weak] : std::exchange(users_, {})) {
    if (const auto user = weak.lock()) user->abandon();
  }
  loop_.flush_links();  // The sockets of links must not outlive the services that they use.
}

}  // namespace muster::library
