#include "sim/chat_load.h"

#include <array>
#include <utility>

#include "chat/chat.h"

namespace muster::sim {

namespace {

/// Fewer than there are people, and some of them the same but for their case.
const std::vector<std::string> some_names{"ann", "bob", "Carl", "dora", "eve", "Ann", "carl"};
const std::vector<std::string> some_rooms{"den", "hall", "Den", "attic"};
constexpr std::size_t text_bytes_max = 60;
constexpr std::size_t departures_max = 3;  // Of a client: the group waits for each of them.

}  // namespace

ChatLoad::ChatLoad(std::uint32_t client, const Scenario& scenario, ChatCheckers& checkers)
    : client_(client),
      options_(scenario.chat),
      random_(scenario.seed * 0x9e3779b97f4a7c15U + 3'000 + client),
      opers_random_(scenario.seed * 0x9e3779b97f4a7c15U + 4'000 + client),
      follower_(client, checkers.topics),
      inbox_("inboxinboxinbox" + std::to_string(client) + "a") {}

const std::string& ChatLoad::some_name() {
  return some_names[random_.below(some_names.size())];
}

const std::string& ChatLoad::some_room() {
  return some_rooms[random_.below(some_rooms.size())];
}

std::string ChatLoad::text() {
  const std::string begin = std::to_string(client_) + "." + std::to_string(++texts_) + " ";
  return begin + std::string(random_.below(text_bytes_max), 'x');
}

// Some of what was said is said again, as whoever sends it once more would.
std::string ChatLoad::key() {
  if (!random_.chance(options_.keys)) return {};
  if (keys_ == 0 || random_.chance(0.7)) ++keys_;
  return std::to_string(client_) + "-" + std::to_string(keys_);
}

bool ChatLoad::departs() {
  if (departures_ == departures_max || !random_.chance(options_.departures)) return false;
  ++departures_;
  return true;
}

void ChatLoad::session_began() {
  signed_in_ = false;
  asked_ = false;
}

// ---- What it says -------------------------------------------------------------------------------

std::optional<chat::Request> ChatLoad::next() {
  if (!signed_in_) {
    if (random_.chance(0.05)) return say();  // Who has no name is not heard.
    if (std::exchange(asked_, true)) return std::nullopt;
    return sign_in();
  }
  return anything();
}

chat::Request ChatLoad::sign_in() {
  return chat::SignIn{.name = some_name(),
                      .inbox = inbox_,
                      .user = "user",
                      .host = "host",
                      .real_name = "person " + std::to_string(client_)};
}

chat::Request ChatLoad::anything() {
  if (opers_random_.chance(options_.opers)) return of_opers();
  const std::uint64_t draw = random_.below(100);
  if (draw < 18) return chat::Join{some_room(), random_.chance(0.5) ? "key" : ""};
  if (draw < 45) return say();
  if (draw < 55) {
    if (direct_ && random_.chance(0.2)) return *direct_;
    direct_ =
        chat::Direct{.to = some_name(),
                     .text = text(),
                     .manner = random_.chance(0.2) ? chat::Manner::notice : chat::Manner::message,
                     .key = key()};
    return *direct_;
  }
  return draw < 70 ? of_itself() : of_a_room();
}

chat::Request ChatLoad::say() {
  const std::uint64_t draw = random_.below(20);
  chat::Say made{.room = some_room(), .text = text(), .key = key()};
  if (draw == 0) made.manner = chat::Manner::action;
  if (draw == 1) made.manner = chat::Manner::notice;
  if (draw == 2) made.text = "\x01VERSION\x01";
  if (draw == 3) {
    made.manner = chat::Manner::tags;
    made.text.clear();
    made.tags = "+draft/react=" + std::to_string(texts_);
  }
  return made;
}

chat::Request ChatLoad::of_itself() {
  const std::uint64_t draw = random_.below(100);
  if (draw < 40) {
    // One of its own, so that it is nobody else's.
    const std::string inbox =
        "inboxinboxinbox" + std::to_string(client_) + (random_.chance(0.5) ? "a" : "b");
    return chat::Nick{.name = some_name(), .inbox = random_.chance(0.3) ? inbox : ""};
  }
  if (draw < 60) return chat::SetAway{random_.chance(0.5) ? text() : ""};
  if (draw < 70) return chat::SetRealName{text()};
  if (draw < 80) {
    constexpr std::string_view letters = "iwBxo";
    return chat::SetOwnModes{
        {chat::ModeChange{letters[random_.below(letters.size())], random_.chance(0.6), ""}}};
  }
  if (draw < 95) return chat::Delivered{newest_};
  return chat::SignOut{text()};
}

// Two names of IRC operators with two passwords each, which are made anew and taken away at times.
chat::Request ChatLoad::of_opers() {
  static const std::vector<chat::OperCredential> credentials{
      chat::make_credential("password one", "salt"), chat::make_credential("password two", "salt")};
  static const std::vector<wire::Sha256> proofs{
      chat::oper_proof("password one", "salt", chat::oper_iterations),
      chat::oper_proof("password two", "salt", chat::oper_iterations)};
  const std::string name = opers_random_.chance(0.7) ? "root" : "admin";
  const std::uint64_t draw = opers_random_.below(100);
  const std::size_t which = opers_random_.below(2);
  const std::string& other = some_names[opers_random_.below(some_names.size())];
  if (draw < 20) {
    return chat::SetOper{.name = name,
                         .credential = draw < 5 ? chat::OperCredential{} : credentials[which],
                         .key = std::to_string(client_) + "." + std::to_string(++opers_)};
  }
  if (draw < 55) return chat::Oper{.name = name, .proof = proofs[which]};
  if (draw < 70) return chat::Kill{.name = other, .reason = "x"};
  if (draw < 85) return chat::Wallops{"hear " + std::to_string(++opers_)};
  return chat::SetHost{.name = other, .host = which == 0 ? "staff" : "host"};
}

chat::Request ChatLoad::of_a_room() {
  const std::uint64_t draw = random_.below(100);
  if (draw < 20) return chat::Leave{some_room(), random_.chance(0.5) ? text() : ""};
  if (draw < 30) return chat::SetTopic{some_room(), random_.chance(0.8) ? text() : ""};
  if (draw < 40) return chat::Kick{some_room(), some_name(), text()};
  if (draw < 65) return chat::Invite{some_room(), some_name()};
  return modes();
}

chat::SetModes ChatLoad::modes() {
  chat::SetModes made{.room = some_room()};
  const std::uint64_t changes = 1 + random_.below(3);
  made.changes.reserve(changes);
  for (std::uint64_t i = 0; i < changes; ++i) made.changes.push_back(mode_change());
  return made;
}

chat::ModeChange ChatLoad::mode_change() {
  // Ranks and flags most: who has none of the first can't change the second.
  constexpr std::string_view letters = "oooovvvhqaimnstCbbeIklx";
  chat::ModeChange made{letters[random_.below(letters.size())], random_.chance(0.6), ""};
  switch (made.mode) {
    case 'b':
    case 'e':
    case 'I':
      made.argument = random_.chance(0.1) ? "*!*@*" : some_name() + "!*@*";
      break;
    case 'k':
      made.argument = random_.chance(0.7) ? "key" : "other";
      break;
    case 'l':
      made.argument = std::to_string(1 + random_.below(5));
      break;
    case 'q':
    case 'a':
    case 'o':
    case 'h':
    case 'v':
      made.argument = some_name();
      break;
    default:
      break;
  }
  return made;
}

// ---- What it follows ----------------------------------------------------------------------------

void ChatLoad::follow(const std::string& topic, Position from, Change& change) {
  if (follower_.follows(topic)) return;
  follower_.follow(topic, from);
  change.follow.emplace_back(topic, from);
}

ChatLoad::Change ChatLoad::answered(const chat::Request& request,
                                    const Result<chat::Receipt>& receipt) {
  Change change;
  if (std::holds_alternative<chat::SignIn>(request)) asked_ = false;
  if (!receipt) return change;
  newest_ = std::max(newest_, receipt->position);
  if (!receipt->refusals.empty()) {
    // Somebody has put it out of the group: it comes again.
    if (receipt->refusals.front().reason == chat::Reason::not_signed_in) signed_in_ = false;
    return change;
  }
  if (const auto* const comes = std::get_if<chat::SignIn>(&request)) {
    signed_in_ = true;
    follow(chat::inbox_topic(comes->inbox), receipt->position, change);
    follow(chat::presence_topic(some_name()), receipt->position, change);
    follow(chat::wallops_topic(), receipt->position, change);
  } else if (const auto* const join = std::get_if<chat::Join>(&request)) {
    follow(chat::room_topic(join->room), receipt->position, change);
  } else if (const auto* const leave = std::get_if<chat::Leave>(&request)) {
    const std::string topic = chat::room_topic(leave->room);
    if (follower_.follows(topic) && random_.chance(0.5)) {
      follower_.unfollow(topic);
      change.unfollow.push_back(topic);
    }
  } else if (const auto* const nick = std::get_if<chat::Nick>(&request)) {
    if (nick->inbox.empty()) return change;
    inbox_ = nick->inbox;
    follow(chat::inbox_topic(inbox_), receipt->position, change);
  } else if (std::holds_alternative<chat::SignOut>(request)) {
    signed_in_ = false;
  }
  return change;
}

}  // namespace muster::sim
