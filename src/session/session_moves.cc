// How a session moves: it attaches at the other server while the link in use still serves.
#include <utility>

#include "session/session.h"
#include "wire/control.h"

namespace muster::session {

void Session::begin_move(const std::string& address, Instant now) {
  if (move_ || address.empty() || address.size() > wire::address_bytes_max) return;
  if (address == address_) return;
  servers_.learn(address);
  move_ = Move{.link = {++links_}, .address = address, .since = now};
  ready_.dial.push_back({move_->link, address});
}

void Session::abandon_move(Instant now) {
  ready_.close.push_back(move_->link);
  lose_move(now);
}

// What was asked for there may be on its way into the log, where it would leave the session with a
// server that its client is not at: what is asked for here then counts, being newer.
void Session::lose_move(Instant now) {
  const bool asked_there = move_->hello && !options_.only_follows;
  move_.reset();
  if (!asked_there || phase_ != Phase::open) return;
  send_resume(link_, true);
  phase_ = Phase::opening;
  phase_since_ = now;
  pace_.stop();  // Until it is open again.
}

// What goes wrong there costs at most an attach here.
void Session::take_move_frame(wire::FrameType type, const SharedBytes& body, Instant now) {
  if (!move_->connected) return;
  if (type == wire::FrameType::server_hello) return take_move_hello(body.view(), now);
  if (type == wire::FrameType::ping) {
    ready_.send.push_back({move_->link, {wire::FrameType::pong, wire::Lane::normal, {}}});
    return;
  }
  if (type != wire::FrameType::session_opened || !move_->hello) return abandon_move(now);
  finish_move(now);
  const Result<void> taken = take_opened(body.view(), now);
  if (!taken && linked()) give_up_link(taken.error(), now, true);
}

void Session::take_move_hello(BytesView body, Instant now) {
  Result<wire::ServerHello> hello = wire::decode<wire::ServerHello>(body);
  if (!hello) return abandon_move(now);
  const Result<GroupId> group = wire::parse_id<GroupId>(hello->group_id());
  if (!group || *group != group_) return abandon_move(now);
  for (const std::string& address : hello->client_addresses()) servers_.learn(address);
  const bool is_first = !move_->hello;
  move_->hello = std::move(*hello);
  if (!is_first) return;
  if (!options_.only_follows) return send_resume(move_->link, false);
  finish_move(now);
  phase_ = Phase::open;
  note_change(StateChange::Kind::resumed);
}

// The other server has the session now; this one has let it go, or is about to.
void Session::finish_move(Instant now) {
  if (linked()) ready_.close.push_back(link_);
  go_on_there();
  servers_.succeeded();
  servers_.tried(address_);
  phase_since_ = now;
  last_heard_ = now;
}

// The link in use is gone, or is used no more: the other one is what there is. It is not a loss.
void Session::go_on_there() {
  Move move = std::move(*std::exchange(move_, std::nullopt));
  link_ = move.link;
  address_ = std::move(move.address);
  hello_ = std::move(move.hello);
  phase_ = move.connected ? Phase::opening : Phase::dialing;
  phase_since_ = move.since;
  last_heard_ = move.since;
  go_to_.reset();
  pace_.stop();  // Until it is open there.
  begin_link();
}

}  // namespace muster::session
