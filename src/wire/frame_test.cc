// Frames cut out of every split of a stream, and what a decoder holds meanwhile.
#include "wire/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "wire/limits.h"
#include "wire/testing.h"

namespace muster::wire::frame_test {
namespace {

using testing::to_hex;

Frame frame_of(FrameType type, std::size_t size, std::uint64_t seed = 1) {
  Random random(seed);
  return {type, Lane::normal, SharedBytes(testing::random_bytes(random, size))};
}

void append(Bytes& stream, const Frame& frame) {
  const Bytes bytes = encode_frame(frame.type, frame.lane, frame.body.view());
  stream.insert(stream.end(), bytes.begin(), bytes.end());
}

void drain(FrameDecoder& decoder, std::vector<Frame>& frames) {
  for (;;) {
    const Result<std::optional<Frame>> frame = decoder.next();
    ASSERT_TRUE(frame.has_value()) << frame.error().message;
    if (!*frame) return;
    frames.push_back(**frame);
  }
}

/// Gives the decoder the stream as a socket would, at most `step` bytes at a time.
std::vector<Frame> read_in_steps(FrameDecoder& decoder, BytesView stream, std::size_t step) {
  std::vector<Frame> frames;
  while (!stream.empty()) {
    const std::span<std::byte> span = decoder.prepare();
    const std::size_t size = std::min({step, span.size(), stream.size()});
    std::memcpy(span.data(), stream.data(), size);
    decoder.commit(size);
    stream = stream.subspan(size);
    drain(decoder, frames);
  }
  return frames;
}

TEST(FrameTest, HasTheLayoutOfTheHeader) {
  EXPECT_EQ(to_hex(encode_frame(FrameType::commands, Lane::bulk, as_bytes("abc"))),
            "0300000013020000616263");
}

TEST(FrameDecoderTest, GivesTheSameFramesHoweverTheStreamIsSplit) {
  const std::vector<Frame> sent{frame_of(FrameType::ping, 0), frame_of(FrameType::commands, 100, 2),
                                frame_of(FrameType::raft, 40'000, 3),
                                frame_of(FrameType::replies, 1, 4),
                                frame_of(FrameType::forward, 70'000, 5)};
  Bytes stream;
  for (const Frame& frame : sent) append(stream, frame);
  for (const std::size_t step : {1U, 3U, 7U, 8U, 9U, 100U, 4'096U, 30'000U, 65'536U, 200'000U}) {
    ReceiveBuffer buffer;
    FrameDecoder decoder(buffer);
    EXPECT_EQ(read_in_steps(decoder, stream, step), sent) << "step " << step;
    EXPECT_EQ(decoder.bytes_held(), 0U);
  }
}

TEST(FrameDecoderTest, SharesOneBlockAmongTheSmallFramesOfARead) {
  Bytes stream;
  append(stream, frame_of(FrameType::commands, 10));
  append(stream, frame_of(FrameType::commands, 20));
  ReceiveBuffer buffer;
  FrameDecoder decoder(buffer);
  decoder.feed(stream);
  const Frame first = decoder.next().value().value();
  const Frame second = decoder.next().value().value();
  EXPECT_EQ(second.body.view().data() - first.body.view().data(),
            static_cast<std::ptrdiff_t>(10 + frame_header_bytes));
}

TEST(FrameDecoderTest, ReadsALargeFrameStraightIntoItsPlace) {
  Bytes stream;
  append(stream, frame_of(FrameType::raft, 100'000));
  ReceiveBuffer buffer;
  FrameDecoder decoder(buffer);
  decoder.feed(BytesView(stream).first(50'000));
  EXPECT_EQ(decoder.bytes_held(), stream.size());
  const std::span<std::byte> span = decoder.prepare();
  EXPECT_EQ(span.size(), stream.size() - 50'000);  // Not one byte of the next frame.
  std::memcpy(span.data(), stream.data() + 50'000, span.size());
  decoder.commit(span.size());
  const Frame frame = decoder.next().value().value();
  EXPECT_EQ(frame.body.view().data(), span.data() - 50'000 + frame_header_bytes);
  EXPECT_EQ(decoder.bytes_held(), 0U);
}

TEST(FrameDecoderTest, HoldsNoMoreForAFrameThanFourTimesWhatCameOfIt) {
  Bytes stream;
  append(stream, frame_of(FrameType::raft, frame_body_bytes_max));
  ReceiveBuffer buffer(4'000);
  FrameDecoder decoder(buffer);
  decoder.feed(BytesView(stream).first(frame_header_bytes));
  EXPECT_EQ(decoder.bytes_held(), 4'096U);
  std::vector<Frame> frames;
  std::size_t received = frame_header_bytes;
  while (received < stream.size()) {
    const std::span<std::byte> span = decoder.prepare();
    const std::size_t size = std::min(span.size(), stream.size() - received);
    std::memcpy(span.data(), stream.data() + received, size);
    decoder.commit(size);
    received += size;
    ASSERT_LE(decoder.bytes_held(), std::max<std::size_t>(4'096, 4 * received));
  }
  drain(decoder, frames);
  EXPECT_EQ(frames, std::vector{frame_of(FrameType::raft, frame_body_bytes_max)});
}

TEST(FrameDecoderTest, TakesAFrameOfTheLimitAndNotOneByteMore) {
  ReceiveBuffer buffer;
  FrameDecoder decoder(buffer);
  Bytes stream;
  append(stream, frame_of(FrameType::raft, frame_body_bytes_max));
  EXPECT_EQ(read_in_steps(decoder, stream, 65'536).size(), 1U);
  decoder.feed(testing::from_hex("0100100043000000"));
  EXPECT_EQ(decoder.next().error().code, ErrorCode::resource_exhausted);
}

TEST(FrameDecoderTest, GivesTheFramesBeforeAnErrorAndThenTheErrorForGood) {
  Bytes stream;
  append(stream, frame_of(FrameType::ping, 0));
  const Bytes unknown = testing::from_hex("00000000ff000000");
  stream.insert(stream.end(), unknown.begin(), unknown.end());
  ReceiveBuffer buffer;
  FrameDecoder decoder(buffer);
  decoder.feed(stream);
  EXPECT_EQ(decoder.next().value().value().type, FrameType::ping);
  EXPECT_EQ(decoder.next().error().code, ErrorCode::invalid_argument);
  decoder.feed(stream);
  EXPECT_EQ(decoder.next().error().code, ErrorCode::invalid_argument);
}

TEST(FrameDecoderTest, RefusesALaneThatIsNoneAndBytesThatMustBeZero) {
  for (const char* header : {"0000000002030000", "0000000002000100", "0000000000000000"}) {
    ReceiveBuffer buffer;
    FrameDecoder decoder(buffer);
    const Bytes bytes = testing::from_hex(header);
    decoder.feed(BytesView(bytes).first(5));  // Also when the header comes in two pieces.
    decoder.feed(BytesView(bytes).subspan(5));
    EXPECT_EQ(decoder.next().error().code, ErrorCode::invalid_argument) << header;
    EXPECT_EQ(decoder.prepare().data(), buffer.span().data());  // What follows is read, unheeded.
    decoder.commit(1'000);
    EXPECT_EQ(decoder.next().error().code, ErrorCode::invalid_argument) << header;
  }
}

TEST(FrameDecoderTest, SurvivesRandomBytes) {
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    Random random(seed);
    Bytes stream;
    for (int i = 0; i < 5; ++i) append(stream, frame_of(FrameType::raft, random.below(300), seed));
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      stream[random.below(stream.size())] = static_cast<std::byte>(random.below(256));
    }
    ReceiveBuffer buffer(256);
    FrameDecoder decoder(buffer);
    BytesView rest = stream;
    while (!rest.empty()) {
      const std::size_t size = std::min<std::size_t>(1 + random.below(200), rest.size());
      decoder.feed(rest.first(size));
      rest = rest.subspan(size);
      for (auto frame = decoder.next(); frame && *frame; frame = decoder.next()) {
        EXPECT_LE((*frame)->body.size(), frame_body_bytes_max);
      }
    }
  }
}

}  // namespace
}  // namespace muster::wire::frame_test
