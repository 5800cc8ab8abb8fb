// Servers and clients of one machine and user find each other by files, without a datagram.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"

namespace muster::net {

constexpr std::size_t local_beacons_max = 256;         ///< Read at once; the rest is passed over.
constexpr std::size_t local_beacon_bytes_max = 2'048;  ///< Of one.

/// `$XDG_RUNTIME_DIR/muster` if that is a folder of this user, else `muster-UID` under `$TMPDIR` or
/// /tmp; made if it is missing. Errors: FAILED_PRECONDITION if it is not a folder that belongs to
/// this user alone, or can't be made, with the remedy.
[[nodiscard]] Result<std::string> local_beacon_folder();
/// The same below `parent`, which exists: `leaf` in it.
[[nodiscard]] Result<std::string> private_folder(const std::string& parent,
                                                 const std::string& leaf);

/// The file of one server in the folder. It is locked as long as this object lives, and however the
/// process ends the kernel gives the lock back: an unlocked file counts for nothing.
///
/// Thread-safety: none. Does not survive a `fork` of the process.
class LocalBeacon {
 public:
  /// Nothing is written yet. `name` is the server's id.
  /// Errors: INVALID_ARGUMENT if `name` can't be one of a file.
  [[nodiscard]] static Result<LocalBeacon> in(const std::string& folder, const std::string& name);
  LocalBeacon(LocalBeacon&& other) noexcept;
  LocalBeacon& operator=(LocalBeacon&& other) noexcept;
  /// Removes the file.
  ~LocalBeacon();

  /// Replaces what others read. Makes the file anew if somebody removed it.
  /// Errors: INVALID_ARGUMENT beyond `local_beacon_bytes_max`; UNAVAILABLE if the system refuses.
  [[nodiscard]] Result<void> write(BytesView beacon);

 private:
  LocalBeacon(std::string folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {}
  Result<void> publish(BytesView beacon);
  bool still_there() const;

  std::string folder_;
  std::string name_;
  int descriptor_{-1};
};

/// What the living servers last wrote, in the order of their names. Files of dead ones are removed,
/// those that are damaged or too large passed over. Errors: UNAVAILABLE if the folder can't be
/// read.
[[nodiscard]] Result<std::vector<Bytes>> read_local_beacons(const std::string& folder);

}  // namespace muster::net
