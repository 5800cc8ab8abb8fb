// Between the schema's messages and the values that several of the auction's messages share.
#pragma once

#include "auction/auction.pb.h"
#include "auction/messages.h"
#include "wire/timestamp.h"

namespace muster::auction {

using wire::put_time;
using wire::to_time;

void put_lot(LotId lot, schema::Position& out);
LotId to_lot(const schema::Position& lot);
std::uint64_t to_ms(std::chrono::milliseconds span);
/// More than `most` stays more than that, without overflow.
std::chrono::milliseconds from_ms(std::uint64_t ms, std::chrono::milliseconds most = lot_time_max);
std::string to_field(const std::array<std::byte, 32>& bytes);

// Errors of all: INVALID_ARGUMENT for values of enums that this version does not know, for hashes
// of a wrong length and for unknown currencies.

/// No bytes are all zero.
Result<std::array<std::byte, 32>> from_field(std::string_view field);
Result<Reason> to_reason(int value);

void put_terms(const Terms& terms, schema::Terms& out);
Result<Terms> to_terms(const schema::Terms& terms);
void put_status(const Status& status, schema::Status& out);
Result<Status> to_status(const schema::Status& status);
void put_entry(const Entry& entry, schema::Entry& out);
Result<Entry> to_entry(const schema::Entry& entry);
void put_receipt(const Receipt& receipt, schema::Receipt& out);
Result<Receipt> to_receipt(const schema::Receipt& receipt);
void put_command(const Request& request, schema::Command& out);
Result<Request> to_request(const schema::Command& command);

/// The schema's value as the C++ one. `Schema` has the values 1 to `last`.
template <class Value>
Result<Value> to_value(int value, Value last, std::string_view what) {
  if (value >= 1 && value <= static_cast<int>(last)) return static_cast<Value>(value);
  return Error{ErrorCode::invalid_argument,
               "this version of the auction service knows no such " + std::string(what)};
}

}  // namespace muster::auction
