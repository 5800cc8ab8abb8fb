#include "mobility/free_numbers.h"

#include <charconv>
#include <string_view>

namespace muster::mobility {

void FreeNumbers::set(const UnitId& id, bool taken) {
  const std::string prefix = std::string(id_prefix(id.kind)) + "_";
  if (!id.id.starts_with(prefix)) return;
  const std::string_view digits = std::string_view(id.id).substr(prefix.size());
  std::size_t number = 0;
  const auto end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, number);
  // `car_01` is not what is given out.
  const bool is_given_out = read.ec == std::errc{} && read.ptr == end && digits.front() != '0';
  if (!is_given_out || number > taken_.size() * 64) return;
  const std::uint64_t bit = std::uint64_t{1} << (number - 1) % 64;
  std::uint64_t& word = taken_[(number - 1) / 64];
  word = taken ? word | bit : word & ~bit;
}

}  // namespace muster::mobility
