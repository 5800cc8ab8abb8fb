#include "mobility/sumo.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <pugixml.hpp>
#include <utility>
#include <vector>

#include "mobility/sumo_attributes.h"
#include "mobility/sumo_light.h"
#include "mobility/sumo_location.h"

namespace muster::mobility {
namespace {

constexpr double lane_metres_max = Network::length_max_cm / 100.0;
constexpr double lane_speed_max = Network::speed_max_cm_s / 100.0;  // Metres a second.
constexpr std::size_t lanes_max = 255;

/// A junction of the file, or a road between two, before it is known where on the plane they are.
struct Junction {
  pugi::xml_node element{};
  MetrePlace place{};
  bool has_signal{false};
};
struct Road {
  std::string from{};
  std::string to{};
  double metres{};
  double metres_a_second{};
  std::uint8_t lanes{};
};

/// What the lanes of an edge allow to whom a map is for; no lane: it is closed.
struct OpenLanes {
  double metres{0};
  double metres_a_second{0};
  std::size_t count{0};
};

bool lets_traffic_in(const pugi::xml_node& lane) {
  const auto names = [&](const char* attribute, std::string_view wanted) {
    const auto words = words_of(lane.attribute(attribute).value());
    return std::ranges::any_of(
        words, [&](std::string_view word) { return word == wanted || word == "all"; });
  };
  const auto lets_in = [&](std::string_view vehicle) {
    if (lane.attribute("allow")) return names("allow", vehicle);
    return !names("disallow", vehicle);
  };
  return lets_in("emergency") || lets_in("passenger");
}

Result<OpenLanes> open_lanes(const pugi::xml_node& edge) {
  OpenLanes open;
  for (const pugi::xml_node& lane : edge.children("lane")) {
    const auto metres = number_of(lane, "length");
    if (!metres) return metres.error();
    const auto speed = number_of(lane, "speed");
    if (!speed) return speed.error();
    if (*metres < 0 || *metres > lane_metres_max || *speed < 0 || *speed > lane_speed_max) {
      return wrong_element(lane, "needs a length of at most 100 km and a speed up to 100 m/s");
    }
    if (!lets_traffic_in(lane) || *speed < 0.01) continue;
    open.metres = std::max(open.metres, *metres);
    open.metres_a_second = std::max(open.metres_a_second, *speed);
    ++open.count;
  }
  return open;
}

/// Reads one file.
class SumoReader {
 public:
  explicit SumoReader(const pugi::xml_node& net) : net_(net) {}
  Result<SumoMap> read(std::string name);

 private:
  Result<void> read_roads();
  Result<void> read_road(const pugi::xml_node& edge);
  Result<void> read_junctions();
  Result<Network> build(const PlacedNetwork& placed) const;
  Result<void> number_nodes();

  Result<void> read_programmes();
  Result<void> read_connections(const Network& network);
  Result<void> read_connection(const pugi::xml_node& connection, const Network& network);
  Result<std::vector<Crossing>> crossings(const Network& network) const;
  Result<void> add_requests(const pugi::xml_node& junction, SumoLight& light) const;

  /// A way over a junction by one lane, as the file has it.
  struct Connection {
    std::string light{};
    std::string lane{};
    SumoLight::Link link{};
  };

