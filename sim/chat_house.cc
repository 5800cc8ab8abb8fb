#include "sim/chat_house.h"

#include <utility>

#include "base/crc32c.h"
#include "chat/words.h"
#include "muster/check.h"
#include "muster/codec.h"
#include "sim/witness.h"

namespace muster::sim {

namespace {

// Of one answer; there are fewer.
constexpr std::uint32_t people_max = 1'000;
constexpr std::uint32_t lines_max = 100'000;

/// Takes down what a chat tells and answers on its way.
class Minutes final : public service::Output {
 public:
  Minutes(service::Output& output, ChatDeed& deed, bool fresh)
      : output_(output), deed_(deed), fresh_(fresh) {}
  void reply(BytesView payload) override {
    if (fresh_) deed_.receipt = chat::decode_receipt(payload).value();
    deed_.checksum = crc32c(payload, deed_.checksum);
    output_.reply(payload);
  }
  void refuse(ErrorCode code, std::string_view message) override {
    deed_.checksum = crc32c(as_bytes(message), deed_.checksum);
    output_.refuse(code, message);
  }
  void publish(std::string_view topic, BytesView bytes) override {
    output_.publish(topic, bytes);
    deed_.checksum = crc32c(bytes, crc32c(as_bytes(topic), deed_.checksum));
    if (!fresh_) return;
    deed_.events.push_back({.topic = std::string(topic),
                            .line = chat::decode_line(bytes).value(),
                            .checksum = crc32c(bytes)});
  }

 private:
  service::Output& output_;
  ChatDeed& deed_;
  const bool fresh_;
};

}  // namespace

Bytes with_operation(OperationId id, const chat::Request& request) {
  Bytes bytes;
  Writer writer(bytes);
  writer.integer(id.client);
  writer.integer(id.number);
  writer.raw(chat::encode(request));
  return bytes;
}

ChatHouse::ChatHouse(std::size_t server, const chat::Chat::Options& limits, ChatCheckers& checkers,
                     Houses& houses)
    : server_(server), chat_(limits), checkers_(checkers), houses_(houses) {
  houses_.push_back(this);
}

ChatHouse::~ChatHouse() {
  std::erase(houses_, this);
}

void ChatHouse::apply(const service::Command& command, service::Output& output) {
  service::Command inner = command;
  inner.payload = without_operation(command.payload);
  ChatDeed deed{.position = command.position, .time = command.time, .session = command.session};
  const auto made = checkers_.commands.find(operation_of(command.payload));
  check(made != checkers_.commands.end());
  deed.request = made->second;
  // What operators of the group want comes from clients here.
  inner.system = std::holds_alternative<chat::SetOper>(made->second);
  Minutes minutes(output, deed, checkers_.alike.is_new(deed));
  chat_.apply(inner, minutes);
  checkers_.seen(server_, deed);
}

void ChatHouse::expire(LogTime now, service::Output& output) {
  ChatDeed deed{.time = now};
  Minutes minutes(output, deed, checkers_.alike.is_new(deed));
  chat_.expire(now, minutes);
  checkers_.seen(server_, deed);
}

void ChatHouse::session_ended(SessionId session, Position at, LogTime now,
                              service::Output& output) {
  ChatDeed deed{.time = now, .session = session};
  Minutes minutes(output, deed, checkers_.alike.is_new(deed));
  chat_.session_ended(session, at, now, minutes);
  checkers_.seen(server_, deed);
}

// ---- What it has --------------------------------------------------------------------------------

std::vector<std::string> ChatHouse::rooms() const {
  const auto answer = chat_.query(chat::encode(chat::Query{chat::AskRooms{}})).value();
  std::vector<std::string> names;
  for (const chat::RoomSummary& each : chat::decode_rooms(answer).value().rooms) {
    names.push_back(chat::folded(each.room));
  }
  return names;
}

std::string ChatHouse::room(const std::string& name) const {
  const chat::AskChannel query{.room = name, .lists = true};
  const auto room =
      chat::decode_channel(chat_.query(chat::encode(chat::Query{query})).value()).value();
  if (!room.exists) return {};
  std::string words = room.room + " +" + room.modes + " " + room.key + " " +
                      std::to_string(room.people_max) + " [" + room.topic + "]";
  for (const chat::Member& each : room.people) words += " " + each.name + "/" + each.ranks;
  for (const chat::Mask& each : room.masks) words += std::string(" ") + each.mode + each.mask;
  return words;
}

std::string ChatHouse::people() const {
  const chat::AskPeople query{.mask = "*", .people_max = people_max};
  const auto all =
      chat::decode_people(chat_.query(chat::encode(chat::Query{query})).value()).value();
  std::map<std::string, std::string> by_name;
  for (const chat::PersonState& each : all.people) {
    const bool oper = each.modes.find('o') != std::string::npos;
    by_name[each.name] = each.name + " [" + each.real_name + "] [" + each.away + "] " + each.host +
                         (oper ? " oper" : "");
  }
  std::string words;
  for (const auto& [name, each] : by_name) words += each + "; ";
  return words;
}

std::string ChatHouse::lines(const chat::AskHistory& query) const {
  const auto history =
      chat::decode_history(chat_.query(chat::encode(chat::Query{query})).value()).value();
  std::string words;
  for (const chat::Line& line : history.lines) words += line.from + ": " + line.text + "; ";
  return words;
}

std::string ChatHouse::history(const std::string& room) const {
  return lines({.room_or_person = room, .lines = lines_max, .all = true});
}

std::string ChatHouse::directs(const std::string& inbox) const {
  return lines({.inbox = inbox, .lines = lines_max, .all = true});
}

std::string ChatHouse::checksum() const {
  std::uint32_t checksum = 0;
  for (const auto& part : chat_.freeze()) {
    Bytes bytes;
    part->encode(bytes);
    checksum = crc32c(bytes, checksum);
  }
  return std::to_string(checksum);
}

}  // namespace muster::sim
