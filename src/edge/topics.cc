#include "edge/topics.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"
#include "wire/frame.h"
#include "wire/limits.h"

namespace muster::edge {
namespace {

constexpr std::size_t piece_overhead_bytes = 256;  // Of memory, beside a frame.
constexpr std::size_t pings_per_window = 4;

std::size_t size_of(const std::vector<SharedBytes>& body) {
  std::size_t bytes = 0;
  for (const SharedBytes& part : body) bytes += part.size();
  return bytes;
}

wire::EventPosition begin_of(const wire::Follow& request, LogIndex applied) {
  if (request.from_now()) return wire::beginning_of(applied + 1);
  const wire::EventPosition from{
      .command = {.index = {request.from_index()}, .ordinal = request.from_ordinal()},
      .sub = request.from_sub()};
  return std::max(from, wire::beginning_of(LogIndex{1}));
}

}  // namespace

// ---- Who follows what ---------------------------------------------------------------------------

Result<void> Topics::follow(LinkId link_id, const wire::Follow& request,
                            const replica::Replica& local, Instant now) {
  if (Result<void> valid = wire::validate_topic(request.topic()); !valid) return valid;
  unfollow(link_id, request.topic());
  const auto [found, is_new] = links_.try_emplace(link_id, Link{.id = link_id});
  Link& link = found->second;
  if (is_new) marks_.push_back({.at = now + options_.mark_interval, .link = link_id});
  if (link.follows.size() >= wire::link_topics_max) {
    return Error{ErrorCode::resource_exhausted,
                 "this client follows " + std::to_string(link.follows.size()) +
                     " topics, the limit of a connection; unfollow one first"};
  }
  if (follows_ >= options_.follows_max) {
    return Error{ErrorCode::resource_exhausted, "the clients of this server follow " +
                                                    std::to_string(follows_) +
                                                    " topics, its limit; try another server"};
  }
  Topic& followed = topic(request.topic());
  link.follows.push_back(std::make_unique<Follow>(Follow{.link = &link,
                                                         .topic = &followed,
                                                         .from = begin_of(request, local.applied()),
                                                         .place = followed.follows.size(),
                                                         .since = now}));
  Follow& follow = *link.follows.back();
  followed.follows.push_back(&follow);
  ++link.behind;
  ++follows_;
  catch_up(follow, local);
  return {};
}

void Topics::unfollow(LinkId link_id, std::string_view topic) {
  const auto found = links_.find(link_id);
  if (found == links_.end()) return;
  Link& link = found->second;
  for (std::size_t place = 0; place < link.follows.size(); ++place) {
    if (link.follows[place]->topic->name == topic) return remove(link, place);
  }
}

void Topics::link_closed(LinkId link_id) {
  const auto found = links_.find(link_id);
  if (found == links_.end()) return;
  while (!found->second.follows.empty()) {
    remove(found->second, found->second.follows.size() - 1);
  }
  links_.erase(found);
}

void Topics::remove(Link& link, std::size_t place) {
  const Follow& follow = *link.follows[place];
  Topic& topic = *follow.topic;
  topic.follows[follow.place] = topic.follows.back();
  topic.follows[follow.place]->place = follow.place;
  topic.follows.pop_back();
  if (follow.behind) --link.behind;
  --follows_;
  link.follows.erase(link.follows.begin() + static_cast<std::ptrdiff_t>(place));
  forget_if_idle(topic);
}

void Topics::set_behind(Follow& follow, bool behind) {
  if (follow.behind == behind) return;
  follow.behind = behind;
  behind ? ++follow.link->behind : --follow.link->behind;
}

std::vector<LinkId> Topics::links() const {
  std::vector<LinkId> links;
  for (const auto& [id, link] : links_) {
    if (!link.follows.empty()) links.push_back(id);
  }
  std::ranges::sort(links);
  return links;
}

Topics::Topic& Topics::topic(std::string_view name) {
  const auto found = topics_.find(name);
  if (found != topics_.end()) return found->second;
  Topic& topic = topics_[std::string(name)];
  topic.name = name;
  topic.header = SharedBytes(wire::encode_events_header(name));
  topic.kept_from = forgotten_to_;
  return topic;
}

// ---- What is kept -------------------------------------------------------------------------------

void Topics::applied(const std::vector<replica::Event>& events, const replica::Replica& local) {
  // What came before the first event heard of is unknown, unless that is of the log's first entry.
  const bool from_the_start =
      !events.empty() && events.front().position.command.index == LogIndex{1};
  if (applied_ == LogIndex{0} && !from_the_start) return restored(local);
  std::vector<Topic*> touched;
  for (const replica::Event& event : events) {
    // A snapshot may stand for the first ones.
    if (event.position.command.index > applied_) take(event, touched);
  }
  applied_ = local.applied();
  for (Topic* const topic : touched) seal(*topic);
  while (bytes_ > options_.bytes_max || topics_kept_ > options_.topics_max) forget_oldest();
}

void Topics::take(const replica::Event& event, std::vector<Topic*>& touched) {
  const bool same = !touched.empty() && touched.back()->name == event.topic;
  Topic& to = same ? *touched.back() : topic(event.topic);
  const std::size_t bytes = wire::event_header_bytes + event.payload.size();
  if (to.building && to.building->frame.bytes() + bytes > options_.frame_bytes_max) seal(to);
  if (!to.building) {
    to.building = std::make_unique<Building>(Building{
        .frame = wire::EventsBuilder(to.name, bytes), .first = event.position, .last = {}});
    touched.push_back(&to);
  }
  check(to.building->frame.add(
      {.position = event.position, .time = event.time, .payload = event.payload.view()}));
  to.building->last = event.position;
  ++to.building->events;
}

void Topics::seal(Topic& topic) {
  if (!topic.building) return;
  Building building = std::move(*std::exchange(topic.building, nullptr));
  Bytes body = std::move(building.frame).finish();
  const std::size_t bytes = body.capacity() + piece_overhead_bytes;
  pieces_.push_back({.topic = &topic,
                     .first = building.first,
                     .last = building.last,
                     .events = building.events,
                     .bytes = bytes,
                     .body = SharedBytes(std::move(body))});
  topic.pieces.push_back(std::prev(pieces_.end()));
  topic.events += building.events;
  bytes_ += bytes;
  if (topic.pieces.size() == 1) ++topics_kept_;
  for (Follow* const follow : topic.follows) tell(*follow, pieces_.back());
  while (topic.events > options_.events_per_topic_max && topic.pieces.size() > 1) {
    forget_front(topic);
  }
}

void Topics::forget_front(Topic& topic) {
  const Pieces::iterator piece = topic.pieces.front();
  topic.kept_from = wire::after(piece->last);
  topic.events -= piece->events;
  bytes_ -= piece->bytes;
  topic.pieces.pop_front();
  pieces_.erase(piece);
  if (topic.pieces.empty()) --topics_kept_;
}

void Topics::forget_oldest() {
  Topic& topic = *pieces_.front().topic;
  forget_front(topic);
  forget_if_idle(topic);
}

void Topics::forget_if_idle(Topic& topic) {
  if (!topic.follows.empty() || !topic.pieces.empty()) return;
  forgotten_to_ = std::max(forgotten_to_, topic.kept_from);
  topics_.erase(topics_.find(topic.name));
}

void Topics::restored(const replica::Replica& local) {
  applied_ = local.applied();
  forgotten_to_ = wire::beginning_of(applied_ + 1);
  pieces_.clear();
  bytes_ = 0;
  topics_kept_ = 0;
  std::erase_if(topics_, [](const auto& item) { return item.second.follows.empty(); });
  for (auto& [name, topic] : topics_) {
    topic.kept_from = forgotten_to_;
    topic.pieces.clear();
    topic.events = 0;
    for (Follow* const follow : topic.follows) {
      set_behind(*follow, true);
      catch_up(*follow, local);
    }
  }
}

// ---- What is told -------------------------------------------------------------------------------

void Topics::tell(Follow& follow, const Piece& piece) {
  if (follow.behind || piece.last < follow.from) return;
  if (!window_is_open(*follow.link)) return set_behind(follow, true);
  if (piece.first >= follow.from) {
    send(*follow.link, wire::FrameType::events, {piece.body});
  } else {
    const auto events = wire::EventsView::parse(piece.body.view());
    check(events.has_value());
    auto next = events->begin();
    while ((*next).position < follow.from) ++next;
    const std::size_t rest = next.rest().size();
    send(*follow.link, wire::FrameType::events,
         {follow.topic->header, piece.body.slice(piece.body.size() - rest, rest)});
  }
  follow.from = wire::after(piece.last);
}

void Topics::catch_up(Follow& follow, const replica::Replica& local) {
  if (!window_is_open(*follow.link)) return;
  const Topic& topic = *follow.topic;
  if (follow.from < topic.kept_from) tell_gap(follow, local);
  set_behind(follow, false);
  const auto first = std::ranges::lower_bound(topic.pieces, follow.from, {},
                                              [](Pieces::iterator piece) { return piece->last; });
  for (auto piece = first; piece != topic.pieces.end() && !follow.behind; ++piece) {
    tell(follow, **piece);
  }
  tell_reached(follow);
}

void Topics::tell_gap(Follow& follow, const replica::Replica& local) {
  const std::string& name = follow.topic->name;
  const LogIndex index = local.applied();
  if (gap_.index != index || gap_.topic != name) {
    const Bytes body = wire::encode_gap(name, index, local.topic_state(name));
    gap_ = {.topic = name, .index = index, .body = SharedBytes::copy_of(body)};
  }
  send(*follow.link, wire::FrameType::gap, {gap_.body});
  follow.from = wire::beginning_of(index + 1);
}

/// Nothing is said to those who have not been told all, or wait for more than was applied.
void Topics::tell_reached(Follow& follow) {
  if (follow.behind || follow.from.command.index > applied_ + 1) return;
  if (!window_is_open(*follow.link)) return;
  Topic& topic = *follow.topic;
  if (topic.mark.empty() || topic.mark_index != applied_) {
    topic.mark_index = applied_;
    topic.mark = SharedBytes(wire::encode_reached(topic.name, applied_));
  }
  send(*follow.link, wire::FrameType::reached, {topic.mark});
  follow.from = std::max(follow.from, wire::beginning_of(applied_ + 1));
}

void Topics::send(Link& link, wire::FrameType type, std::vector<SharedBytes> body) {
  const std::size_t bytes = wire::frame_header_bytes + size_of(body);
  outputs_.emplace_back(SendFrame{
      .link = link.id, .type = type, .lane = wire::Lane::normal, .body = std::move(body)});
  link.unanswered += bytes;
  link.since_ping += bytes;
  if (link.since_ping < options_.window_bytes / pings_per_window) return;
  link.pings.push_back(std::exchange(link.since_ping, 0));
  outputs_.emplace_back(SendFrame{
      .link = link.id, .type = wire::FrameType::ping, .lane = wire::Lane::normal, .body = {}});
}

void Topics::answered(LinkId link_id, const replica::Replica& local) {
  const auto found = links_.find(link_id);
  if (found == links_.end() || found->second.pings.empty()) return;
  Link& link = found->second;
  link.unanswered -= link.pings.front();
  link.pings.erase(link.pings.begin());
  for (const auto& follow : link.follows) {
    if (link.behind == 0) return;
    if (follow->behind) catch_up(*follow, local);
  }
}

void Topics::tick(Instant now) {
  while (!marks_.empty() && marks_.front().at <= now) {
    const LinkId link = marks_.front().link;
    marks_.pop_front();
    const auto found = links_.find(link);
    if (found == links_.end()) continue;
    for (const auto& follow : found->second.follows) tell_reached(*follow);
    marks_.push_back({.at = now + options_.mark_interval, .link = link});
  }
}

std::optional<Instant> Topics::deadline() const {
  if (marks_.empty()) return std::nullopt;
  return marks_.front().at;
}

}  // namespace muster::edge
