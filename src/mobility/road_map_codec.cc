// The bytes of a map. Numbers are varints, most of them differences to what stood before:
//
//   1 byte   version
//   name     length, then the bytes
//   origin   latitude, longitude, signed
//   nodes    count; of each: x less that of the last one, with its signal below it; the same of y
//   kinds    count; of each: speed, lanes; by first use
//   edges    count; of each: from, less that of the last one; to, less its from; kind; how much
//            longer it is than its straight line
//   lights   count; only of those that `make_crossing` would not make; of each: node, less that of
//            the last one; conflicts; phases with green and length; the four times of the plan;
//            ways
//
// What was decoded is encoded again: bytes that are not the same are another form, and refused.
#include <algorithm>
#include <chrono>
#include <compare>
#include <map>
#include <string_view>
#include <utility>

#include "mobility/road_map.h"
#include "mobility/varint.h"
#include "muster/codec.h"
#include "wire/malformed.h"

namespace muster::mobility {
namespace {

constexpr std::uint8_t map_version = 1;

struct RoadKind {
  std::uint32_t speed_cm_s{};
  std::uint8_t lanes{};
  friend auto operator<=>(const RoadKind&, const RoadKind&) = default;
};

Error malformed_map() {
  return wire::malformed("the bytes of a map are malformed");
}

std::int64_t straight(std::span<const Node> nodes, NodeIndex from, NodeIndex to) {
  return distance(nodes[from.value].place, nodes[to.value].place);
}

void write_nodes(Writer& writer, std::span<const Node> nodes) {
  write_varint(writer, nodes.size());
  Place last;
  for (const Node& node : nodes) {
    const std::int64_t x = std::int64_t{node.place.x} - last.x;
    write_signed_varint(writer, x * 2 + (node.has_signal ? 1 : 0));
    write_signed_varint(writer, std::int64_t{node.place.y} - last.y);
    last = node.place;
  }
}

std::map<RoadKind, std::uint64_t> write_kinds(Writer& writer, std::span<const Edge> edges) {
  std::map<RoadKind, std::uint64_t> kinds;
  Bytes body;
  Writer body_writer(body);
  for (const Edge& edge : edges) {
    if (!kinds.try_emplace({edge.speed_cm_s, edge.lanes}, kinds.size()).second) continue;
    write_varint(body_writer, edge.speed_cm_s);
    body_writer.integer(edge.lanes);
  }
  write_varint(writer, kinds.size());
  writer.raw(body);
  return kinds;
}

void write_edges(Writer& writer, const Network& network) {
  const std::map<RoadKind, std::uint64_t> kinds = write_kinds(writer, network.edges());
  write_varint(writer, network.edges().size());
  std::uint32_t last = 0;
  for (const Edge& edge : network.edges()) {
    write_signed_varint(writer, std::int64_t{edge.from.value} - last);
    write_signed_varint(writer, std::int64_t{edge.to.value} - edge.from.value);
    write_varint(writer, kinds.at({edge.speed_cm_s, edge.lanes}));
    const std::int64_t detour = edge.length_cm - straight(network.nodes(), edge.from, edge.to);
    write_varint(writer, static_cast<std::uint64_t>(detour));
    last = edge.from.value;
  }
}

void write_time(Writer& writer, Duration time) {
  write_varint(writer, static_cast<std::uint64_t>(time / Milliseconds{1}));
}

void write_plan(Writer& writer, const SignalPlan& plan) {
  write_varint(writer, plan.conflicts.size());
  for (const Movements others : plan.conflicts) write_varint(writer, others);
  write_varint(writer, plan.phases.size());
  for (const SignalPlan::Phase& phase : plan.phases) {
    write_varint(writer, phase.green);
    write_time(writer, phase.length);
  }
  for (const Duration time : {plan.yellow, plan.all_red, plan.least_green, plan.most_presence}) {
    write_time(writer, time);
  }
}

/// Where an edge stands among those at a node, from 1 on.
std::uint64_t place_among(std::span<const EdgeIndex> edges, EdgeIndex edge) {
  return static_cast<std::uint64_t>(std::ranges::lower_bound(edges, edge) - edges.begin()) + 1;
}

void write_ways(Writer& writer, const Network& network, const Crossing& crossing) {
  write_varint(writer, crossing.ways.size());
  for (const Crossing::Way& way : crossing.ways) {
    write_varint(writer, place_among(network.arriving(crossing.node), way.from));
    const auto leaving = network.leaving(crossing.node);
    write_varint(writer, way.to ? place_among(leaving, *way.to) : 0);
    writer.integer(way.movement);
  }
}

void write_crossings(Writer& writer, const Network& network, std::span<const Crossing> crossings) {
  std::vector<const Crossing*> own;
  for (const Crossing& crossing : crossings) {
    if (make_crossing(network, crossing.node) != crossing) own.push_back(&crossing);
  }
  write_varint(writer, own.size());
  std::uint32_t last = 0;
  for (const Crossing* crossing : own) {
    write_varint(writer, crossing->node.value - last);
    write_plan(writer, crossing->plan);
    write_ways(writer, network, *crossing);
    last = crossing->node.value;
  }
}

void give_up(Reader& reader) {
  static_cast<void>(reader.raw(reader.rest().size() + 1));
}

/// Reads a number of things, each of which takes so many bytes at least. More than can be: none,
/// and the reader is not `ok` any more.
std::size_t read_count(Reader& reader, std::size_t bytes_each = 1) {
  const std::uint64_t count = read_varint(reader);
  if (count <= reader.rest().size() / bytes_each) return static_cast<std::size_t>(count);
  give_up(reader);
  return 0;
}

// Numbers too large for where they go are cut here: then their bytes are not those that `encode`
// gives. Sums are of numbers without a sign, which may pass the end.
std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::vector<Node> read_nodes(Reader& reader) {
  std::vector<Node> nodes(read_count(reader, 2));
  Place last;
  for (Node& node : nodes) {
    const std::int64_t across = read_signed_varint(reader);
    const std::int64_t x = wrapping_sum(last.x, across >> 1);
    const std::int64_t y = wrapping_sum(last.y, read_signed_varint(reader));
    const auto is_on_plane = [](std::int64_t at) { return at >= -place_max && at <= place_max; };
    if (!is_on_plane(x) || !is_on_plane(y)) give_up(reader);
    if (!reader.ok()) break;
    last = {.x = static_cast<std::int32_t>(x), .y = static_cast<std::int32_t>(y)};
    node = {.place = last, .has_signal = (across & 1) != 0};
  }
  return nodes;
}

std::vector<RoadKind> read_kinds(Reader& reader) {
  std::vector<RoadKind> kinds(read_count(reader, 2));
  for (RoadKind& kind : kinds) {
    kind.speed_cm_s = static_cast<std::uint32_t>(read_varint(reader));
    kind.lanes = reader.integer<std::uint8_t>();
  }
  return kinds;
}

/// Those whose numbers name nothing are left as they are, of no length and so refused later.
std::vector<Edge> read_edges(Reader& reader, std::span<const Node> nodes) {
  const std::vector<RoadKind> kinds = read_kinds(reader);
  std::vector<Edge> edges(read_count(reader, 4));
  std::uint32_t last = 0;
  for (Edge& edge : edges) {
    const std::int64_t from = wrapping_sum(last, read_signed_varint(reader));
    const std::int64_t to = wrapping_sum(from, read_signed_varint(reader));
    const std::uint64_t kind = read_varint(reader);
    const auto detour = static_cast<std::int64_t>(read_varint(reader));
    const auto is_node = [&](std::int64_t node) {
      return node >= 0 && static_cast<std::uint64_t>(node) < nodes.size();
    };
    if (!is_node(from) || !is_node(to) || kind >= kinds.size()) continue;
    edge.from = {static_cast<std::uint32_t>(from)};
    edge.to = {static_cast<std::uint32_t>(to)};
    edge.length_cm =
        static_cast<std::uint32_t>(wrapping_sum(straight(nodes, edge.from, edge.to), detour));
    edge.speed_cm_s = kinds[kind].speed_cm_s;
    edge.lanes = kinds[kind].lanes;
    last = edge.from.value;
  }
  return edges;
}

Duration read_time(Reader& reader) {
  // Too large for its unit: any other one that is too long.
  constexpr auto longest = static_cast<std::uint64_t>(SignalPlan::time_max / Milliseconds{1}) + 1;
  return Milliseconds{std::min(read_varint(reader), longest)};
}

SignalPlan read_plan(Reader& reader) {
  SignalPlan plan;
  plan.conflicts.resize(read_count(reader));
  for (Movements& others : plan.conflicts) others = static_cast<Movements>(read_varint(reader));
  plan.phases.resize(read_count(reader, 2));
  for (SignalPlan::Phase& phase : plan.phases) {
    phase.green = static_cast<Movements>(read_varint(reader));
    phase.length = read_time(reader);
  }
  for (Duration* time : {&plan.yellow, &plan.all_red, &plan.least_green, &plan.most_presence}) {
    *time = read_time(reader);
  }
  return plan;
}

std::vector<Crossing::Way> read_ways(Reader& reader, const Network& network, NodeIndex node) {
  // None that names no edge passes the crossing's check.
  const auto edge_at = [](std::span<const EdgeIndex> edges, std::uint64_t place) {
    return place == 0 || place > edges.size() ? EdgeIndex{0xffff'ffffU} : edges[place - 1];
  };
  std::vector<Crossing::Way> ways(read_count(reader, 3));
  for (Crossing::Way& way : ways) {
    way.from = edge_at(network.arriving(node), read_varint(reader));
    const std::uint64_t to = read_varint(reader);
    if (to != 0) way.to = edge_at(network.leaving(node), to);
    way.movement = reader.integer<std::uint8_t>();
  }
  return ways;
}

Result<std::vector<Crossing>> read_crossings(Reader& reader, const Network& network) {
  // The smallest has one movement, one phase and no way.
  std::vector<Crossing> crossings(read_count(reader, 11));
  std::uint64_t node = 0;
  for (Crossing& crossing : crossings) {
    node += read_varint(reader);
    if (!reader.ok() || node >= network.nodes().size()) return malformed_map();
    crossing.node = {static_cast<std::uint32_t>(node)};
    crossing.plan = read_plan(reader);
    crossing.ways = read_ways(reader, network, crossing.node);
  }
  return crossings;
}

}  // namespace

Bytes RoadMap::encode() const {
  Bytes bytes;
  Writer writer(bytes);
  writer.integer(map_version);
  write_varint(writer, name().size());
  writer.raw(as_bytes(name()));
  write_signed_varint(writer, projection().origin().latitude);
  write_signed_varint(writer, projection().origin().longitude);
  write_nodes(writer, network().nodes());
  write_edges(writer, network());
  write_crossings(writer, network(), crossings());
  return bytes;
}

Result<RoadMap> RoadMap::decode(BytesView bytes) {
  if (bytes.size() > bytes_max) {
    return Error{ErrorCode::resource_exhausted, "the bytes of a map are beyond 4 MiB"};
  }
  Reader reader(bytes);
  if (reader.integer<std::uint8_t>() != map_version) return malformed_map();
  std::string name(as_text(reader.raw(read_count(reader))));
  Geographic origin;
  origin.latitude = static_cast<std::int32_t>(read_signed_varint(reader));
  origin.longitude = static_cast<std::int32_t>(read_signed_varint(reader));
  std::vector<Node> nodes = read_nodes(reader);
  std::vector<Edge> edges = read_edges(reader, nodes);
  if (!reader.ok()) return malformed_map();
  auto network = Network::build(std::move(nodes), std::move(edges));
  if (!network) return network.error();
  auto crossings = read_crossings(reader, *network);
  if (!crossings) return crossings.error();
  if (!reader.finished()) return malformed_map();
  auto map = make(std::move(*network), std::move(*crossings), origin, std::move(name));
  if (!map) return map.error();
  if (!std::ranges::equal(map->encode(), bytes)) return malformed_map();
  return map;
}

}  // namespace muster::mobility
