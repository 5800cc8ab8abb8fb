#include "replica/session_names.h"

#include <charconv>

#include "muster/check.h"

namespace muster::replica {
namespace {

struct Name {
  std::string_view base;
  std::uint32_t number{0};
};

constexpr std::size_t digits_max = 9;  // Fits in 32 bits.

Name parse_name(std::string_view name) {
  const std::size_t bar = name.rfind('_');
  if (bar == std::string_view::npos) return {.base = name};
  const std::string_view digits = name.substr(bar + 1);
  if (digits.empty() || digits.size() > digits_max || digits.front() == '0') return {.base = name};
  Name parsed{.base = name.substr(0, bar)};
  const auto end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, parsed.number);
  if (error != std::errc{} || stopped != end) return {.base = name};
  return parsed;
}

}  // namespace

const SessionNames::Numbers* SessionNames::numbers_of(std::string_view kind,
                                                      std::string_view base) const {
  const auto bases = kinds_.find(kind);
  if (bases == kinds_.end()) return nullptr;
  const auto numbers = bases->second.find(base);
  return numbers == bases->second.end() ? nullptr : &numbers->second;
}

void SessionNames::add(std::string_view kind, std::string_view name) {
  const Name parsed = parse_name(name);
  ++kinds_[std::string(kind)][std::string(parsed.base)][parsed.number];
}

void SessionNames::remove(std::string_view kind, std::string_view name) {
  const Name parsed = parse_name(name);
  const auto bases = kinds_.find(kind);
  check(bases != kinds_.end());
  const auto numbers = bases->second.find(parsed.base);
  check(numbers != bases->second.end());
  const auto count = numbers->second.find(parsed.number);
  check(count != numbers->second.end());
  if (--count->second > 0) return;
  numbers->second.erase(count);
  if (!numbers->second.empty()) return;
  bases->second.erase(numbers);
  if (bases->second.empty()) kinds_.erase(bases);
}

bool SessionNames::taken(std::string_view kind, std::string_view name) const {
  const Name parsed = parse_name(name);
  const Numbers* const numbers = numbers_of(kind, parsed.base);
  return numbers != nullptr && numbers->contains(parsed.number);
}

std::string SessionNames::first_free(std::string_view kind, std::string_view base) const {
  std::uint32_t number = 1;
  if (const Numbers* const numbers = numbers_of(kind, base); numbers != nullptr) {
    for (auto at = numbers->lower_bound(1); at != numbers->end() && at->first == number; ++at) {
      ++number;
    }
  }
  return std::string(base) + "_" + std::to_string(number);
}

// Beside `anna` the next is `anna_2`; beside `car_1` it is the first number without a car.
std::string SessionNames::proposal(std::string_view kind, std::string_view name) const {
  const Name parsed = parse_name(name);
  if (parsed.number > 0) return first_free(kind, parsed.base);
  std::uint32_t number = 2;
  const Numbers* const numbers = numbers_of(kind, parsed.base);
  while (numbers != nullptr && numbers->contains(number)) ++number;
  return std::string(parsed.base) + "_" + std::to_string(number);
}

}  // namespace muster::replica
