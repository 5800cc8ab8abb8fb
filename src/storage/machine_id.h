// Which machine, boot and local file system a folder lies on: who shares all three can prove that
// another process is dead by taking its lock.
#pragma once

#include <cstdint>
#include <string>

namespace muster::storage {

/// Whether locks taken on a file system of this kind (`f_type` of statfs) are seen by every process
/// that can reach its files. True for those known to be local only: over a network the kernel of
/// another machine, or the program behind FUSE or 9p, may know nothing of a lock.
bool is_local_file_system(std::uint64_t kind);

/// A text that is equal for two folders exactly if they lie on one file system, seen in one mount
/// namespace during one boot of one machine. Empty if that can't be known or the file system is not
/// known to be local. The folder exists. Reads /proc; the same for the process's whole life.
std::string machine_id(const std::string& folder);

}  // namespace muster::storage
