#include "server/server.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

namespace muster::server {
namespace {

using namespace std::chrono_literals;

constexpr auto timer_sleep_max = 1h;  // Far deadlines are looked at again.

}  // namespace

Server::~Server() {
  for (const auto& [number, link] : links_) link->abort();
}

node::Now Server::now() const {
  return {loop_.now(), loop_.wall_time()};
}

Server::End Server::run() {
  disk_->run([this](std::vector<storage::DiskResult> results) {
    loop_.step("disk results", [&] { disk_is_done(std::move(results)); });
  });
  listeners_.start();
  if (irc_) irc_->start();
  if (heartbeats_) heartbeats_->start();
  drain_later();
  loop_.run();
  disk_->stop();
  end_.exit_code = exit_.code;
  end_.reason = exit_.reason;
  if (exit_.afterwards != node::Afterwards::keep) archive_data();
  return std::move(end_);
}

// ---- In: what happens is stepped into the node --------------------------------------------------

void Server::step(node::Input input) {
  if (ending_) return;
  node_->step(std::move(input), now());
  drain_later();
}

/// At the end of the queue: the handlers that are ready now come first, and share the drain.
void Server::drain_later() {
  if (std::exchange(drain_posted_, true)) return;
  boost::asio::post(loop_.context(), [this] {
    drain_posted_ = false;
    loop_.step("deciding", [this] { drain(); });
  });
}

void Server::drain() {
  if (ending_) return;
  carry_out(node_->drain(now()));
  if (!ending_) arm_timer();
}

/// The timer is left as it is when the deadline has only moved away: going off early is cheaper
/// than setting it anew after each step.
void Server::arm_timer() {
  const Instant deadline = std::min(node_->deadline(), loop_.now() + timer_sleep_max);
  if (armed_for_ && *armed_for_ <= deadline) return;
  armed_for_ = deadline;
  node_timer_.expires_at(std::chrono::steady_clock::time_point(deadline.time_since_epoch()));
  node_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || ending_) return;
    armed_for_.reset();
    loop_.step("timers", [this] { timer_is_due(); });
  });
}

void Server::timer_is_due() {
  if (node_->deadline() > loop_.now()) return arm_timer();
  step(node::Tick{});
}

void Server::on_open(net::Link& /*link*/) {}  // Links come here when they are open.

void Server::on_frame(net::Link& link, wire::Frame frame) {
  ++traffic_.frames_received;
  traffic_.bytes_received += wire::frame_header_bytes + frame.body.size();
  if (trace_.on()) trace_.received({link.number()}, frame, loop_.now());
  step(node::FrameReceived{.link = {link.number()}, .frame = std::move(frame)});
}

void Server::on_close(net::Link& link, const Error& error) {
  log_->debug("link {} to {} is gone: {}", link.number(), link.remote_address(), error.message);
  if (error.code != ErrorCode::unavailable && error.code != ErrorCode::aborted) {
    closings_.say("the link to " + link.remote_address() + " was closed: " + error.message,
                  loop_.now());
  }
  links_.erase(link.number());
  step(node::LinkClosed{.link = {link.number()}, .reason = error.message});
  end_when_links_are_gone();
}

void Server::adopt(std::shared_ptr<net::Link> link, bool dialled, const std::string& address) {
  if (ending_) return link->abort();
  const node::LinkId id{link->number()};
  const bool peer = link->agreement().kind == wire::LinkKind::peer;
  log_->debug("link {} {} {} ({})", id.value, dialled ? "to" : "from", address,
              peer ? "server" : "client");
  link->observe(*this);
  links_.emplace(id.value, std::move(link));
  step(node::LinkOpened{.link = id, .peer = peer, .dialled = dialled, .address = address});
}

void Server::dialled(const std::string& address, net::DialResult result) {
  if (result.link) return adopt(std::move(result.link), true, address);
  log_->debug("dialling {} failed{}: {}", address, result.refused ? " (refused)" : "",
              result.error->message);
  step(node::DialFailed{
      .address = address, .refused = result.refused, .reason = result.error->message});
}

