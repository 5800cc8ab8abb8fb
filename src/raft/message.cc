#include "raft/message.h"

#include <array>

namespace muster::raft {

std::string_view name_of(const Message& message) {
  static constexpr std::array<std::string_view, 11> names{
      "pre-vote request", "pre-vote reply", "vote request",   "vote reply",
      "append request",   "append reply",   "snapshot chunk", "snapshot reply",
      "timeout now",      "read request",   "read reply"};
  static_assert(names.size() == std::variant_size_v<decltype(Message::body)>);
  return names.at(message.body.index());
}

}  // namespace muster::raft
