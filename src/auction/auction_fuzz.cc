// Bytes that are no command, query or part of a snapshot are refused; what is restored is written
// in the same bytes, and goes on.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "auction/auction.h"
#include "muster/check.h"
#include "muster/codec.h"

using namespace muster;

namespace {

class Nobody final : public service::Output {
 public:
  void reply(BytesView payload) override {
    check(auction::decode_receipt(payload).has_value());
    ++answers;
  }
  void refuse(ErrorCode, std::string_view) override { ++answers; }
  void publish(std::string_view, BytesView event) override {
    check(auction::decode_event(event).has_value());
  }
  int answers{0};
};

void carry_out(auction::Auction& machine, BytesView payload, std::uint64_t index, LogTime time) {
  Nobody output;
  const SessionId session{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
  machine.apply(
      {.position = {.index = {index}}, .time = time, .session = session, .payload = payload},
      output);
  check(output.answers == 1);
}

auction::Request open(auction::Format format) {
  auction::Terms terms{.title = "lot", .format = format};
  if (format == auction::Format::english) terms.increments = {{{}, {1}}};
  if (format == auction::Format::dutch) {
    terms.start = {100};
    terms.step = {10};
    terms.every = std::chrono::seconds{1};
  } else {
    terms.duration = std::chrono::seconds{10};
  }
  if (auction::is_sealed(format)) terms.reveal_window = std::chrono::seconds{10};
  return auction::Open{"sue", terms};
}

std::vector<Bytes> frozen(const auction::Auction& machine) {
  std::vector<Bytes> parts;
  for (const auto& part : machine.freeze()) part->encode(parts.emplace_back());
  return parts;
}

/// The bytes as a snapshot: each part with its length before it.
void restore(BytesView bytes) {
  auction::Auction machine({.entries_kept = 4, .entries_per_part = 2, .refused_kept = 2});
  Reader reader(bytes);
  std::vector<Bytes> parts;
  while (reader.ok() && !reader.rest().empty()) {
    const BytesView part = reader.sized();
    if (!machine.restore(part)) return;
    parts.emplace_back(part.begin(), part.end());
  }
  if (parts.empty() || parts.back().front() != std::byte{4}) return;  // Cut off.
  check(frozen(machine) == parts);
  Nobody output;
  LogTime time{};
  for (int i = 0; i < 100 && machine.deadline(); ++i) {
    time = std::max(time, *machine.deadline());
    machine.expire(time, output);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  static_cast<void>(auction::decode_event(bytes));
  static_cast<void>(auction::decode_receipt(bytes));
  static_cast<void>(auction::decode_lot(bytes));
  static_cast<void>(auction::decode_lots(bytes));
  static_cast<void>(auction::decode_history(bytes));
  static_cast<void>(auction::decode_verdict(bytes));

  // Lots 1.0 to 4.0, one of each format, and then whatever it is, twice.
  auction::Auction machine;
  for (std::uint8_t format = 1; format <= 4; ++format) {
    carry_out(machine, encode(open(static_cast<auction::Format>(format))), format, {1'000});
  }
  carry_out(machine, bytes, 5, {1'500});
  static_cast<void>(machine.query(bytes));
  static_cast<void>(machine.topic_state(as_text(bytes)));
  carry_out(machine, bytes, 6, {12'000});
  restore(bytes);
  return 0;
}
