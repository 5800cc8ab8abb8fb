#include "sim/chat_model.h"

#include <algorithm>

#include "chat/words.h"
#include "wire/sha256.h"

namespace muster::sim {

std::string words_of(const chat::Line& line) {
  return std::string(name_of(line.kind)) + " " + line.from + ">" + line.to + " " + line.room +
         ": " + line.text + line.tags + line.real_name +
         (line.away.empty() ? "" : " away " + line.away) + (line.bot ? " bot" : "");
}

std::string words_of(const ChatOutcome& outcome) {
  std::string words = outcome.name + (outcome.repeated ? " again" : "") +
                      (outcome.resumed ? " resumed" : "") + " refusals";
  for (const chat::Reason reason : outcome.refusals)
    words += " " + std::to_string(static_cast<int>(reason));
  for (const auto& [topic, lines] : outcome.told) {
    for (const std::string& line : lines) {
      words.append("; ").append(topic).append(" ").append(line);
    }
  }
  return words;
}

// ---- What comes ---------------------------------------------------------------------------------

ChatOutcome ChatModel::command(Position position, LogTime time, SessionId session,
                               const chat::Request& request) {
  Turn turn{.position = position, .time = time, .session = session};
  if (std::holds_alternative<chat::SignIn>(request) || people_.contains(session) ||
      std::holds_alternative<chat::SetOper>(request)) {
    std::visit([&](const auto& one) { play(one, turn); }, request);
  } else {
    turn.refuse(chat::Reason::not_signed_in);
  }
  if (people_.contains(session)) turn.outcome.name = self(turn).name;
  forget_rooms();
  return std::move(turn.outcome);
}

ChatOutcome ChatModel::session_ended(SessionId session, LogTime time) {
  Turn turn{.position = {}, .time = time, .session = session};
  if (people_.contains(session)) quit(session, std::string(chat::session_ended_reason), turn);
  forget_rooms();
  return std::move(turn.outcome);
}

void ChatModel::time_passed(LogTime time) {
  const LogTime until = time + -limits_.history_age_max;
  const auto forget = [&](std::deque<Kept>& lines) {
    while (!lines.empty() && lines.front().time <= until) lines.pop_front();
  };
  for (auto& [key, room] : rooms_) forget(room.history);
  for (auto& [session, person] : people_) forget(person.directs);
  forget_rooms();
}

// A room is there as long as somebody is in it, or something said is left of it.
void ChatModel::forget_rooms() {
  std::erase_if(rooms_, [](const auto& item) {
    const Room& room = item.second;
    return room.people.empty() &&
           std::ranges::none_of(room.history, [](const Kept& line) { return line.said; });
  });
}

// ---- What is told -------------------------------------------------------------------------------

void ChatModel::tell_room(Room& room, chat::Line line, Turn& turn, const std::string& key) {
  line.room = room.name;
  line.bot = line.bot || is_bot(line.from);
  turn.tell(chat::room_topic(room.name), line);
  const bool passes = line.kind == chat::Kind::invite || line.kind == chat::Kind::away ||
                      line.kind == chat::Kind::real_name || line.kind == chat::Kind::host;
  if (passes) return;
  const bool said = line.kind == chat::Kind::message || line.kind == chat::Kind::action ||
                    line.kind == chat::Kind::notice || line.kind == chat::Kind::topic;
  room.history.push_back({turn.time, line.from, line.text, key, said});
  while (room.history.size() > limits_.history_lines_max) room.history.pop_front();
}

void ChatModel::tell_around(const Person& person, chat::Line line, Turn& turn) {
  line.from = person.name;
  line.bot = person.modes.find('B') != std::string::npos;
  for (const std::string& key : person.rooms) tell_room(rooms_.at(key), line, turn);
  line.room.clear();
  turn.tell(chat::inbox_topic(person.inbox), line);
}

bool ChatModel::is_bot(std::string_view name) {
  const Person* const person = by_name(name);
  return person != nullptr && person->modes.find('B') != std::string::npos;
}

// ---- People -------------------------------------------------------------------------------------

ChatModel::Person* ChatModel::by_name(std::string_view name) {
  for (auto& [session, person] : people_) {
    if (chat::folded(person.name) == chat::folded(name)) return &person;
  }
  return nullptr;
}

void ChatModel::play(const chat::SignIn& request, Turn& turn) {
  if (people_.contains(turn.session)) {
    const Person& known = self(turn);
    const bool same =
        chat::folded(known.name) == chat::folded(request.name) && known.inbox == request.inbox;
    return same ? void() : turn.refuse(chat::Reason::signed_in_already);
  }
  const auto owner = std::ranges::find_if(
      people_, [&](const auto& item) { return item.second.inbox == request.inbox; });
  if (owner != people_.end()) {
    auto taken = people_.extract(owner);
    taken.key() = turn.session;
    people_.insert(std::move(taken));
    turn.outcome.resumed = true;
    return;
  }
  if (by_name(request.name) != nullptr) return turn.refuse(chat::Reason::name_in_use);
  if (people_.size() >= limits_.people_max) return turn.refuse(chat::Reason::too_many_people);
  people_[turn.session] = {
      .name = request.name, .inbox = request.inbox, .real_name = request.real_name, .away = {}};
  turn.tell(chat::presence_topic(request.name), {.kind = chat::Kind::online, .from = request.name});
}

void ChatModel::play(const chat::SignOut& request, Turn& turn) {
  quit(turn.session, request.reason, turn);
}

void ChatModel::quit(SessionId session, const std::string& reason, Turn& turn) {
  const Person person = std::move(people_.extract(session).mapped());
  tell_around(person, {.kind = chat::Kind::quit, .text = reason}, turn);
  turn.tell(chat::presence_topic(person.name), {.kind = chat::Kind::offline, .from = person.name});
  for (const std::string& key : person.rooms) remove(rooms_.at(key), person.name);
  for (auto& [key, room] : rooms_) std::erase(room.invited, chat::folded(person.name));
}

void ChatModel::play(const chat::Nick& request, Turn& turn) {
  const std::string old = self(turn).name;
  const bool other = chat::folded(old) != chat::folded(request.name);
  if (other && by_name(request.name) != nullptr) return turn.refuse(chat::Reason::name_in_use);
  const auto owner = std::ranges::find_if(
      people_, [&](const auto& item) { return item.second.inbox == request.inbox; });
  if (owner != people_.end() && owner->first != turn.session) {
    return turn.refuse(chat::Reason::malformed);
  }
  if (old != request.name) {
    tell_around(self(turn), {.kind = chat::Kind::nick, .text = request.name}, turn);
    self(turn).name = request.name;
    for (const std::string& key : self(turn).rooms) {
      auto member = rooms_.at(key).people.extract(old);
      member.key() = request.name;
      rooms_.at(key).people.insert(std::move(member));
    }
    if (other) {
      turn.tell(chat::presence_topic(old),
                {.kind = chat::Kind::offline, .from = old, .text = request.name});
      turn.tell(chat::presence_topic(request.name),
                {.kind = chat::Kind::online, .from = request.name});
      for (auto& [key, room] : rooms_) {
        std::ranges::replace(room.invited, chat::folded(old), chat::folded(request.name));
      }
    }
  }
  if (!request.inbox.empty()) self(turn).inbox = request.inbox;
}

void ChatModel::play(const chat::SetAway& request, Turn& turn) {
  Person& person = self(turn);
  if (person.away == request.text) return;
  person.away = request.text;
  tell_around(person, {.kind = chat::Kind::away, .text = request.text}, turn);
  turn.tell(chat::presence_topic(person.name),
            {.kind = chat::Kind::away, .from = person.name, .text = request.text});
}

void ChatModel::play(const chat::SetRealName& request, Turn& turn) {
  Person& person = self(turn);
  if (person.real_name == request.text) return;
  person.real_name = request.text;
  tell_around(person, {.kind = chat::Kind::real_name, .text = request.text}, turn);
  turn.tell(chat::presence_topic(person.name),
            {.kind = chat::Kind::real_name, .from = person.name, .text = request.text});
}

void ChatModel::play(const chat::SetOwnModes& request, Turn& turn) {
  Person& person = self(turn);
  ModeWords words;
  for (const chat::ModeChange& each : request.changes) {
    if (each.mode == 'o' && each.set) {
      turn.refuse(chat::Reason::needs_oper);
      continue;
    }
    if (std::string_view("iwBo").find(each.mode) == std::string_view::npos) {
      turn.refuse(chat::Reason::unknown_mode);
      continue;
    }
    const bool is_set = person.modes.find(each.mode) != std::string::npos;
    if (is_set == each.set) continue;
    if (each.set) person.modes += each.mode;
    if (!each.set) std::erase(person.modes, each.mode);
    if (each.mode == 'o') person.oper.clear();
    words.add(each.set, each.mode, "");
  }
  if (words.letters.empty()) return;
  turn.tell(chat::inbox_topic(person.inbox),
            {.kind = chat::Kind::mode, .from = person.name, .text = words.letters});
}

void ChatModel::play(const chat::Delivered& request, Turn& turn) {
  if (request.position > turn.position) turn.refuse(chat::Reason::malformed);
}

// ---- IRC operators ------------------------------------------------------------------------------

void ChatModel::play(const chat::SetOper& request, Turn& turn) {
  const bool adds = request.credential.iterations > 0;
  if (!adds && !opers_.contains(request.name)) return turn.refuse(chat::Reason::no_such_person);
  if (adds && !opers_.contains(request.name) && opers_.size() >= limits_.opers_max) {
    return turn.refuse(chat::Reason::list_full);
  }
  opers_.erase(request.name);
  if (adds) opers_[request.name] = request.credential;
  if (adds) turn.outcome.name = request.name;
  for (auto& [session, person] : people_) {
    if (person.oper == request.name) lose_oper(person, turn);
  }
}

void ChatModel::lose_oper(Person& person, Turn& turn) {
  person.oper.clear();
  std::erase(person.modes, 'o');
  turn.tell(chat::inbox_topic(person.inbox),
            {.kind = chat::Kind::mode, .from = person.name, .text = "-o"});
}

void ChatModel::play(const chat::Oper& request, Turn& turn) {
  const auto known = opers_.find(request.name);
  if (known == opers_.end() || wire::sha256(request.proof) != known->second.stored_key) {
    return turn.refuse(chat::Reason::wrong_password);
  }
  Person& person = self(turn);
  if (person.oper.empty()) {
    person.modes += 'o';
    turn.tell(chat::inbox_topic(person.inbox),
              {.kind = chat::Kind::mode, .from = person.name, .text = "+o"});
  }
  person.oper = request.name;
}

bool ChatModel::is_oper(Turn& turn) {
  if (self(turn).oper.empty()) turn.refuse(chat::Reason::needs_oper);
  return !self(turn).oper.empty();
}

void ChatModel::play(const chat::Kill& request, Turn& turn) {
  if (!is_oper(turn)) return;
  const Person* const victim = by_name(request.name);
  if (victim == nullptr) return turn.refuse(chat::Reason::no_such_person);
  const std::string killer = self(turn).name;
  turn.tell(chat::inbox_topic(victim->inbox),
            {.kind = chat::Kind::kill, .from = killer, .to = victim->name, .text = request.reason});
  const auto of = std::ranges::find_if(
      people_, [&](const auto& item) { return item.second.name == victim->name; });
  quit(SessionId{of->first}, "Killed (" + killer + " (" + request.reason + "))", turn);
}

void ChatModel::play(const chat::Wallops& request, Turn& turn) {
  if (!is_oper(turn)) return;
  turn.tell(chat::wallops_topic(),
            {.kind = chat::Kind::wallops, .from = self(turn).name, .text = request.text});
}

void ChatModel::play(const chat::SetHost& request, Turn& turn) {
  if (!is_oper(turn)) return;
  Person* const person = by_name(request.name);
  if (person == nullptr) return turn.refuse(chat::Reason::no_such_person);
  if (person->host == request.host) return;
  person->host = request.host;
  const chat::Line line{
      .kind = chat::Kind::host, .from = person->name, .text = "user@" + request.host};
  tell_around(*person, line, turn);
  turn.tell(chat::presence_topic(person->name), line);
}

// ---- All of them --------------------------------------------------------------------------------

std::string ChatModel::people() const {
  std::map<std::string, std::string> all;
  for (const auto& [session, person] : people_) {
    all[person.name] = person.name + " [" + person.real_name + "] [" + person.away + "] " +
                       person.host + (person.oper.empty() ? "" : " oper");
  }
  std::string words;
  for (const auto& [name, each] : all) words += each + "; ";
  return words;
}

std::map<std::string, std::string> ChatModel::directs() const {
  std::map<std::string, std::string> all;
  for (const auto& [session, person] : people_) {
    std::string& words = all[person.inbox];
    for (const Kept& line : person.directs) words += line.from + ": " + line.text + "; ";
  }
  return all;
}

}  // namespace muster::sim
