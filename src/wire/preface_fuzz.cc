// Both sides of the preface, fed with anything in two pieces.
#include <algorithm>
#include <cstdint>

#include "muster/check.h"
#include "wire/preface.h"

namespace {

using namespace muster;

template <class Side>
void feed_in_two(Side& side, BytesView bytes, std::size_t split) {
  const wire::PrefaceStep first = side.feed(bytes.first(split));
  check(first.consumed <= split);
  if (first.done || first.error) return;
  const wire::PrefaceStep second = side.feed(bytes.subspan(split));
  check(second.consumed <= bytes.size() - split);
  if (second.done) static_cast<void>(side.agreement());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const BytesView bytes(reinterpret_cast<const std::byte*>(data) + 2, size - 2);
  const std::size_t split = std::min<std::size_t>(data[1], bytes.size());
  const Bytes secret = (data[0] & 1) != 0 ? Bytes(8, std::byte{'s'}) : Bytes();
  if ((data[0] & 2) != 0) {
    wire::PrefaceDialer dialer({.kind = wire::LinkKind::peer, .versions = {}, .secret = secret});
    feed_in_two(dialer, bytes, split);
  } else {
    wire::PrefaceAcceptor acceptor(
        {.versions = {}, .secret = secret, .accept_without_secret = (data[0] & 4) != 0});
    feed_in_two(acceptor, bytes, split);
  }
  return 0;
}
