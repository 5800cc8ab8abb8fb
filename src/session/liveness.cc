// How a session shows its home that it is there, and sees whether its home is.
#include <algorithm>
#include <utility>

#include "session/session.h"
#include "wire/heartbeat.h"

namespace muster::session {

// Who may be thought gone after a short while must know as early itself that its home is.
void Session::begin_heartbeats(Duration timeout, Instant now) {
  if (timeout <= Duration::zero()) return;
  silence_timeout_ = std::min(options_.silence_timeout, timeout / 2);
  ping_interval_ = std::min(options_.ping_interval, silence_timeout_ / 2);
  heartbeat_key_.reset();
  if (!options_.heartbeat_secret.empty()) {
    heartbeat_key_ = wire::heartbeat_key(options_.heartbeat_secret, options_.id, epoch_);
  }
  pace_.begin({.interval = options_.heartbeat_interval, .timeout = timeout}, now);
}

void Session::send_heartbeats(Instant now) {
  const Pace::Beat beat = pace_.beat(now);
  wire::Heartbeat heartbeat{.session = options_.id, .epoch = epoch_, .payload = payload_};
  if (beat.by_datagram) {
    heartbeat.counter = *beat.by_datagram;
    ready_.datagrams.push_back({link_, wire::encode_heartbeat(heartbeat, heartbeat_key_)});
  }
  if (!beat.over_connection) return;
  heartbeat.counter = *beat.over_connection;
  heartbeat.wants_answer = beat.wants_answer;
  if (beat.wants_answer) ping_sent_ = true;  // The answer is as good as that to a ping.
  ready_.send.push_back({link_,
                         {wire::FrameType::heartbeat, wire::Lane::urgent,
                          SharedBytes(wire::encode_heartbeat(heartbeat, {}))}});
}

Result<void> Session::take_heard(BytesView body) {
  const auto heard = wire::decode_heartbeat_heard(body);
  if (!heard) return heard.error();
  pace_.answered(*heard);
  return {};
}

Result<void> Session::set_payload(BytesView payload) {
  if (payload.size() > wire::heartbeat_payload_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "what rides on a heartbeat has at most " +
                     std::to_string(wire::heartbeat_payload_bytes_max) + " bytes"};
  }
  payload_.assign(payload.begin(), payload.end());
  return {};
}

}  // namespace muster::session
