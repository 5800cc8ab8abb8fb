#include "mobility/grid.h"

#include <utility>
#include <vector>

namespace muster::mobility {
namespace {

constexpr std::uint32_t least_crossings = 2;
constexpr std::uint32_t most_crossings = 400;
constexpr std::uint32_t least_spacing_cm = 100;
constexpr std::uint32_t most_spacing_cm = 1'000'000;

bool is_between(std::uint32_t value, std::uint32_t least, std::uint32_t most) {
  return value >= least && value <= most;
}

}  // namespace

Result<Network> make_grid(const GridOptions& options) {
  if (!is_between(options.columns, least_crossings, most_crossings) ||
      !is_between(options.rows, least_crossings, most_crossings)) {
    return Error{ErrorCode::invalid_argument,
                 "a grid has 2 to 400 crossings along each side: write it as 12x8"};
  }
  if (!is_between(options.spacing_cm, least_spacing_cm, most_spacing_cm)) {
    return Error{ErrorCode::invalid_argument, "crossings are 1 m to 10 km apart"};
  }
  const auto middle = [&](std::uint32_t count) {
    return static_cast<std::int32_t>((count - 1) * options.spacing_cm / 2);
  };
  std::vector<Node> nodes;
  nodes.reserve(std::size_t{options.columns} * options.rows);
  for (std::uint32_t row = 0; row < options.rows; ++row) {
    for (std::uint32_t column = 0; column < options.columns; ++column) {
      const auto along = [&](std::uint32_t place, std::uint32_t count) {
        return static_cast<std::int32_t>(place * options.spacing_cm) - middle(count);
      };
      nodes.push_back(
          {.place = {along(column, options.columns), along(row, options.rows)},
           .has_signal = options.signal_every > 0 && (row + column) % options.signal_every == 0});
    }
  }
  std::vector<Edge> edges;
  const auto connect = [&](std::uint32_t a, std::uint32_t b) {
    Edge edge{
        .from = {a}, .to = {b}, .length_cm = options.spacing_cm, .speed_cm_s = options.speed_cm_s};
    edges.push_back(edge);
    std::swap(edge.from, edge.to);
    edges.push_back(edge);
  };
  for (std::uint32_t row = 0; row < options.rows; ++row) {
    for (std::uint32_t column = 0; column < options.columns; ++column) {
      const std::uint32_t here = row * options.columns + column;
      if (column + 1 < options.columns) connect(here, here + 1);
      if (row + 1 < options.rows) connect(here, here + options.columns);
    }
  }
  return Network::build(std::move(nodes), std::move(edges));
}

}  // namespace muster::mobility
