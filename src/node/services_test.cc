// Commands of services that operators give by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "muster/codec.h"
#include "node/testing/nodes.h"
#include "wire/control.h"
#include "wire/methods.pb.h"

namespace muster::node::services_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Remembers the word that was written last; refuses `nothing`.
class Slate final : public service::Machine {
 public:
  ServiceId id() const override { return ServiceId{77}; }
  std::string_view name() const override { return "slate"; }
  void apply(const service::Command& command, service::Output& output) override {
    const std::string word(as_text(command.payload).substr(0, as_text(command.payload).find('/')));
    if (!command.system || word == "nothing") {
      return output.refuse(ErrorCode::failed_precondition, "that can't be written");
    }
    word_ = word;
    output.reply(as_bytes("it says " + word_));
  }
  Result<Bytes> query(BytesView /*request*/) const override {
    const BytesView word = as_bytes(word_);
    return Bytes(word.begin(), word.end());
  }
  service::FrozenParts freeze() const override { return {}; }
  Result<void> restore(BytesView /*part*/) override { return {}; }
  void clear() override { word_.clear(); }
  std::vector<service::OperatorCommand> operator_commands() const override {
    return {{.name = "slate.write", .help = "writes a word", .arguments = {"WORD"}}};
  }
  Result<Bytes> operator_command(std::string_view /*name*/, std::span<const std::string> arguments,
                                 std::string_view key) const override {
    if (arguments[0] == "x") return Error{ErrorCode::invalid_argument, "x is no word"};
    const std::string text = arguments[0] + "/" + std::string(key);
    const BytesView bytes = as_bytes(text);
    return Bytes(bytes.begin(), bytes.end());
  }

 private:
  std::string word_;
};

class NodeServicesTest : public TwoNodes {
 protected:
  NodeServicesTest()
      : TwoNodes([] {
          std::vector<std::unique_ptr<service::Machine>> machines;
          machines.push_back(std::make_unique<Slate>());
          return machines;
        }) {
    // `b` ranks higher and is handed the leadership.
    EXPECT_TRUE(run_until([&] { return status(first).leader() == "b"; }));
    pass(1s);
    for (const Server which : {first, second}) {
      step(which, LinkOpened{.link = operator_link, .address = "c:2"});
    }
  }

  static constexpr LinkId operator_link{client_link.value + 1};

  /// The message of the report, or `CODE: text`.
  std::string call(Server which, const std::vector<std::string>& arguments) {
    told_.erase(wire::FrameType::invoked);
    told_.erase(wire::FrameType::refused);
    wire::Invoke request;
    request.set_method("slate.write");
    for (const std::string& argument : arguments) request.add_arguments(argument);
    say(which, operator_link, wire::FrameType::invoke, wire::encode(request));
    EXPECT_TRUE(run_until([&] {
      return told_.contains(wire::FrameType::invoked) || told_.contains(wire::FrameType::refused);
    }));
    const auto refused = told_.find(wire::FrameType::refused);
    if (refused != told_.end()) {
      const Error error = wire::to_error(wire::decode<wire::Refused>(refused->second).value());
      return std::string(name_of(error.code)) + ": " + error.message;
    }
    const auto invoked = wire::decode<wire::Invoked>(told_.at(wire::FrameType::invoked)).value();
    EXPECT_EQ(invoked.server(), which == first ? "a" : "b");
    report_ = wire::decode<wire::OperatorReport>(as_bytes(invoked.result())).value();
    return report_.message();
  }

  wire::OperatorReport report_;
};

TEST_F(NodeServicesTest, TheLeaderCarriesItOutAndSaysWhereItStands) {
  EXPECT_EQ(call(second, {"hello"}), "it says hello");
  const std::uint64_t index = report_.index();
  EXPECT_GT(index, 1U);
  EXPECT_EQ(call(second, {"hello"}), "it says hello");
  EXPECT_GT(report_.index(), index);
}

TEST_F(NodeServicesTest, AnotherServerNamesTheLeader) {
  const std::string refused = call(first, {"hello"});
  EXPECT_THAT(refused, HasSubstr("FAILED_PRECONDITION: only the main server does this: ask b"));
  EXPECT_THAT(refused, HasSubstr("muster rmi b:1 slate.write"));
}

TEST_F(NodeServicesTest, WhatTheServiceRefusesIsToldAsItSaysIt) {
  EXPECT_EQ(call(second, {"nothing"}), "FAILED_PRECONDITION: that can't be written");
  EXPECT_EQ(call(second, {"x"}), "INVALID_ARGUMENT: x is no word");
  EXPECT_THAT(call(second, {}), HasSubstr("INVALID_ARGUMENT"));
}

}  // namespace
}  // namespace muster::node::services_test
