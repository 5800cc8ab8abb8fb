// What `muster auction verify` does.
#include "cli/auction_verify.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "auction/auction.h"
#include "cli/auction_audit.h"
#include "cli/auction_commands.h"
#include "cli/json_line.h"
#include "cli/local_read.h"
#include "wire/sha256.h"

namespace muster::cli {
namespace {

Result<auction::History> read_record(net::Loop& loop, const client::Question::Options& question,
                                     auction::LotId lot) {
  auction::History whole;
  std::vector<auction::Entry> entries;
  for (auction::AskHistory query{.lot = lot, .refused = false};;) {
    const auto answer =
        read_locally(loop, question, auction::service_id, auction::encode(auction::Query{query}));
    if (!answer) return answer.error();
    auto page = auction::decode_history(answer->payload);
    if (!page) return page.error();
    const bool first = !query.after.has_value();
    if (!page->entries.empty()) query.after = page->entries.back().position;
    const bool complete = page->complete || page->entries.empty();
    std::ranges::move(page->entries, std::back_inserter(entries));
    if (first) {
      whole = std::move(*page);
    } else {
      whole.status = std::move(page->status);
    }
    if (complete) break;
  }
  whole.entries = std::move(entries);
  return whole;
}

void tell_record(const ServerRecord& record, const std::string& fault, bool json) {
  const bool there = record.history.has_value();
  const std::string head = there ? wire::to_hex(record.history->status.head) : std::string();
  const std::uint64_t entries = there ? record.history->status.bids : 0;
  const std::string trouble = there ? fault
                                    : fmt::format("{}: {}", name_of(record.history.error().code),
                                                  record.history.error().message);
  if (json) {
    fmt::print("{}\n", JsonLine{}
                           .add("server", record.server.name)
                           .add("number", record.server.number)
                           .add("address", record.server.address)
                           .add("verified", trouble.empty())
                           .add("entries", entries)
                           .add("head", head)
                           .add("message", trouble)
                           .text());
    return;
  }
  fmt::print("{}: {}\n", heading_of(record.server),
             trouble.empty() ? fmt::format("{} {}, chain right, head {}", entries,
                                           entries == 1 ? "entry" : "entries", head)
                             : trouble);
}

}  // namespace

Result<std::vector<ServerRecord>> read_records(const ClientOptions& options, auction::LotId lot) {
  const auto targets = find_targets(options, "all");
  if (!targets) return targets.error();
  net::Loop loop;
  std::vector<ServerRecord> records;
  for (const Target& target : *targets) {
    const client::Question::Options question{.servers = {target.address},
                                             .group = options.group_wanted(),
                                             .secret = options.secret(),
                                             .timeout = options.timeout,
                                             .wait = false};
    records.push_back({.server = target, .history = read_record(loop, question, lot)});
  }
  return records;
}

std::vector<std::string> faults_of(const std::vector<ServerRecord>& records) {
  std::vector<std::string> faults(records.size());
  const ServerRecord* longest = nullptr;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!records[i].history) continue;
    faults[i] = fault_in_chain(*records[i].history);
    const bool longer =
        longest == nullptr || records[i].history->status.bids > longest->history->status.bids;
    if (faults[i].empty() && longer) longest = &records[i];
  }
  if (longest == nullptr) return faults;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!records[i].history || !faults[i].empty()) continue;
    const std::string fault = fault_between(*longest->history, *records[i].history);
    if (!fault.empty()) faults[i] = fmt::format("{}: {} has another", fault, longest->server.name);
  }
  return faults;
}

ExitCode run_verify(const AuctionOptions& options) {
  const auto records = read_records(options.client, options.lot);
  if (!records) return report(records.error());
  const std::vector<std::string> faults = faults_of(*records);
  bool verified = !records->empty();
  for (std::size_t i = 0; i < records->size(); ++i) {
    tell_record((*records)[i], faults[i], options.client.json);
    verified = verified && (*records)[i].history && faults[i].empty();
  }
  return verified ? 0 : 1;
}

}  // namespace muster::cli
