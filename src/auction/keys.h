// What was answered to commands with a key, so that nothing is carried out twice.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "auction/messages.h"
#include "muster/codec.h"
#include "muster/copy_on_write.h"
#include "muster/machine.h"

namespace muster::auction {

/// Whose key it is, and for what.
struct KeyName {
  LotId lot{};  ///< Zero for commands that open a lot.
  std::string person{};
  std::string key{};
  friend auto operator<=>(const KeyName&, const KeyName&) = default;
};

struct KeptReceipt {
  KeyName name{};
  Hash request{};  ///< Of the command it answered.
  LogTime time{};
  Bytes receipt{};  ///< As it was sent.
  friend bool operator==(const KeptReceipt&, const KeptReceipt&) = default;
};

/// The receipts of the last `age_max`, in the order of their commands. Those that are older may be
/// kept for longer, but are found no more.
class Keys {
 public:
  struct Limits {
    std::size_t keys_max;
    std::chrono::milliseconds age_max;
    std::size_t per_part;
  };
  explicit Keys(const Limits& limits) : limits_(limits) {}

  /// Null if there is none of the time. Valid until the next change.
  const KeptReceipt* find(const KeyName& name, LogTime now) const;
  bool is_full() const { return count_ >= limits_.keys_max; }
  bool is_empty() const { return count_ == 0; }
  /// Precondition: it is not full, and the time is not before that of the last one.
  void keep(KeptReceipt kept);
  void drop_old(LogTime now);
  void clear();

  void freeze(service::FrozenParts& parts) const;
  /// Takes in the next part. Errors: false if it is none.
  bool restore(Reader& reader);

 private:
  struct Block final : service::Part {
    void encode(Bytes& out) const override;
    std::uint64_t first{0};  // Its serial number.
    std::vector<KeptReceipt> receipts{};
  };

  const KeptReceipt& at(std::uint64_t serial) const;

  const Limits limits_;
  std::deque<service::CopyOnWrite<Block>> blocks_{};
  std::uint64_t next_{0};  // Serial number of the next one.
  // Found again from the blocks.
  std::size_t count_{0};
  std::map<KeyName, std::uint64_t> serials_{};  // The newest of each name.
};

}  // namespace muster::auction
