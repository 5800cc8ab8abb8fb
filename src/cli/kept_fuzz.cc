// Files that the program keeps or is given: a sealed bid, a session of a benchmark, a secret. What
// is taken is written, and read back as the same.
#include <cstdint>

#include "cli/kept_session.h"
#include "cli/sealed_bid.h"
#include "cli/secret_file.h"
#include "muster/check.h"
#include "wire/limits.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto bid = cli::parse_sealed_bid(text)) check(bid->text() == text);
  if (const auto kept = cli::parse_kept_session(text)) check(cli::to_line(*kept) == text);
  const auto secret = cli::parse_secret(text, "file");
  if (!secret) return 0;
  check(!secret->empty() && secret->size() <= wire::secret_bytes_max);
  if (secret->back() == std::byte{'\r'}) return 0;  // It would be part of the line end.
  check(cli::parse_secret(std::string(as_text(*secret)) + "\n", "file").value() == *secret);
  return 0;
}
