// Datagrams from anything, with and without a secret; what passes survives a round trip.
#include <cstdint>
#include <variant>

#include "muster/check.h"
#include "wire/datagram.h"
#include "wire/json.h"

namespace {

using namespace muster;

Result<Bytes> encode_again(const wire::Datagram& datagram, BytesView secret) {
  if (const auto* const probe = std::get_if<wire::Probe>(&datagram)) {
    return wire::encode_probe(*probe, secret);
  }
  return wire::encode_beacon(std::get<wire::Beacon>(datagram), secret);
}

std::string text_of(const wire::Datagram& datagram) {
  return std::visit([](const auto& message) { return wire::to_json(message); }, datagram);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const Bytes bytes(reinterpret_cast<const std::byte*>(data) + 1,
                    reinterpret_cast<const std::byte*>(data) + size);
  const BytesView secret = (data[0] & 1) != 0 ? as_bytes("secret") : BytesView();
  static_cast<void>(wire::claimed_group(bytes));
  const Result<wire::Datagram> datagram = wire::decode_datagram(bytes, secret);
  if (!datagram) return 0;
  check(bytes.size() <= wire::datagram_bytes_max);
  // Written anew it may be longer than it came, and then too long.
  const Result<Bytes> written = encode_again(*datagram, secret);
  if (!written) return 0;
  const Result<wire::Datagram> again = wire::decode_datagram(*written, secret);
  check(again.has_value() && text_of(*again) == text_of(*datagram));
  return 0;
}
