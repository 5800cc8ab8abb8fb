// Where in the segments an index is found, without a memory of every entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "muster/ids.h"

namespace muster::storage {

/// A place where a run of entries begins: from there on, entries of consecutive indexes follow each
/// other in one segment, with nothing else than hard states between.
struct Mark {
  LogIndex index;
  std::uint64_t segment{};
  std::size_t offset{};
  std::uint32_t chain{};  ///< Before the record there.
  friend bool operator==(const Mark&, const Mark&) = default;
};

/// A mark for the first entry of each segment, for each entry that cut the log, and for one in
/// every `step` bytes. A run ends where the next mark's index is reached, so what was cut off and
/// still stands in the file is never read. Thread-safety: none.
class Marks {
 public:
  explicit Marks(std::size_t step) : step_(step) {}

  /// An entry was appended there; `cuts` if its index was not past the last.
  void note(const Mark& place, bool cuts);
  /// Forgets all of the segments before this one.
  void drop_before(std::uint64_t segment);
  void clear() { marks_.clear(); }

  struct Run {
    Mark from;
    std::optional<LogIndex> until;  ///< The run holds smaller indexes only.
  };
  /// The run that holds `index`; nothing if all marks are of higher indexes.
  std::optional<Run> find(LogIndex index) const;
  std::size_t size() const { return marks_.size(); }

 private:
  std::size_t step_;
  std::vector<Mark> marks_;  // Ascending by index.
};

}  // namespace muster::storage
