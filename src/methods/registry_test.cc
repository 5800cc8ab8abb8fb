// The table of remote methods: what is let in, what is refused and how.
#include "methods/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "methods/result.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::methods {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Answer echo_arguments(const Call& call) {
  wire::LogLevelReport report;
  for (const std::string& argument : call.arguments)
    report.set_level(report.level() + argument + ";");
  return answer(std::move(report));
}

Method method(std::string name, std::vector<Argument> arguments = {}) {
  return {.name = std::move(name),
          .help = "for tests",
          .arguments = std::move(arguments),
          .handler = echo_arguments};
}

Method typed() {
  return method(
      "typed",
      {{.name = "LEVEL", .kind = Argument::Kind::choice, .choices = {"low", "high"}},
       {.name = "COUNT", .kind = Argument::Kind::number, .optional = true, .least = 1, .most = 9}});
}

wire::Invoke call_of(const std::string& name, std::initializer_list<std::string> arguments = {}) {
  wire::Invoke invoke;
  invoke.set_method(name);
  for (const std::string& argument : arguments) invoke.add_arguments(argument);
  return invoke;
}

Result<std::string> ask(Registry& registry, const wire::Invoke& request, Instant now = {}) {
  const auto invoked = registry.invoke(request, now, {});
  if (!invoked) return invoked.error();
  return wire::to_json(*decode_result(*invoked).value());
}

TEST(RegistryTest, CarriesACallOutWithCheckedArguments) {
  Registry registry;
  ASSERT_TRUE(registry.add(typed()));
  EXPECT_EQ(ask(registry, call_of("typed", {"HIGH", "007"})).value(),
            R"({"level":"high;7;","before":""})");
  EXPECT_EQ(ask(registry, call_of("typed", {"low"})).value(), R"({"level":"low;","before":""})");
}

