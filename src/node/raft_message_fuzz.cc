// What passes as a message of the consensus core, as a configuration or as a snapshot's mark is
// written again to the same bytes.
#include <algorithm>
#include <cstdint>

#include "muster/check.h"
#include "node/raft_codec.h"

using namespace muster;

namespace {

void configuration_and_mark(BytesView bytes) {
  if (const auto decoded = raft::decode_configuration(bytes)) {
    const Bytes again = raft::encode_configuration(decoded->configuration, decoded->annotation);
    check(std::ranges::equal(again, bytes));
  }
  if (const auto mark = node::decode_mark({1}, {1}, bytes)) {
    check(node::decode_mark({1}, {1}, node::encode_mark(*mark)).value() == *mark);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SharedBytes bytes = SharedBytes::copy_of({reinterpret_cast<const std::byte*>(data), size});
  configuration_and_mark(bytes.view());
  const Result<raft::Message> message = node::decode_message(bytes);
  if (!message) return 0;
  Bytes again;
  for (const SharedBytes& piece : node::encode_message(*message)) {
    again.insert(again.end(), piece.view().begin(), piece.view().end());
  }
  const Result<raft::Message> back = node::decode_message(SharedBytes(again));
  check(back.has_value());
  check(back->from == message->from && back->to == message->to && back->term == message->term);
  check(back->body.index() == message->body.index());
  return 0;
}
