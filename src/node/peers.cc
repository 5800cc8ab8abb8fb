#include "node/peers.h"

#include <algorithm>
#include <utility>

#include "wire/control.h"

namespace muster::node {
namespace {

constexpr std::size_t refusals_remembered_max = 64;

std::vector<ServerId> seen_by(const wire::PeerHello& hello) {
  std::vector<ServerId> seen;
  seen.reserve(static_cast<std::size_t>(hello.sees_size()));
  for (const std::string& text : hello.sees()) {
    if (const auto server = wire::parse_id<ServerId>(text)) seen.push_back(*server);
  }
  std::ranges::sort(seen);
  return seen;
}

}  // namespace

Peers::Peers(const Options& options, ServerId self, std::string own_address)
    : options_(options), self_(self), random_(options.seed) {
  own_addresses_.insert(std::move(own_address));
}

void Peers::set_targets(const std::set<std::string>& addresses, Instant now) {
  for (auto& [address, target] : targets_) target.wanted = false;
  for (const std::string& address : addresses) {
    if (address.empty() || own_addresses_.contains(address)) continue;
    const auto [found, is_new] = targets_.try_emplace(address);
    found->second.wanted = true;
    if (!is_new) continue;
    found->second.next = now;
    due_by(now);
  }
  std::erase_if(targets_, [](const auto& item) {
    return !item.second.wanted && !item.second.dialling && !item.second.lost;
  });
}

void Peers::set_times(Duration ping_after, Duration silence_max) {
  options_.ping_after = ping_after;
  options_.silence_max = silence_max;
  due_ = earliest();
}

void Peers::set_hello(const wire::PeerHello& hello) {
  Bytes bytes = wire::encode(hello);
  if (bytes == hello_bytes_) return;
  hello_ = hello;
  hello_bytes_ = std::move(bytes);
  for (const auto& [id, link] : links_) {
    if (link.closing) continue;
    outputs_.emplace_back(SendFrame{.link = id,
                                    .type = wire::FrameType::peer_hello,
                                    .lane = wire::Lane::urgent,
                                    .body = {SharedBytes(Bytes(hello_bytes_))}});
  }
}

void Peers::link_opened(const LinkOpened& opened, Instant now) {
  if (opened.dialled) {
    const auto target = targets_.find(opened.address);
    if (target != targets_.end()) {
      target->second.dialling = false;
      target->second.lost.reset();
    }
  }
  if (links_.size() >= options_.links_max) {
    outputs_.emplace_back(CloseLink{opened.link});
    return;
  }
  links_[opened.link] =
      Link{.address = opened.address, .dialled = opened.dialled, .server = {}, .heard = now};
  due_by(now + options_.ping_after);
  outputs_.emplace_back(SendFrame{.link = opened.link,
                                  .type = wire::FrameType::peer_hello,
                                  .lane = wire::Lane::urgent,
                                  .body = {SharedBytes(Bytes(hello_bytes_))}});
}

void Peers::link_closed(LinkId id, Instant now) {
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  const Link link = found->second;
  links_.erase(found);
  if (link.dialled) {
    const auto target = targets_.find(link.address);
    if (target != targets_.end() && !link.server) {
      // It closed before saying who it is: wait longer each time.
      target->second.wait =
          std::clamp(target->second.wait * 2, options_.redial_min, options_.redial_max);
      target->second.next = now + target->second.wait;
      due_by(target->second.next);
    }
  }
  if (!link.server) return;
  const auto peer = peers_.find(*link.server);
  if (peer == peers_.end() || peer->second.link != id) return;
  lose(*link.server, now);
}

void Peers::lose(ServerId server, Instant now) {
  const auto peer = peers_.find(server);
  const std::string& address = peer->second.hello.peer_address();
  if (!address.empty()) {
    Target& target = targets_[address];
    target.lost = server;
    target.wait = {};
    if (!target.dialling) target.next = now;  // Dialled once more at once: the answer is the news.
    due_by(target.next);
  }
  forget_number(peer->second);
  peers_.erase(peer);
  news_.emplace_back(PeerLost{server});
}

void Peers::dial_failed(const DialFailed& failed, Instant now) {
  const auto found = targets_.find(failed.address);
  if (found == targets_.end()) return;
  Target& target = found->second;
  target.dialling = false;
  // A process that dies may take one more connection and reset it: that is no verdict yet, and the
  // next dial, a moment later, brings one.
  const bool verdict_awaited = target.lost && !failed.refused;
  const Duration least = verdict_awaited ? options_.verdict_wait : options_.redial_min;
  target.wait = std::clamp(target.wait * 2, least, options_.redial_max);
  target.next = now + random_.between(target.wait / 2, target.wait);
  due_by(target.next);
  if (!target.lost || !failed.refused) return;
  if (!peers_.contains(*target.lost)) news_.emplace_back(PeerRefused{*target.lost});
  target.lost.reset();
  if (!target.wanted) targets_.erase(found);
}

std::optional<ServerId> Peers::frame(LinkId id, const wire::Frame& frame, Instant now) {
  const auto found = links_.find(id);
  if (found == links_.end()) return std::nullopt;
  Link& link = found->second;
  link.heard = now;
  link.pinged = false;
  due_by(now + options_.ping_after);
  switch (frame.type) {
    case wire::FrameType::ping:
      outputs_.emplace_back(SendFrame{
          .link = id, .type = wire::FrameType::pong, .lane = wire::Lane::urgent, .body = {}});
      return std::nullopt;
    case wire::FrameType::pong:
      return std::nullopt;
    case wire::FrameType::goodbye:
      link.closing = true;
      outputs_.emplace_back(CloseLink{id});
      return std::nullopt;
    case wire::FrameType::peer_hello:
      take_hello(id, frame, now);
      return std::nullopt;
    default:
      return link.closing ? std::nullopt : link.server;
  }
}

void Peers::take_hello(LinkId id, const wire::Frame& frame, Instant now) {
  const auto hello = wire::decode<wire::PeerHello>(frame.body.view());
  const auto server =
      hello ? wire::parse_id<ServerId>(hello->server_id()) : Result<ServerId>(hello.error());
  if (!server) return say_goodbye(id, server.error().message);
  Link& link = links_.at(id);
  if (link.closing) return;
  if (*server == self_) {
    if (link.dialled) {
      own_addresses_.insert(link.address);
      targets_.erase(link.address);
    }
    return say_goodbye(id, "this server dialled itself");
  }
  if (hello->group() != hello_.group()) {
    warn_once("a server of group " + hello->group() + " (" + hello->name() + ", " +
              hello->peer_address() + ") is where one of " + hello_.group() +
              " is looked for, or looks for its own here; check --group and --seeds on both");
    return say_goodbye(id, "this server belongs to group " + hello_.group());
  }
  if (const std::string why = why_not_of_the_list(*server, *hello); !why.empty()) {
    return refuse_unlisted(id, *hello, why);
  }
  identify(id, link, *server, *hello, now);
}

// Whoever is not let in comes again and again.
void Peers::warn_once(const std::string& text) {
  if (refusals_told_.size() >= refusals_remembered_max) refusals_told_.clear();
  if (refusals_told_.insert(text).second) notices_.push_back({NoticeLevel::warning, text});
}

bool Peers::keeps_new(const Link& standing, const Link& fresh, ServerId other) const {
  const auto dialler = [&](const Link& link) { return link.dialled ? self_ : other; };
  if (dialler(standing) == dialler(fresh)) return true;  // The older one is half dead.
  return dialler(fresh) < dialler(standing);
}

void Peers::identify(LinkId id, Link& link, ServerId server, const wire::PeerHello& hello,
                     Instant now) {
  const auto standing = peers_.find(server);
  if (standing != peers_.end() && standing->second.link != id) {
    const LinkId other = standing->second.link;
    if (!keeps_new(links_.at(other), link, server)) {
      link.server = server;
      return say_goodbye(id, "another connection to this server stands");
    }
    say_goodbye(other, "a newer connection to this server stands");
  }
  link.server = server;
  if (link.dialled) {
    const auto target = targets_.find(link.address);
    if (target != targets_.end()) target->second.wait = {};
  }
  Peer& peer = peers_[server];
  const bool joined = peer.link != id;
  peer.server = server;
  peer.link = id;
  peer.hello = hello;
  peer.hears = seen_by(hello);
  peer.other_branch = hello.formed() && hello_.formed() && hello.group_id() == hello_.group_id() &&
                      hello.branch() != hello_.branch();
  set_number(peer);
  const auto reached = targets_.find(hello.peer_address());
  if (reached != targets_.end()) {
    reached->second.lost.reset();
    reached->second.next = now;
    due_by(now);
  }
  if (joined) {
    news_.emplace_back(PeerJoined{server});
  } else {
    news_.emplace_back(PeerChanged{server});
  }
}

void Peers::set_number(Peer& peer) {
  forget_number(peer);
  if (!peer.hello.formed() || peer.other_branch) return;
  const auto group = wire::parse_id<GroupId>(peer.hello.group_id());
  if (!group) return;
  peer.group = *group;
  peer.number = ServerNumber{peer.hello.number()};
  members_.emplace(*peer.number, *peer.group, peer.server);
}

void Peers::forget_number(Peer& peer) {
  if (peer.group) members_.erase({*peer.number, *peer.group, peer.server});
  peer.group.reset();
  peer.number.reset();
}

void Peers::say_goodbye(LinkId id, const std::string& reason) {
  wire::Goodbye goodbye;
  goodbye.set_reason(reason);
  outputs_.emplace_back(SendFrame{.link = id,
                                  .type = wire::FrameType::goodbye,
                                  .lane = wire::Lane::urgent,
                                  .body = {SharedBytes(wire::encode(goodbye))}});
  outputs_.emplace_back(CloseLink{id});
  links_.at(id).closing = true;
}

const Peer* Peers::find(ServerId server) const {
  const auto found = peers_.find(server);
  return found == peers_.end() ? nullptr : &found->second;
}

const Peer* Peers::find(ServerNumber number, GroupId group) const {
  const auto found = members_.lower_bound({number, group, ServerId{}});
  if (found == members_.end()) return nullptr;
  const auto& [its_number, its_group, server] = *found;
  return its_number == number && its_group == group ? find(server) : nullptr;
}

void Peers::send(ServerId server, wire::FrameType type, wire::Lane lane,
                 std::vector<SharedBytes> body) {
  const Peer* const peer = find(server);
  if (peer == nullptr) return;
  outputs_.emplace_back(
      SendFrame{.link = peer->link, .type = type, .lane = lane, .body = std::move(body)});
}

void Peers::send(ServerId server, wire::FrameType type, Bytes body) {
  send(server, type, wire::Lane::normal, {SharedBytes(std::move(body))});
}

bool Peers::is_linked(const std::string& address) const {
  for (const auto& [id, link] : links_) {
    if (link.dialled && link.address == address && !link.closing) return true;
  }
  for (const auto& [server, peer] : peers_) {
    if (peer.hello.peer_address() == address) return true;
  }
  return false;
}

void Peers::dial_due(Instant now) {
  std::erase_if(targets_, [&](const auto& item) {
    return now >= item.second.next && !item.second.wanted && !item.second.lost;
  });
  for (auto& [address, target] : targets_) {
    if (now < target.next) continue;
    if (is_linked(address) || own_addresses_.contains(address)) {
      target.next = now + options_.redial_max;
      continue;
    }
    if (target.dialling) target.wait = options_.redial_max;  // It never came to an end: give up.
    target.dialling = true;
    target.next = now + options_.dial_timeout;
    dials_.push_back(Dial{address});
  }
}

void Peers::tick(Instant now) {
  if (now < due_) return;
  dial_due(now);
  for (auto& [id, link] : links_) {
    const Duration silence = now - link.heard;
    if (link.closing && silence < options_.silence_max) continue;
    if (silence >= options_.silence_max) {
      link.closing = true;
      link.heard = now;
      outputs_.emplace_back(CloseLink{id});
    } else if (silence >= options_.ping_after && !link.pinged) {
      link.pinged = true;
      outputs_.emplace_back(SendFrame{
          .link = id, .type = wire::FrameType::ping, .lane = wire::Lane::urgent, .body = {}});
    }
  }
  due_ = earliest();
}

Instant Peers::earliest() const {
  Instant next = Instant::max();
  for (const auto& [address, target] : targets_) next = std::min(next, target.next);
  for (const auto& [id, link] : links_) {
    next = std::min(next, link.heard + (link.pinged || link.closing ? options_.silence_max
                                                                    : options_.ping_after));
  }
  return next;
}

std::vector<PeerNews> Peers::take_news() {
  return std::exchange(news_, {});
}
std::vector<LinkOutput> Peers::take_outputs() {
  return std::exchange(outputs_, {});
}
std::vector<Dial> Peers::take_dials() {
  return std::exchange(dials_, {});
}
std::vector<Notice> Peers::take_notices() {
  return std::exchange(notices_, {});
}

}  // namespace muster::node
