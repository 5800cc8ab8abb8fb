// Muster's driver for bench/compare: commands of the service `echo`, each client a session.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/peers/harness.h"
#include "client/client.h"
#include "client/question.h"
#include "echo/echo.h"
#include "net/loop.h"

namespace muster::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto opening_wait = 20s;
constexpr auto call_timeout = 30s;

class Muster final : public Driver {
 public:
  Muster(const Work& work, OnAnswer on_answer)
      : value_(SharedBytes::copy_of(as_bytes(work.value))), on_answer_(std::move(on_answer)) {
    for (std::size_t i = 0; i < work.connections; ++i) {
      client::Client::Options options;
      options.session.name = "compare_" + std::to_string(i + 1);
      options.session.kind = "bench";
      options.session.seeds = work.servers_of(i);
      options.session.stays = true;
      clients_.push_back(std::make_unique<client::Client>(loop_, std::move(options)));
    }
    const auto limit = Clock::now() + opening_wait;
    for (const auto& client : clients_) {
      while (!client->session().opened()) {
        if (Clock::now() > limit) fail("Muster opens no session");
        client::run_for(loop_, 2ms);
      }
    }
  }

  void write(std::size_t write) override {
    const auto called = clients_[write % clients_.size()]->call(
        echo::service_id, value_, call_timeout, [this, write](const Result<session::Reply>& reply) {
          on_answer_(write, reply ? std::string_view{} : reply.error().message);
        });
    if (!called) fail(called.error().message);
  }
  void run_for(std::chrono::microseconds time) override { client::run_for(loop_, time); }

 private:
  net::Loop loop_;
  const SharedBytes value_;
  const OnAnswer on_answer_;
  std::vector<std::unique_ptr<client::Client>> clients_;
};

}  // namespace
}  // namespace muster::bench

int main(int count, char** words) {
  using namespace muster::bench;
  run_program(count, words, [](const Work& work, OnAnswer on_answer) {
    return std::make_unique<Muster>(work, std::move(on_answer));
  });
}
