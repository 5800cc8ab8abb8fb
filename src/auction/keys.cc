// Receipts in snapshots, oldest first:
//
//   u8 3, u64 serial number of the first, u32 count, then each: u64 index and u32 ordinal of the
//   lot, person, key, 32 bytes hash of the command, i64 time, the receipt's bytes
#include "auction/keys.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "auction/parts.h"
#include "muster/check.h"

namespace muster::auction {

const KeptReceipt& Keys::at(std::uint64_t serial) const {
  const auto after = std::ranges::upper_bound(blocks_, serial, {},
                                              [](const auto& block) { return block.read().first; });
  const Block& block = std::prev(after)->read();
  return block.receipts.at(serial - block.first);
}

const KeptReceipt* Keys::find(const KeyName& name, LogTime now) const {
  const auto found = serials_.find(name);
  if (found == serials_.end()) return nullptr;
  const KeptReceipt& kept = at(found->second);
  return kept.time + limits_.age_max <= now ? nullptr : &kept;
}

void Keys::keep(KeptReceipt kept) {
  check(!is_full());
  if (blocks_.empty() || blocks_.back().read().receipts.size() >= limits_.per_part) {
    blocks_.emplace_back().write().first = next_;
  }
  serials_[kept.name] = next_;
  blocks_.back().write().receipts.push_back(std::move(kept));
  ++next_;
  ++count_;
}

void Keys::drop_old(LogTime now) {
  while (!blocks_.empty()) {
    const Block& oldest = blocks_.front().read();
    if (oldest.receipts.back().time + limits_.age_max > now) return;
    for (std::size_t i = 0; i < oldest.receipts.size(); ++i) {
      const auto found = serials_.find(oldest.receipts[i].name);
      if (found != serials_.end() && found->second == oldest.first + i) serials_.erase(found);
    }
    count_ -= oldest.receipts.size();
    blocks_.pop_front();
    if (blocks_.empty()) next_ = 0;  // As after a restore.
  }
}

void Keys::clear() {
  blocks_.clear();
  serials_.clear();
  count_ = 0;
  next_ = 0;
}

void Keys::freeze(service::FrozenParts& parts) const {
  for (const auto& block : blocks_) parts.push_back(block.share());
}

void Keys::Block::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(keys_tag);
  writer.integer(first);
  writer.integer(static_cast<std::uint32_t>(receipts.size()));
  for (const KeptReceipt& kept : receipts) {
    writer.integer(kept.name.lot.opened.index.value);
    writer.integer(kept.name.lot.opened.ordinal);
    writer.sized(kept.name.person);
    writer.sized(kept.name.key);
    writer.raw(kept.request);
    writer.integer(kept.time.milliseconds);
    writer.sized(kept.receipt);
  }
}

namespace {

bool read_receipt(Reader& reader, KeptReceipt& kept) {
  kept.name.lot.opened.index.value = reader.integer<std::uint64_t>();
  kept.name.lot.opened.ordinal = reader.integer<std::uint32_t>();
  kept.name.person = reader.text();
  kept.name.key = reader.text();
  const BytesView request = reader.raw(kept.request.size());
  kept.time.milliseconds = reader.integer<std::int64_t>();
  const BytesView receipt = reader.sized();
  if (!reader.ok() || !is_sane(kept.time)) return false;
  std::memcpy(kept.request.data(), request.data(), request.size());
  kept.receipt.assign(receipt.begin(), receipt.end());
  if (!validate_person(kept.name.person) || !validate_key(kept.name.key)) return false;
  if (kept.name.key.empty()) return false;
  const auto read = decode_receipt(receipt);
  return read && encode(*read) == kept.receipt;
}

}  // namespace

bool Keys::restore(Reader& reader) {
  Block block;
  block.first = reader.integer<std::uint64_t>();
  const auto count = reader.integer<std::uint32_t>();
  if (!reader.ok() || count == 0 || count > limits_.per_part) return false;
  if (!blocks_.empty() &&
      (block.first != next_ || blocks_.back().read().receipts.size() != limits_.per_part)) {
    return false;
  }
  if (block.first > count_bound || count_ + count > limits_.keys_max) return false;
  LogTime before =
      blocks_.empty() ? LogTime{-time_bound} : blocks_.back().read().receipts.back().time;
  for (std::uint32_t i = 0; i < count; ++i) {
    KeptReceipt kept;
    if (!read_receipt(reader, kept) || kept.time < before) return false;
    before = kept.time;
    block.receipts.push_back(std::move(kept));
  }
  if (!reader.finished()) return false;
  next_ = block.first;
  for (const KeptReceipt& kept : block.receipts) serials_[kept.name] = next_++;
  count_ += count;
  blocks_.emplace_back(std::move(block));
  return true;
}

}  // namespace muster::auction
