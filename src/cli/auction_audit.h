// Checks the record of a lot: against itself, against other servers, and against receipts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "auction/messages.h"

namespace muster::cli {

/// What is wrong with the chain of hashes; empty: nothing. Recomputes each from the one before, and
/// the last must be the head.
std::string fault_in_chain(const auction::History& history);

/// What two servers' records of one lot have that differs, as far as both have it; empty: nothing.
std::string fault_between(const auction::History& one, const auction::History& other);

/// Receipts of accepted bids, and how many bids there are whose outcome nobody knows.
struct Receipts {
  std::vector<auction::Receipt> accepted{};
  std::map<std::string, std::uint64_t> unknown{};  ///< By bidder.
};

/// How the record of a lot and what its bidders were told fit together.
struct AuditOutcome {
  std::uint64_t acknowledged{0};
  std::uint64_t lost{0};      ///< Acknowledged, but not in the record as the receipt says.
  std::uint64_t surplus{0};   ///< In the record, though no bid was made that could be it.
  std::uint64_t not_kept{0};  ///< Acknowledged, and no longer kept in the record.
  std::vector<std::string> faults{};
  bool well() const { return lost == 0 && surplus == 0 && faults.empty(); }
};

/// Compares the whole record of a lot that is over with all receipts of its bids.
AuditOutcome audit(const auction::History& history, const Receipts& receipts);

}  // namespace muster::cli
