#include "auction/auction.h"

#include <utility>

#include "muster/check.h"

namespace muster::auction {
namespace {

/// What of a command a key stands for.
KeyName key_name(const Request& request) {
  struct Of {
    KeyName operator()(const Open& open) const { return {{}, open.seller, open.key}; }
    KeyName operator()(const Bid& bid) const { return {bid.lot, bid.bidder, bid.key}; }
    KeyName operator()(const Commit& commit) const {
      return {commit.lot, commit.bidder, commit.key};
    }
    KeyName operator()(const Reveal& reveal) const {
      return {reveal.lot, reveal.bidder, reveal.key};
    }
    KeyName operator()(const Retract& retract) const {
      return {retract.lot, retract.bidder, retract.key};
    }
    KeyName operator()(const Steer& steer) const { return {steer.lot, steer.seller, steer.key}; }
  };
  return std::visit(Of{}, request);
}

Hash fingerprint(const Request& request) {
  return wire::sha256(encode(request));
}

}  // namespace

std::string lot_topic(LotId lot) {
  return "auction/" + to_text(lot);
}

Auction::Auction(const Options& options)
    : options_(options),
      keys_({.keys_max = options.keys_max,
             .age_max = options.key_age_max,
             .per_part = options.keys_per_part}) {
  check(options.entries_per_part > 0 && options.keys_per_part > 0);
}

// ---- Lots ---------------------------------------------------------------------------------------

const Lot* Auction::find(LotId lot) const {
  const auto found = lots_.find(lot);
  return found == lots_.end() ? nullptr : &found->second.lot.read();
}

Lot& Auction::change(LotId lot) {
  return lots_.at(lot).lot.write();
}

void Auction::changed(LotId id) {
  Kept& kept = lots_.at(id);
  const Lot& lot = kept.lot.read();
  const auto follow = [&](auto& set, std::optional<LogTime>& before, std::optional<LogTime> now) {
    if (before == now) return;
    if (before) set.erase({*before, id});
    if (now) set.emplace(*now, id);
    before = now;
  };
  follow(due_, kept.due, due_of(lot));
  follow(over_, kept.over_at, is_over(lot.state) ? std::optional(lot.over_at) : std::nullopt);
  if (is_running(lot)) {
    running_.insert(id);
  } else {
    running_.erase(id);
  }
}

void Auction::forget(LotId id) {
  const Kept& kept = lots_.at(id);
  if (kept.due) due_.erase({*kept.due, id});
  if (kept.over_at) over_.erase({*kept.over_at, id});
  running_.erase(id);
  entries_ -= kept.lot.read().record.kept();
  lots_.erase(id);
}

bool Auction::make_room(LogTime now) {
  if (lots_.size() < options_.lots_max) return true;
  if (over_.empty() || over_.begin()->first + options_.over_kept_min > now) return false;
  forget(over_.begin()->second);
  return true;
}

Record::Limits Auction::record_limits() const {
  return {.entries_kept = options_.entries_kept,
          .entries_per_part = options_.entries_per_part,
          .refused_kept = options_.refused_kept};
}

void Auction::tell(const Lot& lot, LotEvent event, service::Output& output) {
  event.lot = lot.id;
  event.currency = lot.terms.currency;
  event.status = status_of(lot);
  output.publish(lot_topic(lot.id), encode(event));
}

void Auction::tell_all(const Lot& lot, LotEvent event, service::Output& output) {
  tell(lot, event, output);
  event.lot = lot.id;
  event.title = lot.terms.title;
  event.currency = lot.terms.currency;
  event.status = status_of(lot);
  output.publish(lots_topic, encode(event));
}

// ---- Commands -----------------------------------------------------------------------------------

void Auction::apply(const service::Command& command, service::Output& output) {
  pass(command.time, output);
  house_.write().applied = command.position;
  const auto request = decode_request(command.payload);
  if (!request) return output.refuse(request.error().code, request.error().message);
  if (auto valid = validate(*request); !valid) {
    return output.refuse(valid.error().code, valid.error().message);
  }
  if (const auto before = answer_by_key(*request, command)) return output.reply(encode(*before));
  const auto receipt =
      std::visit([&](const auto& one) { return handle(one, command, output); }, *request);
  if (!receipt) return output.refuse(receipt.error().code, receipt.error().message);
  output.reply(encode(*receipt));
  keep_receipt(*request, command, *receipt);
}

std::optional<Receipt> Auction::repeated_receipt(const Request& request, LogTime now) const {
  const KeyName name = key_name(request);
  const KeptReceipt* const kept = name.key.empty() ? nullptr : keys_.find(name, now);
  if (kept == nullptr || kept->request != fingerprint(request)) return std::nullopt;
  Receipt before = decode_receipt(kept->receipt).value();
  before.repeated = true;
  return before;
}

std::optional<Receipt> Auction::answer_by_key(const Request& request,
                                              const service::Command& command) const {
  if (auto before = repeated_receipt(request, command.time)) return before;
  const KeyName name = key_name(request);
  if (name.key.empty()) return std::nullopt;
  if (keys_.find(name, command.time) != nullptr) {
    return receipt(name.lot, Reason::key_reused, command);
  }
  if (keys_.is_full()) return receipt(name.lot, Reason::too_many_keys, command);
  return std::nullopt;
}

void Auction::keep_receipt(const Request& request, const service::Command& command,
                           const Receipt& receipt) {
  KeyName name = key_name(request);
  if (name.key.empty()) return;
  keys_.keep({.name = std::move(name),
              .request = fingerprint(request),
              .time = command.time,
              .receipt = encode(receipt)});
}

Receipt Auction::receipt(LotId id, Reason reason, const service::Command& command) const {
  Receipt receipt{.position = command.position, .time = command.time, .lot = id, .reason = reason};
  if (const Lot* const lot = find(id)) {
    receipt.currency = lot->terms.currency;
    receipt.status = status_of(*lot);
  }
  return receipt;
}

Result<Receipt> Auction::handle(const Open& request, const service::Command& command,
                                service::Output& output) {
  if (auto valid = validate_times(request.terms, command.time); !valid) return valid.error();
  if (!make_room(command.time)) return receipt({}, Reason::too_many_lots, command);
  const LotId id{command.position};
  Lot& lot = lots_[id].lot.write();
  lot.id = id;
  lot.seller = request.seller;
  lot.created = command.time;
  lot.terms = request.terms;
  lot.opens_at = std::max(command.time, lot.terms.opens_at.value_or(command.time));
  lot.record = Record::beginning_of(id);
  if (lot.terms.closes_at) {
    lot.closes_at = *lot.terms.closes_at;
  } else if (lot.terms.duration.count() != 0) {
    lot.closes_at = lot.opens_at + lot.terms.duration;
  } else {
    lot.closes_at = lot.opens_at + dutch_length(dutch_rules(lot.terms), lot_time_max).value();
  }
  if (lot.terms.format == Format::english) lot.board = english_start(english_rules(lot.terms));
  if (lot.terms.format == Format::dutch) lot.dutch_price = lot.terms.start;
  changed(id);
  if (lot.opens_at > command.time) {
    tell_all(lot, {.what = Happening::scheduled}, output);
  } else {
    begin(id, command.time, output);
  }
  return receipt(id, Reason::accepted, command);
}

}  // namespace muster::auction
