// The layouts of batches and entries, byte by byte, and their limits.
#include "wire/batch.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/testing.h"

namespace muster::wire::batch_test {
namespace {

using testing::from_hex;
using testing::to_hex;

const SessionId ann{{{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xaa}}};
constexpr ServiceId echo{7};

BatchHeader header_of(std::uint64_t first, std::uint32_t skip = 0) {
  return {.session = ann, .epoch = Epoch{3}, .first_sequence = {first}, .skip = skip};
}

Bytes batch_of(const BatchHeader& header, const std::vector<std::string>& payloads) {
  BatchBuilder builder(header);
  for (const std::string& payload : payloads) {
    EXPECT_TRUE(builder.add(echo, as_bytes(payload)).has_value());
  }
  return std::move(builder).finish();
}

std::vector<std::string> payloads_of(const BatchView& batch) {
  std::vector<std::string> payloads;
  for (const CommandView command : batch.commands()) {
    payloads.emplace_back(as_text(command.payload));
  }
  return payloads;
}

const std::string two_commands =
    "018f000000007000800000000000"
    "00aa"
    "0500000000000000"
    "03000000"
    "0200"
    "0000"
    "14000000"
    "01000000"
    "03000000"
    "0700"
    "0000"
    "616263"
    "01000000"
    "0700"
    "0000"
    "64";

TEST(BatchTest, HasTheLayoutOfTheHeader) {
  EXPECT_EQ(to_hex(batch_of(header_of(5, 1), {"abc", "d"})), two_commands);
}

TEST(BatchTest, ReadsWhatWasBuilt) {
  const Bytes bytes = from_hex(two_commands);
  const BatchView batch = BatchView::parse_from_client(bytes).value();
  EXPECT_EQ(batch.header(), header_of(5, 1));
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch.end_sequence(), SequenceNumber{7});
  EXPECT_EQ(payloads_of(batch), (std::vector<std::string>{"abc", "d"}));
  EXPECT_EQ((*batch.commands().begin()).service, echo);
  EXPECT_EQ(batch.bytes().data(), bytes.data());
}

TEST(BatchTest, CarriesACommandWithoutPayload) {
  const Bytes bytes = batch_of(header_of(1), {""});
  EXPECT_EQ(payloads_of(BatchView::parse(bytes).value()), std::vector<std::string>{""});
}

TEST(BatchTest, MayBeEmptyOnlyWhenItSkips) {
  const Bytes bytes = batch_of(header_of(5, 4), {});
  EXPECT_EQ(BatchView::parse(bytes)->size(), 0U);
  Bytes without_skip = bytes;
  without_skip[36] = std::byte{0};
  EXPECT_EQ(BatchView::parse(without_skip).error().code, ErrorCode::invalid_argument);
}

TEST(BatchTest, CannotSkipMoreNumbersThanThereWere) {
  Bytes bytes = batch_of(header_of(5, 4), {"a"});
  bytes[36] = std::byte{5};
  EXPECT_EQ(BatchView::parse(bytes).error().code, ErrorCode::invalid_argument);
}

TEST(BatchTest, OfAClientIsNeitherSystemNorUnnumbered) {
  const Bytes system = batch_of({.system = true}, {"a"});
  EXPECT_TRUE(BatchView::parse(system)->header().system);
  EXPECT_EQ(BatchView::parse_from_client(system).error().code, ErrorCode::permission_denied);
  const Bytes unnumbered = batch_of(header_of(0), {"a"});
  EXPECT_TRUE(BatchView::parse(unnumbered).has_value());
  EXPECT_EQ(BatchView::parse_from_client(unnumbered).error().code, ErrorCode::permission_denied);
}

TEST(BatchTest, TakesACommandOfTheLimitAndNotOneByteMore) {
  const std::string largest(command_bytes_max, 'x');
  const Bytes bytes = batch_of(header_of(1), {largest});
  EXPECT_EQ(payloads_of(BatchView::parse(bytes).value()), std::vector<std::string>{largest});
  BatchBuilder builder(header_of(1));
  EXPECT_EQ(builder.add(echo, as_bytes(largest + "x")).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(builder.empty());
}

TEST(BatchTest, IsFullAtTheBytesOfAnEntry) {
  BatchBuilder builder(header_of(1));
  const std::string largest(command_bytes_max, 'x');
  ASSERT_TRUE(builder.add(echo, as_bytes(largest)).has_value());
  const std::size_t room =
      batch_bytes_max - batch_header_bytes - 2 * command_header_bytes - command_bytes_max;
  EXPECT_FALSE(builder.fits(room + 1));
  EXPECT_EQ(builder.add(echo, as_bytes(std::string(room + 1, 'y'))).error().code,
            ErrorCode::resource_exhausted);
  ASSERT_TRUE(builder.add(echo, as_bytes(std::string(room, 'y'))).has_value());
  const Bytes bytes = std::move(builder).finish();
  EXPECT_EQ(bytes.size(), batch_bytes_max);
  const BatchView batch = BatchView::parse(bytes).value();
  EntryBuilder entry;
  EXPECT_TRUE(entry.add(batch));
  EXPECT_EQ(std::move(entry).finish(LogTime{1}).size(), entry_bytes_max);
}

TEST(BatchTest, IsFullAtTheNumberOfCommandsOfAnEntry) {
  BatchBuilder builder(header_of(1));
  for (std::uint32_t i = 0; i < entry_commands_max; ++i) {
    ASSERT_TRUE(builder.add(echo, {}).has_value());
  }
  EXPECT_EQ(builder.add(echo, {}).error().code, ErrorCode::resource_exhausted);
  Bytes bytes = std::move(builder).finish();
  EXPECT_EQ(BatchView::parse(bytes)->size(), entry_commands_max);
  bytes[28] = std::byte{1};
  EXPECT_EQ(BatchView::parse(bytes).error().code, ErrorCode::resource_exhausted);
}

TEST(BatchTest, RefusesASequenceNumberThatWouldWrap) {
  Bytes bytes = batch_of(header_of(5), {"a"});
  for (std::size_t i = 16; i < 24; ++i) bytes[i] = std::byte{0xff};
  EXPECT_EQ(BatchView::parse(bytes).error().code, ErrorCode::invalid_argument);
}

TEST(BatchTest, StandsAlone) {
  Bytes bytes = batch_of(header_of(5), {"a"});
  bytes.push_back(std::byte{0});
  EXPECT_EQ(BatchView::parse(bytes).error().code, ErrorCode::invalid_argument);
}

TEST(BatchTest, SurvivesDamage) {
  EXPECT_TRUE(testing::survives_damage(from_hex(two_commands), 1, [](BytesView bytes) {
    const Result<BatchView> batch = BatchView::parse(bytes);
    if (!batch) return false;
    EXPECT_EQ(payloads_of(*batch).size(), batch->size());
    return true;
  }));
}

TEST(EntryTest, HasTheLayoutOfTheHeader) {
  EntryBuilder builder(200);
  const Bytes bytes = from_hex(two_commands);
  ASSERT_TRUE(builder.add(BatchView::parse(bytes).value()));
  EXPECT_EQ(to_hex(std::move(builder).finish(LogTime{0x0102030405060708})),
            "0100"
            "0000"
            "0807060504030201"
            "02000000"
            "01000000" +
                two_commands);
}

TEST(EntryTest, ReadsItsBatchesInOrder) {
  EntryBuilder builder;
  const Bytes first = batch_of(header_of(5), {"a", "b"});
  const Bytes second = batch_of({.system = true}, {"c"});
  ASSERT_TRUE(builder.add(BatchView::parse(first).value()));
  ASSERT_TRUE(builder.add(BatchView::parse(second).value()));
  const Bytes bytes = std::move(builder).finish(LogTime{-1});
  const EntryView entry = EntryView::parse(bytes).value();
  EXPECT_EQ(entry.time(), LogTime{-1});
  EXPECT_EQ(entry.commands(), 3U);
  EXPECT_EQ(entry.batch_count(), 2U);
  std::vector<std::string> payloads;
  for (const BatchView batch : entry.batches()) {
    for (const std::string& payload : payloads_of(batch)) payloads.push_back(payload);
  }
  EXPECT_EQ(payloads, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(EntryTest, WithoutABatchIsATimeEntry) {
  const Bytes bytes = EntryBuilder().finish(LogTime{9});
  const EntryView entry = EntryView::parse(bytes).value();
  EXPECT_EQ(entry.time(), LogTime{9});
  EXPECT_EQ(entry.commands(), 0U);
  EXPECT_EQ(entry.batches().begin(), entry.batches().end());
}

TEST(EntryTest, TellsWhenABatchBelongsToTheNext) {
  const std::string large(200'000, 'x');
  const Bytes bytes = batch_of(header_of(1), {large});
  const BatchView batch = BatchView::parse(bytes).value();
  EntryBuilder builder;
  EXPECT_TRUE(builder.add(batch));
  EXPECT_TRUE(builder.add(batch));
  EXPECT_FALSE(builder.add(batch));
  EXPECT_EQ(builder.commands(), 2U);
}

TEST(EntryTest, HoldsNoMoreThanItsNumberOfCommands) {
  const Bytes many = batch_of(header_of(1), std::vector<std::string>(entry_commands_max, ""));
  const Bytes one = batch_of(header_of(1), {""});
  EntryBuilder builder;
  EXPECT_TRUE(builder.add(BatchView::parse(many).value()));
  EXPECT_FALSE(builder.add(BatchView::parse(one).value()));
}

TEST(EntryTest, OfAnotherFormatIsNotGuessedAt) {
  Bytes bytes = EntryBuilder().finish(LogTime{9});
  bytes[0] = std::byte{2};
  EXPECT_EQ(EntryView::parse(bytes).error().code, ErrorCode::unimplemented);
}

TEST(EntryTest, MustHaveAsManyCommandsAsItSays) {
  EntryBuilder builder;
  const Bytes batch = from_hex(two_commands);
  ASSERT_TRUE(builder.add(BatchView::parse(batch).value()));
  Bytes bytes = std::move(builder).finish(LogTime{9});
  bytes[12] = std::byte{3};
  EXPECT_EQ(EntryView::parse(bytes).error().code, ErrorCode::invalid_argument);
}

TEST(EntryTest, SurvivesDamage) {
  EntryBuilder builder;
  const Bytes batch = from_hex(two_commands);
  ASSERT_TRUE(builder.add(BatchView::parse(batch).value()));
  ASSERT_TRUE(builder.add(BatchView::parse(batch).value()));
  const Bytes valid = std::move(builder).finish(LogTime{9});
  EXPECT_TRUE(testing::survives_damage(valid, 2, [](BytesView bytes) {
    const Result<EntryView> entry = EntryView::parse(bytes);
    if (!entry) return false;
    std::size_t commands = 0;
    for (const BatchView view : entry->batches()) commands += payloads_of(view).size();
    EXPECT_EQ(commands, entry->commands());
    return true;
  }));
}

TEST(ForwardTest, HasTheLayoutOfTheHeader) {
  ForwardBuilder builder;
  const Bytes batch = from_hex(two_commands);
  ASSERT_TRUE(builder.add(BatchView::parse(batch).value()));
  const Bytes bytes = std::move(builder).finish();
  EXPECT_EQ(to_hex(bytes), "0200000001000000" + two_commands);
  const ForwardView forward = ForwardView::parse(bytes).value();
  EXPECT_EQ(forward.commands(), 2U);
  EXPECT_EQ(to_hex((*forward.batches().begin()).bytes()), two_commands);
}

TEST(ForwardTest, RefusesABatchThatIsMarkedSystem) {
  Bytes bytes = from_hex("0100000001000000");
  const Bytes batch = batch_of({.system = true}, {"a"});
  bytes.insert(bytes.end(), batch.begin(), batch.end());
  EXPECT_EQ(ForwardView::parse(bytes).error().code, ErrorCode::permission_denied);
}

TEST(ForwardTest, OfTheLimitFitsIntoAnEntry) {
  BatchBuilder largest(header_of(1));
  largest.reserve(batch_bytes_max);
  ASSERT_TRUE(largest.add(echo, Bytes(command_bytes_max)).has_value());
  ASSERT_TRUE(largest
                  .add(echo, Bytes(batch_bytes_max - batch_header_bytes - 2 * command_header_bytes -
                                   command_bytes_max))
                  .has_value());
  const Bytes batch = std::move(largest).finish();
  ForwardBuilder builder;
  ASSERT_TRUE(builder.add(BatchView::parse(batch).value()));
  const Bytes bytes = std::move(builder).finish();
  EXPECT_TRUE(ForwardView::parse(bytes).has_value());
}

}  // namespace
}  // namespace muster::wire::batch_test
