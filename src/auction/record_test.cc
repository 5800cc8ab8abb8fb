// The hashes of the record, byte by byte: other programs compute them too.
#include "auction/record.h"

#include <gtest/gtest.h>

#include "muster/codec.h"

namespace muster::auction::record_test {
namespace {

const LotId lot{{.index = {17}, .ordinal = 1}};

Bytes bytes_of(std::initializer_list<std::string_view> parts) {
  Bytes bytes;
  for (const std::string_view part : parts) Writer(bytes).raw(as_bytes(part));
  return bytes;
}

constexpr std::string_view lot_bytes("\x11\0\0\0\0\0\0\0\x01\0\0\0", 12);

TEST(RecordTest, TheChainStartsAtTheLotsId) {
  const Bytes bytes =
      bytes_of({std::string_view("\x14\0\0\0", 4), "muster.auction.lot.1", lot_bytes});
  EXPECT_EQ(chain_start(lot), wire::sha256(bytes));
  EXPECT_EQ(wire::to_hex(chain_start(lot)),
            "710e3a23be580536cbdd08a68081876843badbcb2d1451f382f692861e8603bc");
}

TEST(RecordTest, AnEntryIsHashedWithTheHashBeforeIt) {
  const Entry entry{.number = 2,
                    .position = {.index = {20}, .ordinal = 3},
                    .time = {1'000},
                    .act = Act::bid,
                    .bidder = "ann",
                    .price = {1'250},
                    .standing = Price{1'300},
                    .standing_bidder = "bob"};
  const Hash before = chain_start(lot);
  const std::string zeros(32, '\0');
  const Bytes bytes = bytes_of(
      {std::string_view("\x16\0\0\0", 4), "muster.auction.entry.1", as_text(before), lot_bytes,
       std::string_view("\x02\0\0\0\0\0\0\0", 8),
       std::string_view("\x14\0\0\0\0\0\0\0\x03\0\0\0", 12),
       std::string_view("\xe8\x03\0\0\0\0\0\0", 8), std::string_view("\x01", 1),
       std::string_view("\x03\0\0\0", 4), "ann", std::string_view("\xe2\x04\0\0\0\0\0\0", 8), zeros,
       std::string_view("\x01\x14\x05\0\0\0\0\0\0", 9), std::string_view("\x03\0\0\0", 4), "bob"});
  EXPECT_EQ(chain_next(before, lot, entry), wire::sha256(bytes));
  EXPECT_EQ(wire::to_hex(chain_next(before, lot, entry)),
            "7aa9c206591108875826209338ea8a096664ed91dd2a45b88ee54a5cfeed0b7b");
}

TEST(RecordTest, ASealedBidIsHashedWithLotBidderPriceAndNonce) {
  Nonce nonce{};
  nonce.fill(std::byte{'n'});
  const Bytes bytes = bytes_of({std::string_view("\x17\0\0\0", 4), "muster.auction.sealed.1",
                                lot_bytes, std::string_view("\x03\0\0\0", 4), "ann",
                                std::string_view("\xe2\x04\0\0\0\0\0\0", 8), std::string(32, 'n')});
  EXPECT_EQ(seal(lot, "ann", {1'250}, nonce), wire::sha256(bytes));
  EXPECT_NE(seal(lot, "ann", {1'251}, nonce), wire::sha256(bytes));
  EXPECT_NE(seal(lot, "anna", {1'250}, nonce), wire::sha256(bytes));
  EXPECT_NE(seal(LotId{{.index = {17}}}, "ann", {1'250}, nonce), wire::sha256(bytes));
}

}  // namespace
}  // namespace muster::auction::record_test
