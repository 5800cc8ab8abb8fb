// What clients and the chat service say to each other, as values and as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::chat {

/// The values are part of the snapshot format and of the schema.
enum class Kind : std::uint8_t {
  message = 1,  ///< Somebody said something in a room.
  action = 2,   ///< Somebody does something, as of `/me`.
  join = 3,
  leave = 4,
  nick = 5,    ///< `from` is called `text` from now on.
  topic = 6,   ///< The room's topic is `text`.
  direct = 7,  ///< Said to one person, `to`.
};
/// `MESSAGE`, `ACTION` and so on.
std::string_view name_of(Kind kind);

/// Something that happened. As an event of a topic it comes without place and time: they are those
/// of the event.
struct Line {
  Position position{};
  LogTime time{};
  Kind kind{Kind::message};
  std::string room{};  ///< Empty for `direct`.
  std::string from{};
  std::string to{};  ///< For `direct` only.
  std::string text{};
  friend bool operator==(const Line&, const Line&) = default;
};
Bytes encode(const Line& line);
[[nodiscard]] Result<Line> decode_line(BytesView bytes);

// ---- Commands -----------------------------------------------------------------------------------

/// `inbox`: see `Chat`. A session signs in once, and before all else.
struct SignIn {
  std::string name;
  std::string inbox;
  friend bool operator==(const SignIn&, const SignIn&) = default;
};
struct Join {
  std::string room;
  friend bool operator==(const Join&, const Join&) = default;
};
struct Leave {
  std::string room;
  friend bool operator==(const Leave&, const Leave&) = default;
};
/// With a key that the room's history has of the same person, it is not said again.
struct Say {
  std::string room;
  std::string text;
  bool action{false};
  std::string key{};
  friend bool operator==(const Say&, const Say&) = default;
};
struct Direct {
  std::string to;
  std::string text;
  std::string key{};
  friend bool operator==(const Direct&, const Direct&) = default;
};
struct Nick {
  std::string name;
  friend bool operator==(const Nick&, const Nick&) = default;
};
/// An empty text takes the topic away.
struct SetTopic {
  std::string room;
  std::string text;
  friend bool operator==(const SetTopic&, const SetTopic&) = default;
};
using Request = std::variant<SignIn, Join, Leave, Say, Direct, Nick, SetTopic>;
/// The payload of a command for service `service_id`. Precondition: no text in it is longer than a
/// command may be.
Bytes encode(const Request& request);
[[nodiscard]] Result<Request> decode_request(BytesView bytes);

/// The answer to a command that was carried out.
struct Receipt {
  Position position{};   ///< Of the command; of the earlier one if it is `repeated`.
  LogTime time{};        ///< The same.
  bool repeated{false};  ///< It was said before with this key.
  std::string name{};    ///< What the person is called now.
  friend bool operator==(const Receipt&, const Receipt&) = default;
};
Bytes encode(const Receipt& receipt);
[[nodiscard]] Result<Receipt> decode_receipt(BytesView bytes);

// ---- Queries ------------------------------------------------------------------------------------

/// A room's people, topic and history. Answer: `RoomState`, with the last `lines` of the history;
/// with `from` the first `lines` of those from that place on.
struct AskRoom {
  std::string room;
  std::uint32_t lines{0};
  std::optional<Position> from{};
  friend bool operator==(const AskRoom&, const AskRoom&) = default;
};
/// Answer: `Rooms`.
struct AskRooms {
  friend bool operator==(const AskRooms&, const AskRooms&) = default;
};
/// Answer: `PersonState`, also for a name that nobody has.
struct AskPerson {
  std::string name;
  friend bool operator==(const AskPerson&, const AskPerson&) = default;
};
using Query = std::variant<AskRoom, AskRooms, AskPerson>;
Bytes encode(const Query& query);
[[nodiscard]] Result<Query> decode_query(BytesView bytes);

/// Also what stands for missed events of a room (`TopicGap::state`), and of an inbox: then without
/// a room, and with the direct messages that are kept.
struct RoomState {
  std::string room{};
  std::string topic{};
  std::vector<std::string> people{};  ///< In order.
  std::vector<Line> lines{};          ///< Oldest first.
  bool complete{true};                ///< No line asked for was left out for its bytes.
  friend bool operator==(const RoomState&, const RoomState&) = default;
};
Bytes encode(const RoomState& state);
[[nodiscard]] Result<RoomState> decode_room_state(BytesView bytes);

struct RoomSummary {
  std::string room;
  std::string topic;
  std::uint32_t people{0};
  std::uint32_t lines{0};  ///< Of history.
  friend bool operator==(const RoomSummary&, const RoomSummary&) = default;
};
struct Rooms {
  std::vector<RoomSummary> rooms{};  ///< In order of their names.
  friend bool operator==(const Rooms&, const Rooms&) = default;
};
Bytes encode(const Rooms& rooms);
[[nodiscard]] Result<Rooms> decode_rooms(BytesView bytes);

struct PersonState {
  std::string name{};
  bool signed_in{false};
  std::vector<std::string> rooms{};  ///< In order.
  LogTime since{};
  std::string free_name{};  ///< The name itself if nobody has it, else one like it that is free.
  friend bool operator==(const PersonState&, const PersonState&) = default;
};
Bytes encode(const PersonState& person);
[[nodiscard]] Result<PersonState> decode_person(BytesView bytes);

}  // namespace muster::chat