void Server::disk_is_done(std::vector<storage::DiskResult> results) {
  std::optional<Error> fatal;
  for (const storage::DiskResult& result : results) {
    const auto* const failed = std::get_if<storage::Failed>(&result.outcome);
    if (failed == nullptr) continue;
    log_->debug("disk job {} failed: {}", result.id, failed->error.message);
    if (failed->fatal && !fatal) fatal = failed->error;
  }
  if (fatal) return end({1, "the disk failed, so this server stops: " + fatal->message});
  step(node::DiskDone{.results = std::move(results)});
}

// ---- Out: what the node wants done --------------------------------------------------------------

/// Sending comes before the disk: followers store while this server does.
void Server::carry_out(node::Outputs outputs) {
  for (node::LinkOutput& output : outputs.links) {
    if (auto* const frame = std::get_if<node::SendFrame>(&output)) {
      send(std::move(*frame));
    } else {
      close(std::get<node::CloseLink>(output).link);
    }
  }
  loop_.flush_links();
  if (irc_) irc_->flush();
  for (storage::DiskJob& job : outputs.disk) disk_->submit(std::move(job));
  for (const node::Dial& wanted : outputs.dials) dial(wanted.address);
  for (const node::Announce& one : outputs.announcements) announce(one);
  for (const node::SendProbe& one : outputs.probes) {
    if (rendezvous_) rendezvous_->probe(one.probe);
  }
  for (const node::Notice& notice : outputs.notices) log_->log(level_of(notice.level), notice.text);
  if (outputs.ready) tell_ready(*outputs.ready);
  if (outputs.presence && options_.on_presence) options_.on_presence(*outputs.presence);
  if (outputs.exit) end(*outputs.exit);
}

void Server::close(node::LinkId link) {
  if (irc_ && irc_->has_link(link)) return irc_->close(link);
  if (const auto found = links_.find(link.value); found != links_.end()) found->second->close();
}

void Server::send(node::SendFrame frame) {
  if (irc_ && irc_->has_link(frame.link)) return irc_->send(frame);
  const auto found = links_.find(frame.link.value);
  if (found == links_.end()) return;  // Gone; the node has been told, or is about to be.
  const std::shared_ptr<net::Link> link = found->second;
  ++traffic_.frames_sent;
  traffic_.bytes_sent += wire::frame_header_bytes;
  for (const SharedBytes& part : frame.body) traffic_.bytes_sent += part.size();
  if (trace_.on()) trace_.sends(frame, loop_.now());
  if (link->send(frame.type, frame.lane, std::move(frame.body))) return;
  const std::string reason =
      "it does not take in what is sent to it: " + std::to_string(link->queued_bytes()) +
      " bytes wait";
  closings_.say("the link to " + link->remote_address() + " was closed: " + reason, loop_.now());
  links_.erase(found);
  link->abort();
  step(node::LinkClosed{.link = frame.link, .reason = reason});
}

void Server::dial(const std::string& address) {
  dialer_->dial(address, [this, address](net::DialResult result) {
    loop_.step("a new link", [&] { dialled(address, std::move(result)); });
  });
}

void Server::announce(const node::Announce& one) {
  if (!rendezvous_) return;
  if (one.to.empty()) {
    rendezvous_->announce(one.beacon);
  } else {
    rendezvous_->answer(one.beacon, one.to);
  }
}

void Server::tell_ready(const node::BecameReady& ready) {
  on_ready_({.group = ready.group,
             .server = options_.node.name,
             .number = ready.number,
             .client_port = listeners_.client->port(),
             .peer_port = listeners_.peer_port(),
             .leader = ready.leader});
}

std::string Server::Ready::to_line() const {
  return "ready group=" + group + " server=" + server + " number=" + std::to_string(number.value) +
         " port=" + std::to_string(client_port) + " peer-port=" + std::to_string(peer_port) +
         " leader=" + leader;
}

}  // namespace muster::server
