// What Writer writes, byte by byte, and what Reader makes of too little.
#include "muster/codec.h"

#include <gtest/gtest.h>

#include <string>

#include "muster/bytes.h"

namespace muster {
namespace {

TEST(CodecTest, WritesLittleEndian) {
  Bytes bytes;
  Writer writer(bytes);
  writer.integer(std::uint32_t{0x01020304});
  writer.sized("ab");
  const Bytes expected{std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1},   std::byte{2},
                       std::byte{0}, std::byte{0}, std::byte{0}, std::byte{'a'}, std::byte{'b'}};
  EXPECT_EQ(bytes, expected);
}

TEST(CodecTest, ReadsWhatWasWritten) {
  const Uuid id{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  Bytes bytes;
  Writer writer(bytes);
  writer.integer(std::int64_t{-2});
  writer.uuid(id);
  writer.sized("text");
  writer.raw(as_bytes("rest"));
  Reader reader(bytes);
  EXPECT_EQ(reader.integer<std::int64_t>(), -2);
  EXPECT_EQ(reader.uuid(), id);
  EXPECT_EQ(reader.text(), "text");
  EXPECT_FALSE(reader.finished());
  EXPECT_EQ(as_text(reader.raw(4)), "rest");
  EXPECT_TRUE(reader.finished());
}

TEST(CodecTest, GivesNothingAfterTheFirstReadPastTheEnd) {
  Bytes bytes;
  Writer(bytes).integer(std::uint16_t{7});
  Reader reader(bytes);
  EXPECT_EQ(reader.integer<std::uint32_t>(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.integer<std::uint8_t>(), 0U);
  EXPECT_EQ(reader.uuid(), Uuid{});
  EXPECT_FALSE(reader.finished());
}

TEST(CodecTest, RefusesALengthBeyondTheEnd) {
  Bytes bytes;
  Writer(bytes).integer(std::uint32_t{0xffffffff});
  Reader reader(bytes);
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(SharedBytesTest, SlicesWithoutCopyingAndOutlivesTheWhole) {
  SharedBytes slice;
  const std::byte* place = nullptr;
  {
    const SharedBytes whole = SharedBytes::copy_of(as_bytes("abcdef"));
    place = whole.view().data();
    slice = whole.slice(2, 3);
  }
  EXPECT_EQ(as_text(slice.view()), "cde");
  EXPECT_EQ(slice.view().data(), place + 2);
}

TEST(SharedBytesTest, ComparesByContent) {
  EXPECT_EQ(SharedBytes::copy_of(as_bytes("ab")),
            SharedBytes::copy_of(as_bytes("xab")).slice(1, 2));
  EXPECT_EQ(SharedBytes(), SharedBytes::copy_of({}));
}

using CheckDeathTest = testing::Test;

TEST(CheckDeathTest, StopsTheProgramWhenASliceLiesOutside) {
  const SharedBytes bytes = SharedBytes::copy_of(as_bytes("abc"));
  EXPECT_DEATH(static_cast<void>(bytes.slice(2, 2)), "check failed");
}

}  // namespace
}  // namespace muster
