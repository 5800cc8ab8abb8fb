// Masks are completed as IRC does, and match as they say.
#include "chat/masks.h"

#include <gtest/gtest.h>

namespace muster::chat {
namespace {

TEST(ChatMasksTest, APatternMatchesAsAWhole) {
  for (const auto& [pattern, text] :
       {std::pair{"", ""}, std::pair{"*", ""}, std::pair{"*", "ann"}, std::pair{"a*n", "ann"},
        std::pair{"a*n", "anxnn"}, std::pair{"A?N", "ann"}, std::pair{"ann", "ANN"},
        std::pair{"*!*@*.example", "ann!u@host.example"}, std::pair{"**a**", "bab"},
        std::pair{"a?c", "a\u4f60c"}, std::pair{"*aab", "aaaab"}}) {
    EXPECT_TRUE(matches(pattern, text)) << pattern << " " << text;
  }
  for (const auto& [pattern, text] :
       {std::pair{"", "a"}, std::pair{"a", ""}, std::pair{"?", ""}, std::pair{"ann", "anna"},
        std::pair{"anna", "ann"}, std::pair{"a*n", "anx"}, std::pair{"a?n", "an"},
        std::pair{"*!*@*.example", "ann!u@example"}, std::pair{"Ä", "ä"}}) {
    EXPECT_FALSE(matches(pattern, text)) << pattern << " " << text;
  }
}

// A pattern that backtracks from every place would take longer than the sun has left.
TEST(ChatMasksTest, TheWorstPatternCostsItsLengthTimesThatOfTheText) {
  std::string pattern;
  while (pattern.size() + 2 < mask_bytes_max) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", std::string(4'096, 'a')));
}

TEST(ChatMasksTest, AMaskIsMadeFull) {
  EXPECT_EQ(full_mask("ann"), "ann!*@*");
  EXPECT_EQ(full_mask("host.example"), "*!*@host.example");
  EXPECT_EQ(full_mask("0::1"), "*!*@0::1");
  EXPECT_EQ(full_mask("user@host"), "*!user@host");
  EXPECT_EQ(full_mask("ann!user"), "ann!user@*");
  EXPECT_EQ(full_mask("ann!user@host"), "ann!user@host");
  EXPECT_EQ(full_mask("!@"), "*!*@*");
  EXPECT_EQ(full_mask("***"), "*!*@*");
  EXPECT_EQ(full_mask("a@b!c@d"), "a@b!c@d");
  for (const char* mask : {"ann", "host.example", "u@h", "a!b@c", "a!", "@h", "*"}) {
    EXPECT_EQ(full_mask(*full_mask(mask)), full_mask(mask)) << mask;
  }
}

TEST(ChatMasksTest, WhatCanBeNoMaskIsNone) {
  for (const char* mask : {"", "a b", "a,b", "a\n", "\xff", ":a"}) {
    EXPECT_EQ(full_mask(mask), std::nullopt) << mask;
  }
  const std::size_t rest = std::string("!*@*").size();
  EXPECT_TRUE(full_mask(std::string(mask_bytes_max - rest, 'x')));
  EXPECT_FALSE(full_mask(std::string(mask_bytes_max - rest + 1, 'x')));
}

}  // namespace
}  // namespace muster::chat
