// A city as lines of a terminal.
#include "cli/city_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli::city_view_test {
namespace {

using mobility::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

mobility::RoadMap small_map() {
  return mobility::RoadMap::grid({.columns = 3, .rows = 2}, mobility::default_origin).value();
}

std::vector<std::string> text_of(const std::vector<StyledLine>& lines) {
  std::vector<std::string> out;
  out.reserve(lines.size());
  for (const StyledLine& line : lines) out.push_back(terminal_text(line, false));
  return out;
}

/// A city on a narrow terminal: two lines above, a map of five, eight below.
std::vector<std::string> map_of(const CityModel& model) {
  const auto lines = text_of(render(model, small_map(), {.columns = 21, .rows = 15}));
  EXPECT_EQ(lines.size(), 15U);
  return {lines.begin() + 2, lines.begin() + 7};
}

mobility::Place crossing(std::uint32_t node) {
  return small_map().network().node({node}).place;
}

TEST(CityViewTest, StreetsAreDrawnWithNorthAbove) {
  CityModel model;
  model.units = {{.kind = Kind::hospital, .place = crossing(3)}};  // North-west.
  EXPECT_THAT(map_of(model),
              ElementsAre("H---------|---------|", "|         |         |", "|         |         |",
                          "|         |         |", "---------------------"));
}

TEST(CityViewTest, OfSeveralAtOnePlaceTheMostImportantIsSeen) {
  CityModel model;
  model.units = {{.kind = Kind::car, .place = crossing(0), .is_in_trouble = true},
                 {.kind = Kind::ambulance, .place = crossing(0)},
                 {.kind = Kind::car, .place = crossing(1)},
                 {.kind = Kind::traffic_light, .place = crossing(1)},
                 {.kind = Kind::car, .place = crossing(2)}};
  EXPECT_EQ(map_of(model).back(), "*---------+---------o");
}

TEST(CityViewTest, AWideTerminalHasTheNewestIncidentsBesideTheMap) {
  CityModel model;
  for (std::uint64_t index = 1; index <= 9; ++index) {
    mobility::Incident incident{.id = {{LogIndex{index}, 0}}};
    incident.steps = {{.index = 1, .unit = "car_" + std::to_string(index)}};
    model.incidents.push_back(incident);
  }
  const auto lines = text_of(render(model, small_map(), {.columns = 80, .rows = 15}));
  ASSERT_EQ(lines.size(), 15U);
  EXPECT_THAT(lines[2], HasSubstr("  5.0       serious  +0:00    reported      car_5"));
  EXPECT_THAT(lines[6], HasSubstr("  9.0       serious  +0:00    reported      car_9"));
}

TEST(CityViewTest, ItNeverHasMoreLinesOrColumnsThanTheTerminal) {
  CityModel model{.group = "default", .map_name = "grid 3x2", .trouble = "nobody answers"};
  for (std::size_t rows = 1; rows < 20; ++rows) {
    for (const std::size_t columns : {1U, 5U, 79U}) {
      const auto lines = text_of(render(model, small_map(), {.columns = columns, .rows = rows}));
      EXPECT_LE(lines.size(), rows);
      for (const std::string& line : lines) EXPECT_LE(line.size(), columns);
    }
  }
}

}  // namespace
}  // namespace muster::cli::city_view_test
