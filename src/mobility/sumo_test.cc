#include "mobility/sumo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace muster::mobility::sumo_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Two streets that cross under a light with turns across: movements are numbered from the north
/// clockwise, to the right, straight on, and to the left of each road.
std::string crossing_file() {
  std::ifstream file("tests/corpus/sumo/crossing.net.xml");
  EXPECT_TRUE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

/// Nodes a and b, 1 km apart, with the edges that are given.
std::string small_file(const std::string& edges, const std::string& location = "") {
  return "<net>" + location + edges +
         R"(<junction id="a" type="priority" x="0.00" y="0.00"/>)"
         R"(<junction id="b" type="priority" x="1000.00" y="0.00"/></net>)";
}
std::string edge(const std::string& id, const std::string& lanes) {
  return "<edge id=\"" + id + R"(" from="a" to="b">)" + lanes + "</edge>";
}
std::string lane(const std::string& attributes = "") {
  return R"(<lane id="l_0" index="0" speed="13.89" length="990.00" )" + attributes + "/>";
}

SumoMap map_of(const std::string& xml) {
  return read_sumo(xml, "map").value();
}
std::string refusal(std::string_view xml) {
  const auto map = read_sumo(xml, "map");
  return map ? "taken" : std::string(name_of(map.error().code)) + " " + map.error().message;
}

/// Those of the crossing's file are ordered by their names: edges as there, nodes C E N S W.
enum Edges : std::uint32_t { ce, cn, cs, cw, ec, nc, sc, wc };
constexpr NodeIndex middle{0};

