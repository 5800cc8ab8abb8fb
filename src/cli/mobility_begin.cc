// Where a unit begins: the group's map, and a place on it.
#include <algorithm>
#include <utility>

#include "cli/mobility_client.h"
#include "cli/mobility_unit.h"

namespace muster::cli {
namespace {

using boost::asio::awaitable;
using mobility::Kind;

struct Beginning {
  std::optional<mobility::RoadMap> map{};
  mobility::OnEdge at{};
};

/// A crossing with a light that no unit stands at yet.
Result<mobility::Geographic> free_crossing(const mobility::RoadMap& map,
                                           const std::vector<mobility::Unit>& lights) {
  const auto place_of = [&](const mobility::Crossing& crossing) {
    return map.projection().to_globe(map.network().node(crossing.node).place);
  };
  for (const mobility::Crossing& crossing : map.crossings()) {
    const mobility::Geographic place = place_of(crossing);
    if (std::ranges::none_of(lights, [&](const auto& one) { return one.place == place; })) {
      return place;
    }
  }
  // Two at one crossing would show different things.
  return Error{ErrorCode::failed_precondition,
               "each of the " + std::to_string(map.crossings().size()) +
                   " crossings with a light has one; stop one of these, or send a larger map"};
}

/// Where it is: as it was said, else somewhere on the map.
awaitable<Result<mobility::Geographic>> choose_place(MobilityClient& client,
                                                     const mobility::RoadMap& map,
                                                     const UnitOptions& options) {
  if (options.place) co_return *options.place;
  if (options.kind != Kind::traffic_light) {
    const auto edges = map.network().edges().size();
    const auto edge = static_cast<std::uint32_t>(client::make_seed() % edges);
    co_return map.geographic({.edge = {edge}});
  }
  if (map.crossings().empty()) {
    co_return Error{ErrorCode::failed_precondition, "the map has no crossing with a light"};
  }
  const auto lights = co_await client.units(Kind::traffic_light);
  if (!lights) co_return lights.error();
  co_return free_crossing(map, *lights);
}

awaitable<ExitCode> prepare(MobilityClient& client, UnitOptions& options, Beginning& begin) {
  auto map = co_await client.map();
  if (!map) co_return report(map.error());
  const auto place = co_await choose_place(client, *map, options);
  if (!place) co_return report(place.error());
  const auto at = map->locate(*place);
  if (!at) co_return report(at.error());
  const auto on_plane = map->projection().to_plane(*place);
  if (!on_plane) co_return report(on_plane.error());
  if (options.kind == Kind::traffic_light &&
      map->nearest_crossing(*on_plane, UnitProgram::crossing_within_cm) == nullptr) {
    const Error error{ErrorCode::invalid_argument,
                      "no crossing with a light is within 50 m of that place; leave it out to get "
                      "one that is free"};
    co_return report(error);
  }
  options.place = *place;
  begin.at = *at;
  begin.map = std::move(*map);
  co_return 0;
}

}  // namespace

ExitCode run_unit(const UnitOptions& given) {
  UnitOptions options = given;
  std::vector<std::string> servers = options.client.servers_to_try();
  Beginning begin;
  ClientOptions asking = options.client;
  asking.servers = servers;
  const ExitCode prepared = with_mobility(
      asking, [&](MobilityClient& client) { return prepare(client, options, begin); });
  if (!begin.map) return prepared;
  net::Loop loop;
  UnitProgram program(loop, options, std::move(servers), std::move(*begin.map), begin.at);
  return program.run();
}

}  // namespace muster::cli
