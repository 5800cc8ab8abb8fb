// For tests of the chat: commands in, and what came of them as text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/chat.h"

namespace muster::chat {

inline SessionId session_id(std::uint64_t number) {
  return {
      Uuid::make_v7(std::chrono::milliseconds{static_cast<std::int64_t>(number)}, number, number)};
}

/// `KIND FROM>TO: TEXT`.
inline std::string text_of(const Line& line) {
  std::string text = std::string(name_of(line.kind)) + " " + line.from;
  if (!line.to.empty()) text += ">" + line.to;
  if (!line.text.empty()) text += ": " + line.text;
  return text;
}

/// What a chat was asked and gave, in words: replies as `ok NAME` (`again NAME`, `resumed NAME`),
/// refusals as `CODE: TEXT` with ` | ` between, events as `TOPIC KIND FROM>TO: TEXT`.
class Told final : public service::Output {
 public:
  void reply(BytesView payload) override {
    receipt = decode_receipt(payload).value();
    std::string text;
    for (const Refusal& each : receipt.refusals) {
      text += (text.empty() ? "" : " | ") + std::string(muster::name_of(each.code)) + ": " +
              each.message;
    }
    const std::string done = receipt.repeated ? "again " : receipt.resumed ? "resumed " : "ok ";
    replies.push_back(text.empty() ? done + receipt.name : text);
  }
  void refuse(ErrorCode code, std::string_view message) override {
    replies.push_back(std::string(muster::name_of(code)) + ": " + std::string(message));
  }
  void publish(std::string_view topic, BytesView event) override {
    const Line line = decode_line(event).value();
    events.push_back(std::string(topic) + " " + text_of(line));
    lines.push_back(line);
  }

  std::vector<std::string> replies;
  std::vector<std::string> events;
  std::vector<Line> lines;  ///< The events as they were told.
  Receipt receipt;
};

using Texts = std::vector<std::string>;
using Refused = std::vector<std::pair<Reason, std::string>>;

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
  /// As the leader makes it when an operator of the group says so.
  std::string order(std::string_view name, const std::vector<std::string>& arguments) {
    const auto payload =
        chat.operator_command(name, arguments, std::to_string(position.index.value));
    if (!payload) return payload.error().message;
    ++position.index.value;
    const std::size_t before = told.replies.size();
    chat.apply({.position = position,
                .time = time,
                .session = session_id(1'000),
                .payload = *payload,
                .system = true},
               told);
    if (told.replies.size() != before + 1) return "not one reply";
    const auto outcome = chat.operator_outcome(encode(told.receipt));
    return outcome ? *outcome : outcome.error().message;
  }
  /// Becomes an IRC operator, or tries to.
  std::string oper(std::uint64_t session, const std::string& name, std::string_view password) {
    const auto known = decode_oper(chat.query(encode(Query{AskOper{name}})).value()).value();
    return command(session,
                   Oper{.name = name,
                        .proof = oper_proof(password, known.salt, std::max(known.iterations, 1U))});
  }
  /// The same; why what was refused, each with what it is about.
  Refused refused(std::uint64_t session, const Request& request) {
    command(session, request);
    Refused all;
    for (const Refusal& each : told.receipt.refusals) all.emplace_back(each.reason, each.subject);
    return all;
  }
  /// Signs in as the session's number, with an inbox made of it.
  std::string enter(std::uint64_t session, const std::string& name) {
    return command(session, SignIn{name, inbox(session)});
  }
  static std::string inbox(std::uint64_t session) {
    return "inboxinboxinbox" + std::to_string(session);
  }
  void end(std::uint64_t session) {
    ++position.index.value;
    chat.session_ended(session_id(session), position, time, told);
  }
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
  Channel channel(const std::string& name, bool lists = false) const {
    const Query query{AskChannel{.room = name, .lists = lists}};
    return decode_channel(chat.query(encode(query)).value()).value();
  }
  /// `NAME RANKS` of each who is in it.
  Texts ranks(const std::string& room) const {
    Texts all;
    for (const Member& each : channel(room).people) {
      all.push_back(each.name + (each.ranks.empty() ? "" : " " + each.ranks));
    }
    return all;
  }
  History history(const AskHistory& query) const {
    return decode_history(chat.query(encode(Query{query})).value()).value();
  }
  /// `KIND FROM>TO: TEXT` of all that is kept of a room or inbox.
  Texts kept(const std::string& room, const std::string& inbox = {}) const {
    Texts texts;
    const AskHistory query{.room_or_person = room, .inbox = inbox, .lines = 100'000, .all = true};
    for (const Line& line : history(query).lines) texts.push_back(text_of(line));
    return texts;
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
