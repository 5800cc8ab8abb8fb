#include "cli/console_of_server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <mutex>
#include <utility>
#include <vector>

#include "cli/terminal.h"

namespace muster::cli {
namespace {

constexpr std::size_t early_lines_max = 1'000;

std::string log_line(spdlog::level::level_enum level, std::string_view text) {
  const auto name = spdlog::level::to_string_view(level);
  return fmt::format("{:%H:%M:%S} {} {}", fmt::localtime(std::time(nullptr)),
                     std::string_view(name.data(), name.size()), text);
}

}  // namespace

/// What the server's log may still use when the console is gone.
struct ConsoleOfServer::Shared {
  std::mutex mutex;
  std::unique_ptr<ConsoleShell> shell;  // Under mutex, as what follows.
  server::Server* server{nullptr};
  std::vector<std::string> early;  // Printed before there was a shell.
  bool over{false};
  const bool on_terminal{is_interactive()};

  void print(const std::string& line) {
    const std::lock_guard lock(mutex);
    if (shell) {
      shell->print(line);
    } else if (!over && on_terminal && early.size() < early_lines_max) {
      early.push_back(line);
    } else {
      fmt::print("{}\n", line);
      std::fflush(stdout);
    }
  }
  void stop_server() {
    const std::lock_guard lock(mutex);
    if (server != nullptr) server->request_stop();
  }
};

ConsoleOfServer::ConsoleOfServer(ClientOptions client)
    : client_(std::move(client)), shared_(std::make_shared<Shared>()) {}

ConsoleOfServer::~ConsoleOfServer() {
  detach();
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->over = true;
    if (shared_->shell) shared_->shell->stop();
  }
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(shared_->mutex);
  shared_->shell.reset();
  for (const std::string& line : shared_->early) fmt::print(stderr, "{}\n", line);
}

server::LogSink ConsoleOfServer::log_sink() const {
  if (!shared_->on_terminal) return {};
  return [shared = shared_](spdlog::level::level_enum level, std::string_view text) {
    shared->print(log_line(level, text));
  };
}

void ConsoleOfServer::attach(server::Server& server, const std::string& host) {
  const std::lock_guard lock(shared_->mutex);
  shared_->server = &server;
  if (shared_->shell) return;
  const bool v6 = host.find(':') != std::string::npos;
  client_.servers = {
      fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), host, server.client_port())};
  shared_->shell = std::make_unique<ConsoleShell>(ConsoleShell::Options{
      .client = client_, .owns_process = false, .on_exit = [&shared = *shared_] {
        shared.stop_server();
      }});
  for (const std::string& line : std::exchange(shared_->early, {})) shared_->shell->print(line);
  thread_ = std::thread([shell = shared_->shell.get()] { shell->run(); });
}

void ConsoleOfServer::detach() {
  const std::lock_guard lock(shared_->mutex);
  shared_->server = nullptr;
}

void ConsoleOfServer::print(const std::string& line) {
  shared_->print(line);
}

}  // namespace muster::cli
