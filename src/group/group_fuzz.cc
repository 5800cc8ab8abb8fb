// What is no change of the group, no founding and no part of a snapshot is refused; what passes is
// one answer, and a state that is restored from its own bytes.
#include <algorithm>
#include <cstdint>

#include "group/group.h"
#include "muster/check.h"
#include "wire/control.h"

using namespace muster;

namespace {

class Nobody final : public service::Output {
 public:
  void reply(BytesView) override { ++answers; }
  void refuse(ErrorCode, std::string_view) override { ++answers; }
  void publish(std::string_view topic, BytesView event) override {
    check(topic == group::topic && wire::decode<wire::GroupEvent>(event).has_value());
  }
  int answers{0};
};

const group::Roles roles{{{1}, group::Role::voter}, {{2}, group::Role::voter}};

Bytes founding() {
  wire::Founding founding;
  founding.set_group_id("01890000-0000-7000-8000-000000000001");
  founding.set_group("default");
  for (const std::uint32_t number : {1U, 2U}) {
    wire::Member& member = *founding.add_members();
    member.set_number(number);
    member.set_id("01890000-0000-7000-8000-00000000010" + std::to_string(number));
    member.set_name(number == 1 ? "a" : "b");
    member.set_address("10.0.0.1:8888");
  }
  return wire::encode(founding);
}

void carry_out(group::Group& group, BytesView payload, std::uint64_t index, bool system) {
  Nobody output;
  group.apply({.position = {.index = {index}},
               .time = {1'000},
               .session = SessionId{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)},
               .payload = payload,
               .system = system},
              output);
  check(output.answers == 1);
}

Bytes frozen(const group::Group& group) {
  Bytes all;
  for (const auto& part : group.freeze()) part->encode(all);
  return all;
}

void restore(BytesView bytes) {
  group::Group group;
  if (!group.restore(bytes)) return;
  const Bytes once = frozen(group);
  group::Group again;
  check(again.restore(once).has_value() && frozen(again) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  Nobody output;
  group::Group founded_by_anything;
  static_cast<void>(founded_by_anything.membership_changed({1}, roles, bytes, output));
  restore(frozen(founded_by_anything));

  group::Group group;
  check(group.membership_changed({1}, roles, founding(), output).has_value());
  carry_out(group, bytes, 2, false);
  carry_out(group, bytes, 3, true);
  static_cast<void>(group.membership_changed({4}, roles, bytes, output));
  carry_out(group, bytes, 5, true);
  static_cast<void>(group.query(bytes));
  static_cast<void>(group.topic_state(as_text(bytes)));
  restore(frozen(group));
  restore(bytes);
  return 0;
}
