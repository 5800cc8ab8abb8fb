// A group of one in this process, with a service that counts, for the tests of this folder.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/bytes.h"
#include "muster/check.h"
#include "muster/codec.h"
#include "muster/machine.h"
#include "muster/server.h"

namespace muster::library {

inline constexpr ServiceId counter_id{100};
inline const std::string counter_topic = "counter/added";

/// A number adds itself, is published, and the sum is the reply; `publish N` publishes the numbers
/// from 1 to N, and replies N; `throw` throws. Everything else is refused.
class Counter final : public service::Machine {
 public:
  ServiceId id() const override { return counter_id; }
  std::string_view name() const override { return "counter"; }
  void apply(const service::Command& command, service::Output& output) override {
    const std::string_view text = as_text(command.payload);
    if (text == "throw") throw std::runtime_error("it was told to");
    constexpr std::string_view publish = "publish ";
    if (text.starts_with(publish)) {
      const auto count = number(text.substr(publish.size())).value_or(0);
      for (std::int64_t i = 1; i <= count; ++i) {
        output.publish(counter_topic, as_bytes(std::to_string(i)));
      }
      return output.reply(as_bytes(std::to_string(count)));
    }
    const auto added = number(text);
    if (!added) {
      return output.refuse(ErrorCode::invalid_argument, "that is no number: give one");
    }
    sum_ += *added;
    output.publish(counter_topic, command.payload);
    output.reply(as_bytes(std::to_string(sum_)));
  }
  Result<Bytes> query(BytesView /*request*/) const override { return text(sum_); }
  Result<Bytes> topic_state(std::string_view topic) const override {
    if (topic == counter_topic) return text(sum_);
    return Machine::topic_state(topic);
  }
  service::FrozenParts freeze() const override { return {std::make_shared<Sum>(sum_)}; }
  Result<void> restore(BytesView part) override {
    Reader reader(part);
    sum_ = reader.integer<std::int64_t>();
    if (!reader.finished()) return Error{ErrorCode::internal, "that is no sum"};
    return {};
  }
  void clear() override { sum_ = 0; }

 private:
  class Sum final : public service::Part {
   public:
    explicit Sum(std::int64_t sum) : sum_(sum) {}
    void encode(Bytes& out) const override { Writer(out).integer(sum_); }

   private:
    std::int64_t sum_;
  };

  static Bytes text(std::int64_t value) {
    const std::string digits = std::to_string(value);
    const BytesView view = as_bytes(digits);
    return {view.begin(), view.end()};
  }
  static std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  }

  std::int64_t sum_{0};
};

/// A folder of this test alone, which is not there yet; removed with the test. What a test left
/// that was killed is never taken for its own, whatever process ids come again.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "muster-library-XXXXXX").string();
    check(::mkdtemp(pattern.data()) != nullptr);
    parent_ = pattern;
  }
  ~TestFolder() { std::filesystem::remove_all(parent_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string path() const { return (parent_ / "data").string(); }

 private:
  std::filesystem::path parent_;
};

/// Options of a server that founds its group alone and meets nobody.
inline ServerOptions lone_server(const TestFolder& folder) {
  ServerOptions options;
  options.services = services_of<Counter>();
  options.group = "library-test";
  options.client_port = 0;
  options.peer_port = 0;
  options.bind = "127.0.0.1";
  options.data_folder = folder.path();
  options.founding = Founding::now;
  options.discovery.mode = DiscoveryMode::off;
  options.log_level = LogLevel::error;
  return options;
}

/// One that is ready; can be stopped and started again with the same ports and data.
class TestServer {
 public:
  TestServer() : TestServer([](ServerOptions&) {}) {}
  template <class Change>
  explicit TestServer(Change change) : options_(lone_server(folder_)) {
    change(options_);
    start();
  }

  void start() {
    server_.emplace(Server::start(options_).value());
    const ServerReady ready = server_->wait_until_ready(std::chrono::seconds{20}).value();
    options_.client_port = ready.client_port;
    options_.peer_port = ready.peer_port;
  }
  Result<void> stop() {
    server_->stop();
    const Result<void> ended = server_->wait();
    server_.reset();
    return ended;
  }
  Server& server() { return *server_; }
  const ServerOptions& options() const { return options_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(*options_.client_port); }

 private:
  TestFolder folder_;
  ServerOptions options_;
  std::optional<Server> server_;
};

}  // namespace muster::library
