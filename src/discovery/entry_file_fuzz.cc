// The entry file of fixed peers, from any bytes: what is taken is well formed, and reads the same
// when it is written again.
#include <cstdint>
#include <string>

#include "discovery/entry_file.h"
#include "muster/bytes.h"
#include "muster/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = discovery::parse_entry_file(text, 8888);
  if (!file) {
    check(!file.error().message.empty());
    return 0;
  }
  check(!file->empty() && file->size() <= discovery::listed_max);
  std::string again = std::to_string(file->size()) + "\n";
  for (const discovery::EntryLine& peer : *file) {
    again += std::to_string(peer.id.value) + " " + peer.address() + "\n";
  }
  const auto reread = discovery::parse_entry_file(again, 1);
  check(reread.has_value() && *reread == *file);
  check(discovery::digest_of(*reread) == discovery::digest_of(*file));
  return 0;
}
