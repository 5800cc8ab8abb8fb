#include "sim/network.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "muster/check.h"

namespace muster::sim {

namespace {

constexpr Duration retry_dial = std::chrono::milliseconds(100);
constexpr Duration retransmit_max = std::chrono::milliseconds(200);
constexpr std::size_t frame_header_bytes = 16;

}  // namespace

Network::Network(const NetworkOptions& options, std::uint64_t seed, EventQueue& events,
                 Trace& trace)
    : options_(options), random_(seed), events_(events), trace_(trace) {}

HostId Network::add_host(const std::vector<std::string>& addresses) {
  const HostId host = hosts_.size();
  hosts_.emplace_back();
  for (auto& row : cuts_) row.push_back(0);
  cuts_.emplace_back(hosts_.size(), 0);
  for (const std::string& address : addresses) addresses_.emplace(address, host);
  return host;
}

void Network::set_process(HostId host, Process* process, HostState state) {
  hosts_[host].process = process;
  hosts_[host].state = state;
}

void Network::set_state(HostId host, HostState state) {
  hosts_[host].state = state;
}

Network::Connection* Network::find(std::uint64_t connection) {
  const auto found = connections_.find(connection);
  return found == connections_.end() ? nullptr : &found->second;
}

Duration Network::delay() {
  Duration wait = random_.between(options_.delay_min, options_.delay_max);
  if (options_.spike_chance > 0 && random_.chance(options_.spike_chance)) {
    wait += random_.between(Duration{}, options_.spike_max);
  }
  return wait;
}

// ---- Dialling -----------------------------------------------------------------------------------

EndId Network::dial(HostId from, const std::string& address, bool peer) {
  const auto target = addresses_.find(address);
  check(target != addresses_.end());
  const std::uint64_t id = next_connection_++;
  Connection connection;
  connection.ends = {End{.host = from}, End{.host = target->second}};
  connection.peer = peer;
  connection.address = address;
  connections_.emplace(id, std::move(connection));

  const Instant given_up = events_.now() + options_.dial_timeout;
  events_.after(delay(), [this, id, given_up] { arrive_at_listener(id, given_up); });
  events_.at(given_up, [this, id] { finish_dial(id, false); });
  return end_of(id, 0);
}

void Network::arrive_at_listener(std::uint64_t id, Instant given_up) {
  Connection* connection = find(id);
  if (connection == nullptr || connection->ends[0].state != EndState::opening) return;
  const HostId from = connection->ends[0].host;
  const HostId to = connection->ends[1].host;
  const HostState state = hosts_[to].state;
  if (is_cut(from, to) || is_cut(to, from) || state == HostState::dark ||
      state == HostState::paused) {
    if (events_.now() + retry_dial < given_up) {
      events_.after(retry_dial, [this, id, given_up] { arrive_at_listener(id, given_up); });
    }
    return;
  }
  if (state == HostState::refusing) {
    events_.after(delay(), [this, id] { finish_dial(id, true); });
    return;
  }
  // The dialler's hello, the acceptor's answer: the acceptor is through first.
  const Instant accepted = events_.now() + delay() + delay();
  const Instant dialled = accepted + delay();
  connection->directions[1].lane_free.fill(dialled);
  events_.at(accepted, [this, id] { open(id, 1); });
  events_.at(dialled, [this, id] { open(id, 0); });
}

void Network::open(std::uint64_t id, std::size_t at) {
  Connection* connection = find(id);
  if (connection == nullptr || connection->ends[at].state != EndState::opening) return;
  const End& other = connection->ends[1 - at];
  if (is_cut(other.host, connection->ends[at].host)) return;  // The dialler will time out.
  if (at == 0 && other.state != EndState::open) return;
  if (at == 1 && hosts_[connection->ends[1].host].state != HostState::listening) return;
  connection->ends[at].state = EndState::open;
  const std::string from = "host" + std::to_string(other.host);
  trace_.event(events_.now(), "open", connection->ends[at].host, id * 2 + at);
  hosts_[connection->ends[at].host].process->opened(end_of(id, at), connection->peer, at == 0,
                                                    at == 0 ? connection->address : from);
}

void Network::finish_dial(std::uint64_t id, bool refused) {
  Connection* connection = find(id);
  if (connection == nullptr || connection->ends[0].state != EndState::opening) return;
  connection->ends[0].state = EndState::closed;
  if (connection->ends[1].state == EndState::opening) {
    connection->ends[1].state = EndState::closed;
  } else {
    tell_other_end(id, 0, "reset");
  }
  const HostId host = connection->ends[0].host;
  const std::string address = connection->address;
  forget_if_over(id);
  trace_.event(events_.now(), "dial-failed", host, id, refused ? 1 : 0);
  if (hosts_[host].process != nullptr) {
    hosts_[host].process->dial_failed(end_of(id, 0), address, refused);
  }
}

// ---- Frames -------------------------------------------------------------------------------------

void Network::send(EndId end, wire::Frame frame) {
  const std::uint64_t id = end.value / 2;
  Connection* connection = find(id);
  if (connection == nullptr || connection->ends[side(end)].state != EndState::open) return;
  ++frames_;
  Sent& sent = hosts_[connection->ends[side(end)].host].sent[frame.type];
  ++sent.frames;
  sent.bytes += wire::frame_header_bytes + frame.body.size();
  const bool datagram =
      options_.datagrams && connection->peer && frame.type == wire::FrameType::raft;
  if (datagram && slowness(*connection, side(end)).count == 0) {
    schedule_datagram(id, side(end), frame);
  } else {
    schedule_in_order(id, side(end), Packet{std::move(frame)});
  }
}

void Network::close(EndId end) {
  const std::uint64_t id = end.value / 2;
  Connection* connection = find(id);
  if (connection == nullptr || connection->ends[side(end)].state == EndState::closed) return;
  const bool was_open = connection->ends[side(end)].state == EndState::open;
  connection->ends[side(end)].state = EndState::closed;
  if (was_open) schedule_in_order(id, side(end), Packet{});
  if (!was_open) tell_other_end(id, side(end), "reset");
  forget_if_over(id);
}

void Network::schedule_packet(std::uint64_t id, std::size_t from, Packet packet, Instant when) {
  events_.at(when, [this, id, from, moved = std::move(packet)] { arrive(id, from, moved); });
}

void Network::schedule_in_order(std::uint64_t id, std::size_t from, Packet packet) {
  const Connection& connection = *find(id);
  if (slowness(connection, from).count > 0) return queue(id, from, std::move(packet));
  put_on_path(id, from, std::move(packet));
}

void Network::put_on_path(std::uint64_t id, std::size_t from, Packet packet) {
  Direction& direction = find(id)->directions[from];
  Instant when = events_.now() + delay();
  if (packet.frame) {
    Instant& free = direction.lane_free[static_cast<std::size_t>(packet.frame->lane)];
    when = free = std::max(free, when);
  } else {
    for (const Instant free : direction.lane_free) when = std::max(when, free);
  }
  schedule_packet(id, from, std::move(packet), when);
}

void Network::queue(std::uint64_t id, std::size_t from, Packet packet) {
  Queue& queue = find(id)->directions[from].slow;
  const std::size_t lane =
      packet.frame ? static_cast<std::size_t>(packet.frame->lane) : queue.lanes.size() - 1;
  if (packet.frame) queue.bytes += packet.frame->body.size();
  queue.lanes[lane].push_back(std::move(packet));
  if (queue.bytes > options_.unsent_bytes_max) return break_end(id, from, "too much is queued");
  if (!queue.sending) send_next(id, from);
}

void Network::send_next(std::uint64_t id, std::size_t from) {
  Connection* connection = find(id);
  Queue& queue = connection->directions[from].slow;
  const auto lane = std::ranges::find_if(queue.lanes, [](const auto& one) { return !one.empty(); });
  queue.sending = lane != queue.lanes.end();
  if (!queue.sending) return;
  const auto& frame = lane->front().frame;
  const std::size_t bytes = frame_header_bytes + (frame ? frame->body.size() : 0);
  const Duration takes{
      static_cast<std::int64_t>(bytes * 1'000'000 / slowness(*connection, from).bytes_per_second)};
  const auto at = static_cast<std::size_t>(lane - queue.lanes.begin());
  events_.after(takes, [this, id, from, at, turn = queue.turn] {
    Connection* later = find(id);
    if (later == nullptr || later->directions[from].slow.turn != turn) return;
    Queue& waiting = later->directions[from].slow;
    Packet packet = std::move(waiting.lanes[at].front());
    waiting.lanes[at].pop_front();
    if (packet.frame) waiting.bytes -= packet.frame->body.size();
    put_on_path(id, from, std::move(packet));
    send_next(id, from);
  });
}

void Network::drop_queue(Queue& queue) {
  queue = Queue{.lanes = {}, .bytes = 0, .sending = false, .turn = queue.turn + 1};
}

void Network::schedule_datagram(std::uint64_t id, std::size_t from, const wire::Frame& frame) {
  if (random_.chance(options_.loss)) return;
  Instant when = events_.now() + delay();
  // Not before the other end is through with its preface.
  when = std::max(when, find(id)->directions[from].lane_free[0]);
  if (random_.chance(options_.reordering)) when += delay() * 4;
  schedule_packet(id, from, Packet{frame}, when);
  if (random_.chance(options_.duplication)) {
    schedule_packet(id, from, Packet{frame}, when + delay() * 4);
  }
}

void Network::arrive(std::uint64_t id, std::size_t from, Packet packet) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  const Direction& direction = connection->directions[from];
  if (direction.broken) return;
  const bool cut = is_cut(connection->ends[from].host, connection->ends[1 - from].host);
  const bool datagram = options_.datagrams && connection->peer && packet.frame &&
                        packet.frame->type == wire::FrameType::raft;
  if (datagram && cut) return;
  if (!datagram && (cut || !direction.waiting.empty())) {
    wait_at_cut(id, from, std::move(packet));
    return;
  }
  deliver(id, from, packet);
}

