// NATS' driver for bench/compare: JetStream, a stream in files with three replicas, every message
// acknowledged. The acknowledgements come to an inbox of each connection, as in the library's own
// asynchronous publishing, whose handlers do not say which message of several equal ones it was.
#include <nats/nats.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/peers/harness.h"

namespace muster::bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* stream = "bench";
constexpr std::int64_t stream_bytes_max = std::int64_t{1} << 30;
constexpr std::int64_t reconnect_pause_ms = 10;
constexpr std::size_t few_in_flight = 16;

void begin(natsStatus status, const char* what) {
  if (status != NATS_OK) fail(std::string(what) + ": " + natsStatus_GetText(status));
}

class Connection {
 public:
  Connection(const std::vector<std::string>& servers, const Work& work, const OnAnswer& on_answer)
      : value_(work.value), on_answer_(on_answer) {
    std::vector<std::string> urls = servers;
    for (std::string& url : urls) url.insert(0, "nats://");
    std::vector<const char*> words(urls.size());
    std::ranges::transform(urls, words.begin(), &std::string::c_str);
    natsOptions* options = nullptr;
    begin(natsOptions_Create(&options), "NATS' library");
    begin(natsOptions_SetServers(options, words.data(), static_cast<int>(words.size())), "servers");
    begin(natsOptions_SetNoRandomize(options, true), "options");
    begin(natsOptions_SetMaxReconnect(options, -1), "options");
    begin(natsOptions_SetReconnectWait(options, reconnect_pause_ms), "options");
    // Else a thread of the library gathers what is sent for a millisecond.
    begin(natsOptions_SetSendAsap(options, work.in_flight <= few_in_flight), "options");
    begin(natsConnection_Connect(&connection_, options), "NATS lets nobody in");
    natsOptions_Destroy(options);

    natsInbox* inbox = nullptr;
    begin(natsInbox_Create(&inbox), "an inbox");
    inbox_ = std::string(inbox) + ".";
    natsInbox_Destroy(inbox);
    begin(natsConnection_Subscribe(&subscription_, connection_, (inbox_ + "*").c_str(),
                                   &Connection::acknowledged, this),
          "NATS gives no inbox");
    begin(natsSubscription_SetPendingLimits(subscription_, -1, -1), "the inbox");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Makes the stream; one that is as wanted stays.
  void make_stream(std::size_t replicas) {
    jsCtx* context = nullptr;
    begin(natsConnection_JetStream(&context, connection_, nullptr), "JetStream");
    jsStreamConfig config;
    begin(jsStreamConfig_Init(&config), "JetStream");
    const std::string subjects = std::string(stream) + ".*";
    const char* all = subjects.c_str();
    config.Name = stream;
    config.Subjects = &all;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    config.Replicas = static_cast<std::int64_t>(replicas);
    config.MaxBytes = stream_bytes_max;
    config.Discard = js_DiscardOld;
    jsErrCode code{};
    begin(js_AddStream(nullptr, context, &config, nullptr, &code), "JetStream makes no stream");
    jsCtx_Destroy(context);
  }

  void write(std::size_t write) {
    const std::string subject = std::string(stream) + "." + std::to_string(write % keys);
    const std::string reply = inbox_ + std::to_string(write);
    begin(natsConnection_PublishRequest(connection_, subject.c_str(), reply.c_str(), value_.data(),
                                        static_cast<int>(value_.size())),
          "NATS takes no message");
  }

 private:
  static void acknowledged(natsConnection* /*connection*/, natsSubscription* /*subscription*/,
                           natsMsg* message, void* self) {
    const auto& connection = *static_cast<Connection*>(self);
    const std::string_view subject = natsMsg_GetSubject(message);
    const std::string_view number = subject.substr(connection.inbox_.size());
    std::size_t write = 0;
    std::from_chars(number.data(), number.data() + number.size(), write);
    const std::string_view said(natsMsg_GetData(message),
                                static_cast<std::size_t>(natsMsg_GetDataLength(message)));
    const bool well = said.find(R"("seq":)") != std::string_view::npos &&
                      said.find(R"("error":)") == std::string_view::npos;
    connection.on_answer_(write, well           ? std::string_view{}
                                 : said.empty() ? std::string_view("no JetStream answers")
                                                : said);
    natsMsg_Destroy(message);
  }

  const std::string& value_;
  const OnAnswer& on_answer_;
  natsConnection* connection_{nullptr};
  natsSubscription* subscription_{nullptr};
  std::string inbox_;
};

class Nats final : public Driver {
 public:
  Nats(const Work& work, OnAnswer on_answer) : work_(work), on_answer_(std::move(on_answer)) {
    for (std::size_t i = 0; i < work.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(work.servers_of(i), work_, on_answer_));
    }
    connections_.front()->make_stream(work.servers.size());
  }
  void write(std::size_t write) override {
    connections_[write % connections_.size()]->write(write);
  }

 private:
  const Work work_;
  const OnAnswer on_answer_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace
}  // namespace muster::bench

int main(int count, char** words) {
  using namespace muster::bench;
  run_program(count, words, [](const Work& work, OnAnswer on_answer) {
    return std::make_unique<Nats>(work, std::move(on_answer));
  });
}
