// Each control message from anything; what passes is printed as JSON, and survives a round trip.
#include <array>
#include <cstdint>

#include "muster/check.h"
#include "wire/control.h"
#include "wire/json.h"
#include "wire/methods.pb.h"

namespace {

using namespace muster;

template <class Message>
void decode_and_print(BytesView bytes) {
  const Result<Message> message = wire::decode<Message>(bytes);
  if (!message) return;
  check(!wire::to_json(*message).empty());
  const Result<Message> again = wire::decode<Message>(wire::encode(*message));
  check(again.has_value());
  check(wire::to_json(*again) == wire::to_json(*message));
}

constexpr std::array decoders{
    decode_and_print<wire::Refused>,        decode_and_print<wire::OpenSession>,
    decode_and_print<wire::SessionOpened>,  decode_and_print<wire::ResumeSession>,
    decode_and_print<wire::ServerHello>,    decode_and_print<wire::Read>,
    decode_and_print<wire::ReadReply>,      decode_and_print<wire::Status>,
    decode_and_print<wire::Members>,        decode_and_print<wire::PeerHello>,
    decode_and_print<wire::Invite>,         decode_and_print<wire::ForwardRefused>,
    decode_and_print<wire::Founding>,       decode_and_print<wire::MemberChange>,
    decode_and_print<wire::Goodbye>,        decode_and_print<wire::EndSession>,
    decode_and_print<wire::SessionEnded>,   decode_and_print<wire::Redirect>,
    decode_and_print<wire::ResendFrom>,     decode_and_print<wire::Follow>,
    decode_and_print<wire::Unfollow>,       decode_and_print<wire::Steer>,
    decode_and_print<wire::Steered>,        decode_and_print<wire::StatusRequest>,
    decode_and_print<wire::MembersRequest>, decode_and_print<wire::Handover>,
    decode_and_print<wire::Farewell>,       decode_and_print<wire::Removed>,
    decode_and_print<wire::StateDigests>,   decode_and_print<wire::GroupChange>,
    decode_and_print<wire::GroupEvent>,     decode_and_print<wire::Invoke>,
    decode_and_print<wire::Invoked>,        decode_and_print<wire::ForkedCommand>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const BytesView bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  decoders[data[0] % decoders.size()](bytes);
  static_cast<void>(wire::validate_name(as_text(bytes)).has_value());
  return 0;
}