void Network::wait_at_cut(std::uint64_t id, std::size_t from, Packet packet) {
  Direction& direction = find(id)->directions[from];
  if (packet.frame) direction.waiting_bytes += packet.frame->body.size();
  const bool first = direction.waiting.empty();
  direction.waiting.push_back(std::move(packet));
  if (direction.waiting_bytes > options_.unsent_bytes_max) {
    break_end(id, from, "too much waits to be sent");
    return;
  }
  if (!first) return;
  const std::uint64_t stall = ++direction.stall;
  events_.after(options_.give_up_after, [this, id, from, stall] { give_up(id, from, stall); });
}

void Network::give_up(std::uint64_t id, std::size_t from, std::uint64_t stall) {
  const Connection* connection = find(id);
  if (connection == nullptr) return;
  const Direction& direction = connection->directions[from];
  if (direction.waiting.empty() || direction.stall != stall) return;
  break_end(id, from, "timed out");
}

void Network::flush(std::uint64_t id, std::size_t from) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  if (is_cut(connection->ends[from].host, connection->ends[1 - from].host)) return;
  const std::deque<Packet> packets = std::exchange(connection->directions[from].waiting, {});
  connection->directions[from].waiting_bytes = 0;
  for (const Packet& packet : packets) {
    if (find(id) != nullptr) deliver(id, from, packet);
  }
}

