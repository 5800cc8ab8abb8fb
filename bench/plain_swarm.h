// What plain_swarm says to a server, protocol by protocol. Pure: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace muster::bench {

/// Of each message.
constexpr std::size_t text_bytes = 128;

/// What one connection is for. A sender does not get its own messages.
enum class Part : unsigned char {
  idle,    ///< Only registers.
  hears,   ///< Gets every message.
  speaks,  ///< Sends them.
};

/// One line or packet that came, and what it means.
struct Unit {
  std::size_t bytes{0};
  bool ready{false};     ///< The connection is set up for its part.
  bool message{false};   ///< One of the sender's.
  std::string answer{};  ///< To be sent at once.
  std::string error{};   ///< Why the server does not do what is wanted; empty: it does.
};

/// How one protocol sets a connection up, sends a message and hears one. Speaks no more of it than
/// that.
class Protocol {
 public:
  virtual ~Protocol() = default;
  /// The first bytes of a connection.
  virtual std::string hello(const std::string& name, Part part) const = 0;
  /// The first unit of `bytes`; nothing if it has not come whole.
  virtual std::optional<Unit> take(Part part, bool ready, std::string_view bytes) const = 0;
  virtual std::string message() = 0;
};

/// `irc`, `nats`, `mqtt-0` or `mqtt-1`: IRC (RFC 1459), NATS without JetStream, MQTT 3.1.1 with
/// that quality of service. Null: no such protocol.
std::unique_ptr<Protocol> make_protocol(std::string_view name);

}  // namespace muster::bench
