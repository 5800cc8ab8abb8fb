#include "edge/irc/capabilities.h"

#include <algorithm>
#include <array>

namespace muster::edge::irc {
namespace {

struct Offered {
  std::string_view name;
  Capability capability;
  std::string_view value{};
};

constexpr std::array offered{
    Offered{"away-notify", Capability::away_notify},
    Offered{"batch", Capability::batch},
    Offered{"cap-notify", Capability::cap_notify},
    Offered{"chghost", Capability::chghost},
    Offered{"draft/chathistory", Capability::chathistory},
    Offered{"draft/event-playback", Capability::event_playback},
    Offered{"echo-message", Capability::echo_message},
    Offered{"extended-join", Capability::extended_join},
    Offered{"extended-monitor", Capability::extended_monitor},
    Offered{"invite-notify", Capability::invite_notify},
    Offered{"labeled-response", Capability::labeled_response},
    Offered{"message-tags", Capability::message_tags},
    Offered{"multi-prefix", Capability::multi_prefix},
    Offered{"server-time", Capability::server_time},
    Offered{"setname", Capability::setname},
    Offered{"standard-replies", Capability::standard_replies},
    Offered{"userhost-in-names", Capability::userhost_in_names},
};

void append_word(std::string& text, std::string_view word) {
  if (!text.empty()) text += ' ';
  text += word;
}

}  // namespace

std::uint32_t Capabilities::traits() const {
  return bits_ &
         (bit(Capability::server_time) | bit(Capability::message_tags) |
          bit(Capability::extended_join) | bit(Capability::away_notify) | bit(Capability::setname) |
          bit(Capability::invite_notify) | bit(Capability::chghost));
}

std::string offered_capabilities(bool with_values) {
  std::string text;
  for (const Offered& each : offered) {
    append_word(text, each.name);
    if (with_values && !each.value.empty()) text += "=" + std::string(each.value);
  }
  return text;
}

std::string to_text(Capabilities set) {
  std::string text;
  for (const Offered& each : offered) {
    if (set.has(each.capability)) append_word(text, each.name);
  }
  return text;
}

std::optional<Capabilities> with_changes(Capabilities set, std::string_view request) {
  while (!request.empty()) {
    std::string_view word = request.substr(0, request.find(' '));
    request.remove_prefix(std::min(word.size() + 1, request.size()));
    if (word.empty()) continue;
    const bool on = !word.starts_with('-');
    if (!on) word.remove_prefix(1);
    const auto found = std::ranges::find(offered, word, &Offered::name);
    if (found == offered.end()) return std::nullopt;
    set.set(found->capability, on);
  }
  return set;
}

}  // namespace muster::edge::irc