void Network::deliver(std::uint64_t id, std::size_t from, const Packet& packet) {
  Connection* connection = find(id);
  const End& to = connection->ends[1 - from];
  if (to.state == EndState::opening) return;
  if (to.state == EndState::closed) {
    tell_other_end(id, 1 - from, "reset");
    return;
  }
  watch_acknowledgement(id, from);
  if (!packet.frame) {
    close_end(id, 1 - from, "closed by the other side");
    return;
  }
  trace_.event(events_.now(), "frame", to.host,
               id << 8U | static_cast<std::uint64_t>(packet.frame->type),
               std::uint64_t{crc32c(packet.frame->body.view())} << 32U | packet.frame->body.size());
  hosts_[to.host].process->received(end_of(id, 1 - from), *packet.frame);
}

// What arrives over a path that is cut in the other direction is never acknowledged.
void Network::watch_acknowledgement(std::uint64_t id, std::size_t from) {
  Connection& connection = *find(id);
  const HostId sender = connection.ends[from].host;
  const HostId receiver = connection.ends[1 - from].host;
  if (!is_cut(receiver, sender) || connection.directions[from].unacknowledged) return;
  connection.directions[from].unacknowledged = true;
  events_.after(options_.give_up_after, [this, id, from, sender, receiver] {
    Connection* later = find(id);
    if (later == nullptr) return;
    later->directions[from].unacknowledged = false;
    if (is_cut(receiver, sender)) break_end(id, from, "timed out");
  });
}

// ---- Ends ---------------------------------------------------------------------------------------

void Network::close_end(std::uint64_t id, std::size_t at, const std::string& reason) {
  Connection* connection = find(id);
  if (connection == nullptr || connection->ends[at].state == EndState::closed) return;
  if (connection->ends[at].state == EndState::opening) {
    if (at == 0) finish_dial(id, false);
    return;
  }
  connection->ends[at].state = EndState::closed;
  const HostId host = connection->ends[at].host;
  // Whoever is told of a close closes too, so that the other end cannot send into it for ever.
  tell_other_end(id, at, "reset");
  forget_if_over(id);
  trace_.event(events_.now(), "closed", host, id * 2 + at);
  if (hosts_[host].process != nullptr) hosts_[host].process->closed(end_of(id, at), reason);
}

