// The auction as lines of text, JSON and CSV.
#pragma once

#include <string>
#include <vector>

#include "auction/messages.h"
#include "cli/auction_client.h"
#include "cli/table.h"
#include "muster/time.h"

namespace muster::cli {

/// `14:05:09`, local time; with the date if it is not within twelve hours of `now`.
std::string time_text(LogTime time, LogTime now);
/// `2m05s`, `3h10m`, `1d04h`; nothing below zero.
std::string span_text(std::chrono::milliseconds span);

/// What is known of the reserve. Precondition: there is one.
std::string reserve_text(const auction::LotView& lot);

/// The heading and a row for each lot.
std::vector<Row> lot_rows(const std::vector<auction::LotView>& lots, LogTime now);
/// All about a lot.
std::vector<std::string> lot_lines(const auction::LotView& lot, LogTime now);
/// At least `id title format currency state standing winner price bids closesAt`.
std::string lot_json(const auction::LotView& lot);

/// The outcome of a bid: accepted or why not, the standing price and bidder, the receipt.
std::vector<std::string> receipt_lines(const BidAnswer& answer, LogTime now);
std::string receipt_json(const BidAnswer& answer);

/// A line of the history: at least `index bidder price time accepted reason hash`.
std::string entry_json(const auction::Entry& entry, const auction::Currency& currency);
/// `14:05:09  ann  12.50 EUR` and what became of it.
std::string entry_text(const auction::Entry& entry, const auction::Currency& currency, LogTime now);
/// The names of the columns, and a row; RFC 4180, without the line's end.
std::string history_csv_heading();
std::string entry_csv(const auction::Entry& entry, const auction::Currency& currency);

/// What happened to a lot.
std::string event_text(const auction::LotEvent& event, LogTime at);
std::string event_json(const auction::LotEvent& event, const EventPosition& position, LogTime at);

}  // namespace muster::cli
