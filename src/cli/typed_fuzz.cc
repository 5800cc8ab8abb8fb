// What somebody types: a line of the chat, an address, a duration, an id. What is taken is
// written, and read back as the same.
#include <cstdint>

#include "cli/chat_input.h"
#include "muster/check.h"
#include "muster/duration.h"
#include "muster/ids.h"
#include "net/address.h"
#include "wire/control.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const cli::ChatInput typed = cli::read_chat_input(text);
  if (typed.kind == cli::ChatInput::Kind::mistake) check(!typed.text.empty());
  if (const auto address = net::parse_address(text)) {
    check(net::parse_address(address->to_string()).value() == *address);
  }
  if (const auto address = net::parse_address(text, 8888)) {
    check(net::parse_address(address->to_string()).value() == *address);
  }
  if (const auto duration = parse_duration(text)) {
    check(parse_duration(to_text(*duration)).value() == *duration);
  }
  if (const auto id = wire::parse_id<ServerId>(text)) {
    check(wire::parse_id<ServerId>(id->uuid.to_string()).value() == *id);
  }
  return 0;
}
