#include "library/port_holder.h"

#include <chrono>

#include "client/question.h"
#include "net/loop.h"

namespace muster::library {

std::string who_holds(std::uint16_t port, const Bytes& secret) {
  net::Loop loop;
  const auto answer = client::ask(loop,
                                  {.servers = {"127.0.0.1:" + std::to_string(port)},
                                   .secret = secret,
                                   .server_timeout = std::chrono::milliseconds{500},
                                   .timeout = std::chrono::milliseconds{500}},
                                  {.type = wire::FrameType::status_request, .body = {}});
  if (!answer) return {};
  return "Muster server " + answer->hello.name() + " of group " + answer->hello.group();
}

}  // namespace muster::library
