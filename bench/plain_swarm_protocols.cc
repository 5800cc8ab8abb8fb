#include <fmt/format.h>

#include <charconv>
#include <cstdint>

#include "bench/plain_swarm.h"

namespace muster::bench {
namespace {

/// The line at the front, without its end, or nothing.
std::optional<std::string_view> line_of(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = bytes.substr(0, end);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

class Irc final : public Protocol {
 public:
  std::string hello(const std::string& name, Part /*part*/) const override {
    return fmt::format("NICK {0}\r\nUSER {0} 0 * :{0}\r\n", name);
  }

  std::optional<Unit> take(Part part, bool ready, std::string_view bytes) const override {
    const auto line = line_of(bytes);
    if (!line) return std::nullopt;
    Unit unit{.bytes = bytes.find('\n') + 1};
    if (line->starts_with("PING ")) {
      unit.answer = fmt::format("PONG {}\r\n", line->substr(5));
    } else if (line->starts_with("ERROR ")) {
      unit.error = *line;
    } else if (ready) {
      unit.message =
          line->starts_with(":sender!") && line->find(" PRIVMSG ") != std::string_view::npos;
    } else {
      take_greeting(part, *line, unit);
    }
    return unit;
  }

  std::string message() override {
    return fmt::format("PRIVMSG {} :{}\r\n", channel, std::string(text_bytes, 'x'));
  }

 private:
  static constexpr std::string_view channel = "#bench";

  static void take_greeting(Part part, std::string_view line, Unit& unit) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return;
    const std::string_view numeric = line.substr(space + 1, 4);
    const bool joins = part != Part::idle;
    if (numeric == "433 ") unit.error = "the nick is taken";
    if (numeric == "001 " && joins) unit.answer = fmt::format("JOIN {}\r\n", channel);
    unit.ready = numeric == (joins ? "366 " : "001 ");
  }
};

class Nats final : public Protocol {
 public:
  std::string hello(const std::string& name, Part part) const override {
    return fmt::format(
        "CONNECT {{\"verbose\":false,\"pedantic\":false,\"name\":\"{}\"}}\r\n{}PING\r\n", name,
        part == Part::hears ? "SUB bench 1\r\n" : "");
  }

  std::optional<Unit> take(Part /*part*/, bool /*ready*/, std::string_view bytes) const override {
    const auto line = line_of(bytes);
    if (!line) return std::nullopt;
    Unit unit{.bytes = bytes.find('\n') + 1};
    if (line->starts_with("MSG ")) {
      std::size_t length = 0;
      const std::string_view number = line->substr(line->rfind(' ') + 1);
      std::from_chars(number.data(), number.data() + number.size(), length);
      unit.bytes += length + 2;
      if (bytes.size() < unit.bytes) return std::nullopt;
      unit.message = true;
    } else if (*line == "PING") {
      unit.answer = "PONG\r\n";
    } else if (*line == "PONG") {
      unit.ready = true;
    } else if (line->starts_with("-ERR")) {
      unit.error = *line;
    }
    return unit;
  }

  std::string message() override {
    return fmt::format("PUB bench {}\r\n{}\r\n", text_bytes, std::string(text_bytes, 'x'));
  }
};

class Mqtt final : public Protocol {
 public:
  explicit Mqtt(unsigned quality) : quality_(quality) {}

  std::string hello(const std::string& name, Part /*part*/) const override {
    constexpr char level = 4;          // MQTT 3.1.1.
    constexpr char clean_session = 2;  // The only flag.
    constexpr std::string_view no_keep_alive("\0\0", 2);
    const std::string head = field("MQTT") + level + clean_session;
    return packet(connect, head + std::string(no_keep_alive) + field(name));
  }

  std::optional<Unit> take(Part part, bool /*ready*/, std::string_view bytes) const override {
    std::size_t length = 0;
    std::size_t head = 1;
    for (unsigned shift = 0;; shift += 7) {
      if (bytes.size() <= head) return std::nullopt;
      const auto digit = static_cast<unsigned char>(bytes[head++]);
      length |= std::size_t{digit & 0x7FU} << shift;
      if ((digit & 0x80U) == 0) break;
    }
    if (bytes.size() < head + length) return std::nullopt;
    Unit unit{.bytes = head + length};
    take_packet(part, static_cast<unsigned char>(bytes[0]) & 0xF0U, bytes.substr(head, length),
                unit);
    return unit;
  }

  std::string message() override {
    std::string body = field(topic);
    if (quality_ > 0) body += two_bytes(number_ = number_ % 0xFFFF + 1);
    return packet(publish | quality_ << 1U, body + std::string(text_bytes, 'x'));
  }

 private:
  enum Kind : unsigned {
    connect = 0x10,
    connected = 0x20,
    publish = 0x30,
    published = 0x40,
    subscribe = 0x82,
    subscribed = 0x90,
  };
  static constexpr std::string_view topic = "bench";

  void take_packet(Part part, unsigned kind, std::string_view body, Unit& unit) const {
    if (kind == connected) {
      if (body.size() < 2 || body[1] != 0) unit.error = "the server refuses the connection";
      unit.ready = part != Part::hears;
      if (part == Part::hears) {
        unit.answer = packet(subscribe, two_bytes(1) + field(topic) + static_cast<char>(quality_));
      }
    } else if (kind == subscribed) {
      unit.ready = true;
    } else if (kind == publish) {
      unit.message = true;
      // The server sends with the quality that was subscribed to, so that there is a number.
      if (quality_ > 0) {
        unit.answer = packet(published, std::string(body.substr(2 + topic.size(), 2)));
      }
    }
  }

  static std::string two_bytes(std::size_t number) {
    return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)};
  }
  static std::string field(std::string_view text) {
    return two_bytes(text.size()) + std::string(text);
  }
  static std::string packet(unsigned kind, const std::string& body) {
    std::string bytes(1, static_cast<char>(kind));
    std::size_t length = body.size();
    do {
      const std::size_t digit = length & 0x7FU;
      length >>= 7U;
      bytes += static_cast<char>(digit | (length > 0 ? 0x80U : 0U));
    } while (length > 0);
    return bytes + body;
  }

  const unsigned quality_;
  std::size_t number_{0};
};

}  // namespace

std::unique_ptr<Protocol> make_protocol(std::string_view name) {
  if (name == "irc") return std::make_unique<Irc>();
  if (name == "nats") return std::make_unique<Nats>();
  if (name == "mqtt-0") return std::make_unique<Mqtt>(0);
  if (name == "mqtt-1") return std::make_unique<Mqtt>(1);
  return nullptr;
}

}  // namespace muster::bench
