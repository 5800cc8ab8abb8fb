// Every message of the chat comes back as it was written, and bytes that are none are refused.
#include "chat/messages.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chat/chat.pb.h"
#include "muster/bytes.h"
#include "wire/control.h"

namespace muster::chat {
namespace {

const Position some_place{.index = {70'000}, .ordinal = 3};
const LogTime some_noon{1'700'000'000'123};
const wire::Sha256 some_proof = wire::sha256(as_bytes("proof"));

const Line whole_line{.position = some_place,
                      .time = some_noon,
                      .kind = Kind::direct,
                      .room = "lobby",
                      .from = "ann",
                      .to = "bob",
                      .text = "hello",
                      .manner = Manner::notice,
                      .user = "ann@host.example",
                      .real_name = "Ann Other",
                      .tags = "+draft/react=x",
                      .away = "lunch",
                      .bot = true};

const std::vector<ModeChange> some_changes{{.mode = 'o', .set = true, .argument = "bob"},
                                           {.mode = 'n', .set = false}};

TEST(ChatMessagesTest, ALineComesBackWithAllThatItHas) {
  EXPECT_EQ(decode_line(encode(whole_line)).value(), whole_line);
  EXPECT_EQ(decode_line(encode(Line{})).value(), Line{});
}

TEST(ChatMessagesTest, EachKindComesBackUnderItsOwnName) {
  std::vector<std::string_view> names;
  for (int kind = 1; kind <= static_cast<int>(Kind::offline); ++kind) {
    const Line line{.kind = static_cast<Kind>(kind)};
    EXPECT_EQ(decode_line(encode(line)).value(), line) << kind;
    names.push_back(name_of(line.kind));
  }
  EXPECT_EQ(names,
            (std::vector<std::string_view>{"MESSAGE", "ACTION", "JOIN", "LEAVE", "NICK", "TOPIC",
                                           "DIRECT", "NOTICE", "TAGS", "KICK", "MODE", "INVITE",
                                           "QUIT", "AWAY", "REAL_NAME", "ONLINE", "OFFLINE"}));
}

TEST(ChatMessagesTest, EachCommandComesBackWithAllThatItHas) {
  for (const Request& request :
       {Request{SignIn{"ann", "inbox", "user", "host", "Ann Other", "a.group"}},
        Request{Join{"lobby", "key"}},
        Request{Leave{"lobby", "bye"}},
        Request{Say{"lobby", "waves", Manner::action, "key", "+a=b"}},
        Request{Say{.room = "lobby", .text = "hello"}},
        Request{Direct{"bob", "psst", Manner::tags, "key", "+a"}},
        Request{Nick{"zoe", "inbox"}},
        Request{SetTopic{"lobby", "cats"}},
        Request{Kick{"lobby", "bob", "spam"}},
        Request{Invite{"lobby", "bob"}},
        Request{SetModes{"lobby", some_changes}},
        Request{SetOwnModes{some_changes}},
        Request{SetAway{"lunch"}},
        Request{SetRealName{"Zoe"}},
        Request{SignOut{"bye"}},
        Request{Delivered{some_place}},
        Request{SetOper{"root", make_credential("password", "salt"), "key"}},
        Request{SetOper{"root", {}, "key"}},
        Request{Oper{"root", some_proof}},
        Request{Kill{"bob", "spam"}},
        Request{Wallops{"hear"}},
        Request{SetHost{"bob", "staff"}}}) {
    EXPECT_EQ(decode_request(encode(request)).value(), request) << request.index();
  }
}

TEST(ChatMessagesTest, AProofOfAnotherLengthIsNone) {
  schema::Command command;
  command.mutable_oper()->set_proof("short");
  EXPECT_EQ(decode_request(wire::encode(command)).error().message,
            "the proof of a password has 32 bytes");
  command.mutable_set_oper()->set_stored_key("short");
  EXPECT_EQ(decode_request(wire::encode(command)).error().message, "a stored key has 32 bytes");
}

TEST(ChatMessagesTest, EachQueryComesBackWithAllThatItHas) {
  for (const Query& query :
       {Query{AskRoom{"lobby", 7, some_place}}, Query{AskRoom{"lobby", 7}}, Query{AskRooms{}},
        Query{AskPerson{"ann"}}, Query{AskChannel{"lobby", false, true}},
        Query{AskHistory{"bob", "inbox", some_place, some_place, some_noon, some_noon, 50, false,
                         true}},
        Query{AskHistory{.room_or_person = "lobby", .lines = 50}}, Query{AskPeople{"*!*@h", 9}},
        Query{AskGone{"ann", 9}}, Query{AskOper{"root"}}}) {
    EXPECT_EQ(decode_query(encode(query)).value(), query) << query.index();
  }
}

TEST(ChatMessagesTest, EachAnswerComesBackWithAllThatItHas) {
  const PersonState person{.name = "ann",
                           .signed_in = true,
                           .rooms = {{.room = "lobby", .ranks = "ov"}, {.room = "den"}},
                           .since = some_noon,
                           .free_name = "ann2",
                           .user = "user",
                           .host = "host",
                           .real_name = "Ann Other",
                           .away = "lunch",
                           .modes = "iw",
                           .spoke = some_noon + std::chrono::milliseconds{1},
                           .delivered = some_place,
                           .server = "a.group"};
  EXPECT_EQ(decode_person(encode(person)).value(), person);

  const People people{.people = {person, {.name = "bob"}},
                      .complete = false,
                      .in_all = 40,
                      .invisible = 3,
                      .opers = 2};
  EXPECT_EQ(decode_people(encode(people)).value(), people);

  const Channel channel{.room = "Lobby",
                        .exists = true,
                        .created = some_noon,
                        .topic = "cats",
                        .topic_by = "ann",
                        .topic_time = some_noon,
                        .modes = "nt",
                        .key = "key",
                        .people_max = 5,
                        .people = {{.name = "ann",
                                    .ranks = "o",
                                    .user = "user",
                                    .host = "host",
                                    .real_name = "Ann Other",
                                    .modes = "i",
                                    .away = true,
                                    .server = "a.group"}},
                        .people_count = 3,
                        .masks = {{.mode = 'I', .mask = "*!*@h", .by = "ann", .time = some_noon}}};
  EXPECT_EQ(decode_channel(encode(channel)).value(), channel);

  const RoomState state{.room = "lobby",
                        .topic = "cats",
                        .people = {"ann", "bob"},
                        .lines = {whole_line},
                        .complete = false};
  EXPECT_EQ(decode_room_state(encode(state)).value(), state);

  const OperState oper{.exists = true, .salt = "salt", .iterations = 4'096, .in_all = 3};
  EXPECT_EQ(decode_oper(encode(oper)).value(), oper);

  const Rooms rooms{{{.room = "lobby", .topic = "cats", .people = 2, .lines = 3, .modes = "nt"}}};
  EXPECT_EQ(decode_rooms(encode(rooms)).value(), rooms);

  const History history{.lines = {whole_line, Line{}}, .complete = false};
  EXPECT_EQ(decode_history(encode(history)).value(), history);
}

// ---- Receipts -----------------------------------------------------------------------------------

TEST(ChatMessagesTest, AReceiptComesBackWithEveryReason) {
  Receipt receipt{
      .position = some_place, .time = some_noon, .repeated = true, .name = "ann", .resumed = true};
  for (int reason = 1; reason <= static_cast<int>(Reason::needs_oper); ++reason) {
    receipt.refusals.push_back({.reason = static_cast<Reason>(reason),
                                .code = ErrorCode::already_exists,
                                .message = "why",
                                .subject = "bob"});
  }
  EXPECT_EQ(decode_receipt(encode(receipt)).value(), receipt);
}

TEST(ChatMessagesTest, AReasonOfALaterVersionIsARefusalAllTheSame) {
  const Receipt later{.refusals = {{.reason = static_cast<Reason>(99),
                                    .code = static_cast<ErrorCode>(99),
                                    .message = "why"}}};
  EXPECT_EQ(decode_receipt(encode(later)).value().refusals,
            (std::vector<Refusal>{
                {.reason = Reason::malformed, .code = ErrorCode::internal, .message = "why"}}));
}

TEST(ChatMessagesTest, WhatWasRefusedIsAnErrorAndWhatWasDoneIsNot) {
  Receipt receipt{.name = "ann"};
  EXPECT_EQ(done_or_error(receipt).value(), receipt);
  receipt.refusals = {{.reason = Reason::no_such_person,
                       .code = ErrorCode::not_found,
                       .message = "bob is not here"},
                      {.message = "another"}};
  EXPECT_EQ(done_or_error(receipt).error(),
            (Error{ErrorCode::not_found, "bob is not here", Outcome::not_applied}));
  const Error lost{ErrorCode::aborted, "the session ended", Outcome::perhaps_applied};
  EXPECT_EQ(done_or_error(lost).error(), lost);
}

// ---- Bytes that are none ------------------------------------------------------------------------

TEST(ChatMessagesTest, ValuesThatNoVersionHasAreRefused) {
  EXPECT_EQ(decode_line(encode(Line{.kind = static_cast<Kind>(21)})).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(decode_line({}).error().code, ErrorCode::invalid_argument);
  for (const Request& request :
       {Request{Say{.room = "lobby", .text = "x", .manner = static_cast<Manner>(5)}},
        Request{Direct{.to = "bob", .text = "x", .manner = static_cast<Manner>(5)}},
        Request{SetModes{"lobby", {{.mode = '\n'}}}}, Request{SetOwnModes{{{.mode = ' '}}}}}) {
    EXPECT_EQ(decode_request(encode(request)).error().code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(decode_channel(encode(Channel{.masks = {{'\n', "*!*@*", "ann"}}})).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(decode_request({}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(decode_query({}).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace muster::chat
