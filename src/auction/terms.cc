#include "auction/terms.h"

#include <array>
#include <charconv>
#include <utility>

#include "auction/dutch.h"
#include "wire/plain_text.h"

namespace muster::auction {
namespace {

Error wrong(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what)};
}

constexpr std::array<std::string_view, 5> format_names{"unknown", "english", "dutch",
                                                       "sealed-first", "vickrey"};

bool is_span(std::chrono::milliseconds span, std::chrono::milliseconds least) {
  return span >= least && span <= lot_time_max;
}

Result<void> validate_amounts(const Terms& terms) {
  for (const auto& [amount, what] : {std::pair{terms.start, "the start"},
                                     {terms.reserve.value_or(Price{}), "the reserve"},
                                     {terms.buy_now.value_or(Price{}), "the buy-now price"},
                                     {terms.floor, "the floor"},
                                     {terms.step, "the step"}}) {
    if (amount > price_max) {
      return wrong(std::string(what) + " is too large; at most " +
                   to_text_with_currency(price_max, terms.currency) + " is possible");
    }
  }
  if (terms.reserve && *terms.reserve < terms.start) {
    return wrong("the reserve is below the start; leave it out, or start lower");
  }
  return {};
}

Result<void> validate_english(const Terms& terms) {
  if (auto valid = validate_increments(terms.increments); !valid) return valid;
  if (terms.buy_now) {
    if (*terms.buy_now < terms.start || *terms.buy_now == Price{}) {
      return wrong("the buy-now price is below the start; nobody would bid");
    }
    if (terms.reserve && *terms.buy_now < *terms.reserve) {
      return wrong("the buy-now price is below the reserve; raise it, or lower the reserve");
    }
  }
  if (terms.soft_close.count() != 0 && !is_span(terms.soft_close, time_min)) {
    return wrong("a soft close is 0 or from 100ms to 366 days");
  }
  return {};
}

Result<void> validate_dutch(const Terms& terms) {
  if (terms.reserve) return wrong("a Dutch auction's reserve is its floor; leave the reserve out");
  if (terms.floor > terms.start) return wrong("the floor is above the start; the price must fall");
  if (terms.step == Price{}) return wrong("a Dutch price must fall by some step; give one");
  if (!is_span(terms.every, time_min)) {
    return wrong("a Dutch price falls every 100ms or more seldom, up to every 366 days");
  }
  if (!dutch_length({terms.start, terms.floor, terms.step, terms.every}, lot_time_max)) {
    return wrong("this Dutch price takes more than 366 days to its floor; take larger steps");
  }
  return {};
}

Result<void> validate_unused(const Terms& terms) {
  const bool english = terms.format == Format::english;
  const bool dutch = terms.format == Format::dutch;
  if (!english && (!terms.increments.empty() || terms.buy_now || terms.soft_close.count() != 0)) {
    return wrong("increments, buy-now price and soft close are for English auctions only");
  }
  if (!dutch && (terms.floor != Price{} || terms.step != Price{} || terms.every.count() != 0)) {
    return wrong("floor, step and interval are for Dutch auctions only");
  }
  if (!is_sealed(terms.format) && terms.reveal_window.count() != 0) {
    return wrong("a reveal window is for sealed auctions only");
  }
  return {};
}

Result<void> validate_end(const Terms& terms) {
  const bool has_duration = terms.duration.count() != 0;
  if (has_duration && terms.closes_at) {
    return wrong("an auction has a duration or a time when it closes; give one of them");
  }
  if (!has_duration && !terms.closes_at && terms.format != Format::dutch) {
    return wrong("an auction must end; give it a duration or a time when it closes");
  }
  if (has_duration && !is_span(terms.duration, time_min)) {
    return wrong("an auction lasts 100ms to 366 days; change its duration");
  }
  return {};
}

}  // namespace

std::string to_text(LotId lot) {
  return std::to_string(lot.opened.index.value) + "." + std::to_string(lot.opened.ordinal);
}

Result<LotId> parse_lot(std::string_view text) {
  LotId lot;
  const char* const end = text.data() + text.size();
  const auto index = std::from_chars(text.data(), end, lot.opened.index.value);
  if (index.ec == std::errc{} && index.ptr != end && *index.ptr == '.') {
    const auto ordinal = std::from_chars(index.ptr + 1, end, lot.opened.ordinal);
    if (ordinal.ec == std::errc{} && ordinal.ptr == end && to_text(lot) == text) return lot;
  }
  return wrong("a lot's id is two numbers and a point, such as 17.0; list the lots for theirs");
}

std::string_view name_of(Format format) {
  return format_names.at(static_cast<std::size_t>(format));
}

Result<Format> format_from(std::string_view name) {
  for (std::size_t at = 1; at < format_names.size(); ++at) {
    if (format_names[at] == name) return static_cast<Format>(at);
  }
  return wrong("there is no such format; it is english, dutch, sealed-first or vickrey");
}

std::string_view name_of(State state) {
  constexpr std::array<std::string_view, 8> names{"UNKNOWN",   "SCHEDULED", "OPEN",   "PAUSED",
                                                  "REVEALING", "SOLD",      "UNSOLD", "CANCELLED"};
  return names.at(static_cast<std::size_t>(state));
}

Result<void> validate_terms(const Terms& terms) {
  if (terms.title.empty()) return wrong("a title must not be empty; say what is sold");
  if (auto valid = wire::validate_plain_text("a title", terms.title, title_bytes_max); !valid) {
    return valid;
  }
  if (auto valid = validate_unused(terms); !valid) return valid;
  if (auto valid = validate_amounts(terms); !valid) return valid;
  if (auto valid = validate_end(terms); !valid) return valid;
  if (terms.format == Format::english) return validate_english(terms);
  if (terms.format == Format::dutch) return validate_dutch(terms);
  if (!is_span(terms.reveal_window, time_min)) {
    return wrong("sealed bids need 100ms to 366 days to be revealed; give a reveal window");
  }
  return {};
}

Result<void> validate_times(const Terms& terms, LogTime now) {
  if (terms.opens_at && *terms.opens_at > now + lot_time_max) {
    return wrong("the auction opens in more than 366 days; open it later");
  }
  if (!terms.closes_at) return {};
  const LogTime opens = std::max(now, terms.opens_at.value_or(now));
  if (*terms.closes_at < opens + time_min) {
    return wrong("the auction closes before it has opened; give a later end");
  }
  if (*terms.closes_at > opens + lot_time_max) {
    return wrong("the auction lasts more than 366 days; give an earlier end");
  }
  return {};
}

Result<void> validate_person(std::string_view name) {
  return wire::validate_plain_word("a person's name", name, bidder_bytes_max, "/@#,");
}

Result<void> validate_key(std::string_view key) {
  return wire::validate_plain_text("a key", key, key_bytes_max);
}

}  // namespace muster::auction
