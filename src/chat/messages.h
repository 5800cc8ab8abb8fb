// What clients and the chat service say to each other, as values and as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chat/credential.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/sha256.h"

namespace muster::chat {

/// What a line tells. The values are part of the snapshot format and of the schema.
enum class Kind : std::uint8_t {
  message = 1,     ///< Somebody said something in a room.
  action = 2,      ///< Somebody does something, as of `/me`.
  join = 3,        ///< `real_name` is that of who came.
  leave = 4,       ///< `text` is the reason, or empty.
  nick = 5,        ///< `from` is called `text` from now on.
  topic = 6,       ///< The room's topic is `text`.
  direct = 7,      ///< Said to one person, `to`, in this `manner`.
  notice = 8,      ///< As `message`; nobody answers to it by itself.
  tags = 9,        ///< Nothing is said: the line is its `tags` (IRCv3 TAGMSG).
  kick = 10,       ///< `from` put `to` out of the room; `text` is the reason.
  mode = 11,       ///< `text` has the changes and what they are for: `+o-v ann bob`.
  invite = 12,     ///< `from` asks `to` into the room. Not in a room's history.
  quit = 13,       ///< `from` has gone from the group; `text` is the reason.
  away = 14,       ///< `from` is away, `text` says why; empty: back. Not in a room's history.
  real_name = 15,  ///< `from` calls itself `text` in full. Not in a room's history.
  online = 16,     ///< `from` has come to the group (`presence_topic`).
  offline = 17,    ///< `from` has gone, or has another name now (`presence_topic`).
  host = 18,       ///< `from` is `text` (`USER@HOST`) from now on. Not in a room's history.
  kill = 19,       ///< `from`, an IRC operator, put `to` out of the group; `text` is the reason.
  wallops = 20,    ///< `from`, an IRC operator, says `text` to all with mode `w`.
};
/// `MESSAGE`, `ACTION` and so on.
std::string_view name_of(Kind kind);

/// How something is said. The values are part of the snapshot format and of the schema.
enum class Manner : std::uint8_t { message = 1, action = 2, notice = 3, tags = 4 };

/// Something that happened. As an event of a topic it comes without place and time: they are those
/// of the event.
struct Line {
  Position position{};
  LogTime time{};
  Kind kind{Kind::message};
  std::string room{};  ///< As it was first written; empty for what is of no room.
  std::string from{};
  std::string to{};
  std::string text{};
  Manner manner{Manner::message};  ///< Of `direct`.
  std::string user{};              ///< Of `from`: `USER@HOST`, as others see it.
  std::string real_name{};         ///< Of `from`, when it joins.
  std::string tags{};              ///< Client-only tags as IRC writes them: `+draft/react=x;+a`.
  std::string away{};              ///< Why `from` is away, when it joins; empty: it is not.
  bool bot{false};                 ///< `from` has mode `B`.
  friend bool operator==(const Line&, const Line&) = default;
};
Bytes encode(const Line& line);
[[nodiscard]] Result<Line> decode_line(BytesView bytes);

// ---- Commands -----------------------------------------------------------------------------------

/// `inbox`: see `Chat`. A session signs in once, and before all else. Without `user` and `host`
/// they are `muster`. `server`: what its client is connected to, where that does not change while
/// it is signed in; empty: nobody in particular.
struct SignIn {
  std::string name;
  std::string inbox;
  std::string user{};
  std::string host{};
  std::string real_name{};
  std::string server{};
  friend bool operator==(const SignIn&, const SignIn&) = default;
};
struct Join {
  std::string room;
  std::string key{};  ///< Of a room with mode `k`.
  friend bool operator==(const Join&, const Join&) = default;
};
struct Leave {
  std::string room;
  std::string reason{};
  friend bool operator==(const Leave&, const Leave&) = default;
};
/// With a key that the room's history has of the same person, it is not said again.
struct Say {
  std::string room;
  std::string text;
  Manner manner{Manner::message};
  std::string key{};
  std::string tags{};
  friend bool operator==(const Say&, const Say&) = default;
};
struct Direct {
  std::string to;
  std::string text;
  Manner manner{Manner::message};
  std::string key{};
  std::string tags{};
  friend bool operator==(const Direct&, const Direct&) = default;
};
/// With an inbox, the person's becomes that one; the new name is still told on the one before.
struct Nick {
  std::string name;
  std::string inbox{};
  friend bool operator==(const Nick&, const Nick&) = default;
};
/// An empty text takes the topic away.
struct SetTopic {
  std::string room;
  std::string text;
  friend bool operator==(const SetTopic&, const SetTopic&) = default;
};
struct Kick {
  std::string room;
  std::string name;
  std::string reason{};
  friend bool operator==(const Kick&, const Kick&) = default;
};
struct Invite {
  std::string room;
  std::string name;
  friend bool operator==(const Invite&, const Invite&) = default;
};
constexpr std::size_t mode_changes_max = 20;  ///< Of one command.
/// One letter of a room's or person's modes.
struct ModeChange {
  char mode{};
  bool set{true};
  std::string argument{};  ///< A name, mask, key or number; empty where the letter takes none.
  friend bool operator==(const ModeChange&, const ModeChange&) = default;
};
/// Each change is carried out, or refused, by itself. At most `mode_changes_max`.
struct SetModes {
  std::string room;
  std::vector<ModeChange> changes{};
  friend bool operator==(const SetModes&, const SetModes&) = default;
};
/// Of the person itself: `i`, `w` and `B`; and `o`, which it can only give up.
struct SetOwnModes {
  std::vector<ModeChange> changes{};
  friend bool operator==(const SetOwnModes&, const SetOwnModes&) = default;
};
/// An empty text: back again.
struct SetAway {
  std::string text;
  friend bool operator==(const SetAway&, const SetAway&) = default;
};
struct SetRealName {
  std::string text;
  friend bool operator==(const SetRealName&, const SetRealName&) = default;
};
/// Goes from the group, out of all rooms. The session may sign in anew.
struct SignOut {
  std::string reason;
  friend bool operator==(const SignOut&, const SignOut&) = default;
};
/// The person has in hand all that was told up to this place. Kept, so that whoever takes its place
/// from another server goes on from there (`PersonState::delivered`).
struct Delivered {
  Position position;
  friend bool operator==(const Delivered&, const Delivered&) = default;
};
/// Who may become an IRC operator: made by the leader when an operator of the group says so, and
/// refused of a client. Without a `stored_key` nobody is one by this name any more. `key`: so that
/// no two are the same.
struct SetOper {
  std::string name;
  OperCredential credential{};
  std::string key{};
  friend bool operator==(const SetOper&, const SetOper&) = default;
};
/// The person is an IRC operator from now on. `proof`: `oper_proof` of the name's password.
struct Oper {
  std::string name;
  wire::Sha256 proof{};
  friend bool operator==(const Oper&, const Oper&) = default;
};
/// Of IRC operators: puts somebody out of the group. It may sign in anew.
struct Kill {
  std::string name;
  std::string reason{};
  friend bool operator==(const Kill&, const Kill&) = default;
};
/// Of IRC operators: said to all who have mode `w`.
struct Wallops {
  std::string text;
  friend bool operator==(const Wallops&, const Wallops&) = default;
};
/// Of IRC operators: the host that others see of somebody.
struct SetHost {
  std::string name;
  std::string host;
  friend bool operator==(const SetHost&, const SetHost&) = default;
};
using Request = std::variant<SignIn, Join, Leave, Say, Direct, Nick, SetTopic, Kick, Invite,
                             SetModes, SetOwnModes, SetAway, SetRealName, SignOut, Delivered,
                             SetOper, Oper, Kill, Wallops, SetHost>;
/// The payload of a command for service `service_id`. Precondition: no text in it is longer than a
/// command may be.
Bytes encode(const Request& request);
[[nodiscard]] Result<Request> decode_request(BytesView bytes);

/// Why something was refused: one for each answer that IRC tells apart. The values are part of the
/// schema.
enum class Reason : std::uint8_t {
  malformed = 1,  ///< Breaks the rules of `words.h`, or is no command.
  not_signed_in = 2,
  signed_in_already = 3,
  name_in_use = 4,  ///< `subject`: the name; the message has a free one.
  bad_name = 5,
  no_such_person = 6,  ///< `subject`: the name.
  bad_room = 7,
  no_such_room = 8,
  too_many_people = 9,  ///< Of the group.
  too_many_rooms = 10,  ///< Of the group.
  too_many_own_rooms = 11,
  room_full = 12,           ///< Mode `l`, or the limit of a room.
  invited_only = 13,        ///< Mode `i`.
  banned = 14,              ///< Mode `b`.
  wrong_key = 15,           ///< Mode `k`.
  not_in_room = 16,         ///< Who asks is not.
  person_not_in_room = 17,  ///< `subject`: who is not.
  person_in_room_already = 18,
  may_not_speak = 19,      ///< Modes `n`, `m`, `b`, `C`, `T`; the message says which.
  needs_operator = 20,     ///< The message says of what rank.
  unknown_mode = 21,       ///< `subject`: the letter.
  bad_mode_argument = 22,  ///< `subject`: the letter and the argument.
  list_full = 23,          ///< Of `b`, `e` or `I`.
  wrong_password = 24,     ///< Of an IRC operator, or there is none of that name.
  needs_oper = 25,         ///< Who asks is no IRC operator.
};

/// One thing that was not done.
struct Refusal {
  Reason reason{Reason::malformed};
  ErrorCode code{ErrorCode::invalid_argument};
  std::string message;    ///< In plain words, with what to do.
  std::string subject{};  ///< What it is about: a name, a letter (with its argument: `l many`).
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// The answer to a command.
struct Receipt {
  Position position{};              ///< Of the command; of the earlier one if it is `repeated`.
  LogTime time{};                   ///< The same.
  bool repeated{false};             ///< It was said before with this key.
  std::string name{};               ///< What the person is called now.
  bool resumed{false};              ///< A sign-in took the place of who had this inbox.
  std::vector<Refusal> refusals{};  ///< What of it was not done; of most commands all or nothing.
  std::string away{};  ///< To a direct message: why the other one is away; empty: it is not.
  friend bool operator==(const Receipt&, const Receipt&) = default;
};
Bytes encode(const Receipt& receipt);
[[nodiscard]] Result<Receipt> decode_receipt(BytesView bytes);
/// The receipt of what was done; else the first refusal as an error, certainly not applied.
Result<Receipt> done_or_error(Result<Receipt> receipt);

// ---- Queries ------------------------------------------------------------------------------------

/// A room's people, topic and what was said. Answer: `RoomState`, with the last `lines` of the
/// history; with `from` the first `lines` of those from that place on.
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
/// All of a room but its history. Answer: `Channel`, also for one that is not there (`exists`).
struct AskChannel {
  std::string room;
  bool people{true};  ///< With those who are in it.
  bool lists{false};  ///< With its masks.
  friend bool operator==(const AskChannel&, const AskChannel&) = default;
};
/// What was said and done, oldest first (IRCv3 chathistory). Answer: `History`. Of a room, or with
/// `inbox` of who owns that: the direct messages with `room_or_person`, or with everybody if that
/// is empty. Bounds are not part of what is asked for.
struct AskHistory {
  std::string room_or_person{};
  std::string inbox{};
  std::optional<Position> after{};
  std::optional<Position> before{};
  std::optional<LogTime> after_time{};
  std::optional<LogTime> before_time{};
  std::uint32_t lines{0};  ///< At most.
  bool newest{true};       ///< Of more the last ones; else the first ones.
  bool all{false};         ///< Also topics, who came and went, names, modes, and what is only tags.
  friend bool operator==(const AskHistory&, const AskHistory&) = default;
};
/// Who is in the group. Answer: `People`: who has this name, else those whose name, user, host or
/// full name match the mask (`*`, `?`; case does not count; empty: all), at most `people_max` of
/// them, by name.
struct AskPeople {
  std::string mask{};
  std::uint32_t people_max{0};
  friend bool operator==(const AskPeople&, const AskPeople&) = default;
};
/// Who had a name and has gone, newest first. Answer: `People`.
struct AskGone {
  std::string name;
  std::uint32_t people_max{0};
  friend bool operator==(const AskGone&, const AskGone&) = default;
};
/// What a proof of an IRC operator's password is made with. Answer: `OperState`.
struct AskOper {
  std::string name;
  friend bool operator==(const AskOper&, const AskOper&) = default;
};
using Query =
    std::variant<AskRoom, AskRooms, AskPerson, AskChannel, AskHistory, AskPeople, AskGone, AskOper>;
Bytes encode(const Query& query);
[[nodiscard]] Result<Query> decode_query(BytesView bytes);

/// Also what stands for missed events of a room (`TopicGap::state`), and of an inbox: then without
/// a room, and with the direct messages that are kept.
struct RoomState {
  std::string room{};
  std::string topic{};
  std::vector<std::string> people{};  ///< In order.
  std::vector<Line> lines{};          ///< Oldest first; what was said and done, and topics.
  bool complete{true};                ///< No line asked for was left out for its bytes.
  friend bool operator==(const RoomState&, const RoomState&) = default;
};
Bytes encode(const RoomState& state);
[[nodiscard]] Result<RoomState> decode_room_state(BytesView bytes);

struct RoomSummary {
  std::string room;
  std::string topic;
  std::uint32_t people{0};
  std::uint32_t lines{0};  ///< Of history, as `RoomState` has them.
  std::string modes{};     ///< As `Channel` has them.
  friend bool operator==(const RoomSummary&, const RoomSummary&) = default;
};
struct Rooms {
  std::vector<RoomSummary> rooms{};  ///< In order of their names.
  friend bool operator==(const Rooms&, const Rooms&) = default;
};
Bytes encode(const Rooms& rooms);
[[nodiscard]] Result<Rooms> decode_rooms(BytesView bytes);

struct Membership {
  std::string room;
  std::string ranks{};  ///< Letters of `qaohv`, highest first.
  friend bool operator==(const Membership&, const Membership&) = default;
};
struct PersonState {
  std::string name{};
  bool signed_in{false};
  std::vector<Membership> rooms{};  ///< In order.
  LogTime since{};                  ///< Of one that has gone: until when.
  std::string free_name{};  ///< The name itself if nobody has it, else one like it that is free.
  std::string user{};
  std::string host{};
  std::string real_name{};
  std::string away{};
  std::string modes{};                ///< Letters.
  LogTime spoke{};                    ///< When it last said something; else when it came.
  Position delivered{};               ///< See `Delivered`; at first where it came.
  std::string server{};               ///< See `SignIn`.
  std::vector<std::string> former{};  ///< Names that it had since it signed in, the oldest first.
  friend bool operator==(const PersonState&, const PersonState&) = default;
};
Bytes encode(const PersonState& person);
[[nodiscard]] Result<PersonState> decode_person(BytesView bytes);

struct People {
  std::vector<PersonState> people{};  ///< Without `free_name`.
  bool complete{true};                ///< There are no more.
  std::uint32_t in_all{0};            ///< People in the group.
  std::uint32_t invisible{0};         ///< Of all these those with mode `i`.
  std::uint32_t opers{0};             ///< And those who are IRC operators.
  friend bool operator==(const People&, const People&) = default;
};
Bytes encode(const People& people);
[[nodiscard]] Result<People> decode_people(BytesView bytes);

struct OperState {
  bool exists{false};
  std::string salt{};
  std::uint32_t iterations{0};
  std::uint32_t in_all{0};  ///< How many names there are for IRC operators.
  friend bool operator==(const OperState&, const OperState&) = default;
};
Bytes encode(const OperState& oper);
[[nodiscard]] Result<OperState> decode_oper(BytesView bytes);

struct Member {
  std::string name;
  std::string ranks{};  ///< Letters of `qaohv`, highest first.
  std::string user{};
  std::string host{};
  std::string real_name{};
  std::string modes{};
  bool away{false};
  std::string server{};  ///< See `SignIn`.
  LogTime spoke{};       ///< As `PersonState` has it.
  friend bool operator==(const Member&, const Member&) = default;
};
struct Mask {
  char mode{'b'};  ///< `b`, `e` or `I`.
  std::string mask;
  std::string by;
  LogTime time{};
  friend bool operator==(const Mask&, const Mask&) = default;
};
struct Channel {
  std::string room{};  ///< As it was first written.
  bool exists{false};
  LogTime created{};
  std::string topic{};
  std::string topic_by{};
  LogTime topic_time{};
  std::string modes{};  ///< Letters of those that take no argument: `nt`.
  std::string key{};
  std::uint32_t people_max{0};    ///< Mode `l`; 0: not set.
  std::vector<Member> people{};   ///< By name.
  std::uint32_t people_count{0};  ///< Also where they were not asked for.
  std::vector<Mask> masks{};      ///< In the order in which they were set.
  friend bool operator==(const Channel&, const Channel&) = default;
};
Bytes encode(const Channel& channel);
[[nodiscard]] Result<Channel> decode_channel(BytesView bytes);

struct History {
  std::vector<Line> lines{};  ///< Oldest first.
  bool complete{true};        ///< No line asked for was left out for its bytes.
  friend bool operator==(const History&, const History&) = default;
};
Bytes encode(const History& history);
[[nodiscard]] Result<History> decode_history(BytesView bytes);

}  // namespace muster::chat
