// A call from anything: it is carried out or refused, never evaluated, and its answer is a message.
#include <cstdint>

#include "methods/registry.h"
#include "methods/result.h"
#include "muster/check.h"
#include "wire/control.h"

namespace {

using namespace muster;

methods::Answer level_of(const methods::Call& call) {
  check(call.arguments.size() <= 3);
  wire::LogLevelReport report;
  report.set_level(call.arguments.front());
  if (call.has(1)) check(call.number(1) >= 1 && call.number(1) <= 100);
  return methods::answer(std::move(report));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Kind = methods::Argument::Kind;
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto request = wire::decode<wire::Invoke>(bytes);
  if (!request) return 0;
  methods::Registry registry;
  check(
      registry
          .add({.name = "m",
                .help = {},
                .arguments =
                    {{.name = "A", .kind = Kind::choice, .choices = {"x", "yy"}},
                     {.name = "B", .kind = Kind::number, .optional = true, .least = 1, .most = 100},
                     {.name = "C", .optional = true}},
                .handler = level_of})
          .has_value());
  const auto invoked = registry.invoke(*request, {}, {});
  if (!invoked) return 0;
  check(methods::decode_result(*invoked).has_value());
  return 0;
}
