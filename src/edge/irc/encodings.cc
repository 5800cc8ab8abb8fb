#include "edge/irc/encodings.h"

#include <algorithm>
#include <utility>

#include "chat/words.h"
#include "edge/irc/event_lines.h"

namespace muster::edge::irc {
namespace {

constexpr std::size_t line_overhead_bytes = sizeof(EncodedLine) + 64;

// What changes what a connection knows of itself, or is told but once, or only some.
bool is_special(chat::Kind kind) {
  return is_of_person(kind) || kind == chat::Kind::invite || kind == chat::Kind::online ||
         kind == chat::Kind::offline || kind == chat::Kind::kill;
}

void add_name(std::vector<std::string>& names, std::string_view name) {
  if (name.empty()) return;
  std::string folded = chat::folded(name);
  if (std::ranges::find(names, folded) == names.end()) names.push_back(std::move(folded));
}

std::shared_ptr<const Encoded> encode_frame(BytesView body, Capabilities capabilities,
                                            std::string_view server_name) {
  const auto events = wire::EventsView::parse(body);
  if (!events || !events->topic().starts_with("chat/")) return nullptr;
  auto encoded = std::make_shared<Encoded>();
  encoded->topic = events->topic();
  std::string text;
  for (const wire::EventView event : *events) {
    Result<chat::Line> line = chat::decode_line(event.payload);
    if (!line) return nullptr;
    EncodedLine& one = encoded->lines.emplace_back();
    one.position = event.position;
    one.time = event.time;
    one.begin = text.size();
    one.of_person = is_of_person(line->kind);
    append_lines(text, *line,
                 {.position = event.position.command,
                  .time = event.time,
                  .capabilities = capabilities,
                  .server_name = server_name,
                  .to_room = !encoded->topic.starts_with("chat/@")});
    one.end = text.size();
    one.first_end = std::min(text.find('\n', one.begin), text.size() - 1) + 1;
    encoded->special = encoded->special || is_special(line->kind);
    add_name(encoded->names, line->from);
    if (line->kind == chat::Kind::kick) add_name(encoded->names, line->to);
    one.line = std::move(*line);
  }
  encoded->bytes = SharedBytes::copy_of(as_bytes(text));
  return encoded;
}

}  // namespace

std::shared_ptr<const Encoded> Encodings::find(const SharedBytes& body, Capabilities capabilities,
                                               std::string_view server_name) {
  const Key key{body.view().data(), body.size(), capabilities.traits()};
  const auto found = found_.find(key);
  if (found != found_.end()) return found->second->encoded;
  std::shared_ptr<const Encoded> encoded = encode_frame(body.view(), capabilities, server_name);
  if (encoded == nullptr) return nullptr;
  const std::size_t bytes =
      body.size() + 2 * encoded->bytes.size() + encoded->lines.size() * line_overhead_bytes;
  order_.push_back({.key = key, .body = body, .encoded = encoded, .bytes = bytes});
  found_.emplace(key, std::prev(order_.end()));
  bytes_ += bytes;
  make_room();
  return encoded;
}

// The newest one stays, however large.
void Encodings::make_room() {
  while (order_.size() > 1 &&
         (order_.size() > options_.frames_max || bytes_ > options_.bytes_max)) {
    bytes_ -= order_.front().bytes;
    found_.erase(order_.front().key);
    order_.pop_front();
  }
}

}  // namespace muster::edge::irc
