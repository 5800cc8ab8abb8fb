// Unit tests of the entry file: what it may say, and each mistake with its line and reason.
#include "discovery/entry_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace muster::discovery::entry_file_test {
namespace {

constexpr std::uint16_t port = 9000;

std::vector<std::string> read(std::string_view text) {
  const auto file = parse_entry_file(text, port);
  if (!file) return {file.error().message};
  std::vector<std::string> lines;
  for (const EntryLine& peer : *file) {
    lines.push_back(std::to_string(peer.id.value) + " " + peer.address());
  }
  return lines;
}

std::string refusal(std::string_view text) {
  const auto file = parse_entry_file(text, port);
  return file ? "taken" : file.error().message;
}

using Lines = std::vector<std::string>;

TEST(EntryFileTest, PeersAreReadByAscendingId) {
  EXPECT_EQ(read("3\n2 10.0.0.3\n0 10.0.0.1\n1 10.0.0.2:9100\n"),
            (Lines{"0 10.0.0.1:9000", "1 10.0.0.2:9100", "2 10.0.0.3:9000"}));
  EXPECT_EQ(read("1\n65535 localhost"), (Lines{"65535 localhost:9000"}));
}

TEST(EntryFileTest, AnAddressIsANumberOfEitherKindOrAName) {
  EXPECT_EQ(
      read("4\n0 ::1\n1 [::1]:9100\n2 [fe80::1%eth0]\n3 ::ffff:10.0.0.1\n"),
      (Lines{"0 [::1]:9000", "1 [::1]:9100", "2 [fe80::1%eth0]:9000", "3 [::ffff:10.0.0.1]:9000"}));
  EXPECT_EQ(read("2\n0 Shop-1.Example.org\n1 1:2:3:4:5:6:7:8\n"),
            (Lines{"0 shop-1.example.org:9000", "1 [1:2:3:4:5:6:7:8]:9000"}));
}

TEST(EntryFileTest, SpacesTabsLineEndsOfWindowsAndEmptyLinesAtTheEndDoNoHarm) {
  EXPECT_EQ(read("  2 \r\n0\t10.0.0.1  \r\n  1   10.0.0.2\r\n\r\n \n"),
            (Lines{"0 10.0.0.1:9000", "1 10.0.0.2:9000"}));
}

TEST(EntryFileTest, TheFirstLineIsANumberOfPeers) {
  EXPECT_EQ(refusal(""),
            "it is empty: the first line is the number of peers, then a line ID ADDRESS for each");
  EXPECT_EQ(refusal(" \n\n"), refusal(""));
  EXPECT_EQ(refusal("\n0 a\n"), "line 1: it is empty: the first line is the number of peers");
  EXPECT_EQ(refusal("0 10.0.0.1\n"),
            "line 1: '10.0.0.1' is too much: the first line is the number of peers and nothing "
            "more");
  EXPECT_EQ(refusal("three\n"),
            "line 1: 'three' is no number: the first line is the number of peers");
  EXPECT_EQ(refusal("-1\n"), "line 1: '-1' is no number: the first line is the number of peers");
  EXPECT_EQ(refusal("0\n"), "line 1: '0' peers are not possible: from 1 to 15");
  EXPECT_EQ(refusal("16\n"), "line 1: '16' peers are not possible: from 1 to 15");
  EXPECT_EQ(refusal("99999999999999999999999\n"),
            "line 1: '99999999999999999999999' peers are not possible: from 1 to 15");
}

TEST(EntryFileTest, ThereAreAsManyLinesAsThat) {
  EXPECT_EQ(refusal("3\n0 a\n1 b\n"),
            "line 4: a line is missing: line 1 says 3 peers, and there are 2");
  EXPECT_EQ(refusal("1\n0 a\n1 b\n"), "line 3: one line too many: line 1 says 1 peer");
  EXPECT_EQ(refusal("2\n0 a\n\n1 b\n"), "line 3: it is empty: write ID ADDRESS");
}

TEST(EntryFileTest, AnIdIsANumberThatNoOtherHas) {
  EXPECT_EQ(refusal("1\na 10.0.0.1\n"), "line 2: the ID 'a' is no number: write ID ADDRESS");
  EXPECT_EQ(refusal("1\n# 10.0.0.1\n"), "line 2: the ID '#' is no number: write ID ADDRESS");
  EXPECT_EQ(refusal("1\n-1 10.0.0.1\n"), "line 2: the ID '-1' is no number: write ID ADDRESS");
  EXPECT_EQ(refusal("1\n65536 10.0.0.1\n"), "line 2: the ID '65536' is too large: at most 65535");
  EXPECT_EQ(refusal("1\n18446744073709551617 10.0.0.1\n"),
            "line 2: the ID '18446744073709551617' is too large: at most 65535");
  EXPECT_EQ(refusal("2\n1 a\n1 b\n"),
            "line 3: the ID 1 stands there twice: each peer has one of its own");
}

TEST(EntryFileTest, AnAddressIsWellFormedAndThatOfOnePeer) {
  const auto problem = [](const std::string& address) {
    const std::string text = refusal("1\n0 " + address + "\n");
    const std::string begin = "line 2: '" + address + "' is no address (";
    if (!text.starts_with(begin)) return text;
    return text.substr(begin.size(), text.find("): write") - begin.size());
  };
  EXPECT_EQ(refusal("1\n0\n"), "line 2: the address is missing: write ID ADDRESS");
  EXPECT_EQ(refusal("1\n0 a 9000\n"),
            "line 2: '9000' is too much: write ID ADDRESS and nothing more");
  for (const char* const number : {"10.0.0", "10.0.0.256", "1.2.3.4.5", "10.0.0.01", "1..2.3"}) {
    EXPECT_EQ(problem(number), "that is no IPv4 number") << number;
  }
  for (const char* const number : {"1::2::3", "::12345", "1:2:3:4:5:6:7", "[1:2:3:4:5:6:7:8:9]",
                                   ":::", "::g", "fe80::1%", "1:2:", "::1.2.3"}) {
    EXPECT_EQ(problem(number), "that is no IPv6 number") << number;
  }
  EXPECT_EQ(problem("[::1"), "a ] is missing");
  EXPECT_EQ(problem("[a]"), "brackets are for IPv6 only");
  EXPECT_EQ(problem("[::1]9"), "after ] comes :PORT");
  EXPECT_EQ(problem(":9000"), "the host is missing");
  EXPECT_EQ(problem("a/b"), "a host has letters, digits, dots and hyphens");
  EXPECT_EQ(problem("0.0.0.0"), "that is every address of a machine, not one");
  EXPECT_EQ(refusal("1\n0 " + std::string(254, 'a') + "\n").find("line 2: 'aaaa"), 0U);
  for (const char* const address : {"a:", "a:0", "a:65536", "a:b", "[::1]:0", "a:99999999999999"}) {
    EXPECT_EQ(refusal("1\n0 " + std::string(address) + "\n"),
              "line 2: '" + std::string(address) + "': the port must be a number from 1 to 65535");
  }
  EXPECT_EQ(refusal("2\n0 a:9000\n7 A\n"),
            "line 3: the address a:9000 is that of ID 0 too: each peer has one of its own");
}

TEST(EntryFileTest, WhatIsNoTextOrTooLargeIsRefused) {
  EXPECT_EQ(refusal("1\n0 \xff\xfe\n"), "line 2: it is no text (no UTF-8)");
  EXPECT_EQ(refusal(std::string_view("1\n0 a\0b\n", 8)),
            "line 2: it is no text (it has control characters)");
  EXPECT_EQ(refusal("\xef\xbb\xbf"
                    "1\n0 a\n"),
            "line 1: '\xef\xbb\xbf"
            "1' is no number: the first line is the number of peers");
  EXPECT_EQ(refusal(std::string(entry_file_bytes_max + 1, '1')),
            "it is larger than 16384 bytes: it has a line for each of at most 15 peers, and "
            "nothing else");
}

TEST(EntryFileTest, TheDigestIsOfWhatIsSaidAndNotOfHow) {
  const auto digest = [](std::string_view text, std::uint16_t default_port) {
    return digest_of(parse_entry_file(text, default_port).value());
  };
  const std::string one = digest("2\n0 10.0.0.1\n1 B\n", port);
  EXPECT_EQ(digest("2\r\n1  b:9000\r\n0 10.0.0.1:9000\r\n", 1), one);
  EXPECT_EQ(digest("2\n1 b:9000\n0 10.0.0.1:9000\n\n", 1), one);
  EXPECT_NE(digest("2\n0 10.0.0.1\n1 b\n", 9001), one);
  EXPECT_NE(digest("2\n0 10.0.0.1\n2 b\n", port), one);
}

TEST(EntryFileTest, AnyBytesAreTakenOrRefused) {
  Random random(7);
  constexpr std::string_view pieces[] = {"0",
                                         "1",
                                         "2",
                                         "15",
                                         "\n",
                                         " ",
                                         ":",
                                         ".",
                                         "::",
                                         "[",
                                         "]",
                                         "a",
                                         "%",
                                         "\r\n",
                                         "ff",
                                         "\x80",
                                         "1\n0 10.0.0.1\n",
                                         "2\n0 a\n1 [::1]:9\n"};
  std::size_t taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t piece = random.below(12); piece > 0; --piece) {
      text += pieces[random.below(std::size(pieces))];
    }
    const auto file = parse_entry_file(text, port);
    if (!file) {
      EXPECT_FALSE(file.error().message.empty());
      continue;
    }
    ++taken;
    std::string again = std::to_string(file->size()) + "\n";
    for (const EntryLine& peer : *file) {
      again += std::to_string(peer.id.value) + " " + peer.address() + "\n";
    }
    EXPECT_EQ(parse_entry_file(again, 1).value(), *file) << text;
  }
  EXPECT_GT(taken, 100U);
}

}  // namespace
}  // namespace muster::discovery::entry_file_test
