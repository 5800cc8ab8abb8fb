// The map that a city lives on: a grid, a file of SUMO, or what the group has.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "cli/city.h"
#include "cli/mobility_client.h"
#include "mobility/sumo.h"

namespace muster::cli {
namespace {

Result<mobility::RoadMap> read_network(const std::string& path) {
  std::error_code none;
  const bool is_file = std::filesystem::is_regular_file(path, none);
  std::ifstream file(path, std::ios::binary);
  if (!is_file || !file) {
    return Error{ErrorCode::not_found, path + " is no file that can be read; name a SUMO .net.xml"};
  }
  const std::uintmax_t size = std::filesystem::file_size(path, none);
  if (none || size > mobility::sumo_bytes_max) {
    return Error{ErrorCode::resource_exhausted,
                 path + " is too large: a SUMO .net.xml has at most 256 MiB"};
  }
  const std::string xml{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::size_t slash = path.find_last_of('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  name.resize(std::min(name.size(), mobility::RoadMap::name_bytes_max));
  auto read = mobility::read_sumo(xml, std::move(name));
  if (!read) return Error{read.error().code, path + ": " + read.error().message};
  fmt::print(stderr,
             "{}: {} crossings, {} roads, {} lights ({} with a programme that was made up)\n", path,
             read->map.network().nodes().size(), read->map.network().edges().size(),
             read->map.crossings().size(), read->made_programmes);
  return std::move(read->map);
}

/// Nothing: that which the group has.
Result<std::optional<mobility::RoadMap>> wanted_map(const CityOptions& options) {
  if (!options.network.empty()) {
    auto map = read_network(options.network);
    if (!map) return map.error();
    return std::optional(std::move(*map));
  }
  if (!options.grid) return std::optional<mobility::RoadMap>{};
  auto map = mobility::RoadMap::grid(*options.grid, mobility::default_origin);
  if (!map) return map.error();
  return std::optional(std::move(*map));
}

boost::asio::awaitable<ExitCode> prepare(MobilityClient& client,
                                         const std::optional<mobility::RoadMap>& wanted,
                                         std::optional<mobility::RoadMap>& out) {
  if (wanted) {
    const auto sent = co_await client.send_map(*wanted);
    if (!sent) co_return report(sent.error());
  }
  auto map = co_await client.map();
  if (!map) co_return report(map.error());
  out = std::move(*map);
  co_return 0;
}

}  // namespace

ExitCode run_city(const CityOptions& options) {
  const auto wanted = wanted_map(options);
  if (!wanted) return report(wanted.error());
  std::vector<std::string> servers = options.client.servers_to_try();
  ClientOptions asking = options.client;
  asking.servers = servers;
  std::optional<mobility::RoadMap> map;
  const ExitCode prepared =
      with_mobility(asking, [&](MobilityClient& client) { return prepare(client, *wanted, map); });
  if (!map) return prepared;
  net::Loop loop;
  City city(loop, options, std::move(servers), std::move(*map));
  return city.run();
}

}  // namespace muster::cli
