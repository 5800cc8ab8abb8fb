// Bytes that are no command, query or part of a snapshot are refused; what is restored is written
// in the same bytes.
#include <algorithm>
#include <cstdint>

#include "chat/chat.h"
#include "muster/check.h"

using namespace muster;

namespace {

class Nobody final : public service::Output {
 public:
  void reply(BytesView) override { ++answers; }
  void refuse(ErrorCode, std::string_view) override { ++answers; }
  void publish(std::string_view, BytesView event) override {
    check(chat::decode_line(event).has_value());
  }
  int answers{0};
};

void carry_out(chat::Chat& machine, BytesView payload, std::uint64_t index) {
  Nobody output;
  const SessionId session{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
  machine.apply(
      {.position = {.index = {index}}, .time = {}, .session = session, .payload = payload}, output);
  check(output.answers == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  static_cast<void>(chat::decode_line(bytes));
  static_cast<void>(chat::decode_receipt(bytes));
  static_cast<void>(chat::decode_room_state(bytes));
  static_cast<void>(chat::decode_rooms(bytes));
  static_cast<void>(chat::decode_person(bytes));
  static_cast<void>(chat::decode_people(bytes));
  static_cast<void>(chat::decode_channel(bytes));
  static_cast<void>(chat::decode_history(bytes));

  chat::Chat chat;
  carry_out(chat, bytes, 1);
  carry_out(chat, chat::encode(chat::Request{chat::SignIn{"ann", "inboxinboxinbox1"}}), 2);
  carry_out(chat, chat::encode(chat::Request{chat::Join{"lobby"}}), 3);
  carry_out(chat, bytes, 4);
  static_cast<void>(chat.query(bytes));
  static_cast<void>(chat.topic_state(as_text(bytes)));

  chat.clear();
  if (!chat.restore(bytes)) return 0;
  const service::FrozenParts parts = chat.freeze();
  check(parts.size() == 1);
  Bytes again;
  parts.front()->encode(again);
  check(std::ranges::equal(again, bytes));
  carry_out(chat, chat::encode(chat::Request{chat::SignIn{"ann", "inboxinboxinbox1"}}), 5);
  return 0;
}
