// What a hospital that is run by hand knows of its beds, so that it can say so again.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "mobility/messages.h"

namespace muster::cli {

/// Follows what the group says of the beds: receipts have the free ones, orders what is promised.
/// When a session has ended the promises are void, and what is left is told anew. Pure.
/// Thread-safety: none.
class HospitalDesk {
 public:
  /// `free`: beds that no patient is in.
  explicit HospitalDesk(std::uint32_t free) : free_(free) {}

  /// Beds that are free and not promised.
  std::uint32_t free_beds() const;
  /// Beds that no patient is in: what to sign on with.
  std::uint32_t beds_to_sign_on() const { return free_; }
  std::size_t expected() const { return promised_.size(); }
  bool is_on_diversion() const { return diversion_; }

  /// It was signed on with `beds_to_sign_on()`; nothing is promised in this session yet.
  void signed_on() { promised_.clear(); }
  /// The group's answer to `beds`.
  void told(const mobility::Beds& beds, const mobility::Receipt& receipt);
  void hear(const mobility::Order& order);
  /// All orders that stand; who is not among them has most likely come.
  void hear_all(const std::vector<mobility::Order>& orders);

 private:
  std::uint32_t real_promises() const;
  void take_in(mobility::IncidentId patient);

  std::uint32_t free_;                               // Promised ones too.
  std::map<mobility::IncidentId, bool> promised_{};  // False: over capacity, so without a bed.
  bool diversion_{false};
};

}  // namespace muster::cli
