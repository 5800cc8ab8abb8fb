#include "cli/auction_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "cli/json_line.h"
#include "wire/json.h"
#include "wire/sha256.h"

namespace muster::cli {
namespace {

using auction::Currency;
using auction::Price;
using auction::Status;

constexpr std::int64_t ms_per_second = 1'000;

std::string price_text(const std::optional<Price>& price, const Currency& currency) {
  return price ? auction::to_text_with_currency(*price, currency) : std::string("-");
}

void add_price(JsonLine& line, std::string_view name, const std::optional<Price>& price,
               const Currency& currency) {
  if (price) {
    line.add(name, auction::to_text(*price, currency));
  } else {
    line.add_json(name, "null");
  }
}

void add_time(JsonLine& line, std::string_view name, LogTime time) {
  line.add_json(name, time == LogTime{} ? "null" : wire::json_time(time));
}

void add_hash(JsonLine& line, std::string_view name, const auction::Hash& hash) {
  line.add(name, hash == auction::Hash{} ? std::string() : wire::to_hex(hash));
}

void add_status(JsonLine& line, const Status& status, const Currency& currency) {
  line.add("state", auction::name_of(status.state));
  add_price(line, "standing", status.standing, currency);
  line.add("standingBidder", status.standing_bidder);
  add_price(line, "asking", status.asking, currency);
  line.add("winner", status.winner);
  add_price(line, "price", status.paid, currency);
  line.add("bids", status.bids).add("refused", status.refused);
  line.add("hasReserve", status.has_reserve).add("reserveMet", status.reserve_met);
  add_price(line, "buyNow", status.buy_now, currency);
  add_time(line, "opensAt", status.opens_at);
  add_time(line, "closesAt", status.closes_at);
  add_time(line, "revealEndsAt", status.reveal_ends_at);
  line.add("sealed", status.sealed).add("revealed", status.revealed);
  add_hash(line, "head", status.head);
}

/// Whether the entry's price is one: of a sealed lot none is told before it is time.
bool is_priced(const auction::Entry& entry) {
  using auction::Reason;
  return entry.act != auction::Act::commit && entry.act != auction::Act::retract &&
         entry.reason != Reason::not_revealing_yet && entry.reason != Reason::wrong_format;
}

/// As `span_text`, but `0.7s` where tenths matter.
std::string exact_span_text(std::chrono::milliseconds span) {
  const bool has_tenths = span.count() % ms_per_second >= 100;
  if (span >= std::chrono::seconds{10} || !has_tenths) return span_text(span);
  return fmt::format("{}.{}s", span.count() / ms_per_second, span.count() % ms_per_second / 100);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view more) {
  return fmt::format("{} {}", count, count == 1 ? one : more);
}

/// How it is sold, as far as it is not told by other lines; may be empty.
std::string terms_text(const auction::Terms& terms) {
  const Currency& currency = terms.currency;
  std::string text;
  if (!terms.increments.empty()) {
    text = "increment " + auction::to_text(terms.increments, currency);
  }
  if (terms.format == auction::Format::dutch) {
    text = fmt::format("falls by {} every {} down to {}", price_text(terms.step, currency),
                       exact_span_text(terms.every), price_text(terms.floor, currency));
  }
  if (terms.soft_close.count() > 0) {
    text += ", soft close " + exact_span_text(terms.soft_close);
  }
  return text;
}

/// Those that the format has; others are empty, null or 0.
void add_terms(JsonLine& line, const auction::Terms& terms) {
  const bool dutch = terms.format == auction::Format::dutch;
  const auto if_dutch = [&](Price price) { return dutch ? std::optional(price) : std::nullopt; };
  line.add("increments", terms.increments.empty()
                             ? std::string()
                             : auction::to_text(terms.increments, terms.currency));
  add_price(line, "floor", if_dutch(terms.floor), terms.currency);
  add_price(line, "step", if_dutch(terms.step), terms.currency);
  line.add("everyMs", terms.every.count()).add("softCloseMs", terms.soft_close.count());
  line.add("revealWindowMs", terms.reveal_window.count());
  line.add("extendOnOutage", terms.extend_on_outage);
}

std::string ends_text(const Status& status, LogTime now) {
  if (status.state == auction::State::revealing) {
    return "bids may be revealed until " + time_text(status.reveal_ends_at, now);
  }
  if (status.state == auction::State::scheduled) return "opens " + time_text(status.opens_at, now);
  if (auction::is_over(status.state)) return "closed " + time_text(status.closes_at, now);
  if (status.state == auction::State::paused) return "paused";
  return fmt::format("closes {} (in {})", time_text(status.closes_at, now),
                     span_text(status.closes_at - now));
}

std::string standing_text(const Status& status, const Currency& currency) {
  if (!status.winner.empty()) {
    return fmt::format("sold to {} for {}", status.winner, price_text(status.paid, currency));
  }
  if (!status.standing) return {};
  return fmt::format("{} by {}", price_text(status.standing, currency), status.standing_bidder);
}

}  // namespace

std::string time_text(LogTime time, LogTime now) {
  const std::time_t seconds = time.milliseconds / ms_per_second;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  const bool near = std::abs(time.milliseconds - now.milliseconds) < 12 * 3'600 * ms_per_second;
  std::array<char, 32> text{};
  return {text.data(),
          std::strftime(text.data(), text.size(), near ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &parts)};
}

std::string span_text(std::chrono::milliseconds span) {
  const auto seconds = std::max<std::int64_t>(0, span.count() / ms_per_second);
  const auto minutes = seconds / 60;
  const auto hours = minutes / 60;
  if (hours >= 24) return fmt::format("{}d{:02}h", hours / 24, hours % 24);
  if (hours > 0) return fmt::format("{}h{:02}m", hours, minutes % 60);
  if (minutes > 0) return fmt::format("{}m{:02}s", minutes, seconds % 60);
  return fmt::format("{}s", seconds);
}

std::string reserve_text(const auction::LotView& lot) {
  if (lot.status.reserve_met) return "the reserve is met";
  const bool is_known = !auction::is_sealed(lot.terms.format) || auction::is_over(lot.status.state);
  return is_known ? "the reserve is not met" : "there is a reserve";
}

std::vector<Row> lot_rows(const std::vector<auction::LotView>& lots, LogTime now) {
  std::vector<Row> rows{{"ID", "STATE", "FORMAT", "STANDING", "BIDDER", "BIDS", "CLOSES", "TITLE"}};
  for (const auction::LotView& lot : lots) {
    const Status& status = lot.status;
    const bool sold = !status.winner.empty();
    rows.push_back({auction::to_text(lot.lot), std::string(auction::name_of(status.state)),
                    std::string(auction::name_of(lot.terms.format)),
                    price_text(sold ? status.paid : status.standing, lot.terms.currency),
                    sold                             ? status.winner
                    : status.standing_bidder.empty() ? "-"
                                                     : status.standing_bidder,
                    std::to_string(status.bids), time_text(status.closes_at, now),
                    lot.terms.title});
  }
  return rows;
}

std::vector<std::string> lot_lines(const auction::LotView& lot, LogTime now) {
  const Status& status = lot.status;
  const Currency& currency = lot.terms.currency;
  std::vector<std::string> lines;
  lines.push_back(fmt::format("{}  {}", auction::to_text(lot.lot), lot.terms.title));
  lines.push_back(fmt::format("  {} auction of {}, {}, {}", auction::name_of(lot.terms.format),
                              lot.seller, auction::name_of(status.state), ends_text(status, now)));
  const std::string standing = standing_text(status, currency);
  if (!standing.empty()) {
    lines.push_back((status.winner.empty() ? "  stands at " : "  ") + standing);
  }
  if (!auction::is_over(status.state) && status.state != auction::State::revealing) {
    lines.push_back("  asks for at least " + price_text(status.asking, currency));
    const std::string terms = terms_text(lot.terms);
    if (!terms.empty()) lines.push_back("  " + terms);
  }
  if (status.has_reserve) lines.push_back("  " + reserve_text(lot));
  if (status.buy_now) lines.push_back("  buy now for " + price_text(status.buy_now, currency));
  if (auction::is_sealed(lot.terms.format)) {
    lines.push_back(fmt::format(
        "  {}, {} revealed", counted(status.sealed, "sealed bid", "sealed bids"), status.revealed));
  }
  lines.push_back(fmt::format("  {} in the record, {} refused; head {}",
                              counted(status.bids, "entry", "entries"), status.refused,
                              wire::to_hex(status.head).substr(0, 16)));
  return lines;
}

std::string lot_json(const auction::LotView& lot) {
  JsonLine line;
  line.add("id", auction::to_text(lot.lot)).add("title", lot.terms.title);
  line.add("format", auction::name_of(lot.terms.format)).add("currency", lot.terms.currency.code);
  line.add("seller", lot.seller);
  add_price(line, "start", lot.terms.start, lot.terms.currency);
  add_terms(line, lot.terms);
  add_status(line, lot.status, lot.terms.currency);
  add_time(line, "createdAt", lot.created);
  return line.text();
}

std::vector<std::string> receipt_lines(const BidAnswer& answer, LogTime now) {
  const auction::Receipt& receipt = answer.receipt;
  const Status& status = receipt.status;
  std::vector<std::string> lines{auction::in_words(receipt)};
  if (receipt.repeated) lines.front() += " (said before with this key: nothing was done again)";
  if (status.standing || !status.winner.empty()) {
    const std::string standing = standing_text(status, receipt.currency);
    lines.push_back((status.winner.empty() ? "stands at " : "") + standing + "; " +
                    ends_text(status, now));
  }
  if (receipt.own_max) {
    lines.push_back("your maximum is " + price_text(receipt.own_max, receipt.currency));
  }
  if (answer.at_home) {
    lines.emplace_back("refused at its home; it is not in the log");
  } else if (receipt.number > 0) {
    lines.push_back(fmt::format("receipt: index {}.{}, number {}, {}", receipt.position.index.value,
                                receipt.position.ordinal, receipt.number,
                                wire::to_hex(receipt.hash)));
  } else {
    lines.push_back(
        fmt::format("index {}.{}", receipt.position.index.value, receipt.position.ordinal));
  }
  return lines;
}

std::string receipt_json(const BidAnswer& answer) {
  const auction::Receipt& receipt = answer.receipt;
  JsonLine line;
  line.add("id", auction::to_text(receipt.lot));
  line.add("accepted", receipt.reason == auction::Reason::accepted);
  line.add("reason", auction::name_of(receipt.reason)).add("message", auction::in_words(receipt));
  line.add("atHome", answer.at_home).add("repeated", receipt.repeated);
  line.add("index", receipt.position.index.value).add("ordinal", receipt.position.ordinal);
  add_time(line, "time", receipt.time);
  line.add("number", receipt.number);
  add_hash(line, "hash", receipt.hash);
  add_price(line, "ownMax", receipt.own_max, receipt.currency);
  line.add("currency", receipt.currency.code);
  add_status(line, receipt.status, receipt.currency);
  return line.text();
}

std::string entry_json(const auction::Entry& entry, const Currency& currency) {
  JsonLine line;
  line.add("index", entry.position.index.value).add("ordinal", entry.position.ordinal);
  line.add("number", entry.number);
  add_time(line, "time", entry.time);
  line.add("act", auction::name_of(entry.act)).add("bidder", entry.bidder);
  add_price(line, "price", is_priced(entry) ? std::optional(entry.price) : std::nullopt, currency);
  line.add("currency", currency.code);
  line.add("accepted", entry.reason == auction::Reason::accepted);
  line.add("reason", auction::name_of(entry.reason));
  add_price(line, "standing", entry.standing, currency);
  line.add("standingBidder", entry.standing_bidder);
  add_hash(line, "commitment", entry.commitment);
  add_hash(line, "hash", entry.hash);
  return line.text();
}

std::string entry_text(const auction::Entry& entry, const Currency& currency, LogTime now) {
  const std::string what = entry.act == auction::Act::commit    ? std::string("a sealed bid")
                           : entry.act == auction::Act::retract ? std::string("took the bid back")
                           : is_priced(entry)
                               ? auction::to_text_with_currency(entry.price, currency)
                               : std::string("a price that is kept secret");
  const std::string verb = entry.act == auction::Act::buy_now  ? " (buy now)"
                           : entry.act == auction::Act::reveal ? " (revealed)"
                           : entry.act == auction::Act::take   ? " (took it)"
                                                               : "";
  std::string outcome;
  if (entry.reason != auction::Reason::accepted) {
    outcome = fmt::format("  refused: {}", auction::name_of(entry.reason));
  } else if (entry.standing && entry.standing_bidder != entry.bidder) {
    outcome = fmt::format("  outbid by {} at {}", entry.standing_bidder,
                          auction::to_text(*entry.standing, currency));
  } else if (entry.standing && *entry.standing != entry.price) {
    outcome = fmt::format("  stands at {}", auction::to_text(*entry.standing, currency));
  }
  return fmt::format("{}  {:<12} {}{}{}", time_text(entry.time, now), entry.bidder, what, verb,
                     outcome);
}

std::string history_csv_heading() {
  return "index,ordinal,number,time,act,bidder,price,currency,accepted,reason,standing,"
         "standing_bidder,commitment,hash";
}

std::string entry_csv(const auction::Entry& entry, const Currency& currency) {
  const auto quoted = [](const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string field = "\"";
    for (const char each : text) field += each == '"' ? std::string("\"\"") : std::string(1, each);
    return field + "\"";
  };
  const auto hash = [](const auction::Hash& one) {
    return one == auction::Hash{} ? std::string() : wire::to_hex(one);
  };
  std::string time = wire::json_time(entry.time);
  time = time.substr(1, time.size() - 2);
  return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}", entry.position.index.value,
                     entry.position.ordinal, entry.number, time, auction::name_of(entry.act),
                     quoted(entry.bidder),
                     is_priced(entry) ? auction::to_text(entry.price, currency) : "", currency.code,
                     entry.reason == auction::Reason::accepted, auction::name_of(entry.reason),
                     entry.standing ? auction::to_text(*entry.standing, currency) : "",
                     quoted(entry.standing_bidder), hash(entry.commitment), hash(entry.hash));
}

