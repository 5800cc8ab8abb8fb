// A program outside of the project: a server with a service of its own, and a client, in one.
// `outside FOLDER` prints the version and what the service answers.
#include <muster/client.h>
#include <muster/server.h>
#include <muster/version.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <iostream>
#include <string>

namespace {

constexpr muster::ServiceId reverser_id{100};

class Reverser final : public muster::service::Machine {
 public:
  muster::ServiceId id() const override { return reverser_id; }
  std::string_view name() const override { return "reverser"; }
  void apply(const muster::service::Command& command, muster::service::Output& output) override {
    const muster::Bytes reversed(command.payload.rbegin(), command.payload.rend());
    output.reply(reversed);
  }
  muster::Result<muster::Bytes> query(muster::BytesView) const override { return muster::Bytes{}; }
  muster::service::FrozenParts freeze() const override { return {}; }
  muster::Result<void> restore(muster::BytesView) override { return {}; }
  void clear() override {}
};

boost::asio::awaitable<std::string> ask(boost::asio::io_context& context, std::uint16_t port) {
  muster::ClientOptions options;
  options.servers.push_back("127.0.0.1:" + std::to_string(port));
  muster::Client client(context, options);
  const muster::Result<muster::Reply> reply =
      co_await client.call(reverser_id, muster::as_bytes("retsum"));
  co_await client.end();
  co_return std::string(muster::as_text(reply.value().payload.view()));
}

}  // namespace

int main(int, char** arguments) {
  muster::ServerOptions options;
  options.services = muster::services_of<Reverser>();
  options.data_folder = arguments[1];
  options.bind = "127.0.0.1";
  options.client_port = 0;
  options.peer_port = 0;
  options.founding = muster::Founding::now;
  options.discovery.mode = muster::DiscoveryMode::off;
  auto server = muster::Server::start(options).value();
  const auto ready = server.wait_until_ready(std::chrono::seconds{20}).value();

  boost::asio::io_context context;
  auto answer =
      boost::asio::co_spawn(context, ask(context, ready.client_port), boost::asio::use_future);
  context.run();
  std::cout << muster::version() << ' ' << answer.get() << '\n';
}
