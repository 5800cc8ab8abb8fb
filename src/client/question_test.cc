// Questions to servers on loopback that answer as the test wants.
#include "client/question.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "client/server_list.h"
#include "net/listener.h"
#include "wire/control.h"

namespace muster::client {
namespace {

using namespace std::chrono_literals;

/// Greets as a server of `group` and answers each status request.
class FakeServer final : private net::LinkObserver {
 public:
  FakeServer(net::Loop& loop, std::string group, const std::string& secret = {},
             bool silent = false)
      : group_(std::move(group)), silent_(silent) {
    net::Listener::Options options;
    options.bind = {.host = "127.0.0.1", .port = 0};
    options.admission.secret.assign(as_bytes(secret).begin(), as_bytes(secret).end());
    listener_ = net::Listener::open(
                    loop, options, [this](const std::shared_ptr<net::Link>& link) { greet(link); },
                    [](const std::string&) {})
                    .value();
    listener_->start();
  }
  ~FakeServer() override {
    for (const auto& link : links_) link->abort();
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(listener_->port()); }
  int asked() const { return asked_; }

 private:
  void greet(const std::shared_ptr<net::Link>& link) {
    link->observe(*this);
    links_.push_back(link);
    wire::ServerHello hello;
    hello.set_group(group_);
    send(*link, wire::FrameType::server_hello, hello);
  }
  void on_open(net::Link&) override {}
  void on_frame(net::Link& link, wire::Frame frame) override {
    ++asked_;
    if (silent_ || frame.type != wire::FrameType::status_request) return;
    wire::Status status;
    status.set_group(group_);
    status.set_term(7);
    send(link, wire::FrameType::status, status);
  }
  void on_close(net::Link& link, const Error&) override {
    std::erase_if(links_, [&](const auto& each) { return each.get() == &link; });
  }
  static void send(net::Link& link, wire::FrameType type,
                   const google::protobuf::MessageLite& message) {
    EXPECT_TRUE(link.send(type, wire::Lane::normal, SharedBytes(wire::encode(message))));
  }

  const std::string group_;
  const bool silent_;
  int asked_{0};
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::shared_ptr<net::Link>> links_;
};

class QuestionTest : public testing::Test {
 protected:
  Result<Answer> ask_status(std::vector<std::string> servers, std::string group = {},
                            wire::FrameType type = wire::FrameType::status_request) {
    return ask(loop_,
               {.servers = std::move(servers), .group = std::move(group), .server_timeout = 100ms},
               {.type = type, .body = SharedBytes()});
  }
  /// An address where nobody listens any more.
  std::string nobody() { return FakeServer(loop_, "default").address(); }

  net::Loop loop_;
};

TEST_F(QuestionTest, IsAnsweredByTheFirstServerThatCan) {
  const FakeServer server(loop_, "default");
  const auto answer = ask_status({nobody(), server.address()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->address, server.address());
  EXPECT_EQ(answer->hello.group(), "default");
  EXPECT_EQ(wire::decode<wire::Status>(answer->frame.body.view()).value().term(), 7U);
}

TEST_F(QuestionTest, PassesOverServersOfOtherGroups) {
  const FakeServer other(loop_, "attic");
  const FakeServer wanted(loop_, "cellar");
  const auto answer = ask_status({other.address(), wanted.address()}, "cellar");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->address, wanted.address());
  EXPECT_EQ(ask_status({other.address()}, "cellar").error().code, ErrorCode::not_found);
}

TEST_F(QuestionTest, AServerOfAnotherGroupIsNotAskedAtAll) {
  const FakeServer other(loop_, "attic");
  const auto answer = ask_status({other.address()}, "cellar", wire::FrameType::steer);
  EXPECT_EQ(answer.error().code, ErrorCode::not_found);
  EXPECT_EQ(answer.error().outcome, Outcome::not_applied);
  EXPECT_EQ(other.asked(), 0);
}

TEST_F(QuestionTest, AChangeThatWasAskedForAndNotAnsweredIsPerhapsApplied) {
  const FakeServer silent(loop_, "default", "", true);
  const auto answer = ask_status({silent.address(), nobody()}, "", wire::FrameType::steer);
  EXPECT_EQ(answer.error().code, ErrorCode::deadline_exceeded);
  EXPECT_EQ(answer.error().outcome, Outcome::perhaps_applied);
  EXPECT_EQ(silent.asked(), 1);
  EXPECT_EQ(ask_status({silent.address()}).error().outcome, Outcome::not_applied);
}

TEST_F(QuestionTest, PassesOverAServerThatDoesNotAnswer) {
  const FakeServer silent(loop_, "default", "", true);
  const FakeServer server(loop_, "default");
  EXPECT_TRUE(ask_status({silent.address(), server.address()}));
  EXPECT_EQ(ask_status({silent.address()}).error().code, ErrorCode::deadline_exceeded);
}

TEST_F(QuestionTest, NobodyThereNamesTheRemedy) {
  const auto answer = ask_status({nobody()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_NE(answer.error().message.find("muster serve"), std::string::npos);
  EXPECT_NE(answer.error().message.find("--server"), std::string::npos);
}

TEST_F(QuestionTest, AMissingSecretIsToldAsSuch) {
  const FakeServer server(loop_, "default", "open sesame");
  EXPECT_EQ(ask_status({nobody(), server.address()}).error().code, ErrorCode::unauthenticated);
}

TEST(ServerListTest, HasThePortsThatServersOfThisMachineChoose) {
  const auto servers = local_servers();
  EXPECT_EQ(servers.size(), 10U);
  EXPECT_EQ(servers.front(), "127.0.0.1:8888");
  EXPECT_EQ(servers.back(), "127.0.0.1:8906");
}

}  // namespace
}  // namespace muster::client
