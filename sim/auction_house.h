// The auction service as servers of the simulator run it: watched.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "auction/auction.h"
#include "muster/machine.h"
#include "sim/auction_checkers.h"

namespace muster::sim {

/// Before each command of a client stands its operation, as in all commands of the simulator.
Bytes with_operation(OperationId id, const auction::Request& request);

/// An auction of the product that takes commands with an operation before them, and tells the
/// checkers what it does.
class AuctionHouse final : public service::Machine {
 public:
  /// Those that a server has, the newest last: a snapshot is loaded into another one.
  using Houses = std::vector<const AuctionHouse*>;

  /// `checkers` and `houses` outlive this.
  AuctionHouse(std::size_t server, const auction::Auction::Options& limits,
               AuctionCheckers& checkers, Houses& houses);
  ~AuctionHouse() override;
  AuctionHouse(const AuctionHouse&) = delete;
  AuctionHouse& operator=(const AuctionHouse&) = delete;

  ServiceId id() const override { return auction_.id(); }
  std::string_view name() const override { return auction_.name(); }
  void apply(const service::Command& command, service::Output& output) override;
  std::optional<LogTime> deadline() const override { return auction_.deadline(); }
  void expire(LogTime now, service::Output& output) override;
  Result<Bytes> topic_state(std::string_view topic) const override {
    return auction_.topic_state(topic);
  }
  Result<Bytes> query(BytesView request) const override { return auction_.query(request); }
  service::FrozenParts freeze() const override { return auction_.freeze(); }
  [[nodiscard]] Result<void> restore(BytesView part) override { return auction_.restore(part); }
  void clear() override { auction_.clear(); }

  /// All that is kept of a lot.
  auction::History history(auction::LotId lot) const;

 private:
  void look_for_secrets(auction::LotId lot) const;

  const std::size_t server_;
  auction::Auction auction_;
  AuctionCheckers& checkers_;
  Houses& houses_;
};

}  // namespace muster::sim