std::string event_text(const auction::LotEvent& event, LogTime at) {
  const Status& status = event.status;
  const std::string time = time_text(at, at);
  using auction::Happening;
  switch (event.what) {
    case Happening::bid:
      if (event.entry) return entry_text(*event.entry, event.currency, at);
      break;
    case Happening::stepped:
      return fmt::format("{}  asks for {} now", time, price_text(status.asking, event.currency));
    case Happening::extended:
      return fmt::format("{}  extended by {}: {}", time, exact_span_text(event.by),
                         ends_text(status, at));
    case Happening::revealing:
      return fmt::format("{}  closed; {}", time, ends_text(status, at));
    case Happening::ended:
      if (!status.winner.empty()) return time + "  " + standing_text(status, event.currency);
      return fmt::format("{}  {}", time, auction::name_of(status.state));
    case Happening::scheduled:
    case Happening::opened:
    case Happening::paused:
    case Happening::resumed:
      break;
  }
  return fmt::format("{}  {}; {}", time, auction::name_of(event.what), ends_text(status, at));
}

std::string event_json(const auction::LotEvent& event, const EventPosition& position, LogTime at) {
  JsonLine line;
  line.add("index", position.command.index.value).add("ordinal", position.command.ordinal);
  line.add("event", position.number);
  add_time(line, "time", at);
  line.add("id", auction::to_text(event.lot)).add("what", auction::name_of(event.what));
  line.add_json("entry", event.entry ? entry_json(*event.entry, event.currency) : "null");
  line.add("byMs", event.by.count());
  add_status(line, event.status, event.currency);
  return line.text();
}

}  // namespace muster::cli
