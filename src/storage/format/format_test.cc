// The byte formats: what is written is read back, and what is not is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/crc32c.h"
#include "muster/codec.h"
#include "storage/format/marks.h"
#include "storage/format/record.h"
#include "storage/format/replay.h"
#include "storage/format/segment.h"
#include "storage/format/small_files.h"

namespace muster::storage {
namespace {

constexpr std::size_t segment_bytes = 8'192;
const std::string path = "data/log-0000000000000001";

Entry entry(std::uint64_t index, std::size_t size) {
  return {.term = {1},
          .index = {index},
          .kind = EntryKind::commands,
          .payload = SharedBytes(Bytes(size, std::byte{0x5a}))};
}

/// One segment with three groups: a hard state, a large entry, and two small ones.
struct Segment {
  SegmentHeader header{.number = 1,
                       .file_bytes = segment_bytes,
                       .base_index = {},
                       .base_term = {},
                       .hard_state = {}};
  Bytes file;
  std::size_t second_group{};
  std::size_t third_group{};
  std::size_t end{};

  Segment() : file(encode(header)) {
    file.resize(segment_bytes);
    RecordWriter writer(1, segment_bytes, sector_bytes, 0);
    writer.add_hard_state({.term = {1}, .vote = ServerNumber{2}});
    flush(writer);
    second_group = writer.add_entry(entry(1, 1'500), false);
    flush(writer);
    third_group = writer.add_entry(entry(2, 700), false);
    writer.add_entry(entry(3, 700), false);
    flush(writer);
    end = writer.end();
  }
  void flush(RecordWriter& writer) {
    std::ranges::copy(writer.bytes(), file.begin() + static_cast<std::ptrdiff_t>(writer.start()));
    writer.clear();
  }
  void zero_sector(std::size_t sector) {
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(sector * sector_bytes);
    std::fill(begin, begin + sector_bytes, std::byte{0});
  }
  Result<void> replay(Replay& log) const { return log.add(header, file, path, true); }
};

TEST(RecordTest, AHeaderNeverCrossesABorderOfSectors) {
  EXPECT_EQ(record_place(512), 512U);
  EXPECT_EQ(record_place(513), 520U);
  EXPECT_EQ(record_place(984), 984U);  // 40 bytes are left: it just fits.
  EXPECT_EQ(record_place(985), 1'024U);
}

TEST(SegmentTest, RecordsAreReadBackInOrder) {
  const Segment segment;
  Replay replay(std::nullopt, 1'000);
  ASSERT_TRUE(segment.replay(replay).has_value());
  const auto log = replay.finish().value();
  EXPECT_EQ(log.hard_state, (HardState{.term = {1}, .vote = ServerNumber{2}}));
  EXPECT_EQ(log.entries, (std::vector<Entry>{entry(1, 1'500), entry(2, 700), entry(3, 700)}));
  EXPECT_EQ(replay.end(), segment.end);
  EXPECT_FALSE(replay.torn());
}

TEST(SegmentTest, AMissingSectorInTheLastGroupIsATornTail) {
  Segment segment;
  segment.zero_sector(segment.end / sector_bytes - 1);
  Replay replay(std::nullopt, 1'000);
  ASSERT_TRUE(segment.replay(replay).has_value());
  ASSERT_TRUE(replay.torn().has_value());
  EXPECT_GE(replay.torn()->offset, segment.third_group);
}

TEST(SegmentTest, AMissingSectorInAnEarlierGroupIsDamage) {
  Segment segment;
  segment.zero_sector(segment.second_group / sector_bytes + 1);
  Replay replay(std::nullopt, 1'000);
  const auto added = segment.replay(replay);
  ASSERT_FALSE(added.has_value());
  EXPECT_NE(added.error().message.find("later ones stand behind it"), std::string::npos);
}

TEST(SegmentTest, AWrongByteInTheLastRecordIsDamageAndNoTornTail) {
  Segment segment;
  segment.file[segment.end - 1] ^= std::byte{1};
  Replay replay(std::nullopt, 1'000);
  const auto added = segment.replay(replay);
  ASSERT_FALSE(added.has_value());
  EXPECT_NE(added.error().message.find("term 1, index 3 does not match"), std::string::npos);
}

TEST(SegmentTest, ARecordMovedElsewhereIsNotTaken) {
  Segment segment;
  const auto record = segment.file.begin() + static_cast<std::ptrdiff_t>(segment.third_group);
  const std::size_t place = record_place(segment.end);
  std::copy(record, record + 760, segment.file.begin() + static_cast<std::ptrdiff_t>(place));
  Replay replay(std::nullopt, 1'000);
  EXPECT_FALSE(segment.replay(replay).has_value());
}

TEST(SegmentTest, AnEntryThatSkipsAnIndexIsDamageAndACutMustBeExplicit) {
  for (const std::uint64_t index : {2U, 5U}) {
    Segment segment;
    const SegmentHeader& header = segment.header;
    RecordWriter writer(1, segment_bytes, sector_bytes, 0);
    segment.file = encode(header);
    segment.file.resize(segment_bytes);
    for (const std::uint64_t good : {1U, 2U, 3U}) writer.add_entry(entry(good, 10), false);
    writer.add_entry(entry(index, 10), false);
    segment.flush(writer);
    Replay replay(std::nullopt, 1'000);
    EXPECT_FALSE(segment.replay(replay).has_value()) << index;
  }
}

TEST(MarksTest, ARunEndsWhereALaterCutBegins) {
  Marks marks(1'000);
  marks.note({.index = {1}, .segment = 1, .offset = 512}, false);
  marks.note({.index = {2}, .segment = 1, .offset = 600}, false);
  marks.note({.index = {9}, .segment = 1, .offset = 1'600}, false);
  marks.note({.index = {5}, .segment = 1, .offset = 1'700}, true);
  EXPECT_EQ(marks.size(), 2U);
  EXPECT_EQ(marks.find({4})->from.offset, 512U);
  EXPECT_EQ(marks.find({4})->until, LogIndex{5});
  EXPECT_EQ(marks.find({7})->from.offset, 1'700U);
  EXPECT_FALSE(marks.find({0}).has_value());
}

TEST(SmallFilesTest, WhatIsWrittenIsReadBack) {
  const Identity identity{.server = {Uuid::make_v7({}, 1, 2)},
                          .group_name = "plant",
                          .group = GroupId{Uuid::make_v7({}, 3, 4)},
                          .number = ServerNumber{0},
                          .name = "a",
                          .branch = {}};
  EXPECT_EQ(decode_identity(encode(identity), "identity").value(), identity);
  Identity again = identity;
  again.rejoins = GroupId{};
  EXPECT_EQ(decode_identity(encode(again), "identity").value(), again);
  for (const bool rejoins : {true, false}) {
    if (!rejoins) again.rejoins.reset();
    again.leaves_behind = LeftBehind{
        .server = {Uuid::make_v7({}, 5, 6)}, .number = ServerNumber{2}, .folder = "/data/b"};
    EXPECT_EQ(decode_identity(encode(again), "identity").value(), again);
  }
  again.former = {.gone_groups = {{Uuid::make_v7({}, 7, 8)}},
                  .retired = {{Uuid::make_v7({}, 9, 1)}, {Uuid::make_v7({}, 9, 2)}}};
  EXPECT_EQ(decode_identity(encode(again), "identity").value(), again);
  again.came_about = true;
  EXPECT_EQ(decode_identity(encode(again), "identity").value(), again);
  const FenceRecord fence{.by = identity.server, .term = {7}, .index = {8}};
  EXPECT_EQ(decode_fence(encode(fence), "fence").value(), fence);
  const SnapshotHeader header{
      .index = {9}, .term = {2}, .metadata = Bytes(600), .size = 5, .checksum = 6};
  const Bytes bytes = encode(header);
  EXPECT_EQ(bytes.size(), snapshot_header_bytes(600));
  EXPECT_EQ(decode_snapshot_header(bytes, bytes.size() + 5, "snapshot").value(), header);
}

TEST(SmallFilesTest, AnIdentityOfAnEarlierProgramIsRead) {
  const Identity identity{.server = {Uuid::make_v7({}, 1, 2)},
                          .group_name = "plant",
                          .group = GroupId{Uuid::make_v7({}, 3, 4)},
                          .number = ServerNumber{0},
                          .name = "a",
                          .branch = {}};
  Bytes earlier = encode(identity);
  earlier.resize(earlier.size() - sizeof(std::uint32_t) - 1);  // Without the last field.
  const std::uint32_t checksum = crc32c(earlier);
  Writer(earlier).integer(checksum);
  EXPECT_EQ(decode_identity(earlier, "identity").value(), identity);
}

TEST(SmallFilesTest, AnyFlippedBitAndAnyCutIsRefused) {
  const Bytes good = encode(FenceRecord{.by = {}, .term = {7}, .index = {8}});
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(decode_fence(bad, "fence").has_value()) << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(decode_fence(BytesView(good).first(size), "fence").has_value()) << size;
}

TEST(SmallFilesTest, NamesOfFilesAreReadBackAndOthersAreNot) {
  EXPECT_EQ(segment_number_from(segment_name(255)), 255U);
  EXPECT_EQ(segment_number_from("log-00000000000000fg"), std::nullopt);
  EXPECT_EQ(segment_number_from("log-1"), std::nullopt);
  EXPECT_EQ(snapshot_index_from(snapshot_name({77})), LogIndex{77});
  EXPECT_EQ(snapshot_index_from("snapshot-x"), std::nullopt);
}

}  // namespace
}  // namespace muster::storage
