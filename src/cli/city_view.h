// A city as lines of a terminal: its map, its incidents, its figures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/demo_view.h"
#include "mobility/messages.h"
#include "mobility/road_map.h"

namespace muster::cli {

/// What is drawn of one unit.
struct CityUnit {
  mobility::Kind kind{mobility::Kind::car};
  mobility::Place place{};
  bool is_busy{false};        ///< An ambulance with an incident; a light that is green for one.
  bool is_in_trouble{false};  ///< A car that has crashed; a unit without a server.
};

/// What a city shows.
struct CityModel {
  std::string group{};
  std::string map_name{};
  std::vector<std::string> servers{};  ///< Those that have units now, with their number.
  std::string trouble{};               ///< Why nothing goes on; may be empty.
  std::vector<CityUnit> units{};
  std::vector<mobility::Incident> incidents{};  ///< The newest last, each with its newest step.
  mobility::FiguresSummary figures{};
  std::uint64_t gave_way{0};
  LogTime now{};
};

/// The whole view: at most `rows` lines of at most `columns` characters. On the left the map, with
/// `H` hospitals, `A` ambulances, `*` crashed cars, `+` lights and `o` cars on the roads, if
/// these are few enough to be seen; on the right the incidents. Pure.
std::vector<StyledLine> render(const CityModel& model, const mobility::RoadMap& map, ViewSize size);

}  // namespace muster::cli
