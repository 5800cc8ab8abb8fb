#include "sim/chat_checkers.h"

#include <algorithm>

#include "base/crc32c.h"
#include "muster/check.h"
#include "sim/violation.h"

namespace muster::sim {

namespace {

std::string place_of(const ChatDeed& deed) {
  if (!deed.position) return "log time " + std::to_string(deed.time.milliseconds) + " ms";
  return std::to_string(deed.position->index.value) + "." + std::to_string(deed.position->ordinal);
}

ChatOutcome outcome_of(const ChatDeed& deed) {
  ChatOutcome outcome;
  if (deed.receipt) {
    outcome.repeated = deed.receipt->repeated;
    outcome.resumed = deed.receipt->resumed;
    outcome.name = deed.receipt->name;
    for (const chat::Refusal& each : deed.receipt->refusals) {
      outcome.refusals.push_back(each.reason);
    }
  }
  for (const ChatDeed::Told& each : deed.events) {
    outcome.told[each.topic].push_back(words_of(each.line));
  }
  return outcome;
}

/// A place of which one is before the other for certain.
bool is_after(const std::optional<Position>& position, LogIndex index) {
  return position && position->index > index;
}

}  // namespace

// ---- Alike --------------------------------------------------------------------------------------

bool ChatsAlike::is_new(const ChatDeed& deed) const {
  if (deed.position) return *deed.position > position_;
  if (deed.session) return !endings_.contains(*deed.session);
  return deed.time > time_;
}

bool ChatsAlike::seen(std::size_t server, const ChatDeed& deed) {
  const bool fresh = is_new(deed);
  const std::uint32_t known =
      deed.position  ? commands_.emplace(*deed.position, deed.checksum).first->second
      : deed.session ? endings_.emplace(*deed.session, deed.checksum).first->second
                     : passings_.emplace(deed.time, deed.checksum).first->second;
  if (known != deed.checksum) {
    throw Violation("chats alike", "server " + std::to_string(server) +
                                       " told otherwise than another what happened at " +
                                       place_of(deed));
  }
  if (!fresh) return false;
  if (deed.position) position_ = *deed.position;
  time_ = std::max(time_, deed.time);
  return true;
}

// ---- Topics -------------------------------------------------------------------------------------

void ChatTopics::told(const ChatDeed& deed) {
  for (const ChatDeed::Told& each : deed.events) {
    events_[each.topic].push_back({deed.position, each.checksum});
  }
}

void ChatTopics::shown(const ChatDeed& deed, const std::string& topic, const std::string& words) {
  std::vector<Look>& looks = looks_[topic];
  if (!looks.empty() && looks.back().words == words) return;
  looks.push_back({deed.position, words});
}

const std::vector<ChatTopics::Event>& ChatTopics::events(const std::string& topic) const {
  static const std::vector<Event> none;
  const auto found = events_.find(topic);
  return found == events_.end() ? none : found->second;
}

// The last look that is no later than this, or one of those behind it whose place is not known.
bool ChatTopics::may_be(const std::string& topic, LogIndex index, const std::string& words) const {
  bool may = words == "[]";  // Nothing was there before the first look.
  const auto found = looks_.find(topic);
  if (found == looks_.end()) return may;
  for (const Look& look : found->second) {
    if (is_after(look.since, index)) break;
    may = look.since ? look.words == words : may || look.words == words;
  }
  return may;
}

// ---- All ----------------------------------------------------------------------------------------

void ChatCheckers::hold(const ChatDeed& deed, const ChatOutcome& outcome) const {
  const ChatOutcome was = outcome_of(deed);
  if (was == outcome) return;
  throw Violation("rules of the chat", "at " + place_of(deed) + " came \"" + words_of(was) +
                                           "\" of what should give \"" + words_of(outcome) + "\"");
}

void ChatCheckers::seen(std::size_t server, const ChatDeed& deed) {
  if (!alike.seen(server, deed)) return;
  if (deed.position) {
    const ChatOutcome outcome =
        model.command(*deed.position, deed.time, *deed.session, *deed.request);
    refusals += outcome.refusals.size();
    hold(deed, outcome);
  } else if (deed.session) {
    hold(deed, model.session_ended(*deed.session, deed.time));
  } else {
    model.time_passed(deed.time);
  }
  lines += deed.events.size();
  topics.told(deed);
  for (const ChatDeed::Told& each : deed.events) {
    if (!each.line.room.empty()) rooms.insert(each.line.room);
  }
  for (const std::string& room : rooms) {
    topics.shown(deed, chat::room_topic(room), model.shown(room));
  }
}

void ChatCheckers::found(std::size_t server, const std::string& what, const std::string& has,
                         const std::string& should) const {
  if (has == should) return;
  throw Violation("chats alike", "server " + std::to_string(server) + " has of " + what + " \"" +
                                     has + "\" instead of \"" + should + "\"");
}

// ---- What clients are told ----------------------------------------------------------------------

void ChatFollower::fail(const std::string& what) const {
  throw Violation("each line once", name_ + " " + what);
}

void ChatFollower::follow(const std::string& topic, Position from) {
  places_.try_emplace(topic, Place{.at = {.command = from}, .from = from});
}

std::map<std::string, wire::EventPosition> ChatFollower::places() const {
  std::map<std::string, wire::EventPosition> all;
  for (const auto& [topic, place] : places_) all.emplace(topic, place.at);
  return all;
}

std::optional<std::size_t> ChatFollower::lacks(const std::string& topic, const Place& place,
                                               std::optional<LogIndex> up_to) const {
  const auto& events = topics_.events(topic);
  for (std::size_t i = place.next; i < events.size(); ++i) {
    const auto& position = events[i].position;
    if (!up_to && place.exact) return i;
    if (!position || *position < place.from) continue;
    if (up_to && position->index > *up_to) return std::nullopt;
    return i;
  }
  return std::nullopt;
}

bool ChatFollower::complete() const {
  return std::ranges::none_of(places_, [this](const auto& item) {
    return lacks(item.first, item.second, std::nullopt).has_value();
  });
}

void ChatFollower::told(const session::TopicNews& news) {
  const auto place = places_.find(session::topic_of(news));
  check(place != places_.end());
  std::visit([&](const auto& one) { told(one, place->second); }, news);
}

// The same may have been told before: only what stands behind all that is certainly earlier counts.
void ChatFollower::skip_earlier(const std::string& topic, Place& place) const {
  const auto& events = topics_.events(topic);
  for (std::size_t i = place.next; i < events.size(); ++i) {
    const auto& position = events[i].position;
    if (position && *position >= place.from) return;
    if (position) place.next = i + 1;
  }
}

void ChatFollower::told(const session::TopicEvents& news, Place& place) {
  const auto& events = topics_.events(news.topic);
  if (!place.exact) skip_earlier(news.topic, place);
  for (const session::Event& event : news.events) {
    const std::uint32_t checksum = crc32c(event.payload.view());
    const auto is_it = [&](const ChatTopics::Event& one) {
      return one.checksum == checksum &&
             one.position.value_or(event.position.command) == event.position.command;
    };
    // Where the first one has no place that is known, it is one of those before the next that has.
    while (!place.exact && place.next < events.size() && !is_it(events[place.next])) {
      const auto& position = events[place.next].position;
      if (position && *position >= place.from) break;
      ++place.next;
    }
    place.exact = true;
    if (place.next >= events.size() || !is_it(events[place.next])) {
      fail("was told something in " + news.topic + " at entry " +
           std::to_string(event.position.command.index.value) +
           " that does not follow what it was told before");
    }
    ++place.next;
    ++lines_;
    place.at = wire::after(event.position);
    place.from = event.position.command;
  }
}

void ChatFollower::told(const session::TopicReached& news, Place& place) const {
  if (lacks(news.topic, place, news.index)) {
    fail("was told that it knows all of " + news.topic + " up to entry " +
         std::to_string(news.index.value) + ", and does not");
  }
  place.at = std::max(place.at, wire::beginning_of(news.index + 1));
}

void ChatFollower::told(const session::TopicGap& news, Place& place) {
  ++gaps_;
  if (news.topic.starts_with("chat/@") || news.topic.starts_with("chat/!")) {
    // Of an inbox whose owner has gone there is no state.
  } else if (!news.state) {
    fail("was told of a gap without the state: " + news.state.error().message);
  } else {
    const auto state = chat::decode_room_state(news.state->view()).value();
    std::string words = "[" + state.topic + "]";
    for (const std::string& person : state.people) words += " " + person;
    if (!topics_.may_be(news.topic, news.index, words)) {
      fail("was told that " + news.topic + " was \"" + words + "\" at entry " +
           std::to_string(news.index.value) + ", and it was not");
    }
  }
  place.at = wire::beginning_of(news.index + 1);
  place.from = Position{news.index + 1, 0};
  place.exact = false;
  skip_earlier(news.topic, place);
}

}  // namespace muster::sim
