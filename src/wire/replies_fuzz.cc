// What passes as replies can be read to its end, and built again to the same bytes.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "muster/check.h"
#include "wire/replies.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const Result<wire::RepliesView> replies = wire::RepliesView::parse(bytes);
  if (!replies) return 0;
  wire::RepliesBuilder builder(replies->first_sequence());
  for (const wire::ReplyView reply : *replies) {
    if (reply.error) {
      const Error error{*reply.error, std::string(as_text(reply.payload)), reply.outcome};
      check(builder.add(reply.position, error));
    } else {
      check(builder.add(reply.position, reply.payload));
    }
  }
  check(std::ranges::equal(std::move(builder).finish(), bytes));
  return 0;
}
