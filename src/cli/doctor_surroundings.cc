// Containers, WSL, firewalls and limits, as far as the system tells: for `muster doctor`.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/doctor.h"

namespace muster::cli {
namespace {

constexpr std::size_t file_bytes_max = 64 * 1024;
constexpr std::uint64_t files_wanted = 4'096;

/// The beginning of a file; empty if it can't be read.
std::string text_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(file_bytes_max, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

bool is_there(const char* path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

std::string container_in(const SystemFiles& files) {
  if (files.docker_marker) return "Docker";
  if (files.podman_marker) return "Podman";
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> marks{
      {{"kubepods", "Kubernetes"},
       {"docker", "Docker"},
       {"containerd", "containerd"},
       {"lxc", "LXC"}}};
  for (const auto& [mark, name] : marks) {
    if (files.cgroup.find(mark) != std::string::npos) return std::string(name);
  }
  return {};
}

/// Lines of /proc/modules: name, bytes, how often it is used, ...
bool module_is_used(const std::string& modules, std::string_view wanted) {
  std::istringstream lines(modules);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t uses = 0;
    if (words >> name >> bytes >> uses && name == wanted) return uses > 0;
  }
  return false;
}

std::string firewall_in(const SystemFiles& files) {
  if (files.ufw.find("ENABLED=yes") != std::string::npos) return "ufw is enabled";
  if (module_is_used(files.modules, "nf_tables")) return "nftables is in use";
  if (files.ip_tables.find("filter") != std::string::npos) return "iptables has a filter table";
  return {};
}

}  // namespace

SystemFiles read_system_files() {
  return {.docker_marker = is_there("/.dockerenv"),
          .podman_marker = is_there("/run/.containerenv"),
          .cgroup = text_of("/proc/1/cgroup"),
          .version = text_of("/proc/version"),
          .modules = text_of("/proc/modules"),
          .ip_tables = text_of("/proc/net/ip_tables_names"),
          .ufw = text_of("/etc/ufw/ufw.conf")};
}

Findings check_surroundings(const SystemFiles& files) {
  Findings findings;
  if (const std::string container = container_in(files); !container.empty()) {
    findings.push_back(
        {"surroundings", "container", FindingLevel::note,
         "this runs in a container (" + container + "), whose network other machines may not reach",
         "use the host's network, or publish the ports and give --advertise "
         "HOST:PORT and --seeds; keep --data on a volume"});
  }
  if (files.version.find("icrosoft") != std::string::npos) {
    findings.push_back({"surroundings", "WSL", FindingLevel::note,
                        "this is WSL, which other machines reach only if Windows lets them through",
                        "set networkingMode=mirrored in .wslconfig, or forward the ports and give "
                        "--advertise HOST:PORT and --seeds"});
  }
  if (const std::string firewall = firewall_in(files); !firewall.empty()) {
    findings.push_back({"surroundings", "firewall", FindingLevel::note, firewall,
                        "let in UDP 8886 and TCP 8888 to 8907: `ufw allow 8886/udp`, `ufw allow "
                        "8888:8907/tcp`, or the like; `nft list ruleset` shows the rules"});
  }
  return findings;
}

std::uint64_t hard_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return limit.rlim_max;
}

Findings check_file_limit(std::uint64_t hard) {
  const std::string text =
      hard == RLIM_INFINITY ? std::string("no limit") : fmt::format("{} open files", hard);
  if (hard >= files_wanted) return {{"limits", "open files", FindingLevel::ok, text}};
  return {{"limits", "open files", FindingLevel::warning,
           text + ", and each client of a server is one",
           "raise it: `ulimit -Hn 65536` as root, or LimitNOFILE=65536 in the service's unit"}};
}

}  // namespace muster::cli
