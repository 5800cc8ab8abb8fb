#include "cli/auction_audit.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::cli {
namespace {

bool is_in_record(const auction::Entry& entry) {
  return entry.reason == auction::Reason::accepted;
}

std::map<std::uint64_t, const auction::Entry*> by_number(const auction::History& history) {
  std::map<std::uint64_t, const auction::Entry*> entries;
  for (const auction::Entry& entry : history.entries) {
    if (is_in_record(entry)) entries.emplace(entry.number, &entry);
  }
  return entries;
}

}  // namespace

std::string fault_in_chain(const auction::History& history) {
  auction::Hash before =
      history.first_kept == 1 ? auction::chain_start(history.lot) : history.before_kept;
  std::uint64_t number = history.first_kept;
  for (const auction::Entry& entry : history.entries) {
    if (!is_in_record(entry)) continue;
    if (entry.number != number) {
      return fmt::format("entry {} is missing: {} follows {}", number, entry.number, number - 1);
    }
    const auction::Hash hash = auction::chain_next(before, history.lot, entry);
    if (hash != entry.hash) return fmt::format("the hash of entry {} does not fit", number);
    before = hash;
    ++number;
  }
  if (before != history.status.head) return "the head is not the hash of the last entry";
  if (number - 1 != history.status.bids) {
    return fmt::format("{} entries, where the lot has {}", number - 1, history.status.bids);
  }
  return {};
}

std::string fault_between(const auction::History& one, const auction::History& other) {
  const auto entries = by_number(one);
  for (const auction::Entry& entry : other.entries) {
    if (!is_in_record(entry)) continue;
    const auto found = entries.find(entry.number);
    if (found != entries.end() && found->second->hash != entry.hash) {
      return fmt::format("entry {} differs", entry.number);
    }
  }
  return {};
}

namespace {

/// Whether the last of a lot's bids agrees with what it was sold for. Of other acts the record
/// alone does not say.
bool won_by(const auction::Entry& last, const auction::Status& status) {
  return last.act != auction::Act::bid ||
         (last.standing_bidder == status.winner && last.standing == status.paid);
}

}  // namespace

AuditOutcome audit(const auction::History& history, const Receipts& receipts) {
  AuditOutcome outcome;
  std::string fault = fault_in_chain(history);
  if (!fault.empty()) outcome.faults.push_back(std::move(fault));
  const auto entries = by_number(history);
  std::map<std::string, std::uint64_t> told;
  std::map<std::uint64_t, std::uint64_t> seen;
  for (const auction::Receipt& receipt : receipts.accepted) {
    ++outcome.acknowledged;
    if (receipt.number < history.first_kept) {
      ++outcome.not_kept;
      continue;
    }
    const auto found = entries.find(receipt.number);
    const bool fits = found != entries.end() && found->second->hash == receipt.hash &&
                      found->second->position == receipt.position;
    if (!fits || ++seen[receipt.number] > 1) {
      ++outcome.lost;
      continue;
    }
    ++told[found->second->bidder];
  }
  std::map<std::string, std::uint64_t> there;
  for (const auto& [number, entry] : entries) ++there[entry->bidder];
  for (const auto& [bidder, count] : there) {
    const auto unknown = receipts.unknown.find(bidder);
    const std::uint64_t most =
        told[bidder] + (unknown == receipts.unknown.end() ? 0 : unknown->second);
    if (count > most) outcome.surplus += count - most;
  }
  if (!auction::is_over(history.status.state)) outcome.faults.emplace_back("the lot is not over");
  const bool sold = history.status.state == auction::State::sold;
  if (sold != !history.status.winner.empty()) {
    outcome.faults.emplace_back("a lot that is sold has one winner, and no other has any");
  }
  if (sold && !entries.empty() && !won_by(*entries.rbegin()->second, history.status)) {
    outcome.faults.emplace_back("the winner is not whose bid stood last, or pays something else");
  }
  return outcome;
}

}  // namespace muster::cli
