#include "cli/demo_servers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <random>
#include <string_view>
#include <utility>

#include "muster/check.h"

namespace muster::cli {
namespace {

constexpr const char* host = "127.0.0.1";
constexpr const char* this_program = "/proc/self/exe";
constexpr std::size_t tail_lines = 5;
constexpr int not_started = 127;  // As shells exit.

Error system_error(const std::string& what) {
  return {ErrorCode::unavailable, what + ": " + std::strerror(errno)};
}

// Below those that Linux gives to outgoing connections (ip_local_port_range, from 32768 on): one of
// those may be free now and, before its server listens, belong to a connection of another one.
constexpr unsigned lowest_port = 10'000;
constexpr unsigned highest_port = 32'767;
constexpr int port_draws_max = 1000;

/// Whether nobody listens on it now, and nobody did a moment ago.
Result<bool> is_free(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return system_error("a socket can't be opened");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return bound;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// In the child, between fork and exec: system calls only.
[[noreturn]] void become(pid_t parent, int log, char* const* arguments, char* const* environment) {
  ::setpgid(0, 0);  // Keys like Ctrl-C are for the demo alone.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(not_started);  // It died before this was set.
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(this_program, arguments, environment);
  ::_exit(not_started);
}

}  // namespace

std::string DemoServers::Server::address() const {
  return std::string(host) + ":" + std::to_string(port);
}

DemoServers::DemoServers(std::string folder, std::string group, std::size_t expect)
    : folder_(std::move(folder)), group_(std::move(group)), expect_(expect) {}

DemoServers::~DemoServers() {
  for (const Server& server : servers_) {
    if (server.process != 0) ::kill(server.process, SIGKILL);
  }
  for (const Server& server : servers_) {
    if (server.process != 0) ::waitpid(server.process, nullptr, 0);
  }
}

// Those that were started a moment ago may not listen on theirs yet: they count as taken.
Result<std::uint16_t> DemoServers::free_port() const {
  std::random_device random;
  std::uniform_int_distribution<unsigned> ports(lowest_port, highest_port);
  for (int draw = 0; draw < port_draws_max; ++draw) {
    const auto port = static_cast<std::uint16_t>(ports(random));
    const bool ours = std::ranges::any_of(servers_, [&](const Server& server) {
      return server.port == port || server.peer_port == port;
    });
    if (ours) continue;
    const Result<bool> free = is_free(port);
    if (!free) return free.error();
    if (*free) return port;
  }
  return Error{ErrorCode::unavailable, "of " + std::to_string(port_draws_max) +
                                           " ports on loopback that were tried none is free"};
}

Result<void> DemoServers::choose_ports(Server& server) const {
  for (std::uint16_t* const port : {&server.port, &server.peer_port}) {
    const Result<std::uint16_t> free = free_port();
    if (!free) return free.error();
    *port = *free;
  }
  return {};
}

Result<void> DemoServers::add() {
  if (servers_.size() >= servers_max) {
    return Error{ErrorCode::resource_exhausted,
                 "the demo has " + std::to_string(servers_max) + " servers at most"};
  }
  servers_.push_back({.name = std::string(1, static_cast<char>('a' + servers_.size()))});
  Result<void> started = choose_ports(servers_.back());
  if (started) started = start(servers_.size() - 1);
  if (!started) servers_.pop_back();
  return started;
}

std::vector<std::string> DemoServers::arguments(const Server& server) const {
  return {"muster", "serve", "--group", group_, "--name", server.name, "--bind", host, "--tcp-port",
          std::to_string(server.port), "--peer-port", std::to_string(server.peer_port), "--data",
          folder_ + "/" + server.name, "--discovery", "local", "--expect", std::to_string(expect_),
          // Shorter than a person is patient.
          "--handover-after", "1s", "--failure-timeout", "2s", "--session-timeout", "2m"};
}

/// What would let others of this machine, or of this user, take part is left out.
std::vector<std::string> DemoServers::environment() const {
  constexpr std::array left_out{"MUSTER_", "XDG_", "HOME="};
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable = *each;
    if (std::ranges::none_of(left_out,
                             [&](const char* front) { return variable.starts_with(front); })) {
      all.emplace_back(variable);
    }
  }
  all.push_back("HOME=" + folder_);
  all.push_back("XDG_RUNTIME_DIR=" + folder_);
  return all;
}

std::string DemoServers::log_of(const Server& server) const {
  return folder_ + "/" + server.name + ".log";
}

Result<void> DemoServers::start(std::size_t place) {
  Server& server = servers_[place];
  check(server.process == 0);
  const int log = ::open(log_of(server).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return system_error("the log of " + server.name + " can't be written");
  std::vector<std::string> words = arguments(server);
  std::vector<std::string> variables = environment();
  const std::vector<char*> word_pointers = pointers(words);
  const std::vector<char*> variable_pointers = pointers(variables);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become(parent, log, word_pointers.data(), variable_pointers.data());
  const int error = errno;
  ::close(log);
  errno = error;
  if (child < 0) return system_error("no process can be started for " + server.name);
  server.process = child;
  server.state = DemoProcess::running;
  return {};
}

void DemoServers::kill(std::size_t place) {
  Server& server = servers_[place];
  if (server.process == 0) return;
  ::kill(server.process, SIGKILL);
  server.state = DemoProcess::killed;
}

void DemoServers::pause(std::size_t place) {
  Server& server = servers_[place];
  if (server.process == 0 || server.state != DemoProcess::running) return;
  ::kill(server.process, SIGSTOP);
  server.state = DemoProcess::paused;
}

void DemoServers::resume(std::size_t place) {
  Server& server = servers_[place];
  if (server.process == 0 || server.state != DemoProcess::paused) return;
  ::kill(server.process, SIGCONT);
  server.state = DemoProcess::running;
}

std::vector<std::size_t> DemoServers::reap() {
  std::vector<std::size_t> gone;
  for (std::size_t place = 0; place < servers_.size(); ++place) {
    Server& server = servers_[place];
    if (server.process == 0 || ::waitpid(server.process, nullptr, WNOHANG) != server.process) {
      continue;
    }
    server.process = 0;
    if (server.state != DemoProcess::killed) server.state = DemoProcess::ended;
    gone.push_back(place);
  }
  return gone;
}

std::optional<std::size_t> DemoServers::find(const std::string& name) const {
  const auto found = std::ranges::find(servers_, name, &Server::name);
  if (found == servers_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - servers_.begin());
}

std::vector<std::string> DemoServers::addresses() const {
  std::vector<std::string> all;
  for (const Server& server : servers_) all.push_back(server.address());
  return all;
}

std::string DemoServers::log_tail(std::size_t place) const {
  std::ifstream file(log_of(servers_[place]));
  std::deque<std::string> last;
  for (std::string line; std::getline(file, line);) {
    last.push_back(std::move(line));
    if (last.size() > tail_lines) last.pop_front();
  }
  std::string text;
  for (const std::string& line : last) text += "\n  " + line;
  return text;
}

}  // namespace muster::cli
