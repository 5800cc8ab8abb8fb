// Newest values on their way to and from the other servers.
#include "node/impl.h"

namespace muster::node {
namespace {

constexpr Duration telling_interval = std::chrono::seconds{1};

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

// For people, at the level debug.
void Node::Impl::tell_heartbeats(Now now) {
  if (!identity_.number || now.monotonic < next_heartbeats_told_) return;
  next_heartbeats_told_ = now.monotonic + telling_interval;
  const edge::Heartbeats& heartbeats = edge_.heartbeats();
  const edge::Heartbeats::Counts& counts = heartbeats.counts();
  const std::uint64_t heard = counts.datagrams + counts.over_connection;
  const std::uint64_t since = heard - std::exchange(heartbeats_before_, heard);
  const std::size_t suspects = heartbeats.suspects();
  if (since == 0 && suspects == 0) return;
  notice(NoticeLevel::debug, "heartbeats in a second: " + std::to_string(since) + " of " +
                                 std::to_string(heartbeats.watched()) + " sessions, " +
                                 std::to_string(suspects) + " suspected; in all " +
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
