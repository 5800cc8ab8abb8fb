// Whatever is asked of a chat, what it keeps agrees with itself, and its snapshots with it.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "chat/chat.h"
#include "chat/testing.h"
#include "chat/words.h"

namespace muster::chat {
namespace {

using namespace std::chrono_literals;

const Chat::Options tight{.people_max = 5,
                          .rooms_max = 4,
                          .people_per_room_max = 4,
                          .rooms_per_person_max = 3,
                          .masks_per_room_max = 3,
                          .invitations_per_room_max = 2,
                          .gone_people_max = 4,
                          .history_lines_max = 40,
                          .history_bytes_max = 6'000,
                          .histories_bytes_max = 12'000,
                          .history_age_max = 200s,
                          .directs_max = 3,
                          .direct_bytes_max = 500};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  template <class Value>
  const Value& one_of(const std::vector<Value>& values) {
    return values[below(values.size())];
  }

 private:
  std::mt19937_64 random_;
};

const Texts some_names{"ann", "Ann", "bob", "carl", "dora", "eve", "fay", "no name"};
const Texts some_rooms{"lobby", "Lobby", "den", "attic", "hall", "cave", "a b"};
const Texts some_arguments{"ann", "bob", "carl", "*!*@h", "eve!*@*", "2", "key", ""};

std::vector<ModeChange> random_changes(Dice& dice, const std::string& letters) {
  std::vector<ModeChange> changes(dice.below(4));
  for (ModeChange& each : changes) {
    each = {letters[dice.below(letters.size())], dice.below(3) > 0, dice.one_of(some_arguments)};
  }
  return changes;
}

Request random_request(Dice& dice, std::uint64_t session) {
  const std::string& name = dice.one_of(some_names);
  const std::string& room = dice.one_of(some_rooms);
  const auto manner = static_cast<Manner>(1 + dice.below(4));
  const std::string tags = manner == Manner::tags || dice.below(4) == 0 ? "+a=b" : "";
  const std::string text = manner == Manner::tags ? "" : std::string(1 + dice.below(300), 'x');
  const std::string key = dice.below(3) == 0 ? "k" + std::to_string(dice.below(5)) : "";
  switch (dice.below(16)) {
    case 0:
      return SignIn{name, Parlour::inbox(session + dice.below(2)), "user", "h", name};
    case 1:
    case 2:
    case 3:
      return Join{room, dice.one_of(some_arguments)};
    case 4:
      return Leave{room, text};
    case 5:
      return Direct{name, text, manner, key, tags};
    case 6:
      return Nick{name, dice.below(4) == 0 ? Parlour::inbox(dice.below(9)) : ""};
    case 7:
      return SetTopic{room, text};
    case 8:
      return Kick{room, name, text};
    case 9:
      return Invite{room, name};
    case 10:
    case 11:
      return SetModes{room, random_changes(dice, "qaohvimnstCklbeIx")};
    case 12:
      return SetOwnModes{random_changes(dice, "iwBx")};
    case 13:
      return SetAway{text};
    case 14:
      return dice.below(3) == 0 ? Request{SignOut{text}} : Request{SetRealName{name}};
    default:
      return Say{room, text, manner, key, tags};
  }
}

/// People and rooms say the same of each other, and nothing is beyond its limit.
void expect_sound(const Parlour& here) {
  const auto people =
      decode_people(here.chat.query(encode(Query{AskPeople{"", 100}})).value()).value();
  std::set<std::string> names;
  std::set<std::string> places;  // PERSON/ROOM/RANKS.
  for (const PersonState& person : people.people) {
    EXPECT_TRUE(names.insert(folded(person.name)).second) << person.name;
    EXPECT_LE(person.rooms.size(), tight.rooms_per_person_max);
    for (const Membership& each : person.rooms) {
      places.insert(person.name + "/" + each.room + "/" + each.ranks);
    }
  }
  EXPECT_LE(names.size(), tight.people_max);
  const auto rooms = decode_rooms(here.chat.query(encode(Query{AskRooms{}})).value()).value();
  EXPECT_LE(rooms.rooms.size(), tight.rooms_max);
  std::size_t members = 0;
  for (const RoomSummary& each : rooms.rooms) {
    const Channel room = here.channel(each.room, true);
    EXPECT_TRUE(room.exists);
    EXPECT_LE(room.people.size(), tight.people_per_room_max);
    EXPECT_LE(room.masks.size(), tight.masks_per_room_max);
    EXPECT_GT(each.people + each.lines, 0U) << each.room;
    EXPECT_LE(here.kept(each.room).size(), tight.history_lines_max);
    if (room.people.empty()) {
      EXPECT_EQ(room.modes + room.key, "");
      EXPECT_EQ(room.masks.size() + room.people_max, 0U);
    }
    members += room.people.size();
    for (const Member& member : room.people) {
      EXPECT_TRUE(places.contains(member.name + "/" + room.room + "/" + member.ranks));
    }
  }
  EXPECT_EQ(members, places.size());
}

void expect_same_after_restoring(Parlour& here, Parlour& twin) {
  const std::vector<Bytes> frozen = here.frozen();
  EXPECT_EQ(twin.frozen(), frozen);
  twin.chat.clear();
  for (const Bytes& part : frozen) {
    const Result<void> restored = twin.chat.restore(part);
    ASSERT_TRUE(restored) << restored.error().message;
  }
  EXPECT_EQ(twin.frozen(), frozen);
}

void live(std::uint64_t seed) {
  Dice dice(seed);
  Parlour here(tight);
  Parlour twin(tight);  // Is restored from the first one now and then.
  for (int step = 0; step < 400 && !testing::Test::HasFailure(); ++step) {
    const std::uint64_t session = 1 + dice.below(7);
    const std::uint64_t what = dice.below(20);
    const Request request = random_request(dice, session);
    for (Parlour* each : {&here, &twin}) {
      each->time = each->time + 1s;
      const auto due = each->chat.deadline();
      if (due && *due <= each->time) each->chat.expire(each->time, each->told);
      if (what == 0) {
        each->end(session);
      } else {
        each->command(session, request);
      }
    }
    EXPECT_EQ(here.take_events(), twin.take_events());
    EXPECT_EQ(here.told.replies, twin.told.replies);
    expect_sound(here);
    if (step % 20 == 19) expect_same_after_restoring(here, twin);
  }
}

TEST(ChatRandomTest, WhateverIsAskedTheStateIsSoundAndComesBackFromASnapshot) {
  for (std::uint64_t seed = 1; seed <= 15 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    live(seed);
  }
}

}  // namespace
}  // namespace muster::chat
