// For tests of the chat: commands in, and what came of them as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/chat.h"

namespace muster::chat {

inline SessionId session_id(std::uint64_t number) {
  return {
      Uuid::make_v7(std::chrono::milliseconds{static_cast<std::int64_t>(number)}, number, number)};
}

/// What a chat was asked and gave, in words: replies as `ok NAME`, refusals as `CODE: TEXT`, events
/// as `TOPIC KIND FROM>TO: TEXT`.
class Told final : public service::Output {
 public:
  void reply(BytesView payload) override {
    receipt = decode_receipt(payload).value();
    replies.push_back((receipt.repeated ? "again " : "ok ") + receipt.name);
  }
  void refuse(ErrorCode code, std::string_view message) override {
    replies.push_back(std::string(muster::name_of(code)) + ": " + std::string(message));
  }
  void publish(std::string_view topic, BytesView event) override {
    const Line line = decode_line(event).value();
    std::string text = std::string(topic) + " " + std::string(name_of(line.kind)) + " " + line.from;
    if (!line.to.empty()) text += ">" + line.to;
    if (!line.text.empty()) text += ": " + line.text;
    events.push_back(std::move(text));
  }

  std::vector<std::string> replies;
  std::vector<std::string> events;
  Receipt receipt;
};

/// A chat with a clock and a log of its own.
struct Parlour {
  Parlour() = default;
  explicit Parlour(const Chat::Options& limits) : options(limits), chat(limits) {}

  /// What the reply was.
  std::string command(SessionId session, BytesView payload) {
    const std::size_t before = told.replies.size();
    ++position.index.value;
    chat.apply({.position = position, .time = time, .session = session, .payload = payload}, told);
    return told.replies.size() == before + 1 ? told.replies.back() : "not one reply";
  }
  std::string command(std::uint64_t session, const Request& request) {
    return command(session_id(session), encode(request));
  }
  /// Signs in as the session's number, with an inbox made of it.
  std::string enter(std::uint64_t session, const std::string& name) {
    return command(session, SignIn{name, inbox(session)});
  }
  static std::string inbox(std::uint64_t session) {
    return "inboxinboxinbox" + std::to_string(session);
  }
  void end(std::uint64_t session) { chat.session_ended(session_id(session), time, told); }
  /// The events since the last call.
  std::vector<std::string> take_events() { return std::exchange(told.events, {}); }

  RoomState room(const std::string& name, std::uint32_t lines = 1'000) const {
    return decode_room_state(chat.query(encode(Query{AskRoom{name, lines}})).value()).value();
  }
  /// `FROM: TEXT` of each line of history.
  std::vector<std::string> said(const std::string& name, std::uint32_t lines = 1'000) const {
    std::vector<std::string> texts;
    for (const Line& line : room(name, lines).lines) texts.push_back(line.from + ": " + line.text);
    return texts;
  }
  std::vector<std::string> rooms() const {
    std::vector<std::string> names;
    const auto found = decode_rooms(chat.query(encode(Query{AskRooms{}})).value()).value();
    for (const RoomSummary& each : found.rooms) {
      names.push_back(each.room + " " + std::to_string(each.people) + " " +
                      std::to_string(each.lines));
    }
    return names;
  }
  PersonState person(const std::string& name) const {
    return decode_person(chat.query(encode(Query{AskPerson{name}})).value()).value();
  }
  std::vector<Bytes> frozen() const {
    std::vector<Bytes> parts;
    for (const auto& part : chat.freeze()) part->encode(parts.emplace_back());
    return parts;
  }

  const Chat::Options options{};
  Chat chat;
  Position position{.index = {100}};
  LogTime time{1'000'000};
  Told told;
};

}  // namespace muster::chat
