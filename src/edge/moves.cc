// Clients that are better served elsewhere: asked to attach there while this server still serves.
#include "edge/edge.h"
#include "wire/control.h"

namespace muster::edge {
namespace {

Bytes gentle_redirect(const std::string& address, const std::string& reason) {
  wire::Redirect redirect;
  redirect.set_address(address);
  redirect.set_reason(reason);
  redirect.set_keep_until_moved(true);
  return wire::encode(redirect);
}

}  // namespace

void Edge::ask_to_move(SessionId session, ServerNumber target, const std::string& address,
                       const std::string& reason, Instant now) {
  asked_to_move_[session] = Asked{.target = target, .at = now};
  send(sessions_.at(session).link, wire::FrameType::redirect, gentle_redirect(address, reason));
}

std::map<SessionId, ServerNumber> Edge::on_their_way(Instant now) const {
  std::map<SessionId, ServerNumber> asked;
  for (const auto& [id, one] : asked_to_move_) {
    if (on_its_way(id, now)) asked.emplace(id, one.target);
  }
  return asked;
}

std::vector<LinkId> Edge::movable_followers(Instant now) const {
  std::vector<LinkId> links;
  for (const LinkId link : topics_.links()) {
    const Client& client = clients_.at(link);
    const bool asked = client.asked_to_move && now - *client.asked_to_move < options_.move_patience;
    if (!client.session && !client.bound && !asked) links.push_back(link);
  }
  return links;
}

void Edge::ask_follower_to_move(LinkId link, const std::string& address, const std::string& reason,
                                Instant now) {
  clients_.at(link).asked_to_move = now;
  send(link, wire::FrameType::redirect, gentle_redirect(address, reason));
}

void Edge::send_on(LinkId link, const std::string& address, const std::string& reason) {
  wire::Redirect redirect;
  redirect.set_address(address);
  redirect.set_reason(reason);
  send(link, wire::FrameType::redirect, wire::encode(redirect));
}

void Edge::send_bound_away(const std::string& reason) {
  for (const auto& [id, attached] : sessions_) {
    if (clients_.at(attached.link).bound) send_on(attached.link, {}, reason);
  }
}

void Edge::send_away_all(const std::string& reason) {
  wire::Redirect redirect;
  redirect.set_reason(reason);
  send_to_all(wire::FrameType::redirect, wire::encode(redirect));
}

std::optional<Instant> Edge::heard(SessionId session) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return std::nullopt;
  return clients_.at(found->second.link).heard;
}

}  // namespace muster::edge
