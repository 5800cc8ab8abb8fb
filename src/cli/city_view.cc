#include "cli/city_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "cli/mobility_lines.h"

namespace muster::cli {
namespace {

constexpr std::size_t incidents_columns = 58;
constexpr std::size_t map_columns_min = 20;

StyledLine line_of(Style style, std::string text) {
  StyledLine line;
  line.push_back({.style = style, .text = std::move(text)});
  return line;
}

/// What stands at a place of the picture; of several things there the most important one.
struct Cell {
  char mark{' '};
  Style style{Style::quiet};
  int weight{0};
};

Cell cell_of(const CityUnit& unit) {
  if (unit.is_in_trouble && unit.kind == mobility::Kind::car) return {'*', Style::bad, 5};
  switch (unit.kind) {
    case mobility::Kind::hospital:
      return {'H', Style::title, 6};
    case mobility::Kind::ambulance:
      return {'A', unit.is_in_trouble ? Style::bad : unit.is_busy ? Style::crown : Style::good, 4};
    case mobility::Kind::traffic_light:
      return {'+', unit.is_busy ? Style::good : Style::quiet, 2};
    case mobility::Kind::car:
      break;
  }
  return {'o', Style::plain, 1};
}

constexpr std::size_t roads_max = 5'000;  // Of more, no single one could be seen.

/// Marks the cells that a road passes.
template <class At>
void draw_road(mobility::Place from, mobility::Place to, std::int64_t cells, At at) {
  const std::int64_t east = to.x - std::int64_t{from.x};
  const std::int64_t north = to.y - std::int64_t{from.y};
  const char mark = std::abs(north) > std::abs(east) ? '|' : '-';
  for (std::int64_t i = 0; i <= cells; ++i) {
    Cell& cell = at({.x = static_cast<std::int32_t>(from.x + east * i / cells),
                     .y = static_cast<std::int32_t>(from.y + north * i / cells)});
    if (cell.weight == 0) cell.mark = cell.mark == ' ' ? mark : cell.mark;
  }
}

struct Bounds {
  std::int64_t left{std::numeric_limits<std::int64_t>::max()};
  std::int64_t right{std::numeric_limits<std::int64_t>::min()};
  std::int64_t bottom{std::numeric_limits<std::int64_t>::max()};
  std::int64_t top{std::numeric_limits<std::int64_t>::min()};
};

Bounds bounds_of(const mobility::Network& network) {
  Bounds bounds;
  for (const mobility::Node& node : network.nodes()) {
    bounds.left = std::min<std::int64_t>(bounds.left, node.place.x);
    bounds.right = std::max<std::int64_t>(bounds.right, node.place.x);
    bounds.bottom = std::min<std::int64_t>(bounds.bottom, node.place.y);
    bounds.top = std::max<std::int64_t>(bounds.top, node.place.y);
  }
  return bounds;
}

std::vector<StyledLine> draw_map(const CityModel& model, const mobility::RoadMap& map,
                                 std::size_t columns, std::size_t rows) {
  const Bounds bounds = bounds_of(map.network());
  const std::int64_t width = std::max<std::int64_t>(bounds.right - bounds.left, 1);
  const std::int64_t height = std::max<std::int64_t>(bounds.top - bounds.bottom, 1);
  std::vector<std::vector<Cell>> cells(rows, std::vector<Cell>(columns));
  const auto at = [&](mobility::Place place) -> Cell& {
    const auto last_column = static_cast<std::int64_t>(columns) - 1;
    const auto last_row = static_cast<std::int64_t>(rows) - 1;
    const std::int64_t column =
        std::clamp<std::int64_t>((place.x - bounds.left) * last_column / width, 0, last_column);
    const std::int64_t row =
        std::clamp<std::int64_t>((bounds.top - place.y) * last_row / height, 0, last_row);
    return cells[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  };
  const auto roads = map.network().edges();
  for (const mobility::Edge& road : roads.first(roads.size() <= roads_max ? roads.size() : 0)) {
    draw_road(map.network().node(road.from).place, map.network().node(road.to).place,
              static_cast<std::int64_t>(std::max(columns, rows)), at);
  }
  for (const CityUnit& unit : model.units) {
    const Cell cell = cell_of(unit);
    Cell& there = at(unit.place);
    if (cell.weight > there.weight) there = cell;
  }
  std::vector<StyledLine> lines;
  for (const std::vector<Cell>& row : cells) {
    StyledLine line;
    for (const Cell& cell : row) {
      if (line.empty() || line.back().style != cell.style)
        line.push_back({.style = cell.style, .text = ""});
      line.back().text += cell.mark;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

Style style_of(const mobility::Incident& incident) {
  if (incident.state == mobility::IncidentState::waiting) return Style::bad;
  if (mobility::is_over(incident.state)) return Style::quiet;
  return incident.severity == mobility::Severity::critical ? Style::strong : Style::plain;
}

std::string incident_text(const mobility::Incident& incident) {
  std::string text = fmt::format("{:<9} {:<8} ", to_text(incident.id), name_of(incident.severity));
  if (!incident.steps.empty()) text += step_text(incident.steps.back(), incident.reported);
  return text;
}

}  // namespace

std::vector<StyledLine> render(const CityModel& model, const mobility::RoadMap& map,
                               ViewSize size) {
  std::vector<StyledLine> lines;
  lines.push_back(line_of(Style::title, fmt::format(" {}: {} ", model.group, model.map_name)));
  std::string servers = "units at";
  for (const std::string& one : model.servers) servers += "  " + one;
  lines.push_back(line_of(Style::plain, servers));
  if (!model.trouble.empty()) lines.push_back(line_of(Style::bad, model.trouble));
  std::vector<StyledLine> below;
  for (const std::string& line : figures_lines(model.figures)) {
    below.push_back(line_of(Style::plain, line));
  }
  below.push_back(line_of(Style::quiet, fmt::format("gave way {}   H hospital  A "
                                                    "ambulance  * crash  + light  o car   q quits",
                                                    model.gave_way)));
  const std::size_t taken = lines.size() + below.size();
  const std::size_t rows = size.rows > taken ? size.rows - taken : 0;
  const bool is_wide = size.columns >= map_columns_min + incidents_columns;
  const std::size_t columns = is_wide ? size.columns - incidents_columns : size.columns;
  if (rows > 0) {
    std::vector<StyledLine> picture = draw_map(model, map, columns, rows);
    const std::size_t shown = std::min(rows, model.incidents.size());
    for (std::size_t i = 0; is_wide && i < shown; ++i) {
      const mobility::Incident& incident = model.incidents[model.incidents.size() - shown + i];
      picture[i].push_back({.style = style_of(incident), .text = "  " + incident_text(incident)});
    }
    std::ranges::move(picture, std::back_inserter(lines));
  }
  std::ranges::move(below, std::back_inserter(lines));
  if (lines.size() > size.rows) lines.resize(size.rows);
  for (StyledLine& line : lines) line = cut(std::move(line), size.columns);
  return lines;
}

}  // namespace muster::cli