  pugi::xml_node net_;
  std::map<std::string, Junction> junctions_{};
  std::map<std::string, EdgeIndex> edges_{};
  std::vector<Road> roads_{};
  std::map<std::string, NodeIndex> nodes_{};
  std::vector<const Junction*> by_node_{};
  std::map<std::string, std::vector<SumoLight::Phase>> programmes_{};
  std::map<NodeIndex, std::vector<Connection>> connections_{};
  // How many links begin at each lane that ends at a junction with a signal.
  std::map<std::string, std::size_t> links_of_lane_{};
  std::size_t closed_edges_{0};
  std::size_t loops_{0};
};

Result<void> SumoReader::read_road(const pugi::xml_node& edge) {
  const std::string_view function = edge.attribute("function").value();
  if (!function.empty() && function != "normal" && function != "connector") return {};
  auto id = text_of(edge, "id");
  if (!id) return id.error();
  auto from = text_of(edge, "from");
  if (!from) return from.error();
  auto to = text_of(edge, "to");
  if (!to) return to.error();
  const auto open = open_lanes(edge);
  if (!open) return open.error();
  if (open->count == 0) {
    ++closed_edges_;
    return {};
  }
  if (*from == *to) {
    ++loops_;
    return {};
  }
  const EdgeIndex index{static_cast<std::uint32_t>(roads_.size())};
  if (!edges_.emplace(std::move(*id), index).second) {
    return wrong_element(edge, "is there twice");
  }
  roads_.push_back({.from = std::move(*from),
                    .to = std::move(*to),
                    .metres = open->metres,
                    .metres_a_second = open->metres_a_second,
                    .lanes = static_cast<std::uint8_t>(std::min(open->count, lanes_max))});
  return {};
}

Result<void> SumoReader::read_roads() {
  for (const pugi::xml_node& edge : net_.children("edge")) {
    if (auto read = read_road(edge); !read) return read;
    if (roads_.size() > Network::edges_max) {
      return Error{ErrorCode::resource_exhausted,
                   "the SUMO network has more than 800,000 edges: cut out a smaller part"};
    }
  }
  return {};
}

Result<void> SumoReader::read_junctions() {
  for (const pugi::xml_node& element : net_.children("junction")) {
    const std::string_view type = element.attribute("type").value();
    if (type == "internal") continue;
    auto id = text_of(element, "id");
    if (!id) return id.error();
    const auto x = number_of(element, "x");
    if (!x) return x.error();
    const auto y = number_of(element, "y");
    if (!y) return y.error();
    const Junction junction{.element = element,
                            .place = {.east = *x, .north = *y},
                            .has_signal = type.starts_with("traffic_light")};
    if (!junctions_.emplace(std::move(*id), junction).second) {
      return wrong_element(element, "is there twice");
    }
  }
  return {};
}

// Only junctions at a road become nodes, by the order of their names.
Result<void> SumoReader::number_nodes() {
  for (const Road& road : roads_) {
    for (const std::string& end : {road.from, road.to}) {
      if (!junctions_.contains(end)) {
        return Error{ErrorCode::invalid_argument,
                     "an edge of the SUMO network names the junction \"" + end.substr(0, 40) +
                         "\", which is not there: write the file again with netconvert"};
      }
      nodes_.try_emplace(end);
    }
  }
  for (auto& [id, node] : nodes_) {
    node = {static_cast<std::uint32_t>(by_node_.size())};
    by_node_.push_back(&junctions_.at(id));
  }
  return {};
}

Result<Network> SumoReader::build(const PlacedNetwork& placed) const {
  std::vector<Node> nodes;
  nodes.reserve(by_node_.size());
  for (std::size_t i = 0; i < by_node_.size(); ++i) {
    nodes.push_back({.place = placed.places[i], .has_signal = by_node_[i]->has_signal});
  }
  std::vector<Edge> edges;
  edges.reserve(roads_.size());
  for (const Road& road : roads_) {
    const NodeIndex from = nodes_.at(road.from);
    const NodeIndex to = nodes_.at(road.to);
    const std::int64_t straight = distance(nodes[from.value].place, nodes[to.value].place);
    const std::int64_t length =
        std::max<std::int64_t>({std::llround(road.metres * 100), straight, 1});
    if (length > Network::length_max_cm) {
      return Error{ErrorCode::invalid_argument, "an edge of the SUMO network from \"" +
                                                    road.from.substr(0, 40) +
                                                    "\" is longer than 100 km"};
    }
    edges.push_back(
        {.from = from,
         .to = to,
         .length_cm = static_cast<std::uint32_t>(length),
         .speed_cm_s = static_cast<std::uint32_t>(std::llround(road.metres_a_second * 100)),
         .lanes = road.lanes});
  }
  return Network::build(std::move(nodes), std::move(edges));
}

Result<void> SumoReader::read_programmes() {
  for (const pugi::xml_node& programme : net_.children("tlLogic")) {
    auto id = text_of(programme, "id");
    if (!id) return id.error();
    const auto [found, is_first] = programmes_.try_emplace(std::move(*id));
    if (!is_first) continue;
    for (const pugi::xml_node& element : programme.children("phase")) {
      const auto seconds = number_of(element, "duration");
      if (!seconds) return seconds.error();
      auto state = text_of(element, "state");
      if (!state) return state.error();
      // Longer ones are cut to an hour later.
      const double bounded = std::clamp(*seconds, 0.0, 86'400.0);
      found->second.push_back(
          {.length = Milliseconds{std::llround(bounded * 1'000)}, .state = std::move(*state)});
    }
  }
  return {};
}

Result<void> SumoReader::read_connection(const pugi::xml_node& connection, const Network& network) {
  const std::string_view from = connection.attribute("from").value();
  const std::string_view to = connection.attribute("to").value();
  // Within junctions, and from pavements: neither is a link of roads.
  if (from.starts_with(':') || to.starts_with(':')) return {};
  const auto lane = index_of(connection, "fromLane");
  if (!lane) return lane.error();
  const std::string from_lane = std::string(from) + "_" + std::to_string(*lane);
  const std::size_t place = links_of_lane_[from_lane]++;
  if (!connection.attribute("tl")) return {};
  auto light = text_of(connection, "tl");
  if (!light) return light.error();
  const auto signal = index_of(connection, "linkIndex");
  if (!signal) return signal.error();
  const auto first = edges_.find(std::string(from));
  const auto second = edges_.find(std::string(to));
  if (first == edges_.end() || second == edges_.end()) return {};
  // Among its lane's links for now.
  connections_[network.edge(first->second).to].push_back(
      {.light = std::move(*light),
       .lane = from_lane,
       .link = {.from = first->second, .to = second->second, .signal = *signal, .request = place}});
  return {};
}

Result<void> SumoReader::read_connections(const Network& network) {
  for (const pugi::xml_node& connection : net_.children("connection")) {
    if (auto read = read_connection(connection, network); !read) return read;
  }
  return {};
}

// Requests are numbered by the lanes that arrive, and by the links of each.
Result<void> SumoReader::add_requests(const pugi::xml_node& junction, SumoLight& light) const {
  std::map<std::string, std::size_t, std::less<>> first_of_lane;
  std::size_t next = 0;
  for (const std::string_view lane : words_of(junction.attribute("incLanes").value())) {
    const bool is_new = first_of_lane.try_emplace(std::string(lane), next).second;
    const auto links = links_of_lane_.find(std::string(lane));
    if (is_new && links != links_of_lane_.end()) next += links->second;
  }
  const auto& connections = connections_.at(light.node);
  for (std::size_t i = 0; i < light.links.size(); ++i) {
    const auto first = first_of_lane.find(connections[i].lane);
    // One whose lane does not arrive has no request, and so the light no valid programme.
    light.links[i].request =
        first == first_of_lane.end() ? Crossing::ways_max : first->second + light.links[i].request;
  }
  for (const pugi::xml_node& request : junction.children("request")) {
    const auto index = index_of(request, "index");
    if (!index) return index.error();
    auto foes = text_of(request, "foes");
    if (!foes) return foes.error();
    if (*index != light.foes.size()) return wrong_element(junction, "has requests out of order");
    light.foes.push_back(std::move(*foes));
  }
  return {};
}

Result<std::vector<Crossing>> SumoReader::crossings(const Network& network) const {
  std::vector<Crossing> crossings;
  for (const auto& [node, connections] : connections_) {
    const Junction& junction = *by_node_[node.value];
    const auto programme = programmes_.find(connections.front().light);
    if (!junction.has_signal || programme == programmes_.end()) continue;
    SumoLight light{.node = node, .phases = programme->second};
    bool is_one = true;
    for (const Connection& connection : connections) {
      is_one = is_one && connection.light == connections.front().light;
      light.links.push_back(connection.link);
    }
    if (!is_one) continue;
    if (auto added = add_requests(junction.element, light); !added) return added.error();
    if (auto crossing = crossing_of(network, light)) crossings.push_back(std::move(*crossing));
  }
  return crossings;
}

Result<SumoMap> SumoReader::read(std::string name) {
  if (auto roads = read_roads(); !roads) return roads.error();
  if (auto junctions = read_junctions(); !junctions) return junctions.error();
  if (auto numbered = number_nodes(); !numbered) return numbered.error();
  if (roads_.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "the SUMO network has no edge that ambulances or cars may use"};
  }
  std::vector<MetrePlace> places;
  places.reserve(by_node_.size());
  for (const Junction* junction : by_node_) places.push_back(junction->place);
  const auto placed = place_network(net_.child("location"), places);
  if (!placed) return placed.error();
  auto network = build(*placed);
  if (!network) return network.error();
  if (auto programmes = read_programmes(); !programmes) return programmes.error();
  if (auto connections = read_connections(*network); !connections) return connections.error();
  auto given = crossings(*network);
  if (!given) return given.error();
  const std::size_t given_count = given->size();
  auto map = RoadMap::make(std::move(*network), std::move(*given), placed->origin, std::move(name));
  if (!map) return map.error();
  const std::size_t made_count = map->crossings().size() - given_count;
  return SumoMap{.map = std::move(*map),
                 .closed_edges = closed_edges_,
                 .loops = loops_,
                 .given_programmes = given_count,
                 .made_programmes = made_count};
}

Error no_xml(std::string_view xml, const pugi::xml_parse_result& parsed) {
  const auto offset =
      std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(parsed.offset, 0)), xml.size());
  const auto line = std::ranges::count(xml.substr(0, offset), '\n') + 1;
  return {ErrorCode::invalid_argument, "the SUMO network is no valid XML: line " +
                                           std::to_string(line) + ", byte " +
                                           std::to_string(offset) + ": " + parsed.description()};
}

}  // namespace

Result<SumoMap> read_sumo(std::string_view xml, std::string name) {
  if (xml.size() > sumo_bytes_max) {
    return Error{ErrorCode::resource_exhausted,
                 "the SUMO network is larger than 256 MiB: cut out a smaller part"};
  }
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) return no_xml(xml, parsed);
  const pugi::xml_node net = document.child("net");
  if (!net) {
    return Error{ErrorCode::invalid_argument,
                 "the file is no SUMO network, as it has no <net>: give a .net.xml of netconvert"};
  }
  return SumoReader(net).read(std::move(name));
}

}  // namespace muster::mobility
