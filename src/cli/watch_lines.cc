#include "cli/watch_lines.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "auction/messages.h"
#include "chat/chat.h"
#include "cli/chat_lines.h"
#include "cli/json_line.h"
#include "group/group.h"
#include "replica/session_events.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

std::string auction_words(const auction::LotEvent& event) {
  std::string text =
      fmt::format("{} {}", auction::to_text(event.lot), auction::name_of(event.what));
  const auto price = [&](auction::Price amount) {
    return auction::to_text_with_currency(amount, event.currency);
  };
  if (event.entry) text += " " + event.entry->bidder + " " + price(event.entry->price);
  const auction::Status& status = event.status;
  if (!status.winner.empty() && status.paid) {
    return fmt::format("{}; sold to {} for {}", text, status.winner, price(*status.paid));
  }
  if (!status.standing) return text;
  return fmt::format("{}; stands at {} by {}", text, price(*status.standing),
                     status.standing_bidder);
}

/// An event of a topic that is known here.
struct KnownEvent {
  std::string text;
  std::string json;
};

template <class Event>
std::optional<KnownEvent> known_event(BytesView payload) {
  const auto event = wire::decode<Event>(payload);
  if (!event) return std::nullopt;
  return KnownEvent{.text = event->text(), .json = wire::to_json(*event)};
}

std::optional<KnownEvent> known_event(const std::string& topic, BytesView payload) {
  if (topic == group::topic) return known_event<wire::GroupEvent>(payload);
  if (topic == replica::sessions_topic) return known_event<wire::SessionEvent>(payload);
  return std::nullopt;
}

JsonLine begin_line(const wire::EventPosition& position, std::string_view time,
                    const std::string& topic, bool gap, bool logged = true) {
  JsonLine line;
  line.add("index", position.command.index.value)
      .add("ordinal", position.command.ordinal)
      .add("sub", position.sub)
      .add_json("time", time)
      .add("topic", topic)
      .add("gap", gap)
      .add("logged", logged);
  return line;
}

std::string json_line(const std::string& topic, const session::Event& event, bool logged = true) {
  JsonLine line = begin_line(event.position, wire::json_time(event.time), topic, false, logged);
  const auto known = known_event(topic, event.payload.view());
  if (!known) return line.add_json("payload", wire::json_bytes(event.payload.view())).text();
  // The fields of the event stand beside its place: one object goes on as the other.
  const std::string head = line.text();
  return head.substr(0, head.size() - 1) + "," + known->json.substr(1);
}

std::string json_line(const session::TopicGap& gap) {
  JsonLine line = begin_line(wire::beginning_of(gap.index), "null", gap.topic, true);
  if (gap.state) {
    line.add_json("state", wire::json_bytes(gap.state->view())).add_json("error", "null");
  } else {
    line.add_json("state", "null").add("error", gap.state.error().message);
  }
  return line.text();
}

std::string text_line(const std::string& topic, const session::Event& event, bool with_topic) {
  const std::string quoted = wire::json_time(event.time);
  return fmt::format("{}.{} {} {}{}", event.position.command.index.value,
                     event.position.command.ordinal,
                     std::string_view(quoted).substr(1, quoted.size() - 2),
                     with_topic ? topic + " " : "", event_text(topic, event.payload.view()));
}

std::pair<std::string, session::Event> event_of(const client::Suspicion& change) {
  const bool of_a_server = std::holds_alternative<wire::GroupEvent>(change.event);
  return {std::string(of_a_server ? group::topic : replica::sessions_topic),
          {.position = wire::beginning_of(change.index),
           .time = change.time,
           .payload = SharedBytes(
               std::visit([](const auto& event) { return wire::encode(event); }, change.event))}};
}

}  // namespace

std::string json_line(const client::Suspicion& change) {
  const auto [topic, event] = event_of(change);
  return json_line(topic, event, false);
}

std::string text_line(const client::Suspicion& change, bool with_topic) {
  const auto [topic, event] = event_of(change);
  return text_line(topic, event, with_topic);
}

std::optional<std::string> known_text(const std::string& topic, BytesView payload) {
  if (const auto known = known_event(topic, payload)) return known->text;
  if (topic.starts_with("auction/")) {
    const auto event = auction::decode_event(payload);
    return event ? std::optional(auction_words(*event)) : std::nullopt;
  }
  if (!topic.starts_with(chat::room_topic(""))) return std::nullopt;
  const auto line = chat::decode_line(payload);
  if (!line) return std::nullopt;
  return chat_words(*line, {}, Colours(false));
}

std::string event_text(const std::string& topic, BytesView payload) {
  return known_text(topic, payload).value_or(fmt::format("{} bytes", payload.size()));
}

std::vector<std::string> json_lines(const session::TopicNews& news) {
  std::vector<std::string> lines;
  if (const auto* const happened = std::get_if<session::TopicEvents>(&news)) {
    for (const session::Event& event : happened->events) {
      lines.push_back(json_line(happened->topic, event));
    }
  } else if (const auto* const gap = std::get_if<session::TopicGap>(&news)) {
    lines.push_back(json_line(*gap));
  }
  return lines;
}

std::vector<std::string> text_lines(const session::TopicNews& news, bool with_topic) {
  std::vector<std::string> lines;
  if (const auto* const happened = std::get_if<session::TopicEvents>(&news)) {
    for (const session::Event& event : happened->events) {
      lines.push_back(text_line(happened->topic, event, with_topic));
    }
  } else if (const auto* const gap = std::get_if<session::TopicGap>(&news)) {
    const std::string topic = with_topic ? gap->topic + " " : "";
    lines.push_back(
        gap->index.value == 0 && !gap->state
            ? fmt::format("{}events begin anew: {}", topic, gap->state.error().message)
            : fmt::format("up to {} {}events are missing: the server no longer keeps them",
                          gap->index.value, topic));
  }
  return lines;
}

}  // namespace muster::cli
