// A chat's snapshot gives the same chat again, and nothing else passes for one.
#include <gtest/gtest.h>

#include "chat/chat.h"
#include "chat/testing.h"

namespace muster::chat {
namespace {

/// A chat with something of everything.
void populate(Parlour& here) {
  for (std::uint64_t i = 1; i <= 5; ++i) here.enter(i, "person" + std::to_string(i));
  for (std::uint64_t i = 1; i <= 3; ++i) here.command(i, Join{"lobby"});
  here.command(1, Join{"den"});
  here.command(1, SetTopic{"lobby", "cats"});
  here.command(1, SetTopic{"lobby", ""});
  here.command(2, Say{"lobby", "hello", Manner::message, "key"});
  here.command(4, Join{"attic"});
  here.command(4, Say{"attic", "echo", Manner::action});
  here.command(4, Leave{"attic"});
  here.command(4, Direct{"person5", "psst", Manner::notice, "k", "+a=b"});
  here.command(1, SetModes{"lobby",
                           {{'k', true, "key"},
                            {'l', true, "9"},
                            {'i', true},
                            {'b', true, "eve"},
                            {'I', true, "h.example"},
                            {'v', true, "person2"}}});
  here.command(1, Invite{"lobby", "person4"});
  here.command(1, Invite{"lobby", "person5"});
  here.command(2, Say{"lobby", "hello", Manner::notice, "", "+draft/react=x"});
  here.command(2, Say{.room = "lobby", .text = "", .manner = Manner::tags, .tags = "+a"});
  here.command(3, Leave{"lobby", "bye"});
  here.command(3, Join{"den"});
  here.command(1, Kick{"den", "person3", "spam"});
  here.command(3, SetAway{"lunch"});
  here.command(3, SetRealName{"Three"});
  here.command(3, SetOwnModes{{{'B', true}}});
  here.command(3, Delivered{here.position});
  here.enter(8, "person8");
  here.command(8, Nick{"Person9"});
  here.command(5, Nick{"Five"});
  here.command(5, Nick{"person5"});
  here.end(8);
  here.order("chat.oper", {"root", "password one"});
  here.order("chat.oper", {"admin", "password two"});
  here.oper(2, "root", "password one");
  here.command(2, SetHost{"person1", "staff"});
  here.take_events();
}

bool restore(Chat& chat, const std::vector<Bytes>& parts) {
  chat.clear();
  for (const Bytes& part : parts) {
    const Result<void> restored = chat.restore(part);
    if (restored) continue;
    EXPECT_EQ(restored.error().code, ErrorCode::internal);
    return false;
  }
  return true;
}

TEST(ChatSnapshotTest, ARestoredChatGoesOnAsTheOneItWasTakenOf) {
  Parlour here;
  populate(here);
  Parlour there;
  ASSERT_TRUE(restore(there.chat, here.frozen()));
  EXPECT_EQ(there.frozen(), here.frozen());
  EXPECT_EQ(there.chat.deadline(), here.chat.deadline());
  there.position = here.position;
  for (Parlour* each : {&here, &there}) {
    each->enter(6, "person1");
    each->command(2, Say{"lobby", "hello", Manner::message, "key"});
    each->command(5, Direct{"person4", "yes?"});
    each->command(5, Join{"lobby"});
    each->command(7, Join{"lobby"});
    each->command(2, Kick{"lobby", "person5"});
    each->command(3, Join{"Lobby", "key"});
    each->command(2, SetModes{"lobby", {{'i', false}, {'b', false, "eve"}}});
    each->command(2, SignOut{"bye"});
    each->command(1, Nick{"zoe"});
    each->end(1);
    each->chat.expire(each->time + each->options.history_age_max, each->told);
  }
  EXPECT_EQ(there.told.events, here.told.events);
  EXPECT_EQ(there.told.replies[0], "ALREADY_EXISTS: the name person1 is taken; person12 is free");
  EXPECT_EQ(there.told.replies[1], "again person2");
  EXPECT_EQ(there.frozen(), here.frozen());
}

TEST(ChatSnapshotTest, AFrozenStateDoesNotSeeLaterCommands) {
  Parlour here;
  populate(here);
  const std::vector<Bytes> before = here.frozen();
  const service::FrozenParts frozen = here.chat.freeze();
  here.command(1, Say{"lobby", "later"});
  here.command(1, Nick{"zoe"});
  here.end(2);
  std::vector<Bytes> encoded;
  for (const auto& part : frozen) part->encode(encoded.emplace_back());
  EXPECT_EQ(encoded, before);
  EXPECT_NE(here.frozen(), before);
}

TEST(ChatSnapshotTest, PartsThatAreCutOffOrHaveMoreBehindThemAreRefused) {
  Parlour here;
  populate(here);
  const std::vector<Bytes> whole = here.frozen();
  Chat chat;
  for (std::size_t damaged = 0; damaged < whole.size(); ++damaged) {
    for (std::size_t kept = 0; kept < whole[damaged].size(); ++kept) {
      std::vector<Bytes> parts = whole;
      parts[damaged].resize(kept);
      EXPECT_FALSE(restore(chat, parts)) << "part " << damaged << " cut to " << kept;
    }
    std::vector<Bytes> parts = whole;
    parts[damaged].push_back(std::byte{0});
    EXPECT_FALSE(restore(chat, parts)) << "part " << damaged;
  }
}

TEST(ChatSnapshotTest, WhateverIsRestoredIsWrittenInTheSameBytes) {
  Parlour here;
  populate(here);
  const std::vector<Bytes> whole = here.frozen();
  std::size_t refused = 0;
  for (std::size_t part = 0; part < whole.size(); ++part) {
    for (std::size_t at = 0; at < whole[part].size(); ++at) {
      std::vector<Bytes> parts = whole;
      parts[part][at] ^= std::byte{0x81};
      Parlour there;
      if (restore(there.chat, parts)) {
        EXPECT_EQ(there.frozen(), parts) << "part " << part << " byte " << at;
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 300U);
}

TEST(ChatSnapshotTest, PartsInAnotherOrderOrTwiceAreRefused) {
  Parlour here;
  populate(here);
  const std::vector<Bytes> whole = here.frozen();
  Chat chat;
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    std::vector<Bytes> swapped = whole;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_FALSE(restore(chat, swapped)) << i;
    std::vector<Bytes> twice = whole;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), whole[i]);
    EXPECT_FALSE(restore(chat, twice)) << i;
  }
}

TEST(ChatSnapshotTest, StateBeyondTheLimitsIsRefused) {
  Parlour here;
  populate(here);
  const std::vector<Bytes> whole = here.frozen();
  int tried = 0;
  for (const Chat::Options& options :
       {Chat::Options{.people_max = 4}, Chat::Options{.rooms_max = 2},
        Chat::Options{.people_per_room_max = 1}, Chat::Options{.rooms_per_person_max = 1},
        Chat::Options{.history_lines_max = 2}, Chat::Options{.history_bytes_max = 100},
        Chat::Options{.directs_max = 0}, Chat::Options{.direct_bytes_max = 10},
        Chat::Options{.masks_per_room_max = 1}, Chat::Options{.invitations_per_room_max = 1},
        Chat::Options{.gone_people_max = 1}, Chat::Options{.histories_bytes_max = 500}}) {
    Chat chat(options);
    EXPECT_FALSE(restore(chat, whole)) << "limits " << tried;
    ++tried;
  }
}

TEST(ChatSnapshotTest, AHistoryIsInSmallPartsAndOnlyTheLastOneChanges) {
  Parlour here;
  here.enter(1, "ann");
  here.command(1, Join{"lobby"});
  for (int i = 0; i < 1'000; ++i) here.command(1, Say{"lobby", std::to_string(i)});
  const service::FrozenParts before = here.chat.freeze();
  ASSERT_EQ(before.size(), 6U);  // People, the room, and 1,001 lines.
  here.command(1, Say{"lobby", "one more"});
  const service::FrozenParts after = here.chat.freeze();
  ASSERT_EQ(after.size(), 6U);
  for (std::size_t i = 1; i <= 4; ++i) EXPECT_EQ(before[i], after[i]) << i;  // The same objects.
  EXPECT_NE(before[5], after[5]);
}

TEST(ChatSnapshotTest, AHistoryThatHasLostLinesComesBackInTheSameParts) {
  Parlour here({.history_lines_max = 600});
  Parlour there({.history_lines_max = 600});
  here.enter(1, "ann");
  here.command(1, Join{"lobby"});
  for (int i = 0; i < 699; ++i) here.command(1, Say{"lobby", std::to_string(i)});
  ASSERT_TRUE(restore(there.chat, here.frozen()));
  EXPECT_EQ(there.frozen(), here.frozen());
  EXPECT_EQ(here.frozen().size(), 5U);  // People, the room; 156, 256 and 188 lines.
  there.position = here.position;
  for (Parlour* each : {&here, &there}) {
    for (int i = 0; i < 300; ++i) each->command(1, Say{"lobby", std::to_string(i)});
  }
  EXPECT_EQ(there.frozen(), here.frozen());
}

TEST(ChatSnapshotTest, ARoomWithoutPeopleAndLinesIsRefusedWhenTheNextOneComes) {
  Parlour here;
  here.enter(1, "ann");
  for (const char* room : {"attic", "den"}) {
    here.command(1, Join{room});
    here.command(1, Say{room, "x"});
    here.command(1, Leave{room});
  }
  std::vector<Bytes> parts = here.frozen();
  ASSERT_EQ(parts.size(), 5U);
  parts.erase(parts.begin() + 2);
  Chat chat;
  EXPECT_FALSE(restore(chat, parts));
}

}  // namespace
}  // namespace muster::chat