TEST(RegistryTest, ACallThatItsOwnerAnswersIsOnlyChecked) {
  Registry registry({.calls_per_second_max = 3});
  Method slow = typed();
  slow.handler = nullptr;
  ASSERT_TRUE(registry.add(std::move(slow)));
  EXPECT_THAT(registry.check_call(call_of("typed", {"HIGH", "007"}), {}).value(),
              ElementsAre("high", "7"));
  EXPECT_EQ(registry.check_call(call_of("typed", {"middle"}), {}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(registry.check_call(call_of("tpyed"), {}).error().code, ErrorCode::not_found);
  EXPECT_EQ(registry.check_call(call_of("typed", {"low"}), {}).error().code,
            ErrorCode::resource_exhausted);
}

TEST(RegistryTest, NamesTheNearestMethodForOneThatIsNone) {
  Registry registry;
  ASSERT_TRUE(registry.add(method("stats")));
  ASSERT_TRUE(registry.add(method("version")));
  const Error error = ask(registry, call_of("sttas")).error();
  EXPECT_EQ(error.code, ErrorCode::not_found);
  EXPECT_EQ(error.message, "this server has no method 'sttas'; did you mean stats?");
  EXPECT_EQ(ask(registry, call_of(std::string(5'000, 'x'))).error().message,
            "this server has no method of so long a name");
}

TEST(RegistryTest, RefusesArgumentsWithTheUsage) {
  Registry registry;
  ASSERT_TRUE(registry.add(typed()));
  const auto refused = [&](std::initializer_list<std::string> arguments) {
    const Error error = ask(registry, call_of("typed", arguments)).error();
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
    return error.message;
  };
  EXPECT_EQ(refused({}), "typed needs LEVEL; usage: typed low|high [COUNT]");
  EXPECT_EQ(refused({"middle"}), "LEVEL must be low|high; usage: typed low|high [COUNT]");
  for (const char* const count : {"0", "10", "-1", "1.5", "1e1", "99999999999999999999", ""}) {
    EXPECT_EQ(refused({"low", count}),
              "COUNT must be a whole number from 1 to 9; usage: typed low|high [COUNT]");
  }
  EXPECT_EQ(refused({"low", "1", "2"}),
            "typed takes 2 arguments, not 3; usage: typed low|high [COUNT]");
}

TEST(RegistryTest, RefusesTextWithControlCharacters) {
  Registry registry;
  ASSERT_TRUE(registry.add(method("one", {{.name = "TOPIC"}})));
  EXPECT_EQ(ask(registry, call_of("one", {"a\x1b[2J"})).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(ask(registry, call_of("one", {""})).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(ask(registry, call_of("one", {"chat/größe"})).value(),
            R"({"level":"chat/größe;","before":""})");
}

TEST(RegistryTest, LimitsTheArgumentsOfACall) {
  Registry registry;
  ASSERT_TRUE(registry.add(method("one", {{.name = "TOPIC"}})));
  EXPECT_TRUE(ask(registry, call_of("one", {std::string(argument_bytes_max, 'x')})));
  EXPECT_EQ(ask(registry, call_of("one", {std::string(argument_bytes_max + 1, 'x')})).error().code,
            ErrorCode::resource_exhausted);
  wire::Invoke many = call_of("one");
  for (std::size_t i = 0; i <= arguments_max; ++i) many.add_arguments("x");
  EXPECT_EQ(ask(registry, many).error().code, ErrorCode::resource_exhausted);
}

TEST(RegistryTest, LimitsTheCallsOfASecond) {
  Registry registry({.calls_per_second_max = 2});
  ASSERT_TRUE(registry.add(method("one")));
  const Instant now{std::chrono::seconds{5}};
  EXPECT_TRUE(ask(registry, call_of("one"), now));
  EXPECT_FALSE(ask(registry, call_of("none"), now));  // What is refused counts too.
  EXPECT_EQ(ask(registry, call_of("one"), now).error().code, ErrorCode::resource_exhausted);
  EXPECT_TRUE(ask(registry, call_of("one"), now + std::chrono::seconds{1}));
}

TEST(RegistryTest, LimitsWhatAMethodAnswers) {
  Registry registry;
  Method large = method("large", {{.name = "BYTES", .kind = Argument::Kind::number}});
  large.handler = [](const Call& call) {
    wire::LogLevelReport report;
    report.set_level(std::string(call.number(0), 'x'));
    return answer(std::move(report));
  };
  ASSERT_TRUE(registry.add(std::move(large)));
  EXPECT_TRUE(registry.invoke(call_of("large", {"262000"}), {}, {}));
  EXPECT_EQ(registry.invoke(call_of("large", {"262144"}), {}, {}).error().code,
            ErrorCode::resource_exhausted);
}

TEST(RegistryTest, TakesNoMethodThatCannotBeOrIsThereAlready) {
  Registry registry({.methods_max = 2});
  EXPECT_TRUE(registry.add(method("auction.pause")));
  EXPECT_EQ(registry.add(method("auction.pause")).error().code, ErrorCode::already_exists);
  for (const char* const name : {"", "Upper", "with space", "9", "-x"}) {
    EXPECT_EQ(registry.add(method(name)).error().code, ErrorCode::invalid_argument) << name;
  }
  EXPECT_EQ(
      registry.add(method("a", {{.name = "A", .optional = true}, {.name = "B"}})).error().code,
      ErrorCode::invalid_argument);
  EXPECT_TRUE(registry.add(method("b")));
  EXPECT_EQ(registry.add(method("c")).error().code, ErrorCode::resource_exhausted);
}

TEST(RegistryTest, CompletesAResultWithWhatOtherLayersKnow) {
  Registry registry;
  ASSERT_TRUE(registry.add(method("one")));
  registry.amend<wire::LogLevelReport>(
      "one", [](wire::LogLevelReport& report) { report.set_before("amended"); });
  EXPECT_EQ(ask(registry, call_of("one")).value(), R"({"level":"","before":"amended"})");
}

TEST(RegistryTest, ListsItsMethods) {
  Registry registry;
  ASSERT_TRUE(registry.add(typed()));
  ASSERT_TRUE(registry.add(method("alone")));
  const auto invoked = registry.invoke({}, {}, {}).value();
  const auto list = decode_result(invoked).value();
  EXPECT_THAT(
      to_lines(static_cast<const wire::MethodList&>(*list)),
      ElementsAre("alone                   for tests", "typed low|high [COUNT]  for tests"));
}

TEST(ResultTest, IsShownAsLinesAndTables) {
  wire::SessionList list;
  list.set_total(3);
  wire::ListedSession& one = *list.add_sessions();
  one.set_name("ann\n");
  one.set_home("a");
  one.set_attached_here(true);
  EXPECT_THAT(to_lines(static_cast<const google::protobuf::Message&>(list)),
              ElementsAre("total  3",
                          "NAME  HOME  HOME NUMBER  EPOCH  LAST SEQUENCE  ATTACHED HERE  "
                          "UNANSWERED  SILENT MS  ATTACHED MS  SUSPECTED",
                          "ann?  a     0            0      0              yes            0         "
                          "  0          0            no"));
}

TEST(ResultTest, MayHaveAnyTime) {
  wire::TopicHistory history;
  for (const std::int64_t seconds : {INT64_MIN, INT64_MAX}) {
    history.add_events()->mutable_time()->set_seconds(seconds);
  }
  const auto lines = to_lines(static_cast<const google::protobuf::Message&>(history));
  EXPECT_THAT(lines.at(3), HasSubstr("0001-01-01T00:00:00"));
  EXPECT_THAT(lines.at(4), HasSubstr("9999-12-31T23:59:59"));
}

TEST(ResultTest, OfAnUnknownTypeIsRefused) {
  wire::Invoked invoked;
  invoked.set_type("muster.wire.OfTheFuture");
  EXPECT_EQ(decode_result(invoked).error().code, ErrorCode::unimplemented);
  invoked.set_type("muster.wire.LogLevelReport");
  invoked.set_result("\x0a\x05");
  EXPECT_EQ(decode_result(invoked).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace muster::methods
