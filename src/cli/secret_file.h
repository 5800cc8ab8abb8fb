// The file that holds a group's secret.
#pragma once

#include <string>

#include "muster/bytes.h"
#include "muster/error.h"

namespace muster::cli {

/// The shared secret of a group from a file: its bytes, without a line end after the last of them.
/// `warning` is set if others than the owner may read the file. Errors: NOT_FOUND,
/// PERMISSION_DENIED, INVALID_ARGUMENT if it is empty or too long; each names file and remedy.
struct Secret {
  Bytes bytes;
  std::string warning;
};
[[nodiscard]] Result<Secret> read_secret_file(const std::string& path);

/// The secret in what stands in the file, which `path` names in errors. Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<Bytes> parse_secret(std::string text, const std::string& path);

}  // namespace muster::cli
