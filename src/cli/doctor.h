// What `muster doctor` looks at: each check gives findings, in the order they are shown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/datagrams.h"
#include "net/loop.h"

namespace muster::cli {

enum class FindingLevel : std::uint8_t {
  ok,       ///< As it should be.
  note,     ///< Worth knowing; nothing is wrong.
  warning,  ///< Something works less well than it could.
  problem   ///< This stops a group here, or its servers from being found.
};
/// `OK`, `NOTE`, `WARNING`, `PROBLEM`.
std::string_view name_of(FindingLevel level);

struct Finding {
  std::string check;    ///< Which check: `interfaces`, `ports`, ...
  std::string subject;  ///< What it is about: an interface, a port, a folder.
  FindingLevel level{FindingLevel::ok};
  std::string text;
  std::string remedy{};  ///< Empty: nothing is to be done.
};
using Findings = std::vector<Finding>;

/// One line for people, and the remedy on a line of its own.
std::string for_people(const Finding& finding);
/// One JSON object.
std::string to_json(const Finding& finding);
/// 1 if there is a problem, otherwise 0.
int exit_code_of(const Findings& findings);

// ---- Network ------------------------------------------------------------------------------------

/// Sends a probe through each interface and waits up to a second until each came back.
Findings check_interfaces(net::Loop& loop, const net::Datagrams::Options& options);
/// What those states say; `listen_error` as in `net::Datagrams`.
Findings findings_of(const std::vector<net::InterfaceState>& states,
                     const std::string& listen_error, std::uint16_t port);
/// The ports that servers of this machine choose: free, or who holds them.
Findings check_ports(net::Loop& loop, const Bytes& secret);
/// Interfaces that look like a VPN, by their names and kinds.
Findings check_vpns(const std::vector<net::Interface>& interfaces);

// ---- Surroundings -------------------------------------------------------------------------------

/// What the system says about itself in files that may be missing (empty).
struct SystemFiles {
  bool docker_marker{false};  ///< /.dockerenv is there.
  bool podman_marker{false};  ///< /run/.containerenv is there.
  std::string cgroup{};       ///< /proc/1/cgroup
  std::string version{};      ///< /proc/version
  std::string modules{};      ///< /proc/modules
  std::string ip_tables{};    ///< /proc/net/ip_tables_names
  std::string ufw{};          ///< /etc/ufw/ufw.conf
};
SystemFiles read_system_files();
/// Containers, WSL and firewalls.
Findings check_surroundings(const SystemFiles& files);
/// `hard` and `soft` limit of open files; a server raises the soft one by itself.
Findings check_file_limit(std::uint64_t hard);
std::uint64_t hard_file_limit();

// ---- Disk ---------------------------------------------------------------------------------------

/// Where servers keep their data unless told: the folder that holds a folder for each.
struct DiskFacts {
  std::string folder{};         ///< The nearest one that exists.
  bool in_memory{false};        ///< A file system that a restart of the machine empties.
  bool container_layer{false};  ///< It goes with the container.
  std::uint64_t free_bytes{0};
  double median_sync_ms{0};  ///< Of 32 times 4 KiB.
  double worst_sync_ms{0};
  std::string error{};  ///< It can't be written.
};
DiskFacts measure_disk(const std::string& folder);
Findings findings_of(const DiskFacts& disk);
/// The data folders below `parent`, with their sizes and whether a server uses them.
Findings check_data_folders(const std::string& parent);

}  // namespace muster::cli
