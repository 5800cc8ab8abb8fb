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
  here.command(2, Say{"lobby", "hello", false, "key"});
  here.command(4, Say{"attic", "echo", true});
  here.command(4, Direct{"person5", "psst"});
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
    each->command(2, Say{"lobby", "hello", false, "key"});
    each->command(5, Direct{"person4", "yes?"});
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
  for (const Chat::Options& options :
       {Chat::Options{.people_max = 4}, Chat::Options{.rooms_max = 2},
        Chat::Options{.people_per_room_max = 2}, Chat::Options{.rooms_per_person_max = 1},
        Chat::Options{.history_lines_max = 2}, Chat::Options{.history_bytes_max = 100},
        Chat::Options{.directs_max = 0}, Chat::Options{.direct_bytes_max = 10}}) {
    Chat chat(options);
    EXPECT_FALSE(restore(chat, whole));
  }
}

}  // namespace
}  // namespace muster::chat
