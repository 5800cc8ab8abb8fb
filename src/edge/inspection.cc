// What operators are told of a server's clients.
#include <chrono>

#include "edge/edge.h"

namespace muster::edge {
namespace {

std::uint64_t milliseconds(Duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(std::max(duration, Duration{})).count());
}

/// Counts one more, and gives its row if there is room for it.
wire::HeldBack* add_row(wire::HeldBackList& list, std::size_t rows_max) {
  list.set_total(list.total() + 1);
  if (static_cast<std::size_t>(list.waiting_size()) >= rows_max) return nullptr;
  return list.add_waiting();
}

std::string text_of(LogIndex index) {
  return "index " + std::to_string(index.value);
}

std::int32_t nanoseconds(std::int64_t milliseconds_of_second) {
  return static_cast<std::int32_t>(milliseconds_of_second) * 1'000'000;
}

}  // namespace

std::optional<Edge::Attachment> Edge::attachment(SessionId session, Instant now) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return std::nullopt;
  const auto client = clients_.find(found->second.link);
  Attachment attachment{.unanswered = found->second.pending_commands,
                        .attached = now - found->second.since};
  if (client != clients_.end()) {
    attachment.silent = now - client->second.heard;
    // Datagrams are no word of the connection.
    if (heartbeats_.watches(session)) {
      attachment.silent = std::min(attachment.silent, heartbeats_.silence(session, now));
    }
    attachment.address = client->second.address;
  }
  return attachment;
}

wire::HeldBackList Edge::held_back(Instant now, std::size_t rows_max) const {
  const std::string leader = surroundings_.leader_known ? "" : ", and for a leader";
  wire::HeldBackList list;
  for (const auto& [id, attached] : sessions_) {
    if (attached.open && attached.pending.empty()) continue;
    wire::HeldBack* const row = add_row(list, rows_max);
    if (row == nullptr) continue;
    row->set_session(id.uuid.to_string());
    if (!attached.open) {
      row->set_kind(wire::HeldBack::SESSION);
      row->set_age_ms(milliseconds(now - attached.since));
      row->set_waits_for("its entry to be applied" + leader);
    } else {
      row->set_kind(wire::HeldBack::COMMANDS);
      row->set_first(attached.pending.front().unanswered.value);
      row->set_count(attached.pending_commands);
      row->set_age_ms(milliseconds(now - attached.pending.front().since));
      row->set_waits_for("their entries to be applied" + leader);
    }
  }
  for (const auto& [id, read] : reads_) {
    wire::HeldBack* const row = add_row(list, rows_max);
    if (row == nullptr) continue;
    row->set_kind(wire::HeldBack::READ);
    const auto client = clients_.find(read.link);
    if (client != clients_.end() && client->second.session) {
      row->set_session(client->second.session->uuid.to_string());
    }
    row->set_count(1);
    row->set_age_ms(milliseconds(now - read.since));
    row->set_waits_for(read.index ? text_of(*read.index)
                                  : "the leader to name the index it must see");
  }
  topics_.add_held_back(list, now, rows_max);
  return list;
}

void Topics::add_held_back(wire::HeldBackList& list, Instant now, std::size_t rows_max) const {
  for (const auto& [name, topic] : topics_) {
    for (const Follow* const follow : topic.follows) {
      const bool early = follow->from.command.index > applied_ + 1;
      if (!early && !follow->behind) continue;
      wire::HeldBack* const row = add_row(list, rows_max);
      if (row == nullptr) continue;
      row->set_kind(early ? wire::HeldBack::FOLLOW : wire::HeldBack::BEHIND);
      row->set_topic(name);
      row->set_first(follow->from.command.index.value);
      row->set_age_ms(milliseconds(now - follow->since));
      row->set_waits_for(early ? text_of(follow->from.command.index)
                               : "earlier events to be taken in by its client");
    }
  }
}

wire::TopicHistory Topics::history(const std::string& topic, std::size_t events_max,
                                   std::size_t bytes_max) const {
  wire::TopicHistory history;
  history.set_topic(topic);
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return history;
  history.set_kept(found->second.events);
  std::deque<wire::EventView> last;
  std::size_t bytes = 0;
  for (const Pieces::iterator piece : found->second.pieces) {
    for (const wire::EventView event : wire::EventsView::parse(piece->body.view()).value()) {
      last.push_back(event);
      bytes += std::min(event.payload.size(), bytes_max);
      while (last.size() > events_max || (bytes > bytes_max && last.size() > 1)) {
        bytes -= std::min(last.front().payload.size(), bytes_max);
        last.pop_front();
      }
    }
  }
  for (const wire::EventView& event : last) {
    wire::KeptEvent& one = *history.add_events();
    one.set_index(event.position.command.index.value);
    one.set_ordinal(event.position.command.ordinal);
    one.set_sub(event.position.sub);
    one.mutable_time()->set_seconds(event.time.milliseconds / 1'000);
    one.mutable_time()->set_nanos(nanoseconds(event.time.milliseconds % 1'000));
    if (event.payload.size() <= bytes_max) {
      one.set_payload(std::string(as_text(event.payload)));
    } else {
      one.set_text(std::to_string(event.payload.size()) + " bytes, too many to be shown");
    }
  }
  return history;
}

}  // namespace muster::edge
