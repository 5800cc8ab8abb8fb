// The server processes of `muster demo`.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/demo_model.h"
#include "muster/error.h"

namespace muster::cli {

/// Real servers: `muster serve` of the program that runs now, each a child process in a group of
/// its own, on loopback, with its data, log and home below one folder. They see nobody but each
/// other. All are killed when this is destroyed, and by the kernel if the parent dies.
/// Thread-safety: none; the thread that makes it must not end before it.
class DemoServers {
 public:
  static constexpr std::size_t servers_max = 9;

  struct Server {
    std::string name;  ///< `a`, `b` and so on.
    std::uint16_t port{0};
    std::uint16_t peer_port{0};
    pid_t process{0};  ///< 0: there is none.
    DemoProcess state{DemoProcess::killed};

    std::string address() const;
  };

  /// `expect`: how many servers found the group together. Precondition: the folder exists.
  DemoServers(std::string folder, std::string group, std::size_t expect);
  ~DemoServers();
  DemoServers(const DemoServers&) = delete;
  DemoServers& operator=(const DemoServers&) = delete;

  /// Starts one more. Errors: RESOURCE_EXHAUSTED at `servers_max`; UNAVAILABLE if the system has no
  /// port or process left.
  [[nodiscard]] Result<void> add();
  /// Starts one again whose process is gone. Errors: as `add`.
  [[nodiscard]] Result<void> start(std::size_t place);
  void kill(std::size_t place);
  void pause(std::size_t place);
  void resume(std::size_t place);
  /// Takes note of processes that are gone. Returns their places.
  std::vector<std::size_t> reap();

  const std::vector<Server>& all() const { return servers_; }
  std::optional<std::size_t> find(const std::string& name) const;
  std::vector<std::string> addresses() const;
  /// The last lines of its log.
  std::string log_tail(std::size_t place) const;

 private:
  Result<std::uint16_t> free_port() const;
  Result<void> choose_ports(Server& server) const;
  std::vector<std::string> arguments(const Server& server) const;
  std::vector<std::string> environment() const;
  std::string log_of(const Server& server) const;

  const std::string folder_;
  const std::string group_;
  const std::size_t expect_;
  std::vector<Server> servers_;
};

}  // namespace muster::cli
