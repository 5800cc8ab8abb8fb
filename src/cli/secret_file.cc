#include "cli/secret_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "wire/limits.h"

namespace muster::cli {

Result<Secret> read_secret_file(const std::string& path) {
  struct stat status {};
  std::ifstream file(path, std::ios::binary);
  if (!file || ::stat(path.c_str(), &status) != 0) {
    const int reason = errno;
    return Error{reason == EACCES ? ErrorCode::permission_denied : ErrorCode::not_found,
                 "the secret file " + path + " can't be read: " + std::strerror(reason) +
                     "; give --secret-file a file that this user may read"};
  }
  // One byte more than the longest with its line end: what is longer must not look like that.
  std::string text(wire::secret_bytes_max + 3, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) {
    return Error{ErrorCode::permission_denied,
                 "the secret file " + path + " can't be read: is it a folder?"};
  }
  auto bytes = parse_secret(std::move(text), path);
  if (!bytes) return bytes.error();
  Secret secret{.bytes = std::move(*bytes), .warning = {}};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    secret.warning = "others may read the secret file " + path + ": chmod 600 " + path;
  }
  return secret;
}

Result<Bytes> parse_secret(std::string text, const std::string& path) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty() || text.front() == '\n' || text.starts_with("\r\n")) {
    return Error{ErrorCode::invalid_argument, "the secret file " + path +
                                                  " begins with an empty line, or is empty: fill "
                                                  "it, for instance with `openssl rand -hex 32`"};
  }
  if (text.size() > wire::secret_bytes_max) {
    return Error{ErrorCode::invalid_argument, "the secret in " + path + " is longer than " +
                                                  std::to_string(wire::secret_bytes_max) +
                                                  " bytes: shorten it"};
  }
  const BytesView bytes = as_bytes(text);
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace muster::cli
