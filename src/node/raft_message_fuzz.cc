// What passes as a message of the consensus core is written again to the same bytes.
#include <cstdint>

#include "muster/check.h"
#include "node/raft_codec.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SharedBytes bytes = SharedBytes::copy_of({reinterpret_cast<const std::byte*>(data), size});
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
