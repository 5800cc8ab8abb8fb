// IRCv3 capabilities: which there are, and which of them a client has asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::edge::irc {

enum class Capability : std::uint32_t {
  away_notify = 1U << 0U,
  batch = 1U << 1U,
  cap_notify = 1U << 2U,
  chathistory = 1U << 3U,
  chghost = 1U << 4U,
  echo_message = 1U << 5U,
  event_playback = 1U << 6U,
  extended_join = 1U << 7U,
  extended_monitor = 1U << 8U,
  invite_notify = 1U << 9U,
  labeled_response = 1U << 10U,
  message_tags = 1U << 11U,
  multi_prefix = 1U << 12U,
  server_time = 1U << 13U,
  setname = 1U << 14U,
  standard_replies = 1U << 15U,
  userhost_in_names = 1U << 16U,
};

/// A set of them.
class Capabilities {
 public:
  bool has(Capability capability) const { return (bits_ & bit(capability)) != 0; }
  void set(Capability capability, bool on) {
    bits_ = on ? bits_ | bit(capability) : bits_ & ~bit(capability);
  }
  void clear() { bits_ = 0; }
  /// Those that change how an event is written.
  std::uint32_t traits() const;
  friend bool operator==(Capabilities, Capabilities) = default;

 private:
  static constexpr std::uint32_t bit(Capability capability) {
    return static_cast<std::uint32_t>(capability);
  }
  std::uint32_t bits_{0};
};

/// Of a client that knows version 302 with the values, if `with_values`: `batch server-time …`.
std::string offered_capabilities(bool with_values);
/// Names of those in the set.
std::string to_text(Capabilities set);
/// The set with the changes that `CAP REQ` asks for (`batch -away-notify`), or nothing if one of
/// them is not known: then none counts.
std::optional<Capabilities> with_changes(Capabilities set, std::string_view request);

}  // namespace muster::edge::irc
