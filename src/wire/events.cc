#include "wire/events.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "muster/check.h"
#include "muster/codec.h"
#include "wire/malformed.h"
#include "wire/utf8.h"

namespace muster::wire {
namespace {

constexpr auto topic_length_max = std::numeric_limits<std::uint16_t>::max();
static_assert(topic_bytes_max <= topic_length_max);
static_assert(events_header_bytes + topic_bytes_max + event_header_bytes + event_bytes_max <=
              frame_body_bytes_max);
static_assert(events_header_bytes + topic_bytes_max + sizeof(std::uint64_t) +
                  sizeof(std::uint32_t) + topic_state_bytes_max <=
              frame_body_bytes_max);

void write_topic_header(Writer& writer, std::string_view topic) {
  check(validate_topic(topic).has_value());
  writer.integer(static_cast<std::uint16_t>(topic.size()));
  writer.integer(std::uint16_t{0});
  writer.raw(as_bytes(topic));
}

/// The topic that every body begins with.
Result<std::string_view> read_topic_header(Reader& reader) {
  const auto length = reader.integer<std::uint16_t>();
  const auto zero = reader.integer<std::uint16_t>();
  const BytesView topic = reader.raw(length);
  if (!reader.ok()) return malformed("what is told of a topic is cut off");
  if (zero != 0) return malformed("what is told of a topic has flags that are not known");
  if (Result<void> valid = validate_topic(as_text(topic)); !valid) return valid.error();
  return as_text(topic);
}

/// Reads an event up to its payload, whose length it gives back, without judgement.
std::uint32_t read_event(Reader& reader, EventView& event) {
  const auto length = reader.integer<std::uint32_t>();
  event.position.command.index = LogIndex{reader.integer<std::uint64_t>()};
  event.position.command.ordinal = reader.integer<std::uint32_t>();
  event.position.sub = reader.integer<std::uint32_t>();
  event.time = LogTime{reader.integer<std::int64_t>()};
  return length;
}

}  // namespace

Result<void> validate_topic(std::string_view topic) {
  if (topic.empty() || topic.size() > topic_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "a topic's name has 1 to " + std::to_string(topic_bytes_max) +
                     " bytes; this one has " + std::to_string(topic.size())};
  }
  const bool controls = std::ranges::any_of(
      topic, [](char each) { return static_cast<unsigned char>(each) < 0x20U || each == '\x7f'; });
  if (controls || !is_utf8(topic)) {
    return Error{ErrorCode::invalid_argument,
                 "a topic's name is UTF-8 without control characters; name it as `watch` shows it"};
  }
  return {};
}

EventView EventsView::Iterator::operator*() const {
  Reader reader(rest_);
  EventView event;
  event.payload = reader.raw(read_event(reader, event));
  return event;
}

EventsView::Iterator& EventsView::Iterator::operator++() {
  Reader reader(rest_);
  EventView passed;
  reader.raw(read_event(reader, passed));
  rest_ = reader.rest();
  return *this;
}

Result<EventsView> EventsView::parse(BytesView bytes) {
  Reader reader(bytes);
  const Result<std::string_view> topic = read_topic_header(reader);
  if (!topic) return topic.error();
  EventsView view;
  view.topic_ = *topic;
  view.events_ = reader.rest();
  if (view.events_.empty()) return malformed("a frame of events has none");
  std::optional<EventPosition> last;
  while (!reader.rest().empty()) {
    EventView event;
    const std::uint32_t length = read_event(reader, event);
    reader.raw(length);
    if (!reader.ok()) return malformed("events end within one");
    if (length > event_bytes_max) {
      return Error{ErrorCode::resource_exhausted,
                   "an event passes the limit of " + std::to_string(event_bytes_max) + " bytes"};
    }
    if (last && event.position <= *last) return malformed("events are not in order");
    last = event.position;
  }
  return view;
}

Bytes encode_events_header(std::string_view topic) {
  Bytes bytes;
  Writer writer(bytes);
  write_topic_header(writer, topic);
  return bytes;
}

EventsBuilder::EventsBuilder(std::string_view topic, std::size_t bytes) {
  bytes_.reserve(events_header_bytes + topic.size() + bytes);
  Writer writer(bytes_);
  write_topic_header(writer, topic);
  header_bytes_ = bytes_.size();
}

bool EventsBuilder::add(const EventView& event) {
  check(event.payload.size() <= event_bytes_max);
  if (bytes_.size() + event_header_bytes + event.payload.size() > frame_body_bytes_max) {
    return false;
  }
  Writer writer(bytes_);
  writer.integer(static_cast<std::uint32_t>(event.payload.size()));
  writer.integer(event.position.command.index.value);
  writer.integer(event.position.command.ordinal);
  writer.integer(event.position.sub);
  writer.integer(event.time.milliseconds);
  writer.raw(event.payload);
  return true;
}

Bytes EventsBuilder::finish() && {
  check(!empty());
  return std::move(bytes_);
}

Result<ReachedView> ReachedView::parse(BytesView bytes) {
  Reader reader(bytes);
  const Result<std::string_view> topic = read_topic_header(reader);
  if (!topic) return topic.error();
  const LogIndex index{reader.integer<std::uint64_t>()};
  if (!reader.finished()) return malformed("how far a topic was told has another length");
  return ReachedView{.topic = *topic, .index = index};
}

Bytes encode_reached(std::string_view topic, LogIndex index) {
  Bytes bytes;
  bytes.reserve(events_header_bytes + topic.size() + sizeof(index));
  Writer writer(bytes);
  write_topic_header(writer, topic);
  writer.integer(index.value);
  return bytes;
}

Result<GapView> GapView::parse(BytesView bytes) {
  Reader reader(bytes);
  const Result<std::string_view> topic = read_topic_header(reader);
  if (!topic) return topic.error();
  const LogIndex index{reader.integer<std::uint64_t>()};
  const auto code = reader.integer<std::uint32_t>();
  if (!reader.ok()) return malformed("a gap is cut off");
  const auto error = code > 0xff ? std::nullopt : error_code_from(static_cast<std::uint8_t>(code));
  if (code != 0 && !error) return malformed("a gap has an error code that is none");
  if (reader.rest().size() > topic_state_bytes_max) {
    return Error{
        ErrorCode::resource_exhausted,
        "a topic's state passes the limit of " + std::to_string(topic_state_bytes_max) + " bytes"};
  }
  return GapView{.topic = *topic, .index = index, .error = error, .payload = reader.rest()};
}

Bytes encode_gap(std::string_view topic, LogIndex index, const Result<Bytes>& state) {
  if (state && state->size() > topic_state_bytes_max) {
    return encode_gap(
        topic, index,
        Error{ErrorCode::resource_exhausted,
              "the state of topic " + std::string(topic) + " has " + std::to_string(state->size()) +
                  " bytes; at most " + std::to_string(topic_state_bytes_max) + " are told"});
  }
  Bytes bytes;
  Writer writer(bytes);
  write_topic_header(writer, topic);
  writer.integer(index.value);
  if (state) {
    writer.integer(std::uint32_t{0});
    writer.raw(*state);
    return bytes;
  }
  const Error error = state.error();  // A copy: what `error()` gives does not last.
  writer.integer(static_cast<std::uint32_t>(error.code));
  const BytesView message = as_bytes(error.message);
  writer.raw(message.first(std::min(message.size(), topic_state_bytes_max)));
  return bytes;
}

}  // namespace muster::wire