TEST(SumoTest, AFileBecomesNodesEdgesAndALight) {
  const SumoMap sumo = map_of(crossing_file());
  const Network& network = sumo.map.network();
  EXPECT_EQ(sumo.map.name(), "map");
  EXPECT_EQ(sumo.map.projection().origin(), default_origin);
  EXPECT_THAT(network.nodes(),
              ElementsAre(Node{.place = {0, 0}, .has_signal = true}, Node{.place = {10'000, 0}},
                          Node{.place = {0, 10'000}}, Node{.place = {0, -10'000}},
                          Node{.place = {-10'000, 0}}));
  ASSERT_EQ(network.edges().size(), 8U);
  // Its lane ends before the junction does.
  EXPECT_EQ(network.edge({nc}),
            (Edge{.from = {2}, .to = {0}, .length_cm = 10'000, .speed_cm_s = 1'389, .lanes = 1}));
  EXPECT_EQ(sumo.given_programmes, 1U);
  EXPECT_EQ(sumo.made_programmes, 0U);
  EXPECT_EQ(sumo.closed_edges, 0U);
}

TEST(SumoTest, TheProgrammeIsThatOfTheFileWithoutItsYellows) {
  const SumoMap sumo = map_of(crossing_file());
  const Crossing& crossing = *sumo.map.crossing_at(middle);
  EXPECT_EQ(crossing.movement_of({nc}, {cw}), 0U);
  EXPECT_EQ(crossing.movement_of({nc}, {cs}), 1U);
  EXPECT_EQ(crossing.movement_of({nc}, {ce}), 2U);
  EXPECT_EQ(crossing.movement_of({wc}, {cn}), 11U);
  EXPECT_EQ(crossing.movement_of({nc}, {cn}), 2U);  // Not in the file: who turns back.
  EXPECT_THAT(crossing.plan.phases,
              ElementsAre(SignalPlan::Phase{.green = 0b000'111'000'111, .length = 31s},
                          SignalPlan::Phase{.green = 0b000'100'000'100, .length = 6s},
                          SignalPlan::Phase{.green = 0b111'000'111'000, .length = 31s},
                          SignalPlan::Phase{.green = 0b100'000'100'000, .length = 5s}));
  // Straight on from the north: those from the east and the west, but not who turns left before it
  // from the south, as that one gives way.
  EXPECT_EQ(crossing.plan.conflicts[1], 0b111'000'110'000U);
  EXPECT_EQ(crossing.plan.conflicts[0], 0b000'000'010'000U);
}

TEST(SumoTest, AProgrammeWithGreensThatCrossIsNotFollowed) {
  const SumoMap sumo =
      map_of(replaced(crossing_file(), "state=\"GGgrrrGGgrrr\"", "state=\"GGgrGrGGgrrr\""));
  EXPECT_EQ(sumo.given_programmes, 0U);
  EXPECT_EQ(sumo.made_programmes, 1U);
  EXPECT_EQ(*sumo.map.crossing_at(middle), make_crossing(sumo.map.network(), middle));
}

TEST(SumoTest, WhatDoesNotFitItsLightIsNotFollowed) {
  const std::string file = crossing_file();
  const auto is_followed = [](const std::string& xml) {
    const SumoMap sumo = map_of(xml);
    EXPECT_EQ(sumo.given_programmes + sumo.made_programmes, 1U);
    return sumo.given_programmes == 1;
  };
  EXPECT_TRUE(is_followed(file));
  EXPECT_FALSE(is_followed(replaced(file, "state=\"rrGrrrrrGrrr\"", "state=\"rrG\"")));
  EXPECT_FALSE(is_followed(replaced(file, "foes=\"000100010000\"", "foes=\"0001\"")));
  EXPECT_FALSE(is_followed(replaced(file, "tlLogic id=\"C\"", "tlLogic id=\"D\"")));
  EXPECT_FALSE(is_followed(replaced(file, "incLanes=\"NC_0 EC_0", "incLanes=\"EC_0")));
  EXPECT_FALSE(is_followed(replaced(file, "tl=\"C\" linkIndex=\"5\"", "tl=\"D\" linkIndex=\"5\"")));
}

TEST(SumoTest, LanesWithTheSameWayAreOneMovement) {
  std::string file = crossing_file();
  // A second lane straight on from the west, with a signal and a request of its own.
  file = replaced(file, "</net>",
                  R"(<connection from="WC" to="CE" fromLane="1" toLane="0" tl="C" linkIndex="12"/>)"
                  "</net>");
  file =
      replaced(file, "incLanes=\"NC_0 EC_0 SC_0 WC_0\"", "incLanes=\"NC_0 EC_0 SC_0 WC_0 WC_1\"");
  for (std::size_t at = 0; (at = file.find("foes=\"", at)) != std::string::npos;) {
    file.insert(at += 6, "0");
  }
  file =
      replaced(file, "    </junction>", R"(<request index="12" foes="0000000000000"/></junction>)");
  for (const std::string state : {"GGgrrrGGgrrr", "yygrrryygrrr", "rrGrrrrrGrrr", "rryrrrrryrrr",
                                  "rrryygrrryyg", "rrrrrGrrrrrG", "rrrrryrrrrry"}) {
    file = replaced(file, state, std::string(state).append("r"));
  }
  file = replaced(file, "rrrGGgrrrGGg", "rrrGGgrrrGGgG");
  const SumoMap sumo = map_of(file);
  EXPECT_EQ(sumo.given_programmes, 1U);
  const Crossing& crossing = *sumo.map.crossing_at(middle);
  EXPECT_EQ(crossing.plan.conflicts.size(), 12U);
  EXPECT_EQ(crossing.movement_of({wc}, {ce}), 10U);
  EXPECT_EQ(crossing.plan.phases[2].green, 0b111'000'111'000U);
}

TEST(SumoTest, EdgesThatNoAmbulanceAndNoCarMayUseAreLeftOut) {
  const SumoMap sumo = map_of(small_file(
      edge("1", lane(R"(allow="pedestrian bicycle")")) + edge("2", lane(R"(disallow="all")")) +
      edge("3", lane(R"(allow="tram rail")")) + edge("4", "") +
      edge("5", lane(R"(disallow="passenger emergency")")) +
      edge("6", lane(R"(allow="emergency")")) + edge("7", lane(R"(disallow="pedestrian tram")")) +
      edge("8", lane(R"(allow="all")")) + R"(<edge id="9" from="a" to="a">)" + lane() + "</edge>"));
  EXPECT_EQ(sumo.closed_edges, 5U);
  EXPECT_EQ(sumo.loops, 1U);
  EXPECT_EQ(sumo.map.network().edges().size(), 3U);
}

TEST(SumoTest, AnEdgeHasTheSpeedAndLengthOfItsBestOpenLanes) {
  const SumoMap sumo =
      map_of(small_file(edge("1", R"(<lane id="1_0" speed="50" length="5000" allow="rail"/>)"
                                  R"(<lane id="1_1" speed="13.89" length="1200.5"/>)"
                                  R"(<lane id="1_2" speed="27.785" length="1200.49"/>)")));
  EXPECT_EQ(sumo.map.network().edge({0}),
            (Edge{.from = {0}, .to = {1}, .length_cm = 120'050, .speed_cm_s = 2'779, .lanes = 2}));
}

TEST(SumoTest, CoordinatesOfAUtmZoneAreOnTheGlobe) {
  // The middle of zone 32 at the equator, and a kilometre east of it.
  const SumoMap sumo = map_of(small_file(
      edge("1", lane()), R"(<location netOffset="-500000.00,0.00" convBoundary="0,0,1000,0" )"
                         R"(origBoundary="9,0,9.1,0" projParameter="+proj=utm +zone=32 )"
                         R"(+ellps=WGS84 +datum=WGS84 +units=m +no_defs"/>)"));
  const Geographic begin = sumo.map.geographic({.edge = {0}});
  EXPECT_EQ(begin.latitude, 0);
  EXPECT_NEAR(begin.longitude, 90'000'000, 1);
  const std::uint32_t length = sumo.map.network().edge({0}).length_cm;
  const Geographic end = sumo.map.geographic({.edge = {0}, .offset_cm = length});
  EXPECT_EQ(end.latitude, 0);
  EXPECT_NEAR(end.longitude, 90'089'868, 2);  // 1,000.4 m on the ground.
}

TEST(SumoTest, OtherProjectionsArePlacedByTheirBoundaryInDegreesOrRefused) {
  const auto file = [](const std::string& original) {
    return small_file(edge("1", lane()),
                      R"(<location netOffset="0,0" convBoundary="0.00,-500.00,1000.00,500.00" )"
                      R"(projParameter="+proj=tmerc" origBoundary=")" +
                          original + "\"/>");
  };
  EXPECT_EQ(map_of(file("9.0,48.0,10.0,49.0")).map.projection().origin(),
            (Geographic{485'000'000, 95'000'000}));
  EXPECT_EQ(refusal(file("-1e10,-1e10,1e10,1e10")),
            "INVALID_ARGUMENT <location> of the SUMO network has a projection that is not known "
            "here, and no boundary in degrees: write the file again with netconvert --proj.utm");
  EXPECT_EQ(refusal(file("9.0,48.0,10.0")),
            "INVALID_ARGUMENT <location> of the SUMO network needs four numbers as origBoundary");
}

TEST(SumoTest, WhatIsNoXmlIsRefusedWithItsLine) {
  EXPECT_EQ(refusal("<net>\n<edge id=\"1\">\n</net>"),
            "INVALID_ARGUMENT the SUMO network is no valid XML: line 3, byte 22: Start-end tags "
            "mismatch");
  EXPECT_THAT(refusal(""), StartsWith("INVALID_ARGUMENT the SUMO network is no valid XML: line 1"));
  EXPECT_EQ(refusal("<routes/>"),
            "INVALID_ARGUMENT the file is no SUMO network, as it has no <net>: give a .net.xml of "
            "netconvert");
  EXPECT_THAT(refusal("<net/>"), HasSubstr("no edge that ambulances or cars may use"));
}

TEST(SumoTest, AnElementThatCantBeIsNamed) {
  const auto with_lane = [](const std::string& attributes) {
    return refusal(small_file(edge("1", "<lane id=\"1_0\" " + attributes + "/>")));
  };
  EXPECT_EQ(with_lane(R"(speed="1")"),
            "INVALID_ARGUMENT <lane id=\"1_0\"> of the SUMO network has no length: write the file "
            "again with netconvert");
  EXPECT_THAT(with_lane(R"(speed="fast" length="1")"),
              HasSubstr("needs a number as speed, not \"fast\""));
  EXPECT_THAT(with_lane(R"(speed="nan" length="1")"), HasSubstr("needs a number as speed"));
  EXPECT_THAT(with_lane(R"(speed="1" length="inf")"), HasSubstr("needs a number as length"));
  EXPECT_THAT(with_lane(R"(speed="1" length="1e999")"), HasSubstr("needs a number as length"));
  EXPECT_THAT(with_lane(R"(speed="1" length="1,5")"), HasSubstr("needs a number as length"));
  EXPECT_THAT(with_lane(R"(speed="101" length="1")"), HasSubstr("up to 100 m/s"));
  EXPECT_THAT(with_lane(R"(speed="1" length="100001")"), HasSubstr("at most 100 km"));
  EXPECT_THAT(refusal(R"(<net><edge id="7" to="b"/></net>)"),
              HasSubstr("<edge id=\"7\"> of the SUMO network has no from"));
  EXPECT_THAT(refusal(R"(<net><edge from="a" to="b"/></net>)"),
              HasSubstr("<edge from=\"a\"> of the SUMO network has no id"));
  EXPECT_THAT(refusal(small_file(edge("1", lane()) + edge("1", lane()))),
              HasSubstr("<edge id=\"1\"> of the SUMO network is there twice"));
  EXPECT_THAT(refusal("<net>" + edge("1", lane()) + "</net>"),
              HasSubstr("names the junction \"a\", which is not there"));
  EXPECT_THAT(refusal(small_file(R"(<junction id="a" x="0" y="0"/>)" + edge("1", lane()))),
              HasSubstr("<junction id=\"a\"> of the SUMO network is there twice"));
  EXPECT_THAT(refusal(replaced(small_file(edge("1", lane())), "x=\"1000.00\"", "x=\"1e300\"")),
              HasSubstr("more than 1,000 km"));
  EXPECT_THAT(refusal(replaced(crossing_file(), "duration=\"31\"", "duration=\"\"")),
              HasSubstr("<phase> in \"C\" of the SUMO network has no duration"));
  EXPECT_THAT(refusal(replaced(crossing_file(), "linkIndex=\"0\"", "linkIndex=\"-1\"")),
              HasSubstr("<connection from=\"NC\"> of the SUMO network needs a number from 0"));
  EXPECT_THAT(refusal(replaced(crossing_file(), "request index=\"3\"", "request index=\"4\"")),
              HasSubstr("<junction id=\"C\"> of the SUMO network has requests out of order"));
}

TEST(SumoTest, EntitiesAreNeitherExpandedNorFetched) {
  const std::string file =
      R"(<!DOCTYPE net [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">)"
      R"(<!ENTITY file SYSTEM "file:///etc/hostname">]>)" +
      small_file(edge("&b;&file;", lane()));
  const SumoMap sumo = map_of(file);
  EXPECT_EQ(sumo.map.network().edges().size(), 1U);
  const std::string named = R"(<!DOCTYPE net [<!ENTITY file SYSTEM "file:///etc/hostname">]>)" +
                            small_file(edge("&file;", R"(<lane id="&file;"/>)"));
  EXPECT_THAT(refusal(named), HasSubstr("<lane id=\"&file;\">"));
}

TEST(SumoTest, DeepAndLargeFilesAreReadOrRefused) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<net>";
  EXPECT_THAT(refusal(deep), HasSubstr("no valid XML"));
  const std::string large(sumo_bytes_max + 1, ' ');
  EXPECT_EQ(refusal(large),
            "RESOURCE_EXHAUSTED the SUMO network is larger than 256 MiB: cut out a smaller part");
}

/// Streets as of a grid, in a file: `size` by `size` junctions, 100 m apart.
std::string grid_file(int size) {
  std::string edges;
  std::string junctions;
  const auto name = [](int column, int row) {
    return std::to_string(column) + "/" + std::to_string(row);
  };
  const auto connect = [&](const std::string& a, const std::string& b) {
    for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
      edges.append("<edge id=\"").append(from).append("to").append(to);
      edges.append("\" from=\"").append(from).append("\" to=\"").append(to);
      edges.append(R"("><lane id="x" speed="13.89" length="92.80"/></edge>)");
    }
  };
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      junctions += "<junction id=\"" + name(column, row) + R"(" type="traffic_light" x=")" +
                   std::to_string(column * 100) + "\" y=\"" + std::to_string(row * 100) + "\"/>";
      if (column + 1 < size) connect(name(column, row), name(column + 1, row));
      if (row + 1 < size) connect(name(column, row), name(column, row + 1));
    }
  }
  return "<net>" + edges + junctions + "</net>";
}

TEST(SumoTest, ACityOfTenThousandEdgesFitsIntoAMap) {
  const SumoMap sumo = map_of(grid_file(51));
  EXPECT_EQ(sumo.map.network().edges().size(), 10'200U);
  EXPECT_EQ(sumo.made_programmes, 51U * 51U);
  const Bytes bytes = sumo.map.encode();
  EXPECT_EQ(bytes.size(), 53'949U);
  EXPECT_EQ(RoadMap::decode(bytes)->encode(), bytes);
}

}  // namespace
}  // namespace muster::mobility::sumo_test
