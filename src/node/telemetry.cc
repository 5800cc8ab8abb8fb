// Newest values: what this server has to say of itself, and their way to and from the others.
#include <array>
#include <bit>

#include "node/impl.h"

namespace muster::node {
namespace {

constexpr Duration load_interval = std::chrono::seconds{1};

std::array<std::byte, sizeof(std::uint32_t)> telemetry_key(ServerNumber server) {
  return std::bit_cast<std::array<std::byte, sizeof server.value>>(server.value);
}

std::uint32_t in_milliseconds(Duration duration) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::milliseconds>(duration).count());
}

}  // namespace

// Each link begins with nothing told.
void Node::Impl::meet_telemetry_peers(Now now) {
  for (const auto& [server, peer] : peers_.all()) {
    if (!peer.group || peer.group != identity_.group) continue;
    const auto [known, is_new] = telemetry_peers_.try_emplace(*peer.number, peer.link);
    if (!is_new && known->second == peer.link) continue;
    known->second = peer.link;
    edge_.telemetry().peer_arrived(*peer.number, now.monotonic);
  }
  std::erase_if(telemetry_peers_, [&](const auto& known) {
    if (identity_.group && peers_.find(known.first, *identity_.group) != nullptr) return false;
    edge_.telemetry().peer_left(known.first, now.monotonic);
    return true;
  });
}

void Node::Impl::tell_load(Now now) {
  if (!identity_.number || now.monotonic < next_load_) return;
  next_load_ = now.monotonic + load_interval;
  const edge::Heartbeats& heartbeats = edge_.heartbeats();
  const edge::Heartbeats::Counts& counts = heartbeats.counts();
  const std::uint64_t heard = counts.datagrams + counts.over_connection;
  const std::uint64_t since = heard - std::exchange(heartbeats_before_, heard);
  const wire::ServerLoad load{
      .clients = static_cast<std::uint32_t>(edge_.attached()),
      .suspects = static_cast<std::uint32_t>(heartbeats.suspects()),
      .per_second = static_cast<std::uint32_t>(since),
      .oldest_age_ms = in_milliseconds(heartbeats.oldest_age(now.monotonic))};
  edge_.telemetry().put({.kind = wire::TelemetryKind::server_load,
                         .key = telemetry_key(*identity_.number),
                         .stamp = {Epoch{}, ++loads_told_},
                         .value = wire::encode_server_load(load)},
                        now.monotonic);
  if (since == 0 && load.suspects == 0) return;
  notice(NoticeLevel::debug, "heartbeats in a second: " + std::to_string(since) + " of " +
                                 std::to_string(heartbeats.watched()) + " sessions, " +
                                 std::to_string(load.suspects) + " suspected; in all " +
                                 std::to_string(counts.datagrams) + " by datagram, " +
                                 std::to_string(counts.over_connection) + " over connections, " +
                                 std::to_string(counts.refused) + " datagrams that did not count");
}

void Node::Impl::spread_telemetry(Now) {
  for (edge::Telemetry::ToSend& one : edge_.telemetry().take_frames()) {
    const Peer* const peer = peers_.find(one.server, *identity_.group);
    if (peer == nullptr) continue;
    std::vector<SharedBytes> body;
    if (!one.frame.empty()) body.push_back(std::move(one.frame));
    peers_.send(peer->server, wire::FrameType::telemetry, wire::Lane::bulk, std::move(body));
  }
}

void Node::Impl::take_telemetry(const Peer& peer, const wire::Frame& frame, Now now) {
  if (!peer.group || peer.group != identity_.group) return;
  meet_telemetry_peers(now);
  const auto taken = edge_.telemetry().take(*peer.number, frame.body.view(), now.monotonic);
  if (taken) return;
  notice(NoticeLevel::warning, "server " + peer.hello.name() + ": " + taken.error().message);
}

}  // namespace muster::node