void Network::tell_other_end(std::uint64_t id, std::size_t from, const std::string& reason) {
  const Connection* connection = find(id);
  if (connection == nullptr || connection->ends[1 - from].state == EndState::closed) return;
  events_.after(delay(), [this, id, from, reason] {
    const Connection* later = find(id);
    if (later == nullptr) return;
    if (is_cut(later->ends[from].host, later->ends[1 - from].host)) return;
    close_end(id, 1 - from, reason);
  });
}

void Network::break_end(std::uint64_t id, std::size_t at, const std::string& reason) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  // If it closed long ago, its last bytes never get through, and nobody is there to be told.
  connection->directions[at].broken = true;
  connection->directions[at].waiting.clear();
  connection->directions[at].waiting_bytes = 0;
  drop_queue(connection->directions[at].slow);
  close_end(id, at, reason);
}

void Network::forget_if_over(std::uint64_t id) {
  const Connection* connection = find(id);
  if (connection == nullptr) return;
  const auto closed = [](const End& end) { return end.state == EndState::closed; };
  if (std::ranges::all_of(connection->ends, closed)) connections_.erase(id);
}

std::optional<HostId> Network::other_host(EndId end) const {
  const auto found = connections_.find(end.value / 2);
  if (found == connections_.end()) return std::nullopt;
  return found->second.ends[1 - side(end)].host;
}

void Network::process_died(HostId host, bool quietly) {
  std::vector<EndId> ends;
  for (const auto& [id, connection] : connections_) {
    for (std::size_t at = 0; at < 2; ++at) {
      if (connection.ends[at].host == host && connection.ends[at].state != EndState::closed) {
        ends.push_back(end_of(id, at));
      }
    }
  }
  for (const EndId end : ends) {
    const std::uint64_t id = end.value / 2;
    if (find(id) == nullptr) continue;
    find(id)->ends[side(end)].state = EndState::closed;
    if (quietly) drop_queue(find(id)->directions[side(end)].slow);
    if (!quietly && random_.chance(0.5)) {
      schedule_in_order(id, side(end), Packet{});
    } else if (!quietly) {
      tell_other_end(id, side(end), "reset");
    }
    forget_if_over(id);
  }
}

void Network::cut(HostId from, HostId to) {
  ++cuts_[from][to];
}

void Network::heal(HostId from, HostId to) {
  check(cuts_[from][to] > 0);
  if (--cuts_[from][to] > 0) return;
  for (const auto& [id, connection] : connections_) {
    for (std::size_t at = 0; at < 2; ++at) {
      if (connection.ends[at].host != from || connection.ends[1 - at].host != to) continue;
      if (connection.directions[at].waiting.empty()) continue;
      events_.after(random_.between(Duration{}, retransmit_max),
                    [this, one = id, at] { flush(one, at); });
    }
  }
}

void Network::slow_down(HostId from, HostId to, std::size_t bytes_per_second) {
  Slowness& slowness = slow_[{from, to}];
  ++slowness.count;
  slowness.bytes_per_second = bytes_per_second;
}

void Network::speed_up(HostId from, HostId to) {
  Slowness& slowness = slow_[{from, to}];
  check(slowness.count > 0);
  if (--slowness.count > 0) return;
  for (auto& [id, connection] : connections_) {
    for (std::size_t at = 0; at < 2; ++at) {
      if (connection.ends[at].host != from || connection.ends[1 - at].host != to) continue;
      Queue waiting = std::exchange(connection.directions[at].slow, {});
      connection.directions[at].slow.turn = waiting.turn + 1;
      for (auto& lane : waiting.lanes) {
        for (Packet& packet : lane) put_on_path(id, at, std::move(packet));
      }
    }
  }
}

void Network::calm() {
  options_.loss = 0;
  options_.duplication = 0;
  options_.reordering = 0;
  options_.spike_chance = 0;
}

bool Network::reset_one() {
  std::vector<std::uint64_t> open;
  for (const auto& [id, connection] : connections_) {
    if (connection.ends[0].state == EndState::open && connection.ends[1].state == EndState::open) {
      open.push_back(id);
    }
  }
  if (open.empty()) return false;
  break_end(open[random_.below(open.size())], random_.below(2), "reset");
  return true;
}

}  // namespace muster::sim
