// The names that sessions of each kind have: which are taken, and which number is free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace muster::replica {

/// What becomes of a name that another session of the kind has already.
enum class NameRule : std::uint8_t {
  any = 0,     ///< Both have it.
  unique = 1,  ///< The later one is refused.
  numbered =
      2,  ///< The name is a base: `BASE_N` with the first free N, from 1, is what it becomes.
};

/// Counts who has which name, by kind. A name that ends in `_N` (decimal, from 1, no leading zero)
/// is number N of what stands before it. Thread-safety: none.
class SessionNames {
 public:
  void add(std::string_view kind, std::string_view name);
  /// Precondition: it was added.
  void remove(std::string_view kind, std::string_view name);
  bool taken(std::string_view kind, std::string_view name) const;
  /// The first of `base_1`, `base_2`, … that nobody of the kind has. O(numbers in use).
  std::string first_free(std::string_view kind, std::string_view base) const;
  /// The name to propose to whoever asked for `name`, which is taken.
  std::string proposal(std::string_view kind, std::string_view name) const;

 private:
  using Numbers = std::map<std::uint32_t, std::size_t>;  // How many have each; 0: the base itself.
  using Bases = std::map<std::string, Numbers, std::less<>>;

  const Numbers* numbers_of(std::string_view kind, std::string_view base) const;

  std::map<std::string, Bases, std::less<>> kinds_;
};

}  // namespace muster::replica
