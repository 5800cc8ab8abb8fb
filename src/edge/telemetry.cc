#include "edge/telemetry.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"

namespace muster::edge {

void Telemetry::put(const wire::TelemetryValue& value, Instant now) {
  check(!value.value.empty());
  change(value, std::nullopt, now);
}

void Telemetry::remove(wire::TelemetryKind kind, BytesView key, wire::TelemetryStamp stamp) {
  const auto found = places_.find(KeyView{kind, as_text(key)});
  if (found == places_.end() || found->second->value.empty()) return;
  change({.kind = kind, .key = key, .stamp = stamp, .value = {}}, std::nullopt, now_);
}

void Telemetry::change(const wire::TelemetryValue& said, std::optional<ServerNumber> from,
                       Instant now) {
  now_ = std::max(now_, now);
  auto found = places_.find(KeyView{said.kind, as_text(said.key)});
  const bool is_new = found == places_.end();
  if (!is_new && said.stamp <= found->second->stamp) return;
  if (is_new && said.value.empty()) return;  // What nobody knew has gone: no news.
  const std::size_t before = is_new ? 0 : said.key.size() + found->second->value.size();
  const std::size_t after = said.key.size() + said.value.size();
  if ((is_new && places_.size() >= options_.values_max) ||
      bytes_ - before + after > options_.bytes_max) {
    ++dropped_;
    return;
  }
  Values& values = values_of(from);
  if (is_new) {
    found = places_.emplace(Key{said.kind, std::string(as_text(said.key))}, values.end()).first;
    found->second = values.emplace(values.end());
    found->second->place = found;
  } else {
    // To the end, without an allocation.
    values.splice(values.end(), values_of(found->second->from), found->second);
  }
  bytes_ += after - before;
  Value& value = *found->second;
  value.version = ++version_;
  value.stamp = said.stamp;
  value.value.assign(said.value.begin(), said.value.end());
  value.from = from;
  value.changed = now;
}

void Telemetry::erase(Values& values, Values::iterator value) {
  bytes_ -= value->place->first.text.size() + value->value.size();
  places_.erase(value->place);
  values.erase(value);
}

void Telemetry::forget(ServerNumber server) {
  for (auto at = theirs_.begin(); at != theirs_.end();) {
    const auto value = at++;
    if (value->from == server) erase(theirs_, value);
  }
}

void Telemetry::peer_arrived(ServerNumber server, Instant now) {
  forget(server);
  peers_.insert_or_assign(server, Peer{.next = now});
}

void Telemetry::peer_left(ServerNumber server, Instant now) {
  const auto found = peers_.find(server);
  if (found == peers_.end() || found->second.left) return;
  found->second.left = now;
  next_sweep_ = std::min(next_sweep_, now + options_.keep);
}

Result<void> Telemetry::take(ServerNumber from, BytesView frame, Instant now) {
  const auto peer = peers_.find(from);
  if (peer == peers_.end() || peer->second.left) return {};
  if (frame.empty()) {
    Peer& told = peer->second;
    if (told.unanswered > 0 && --told.unanswered == 0) {
      told.next = std::max(now, told.told_at + options_.interval);
    }
    return {};
  }
  const auto values = wire::parse_telemetry(frame);
  if (!values) return values.error();
  for (const wire::TelemetryValue& value : *values) change(value, from, now);
  frames_.push_back({from, SharedBytes{}});
  return {};
}

void Telemetry::tick(Instant now) {
  now_ = std::max(now_, now);
  for (auto& [server, peer] : peers_) {
    if (peer.left || now < peer.next) continue;
    if (peer.unanswered > 0) peer.told = 0;  // It came at a moment at which it was not taken in.
    peer.unanswered = 0;
    if (has_news(peer)) tell(server, peer, now);
  }
  if (now >= next_sweep_) sweep(now);
}

// The values of late lie at the end, so that only those that are told are looked at.
void Telemetry::tell(ServerNumber server, Peer& peer, Instant now) {
  auto at = own_.end();
  while (at != own_.begin() && std::prev(at)->version > peer.told) --at;
  wire::TelemetryBuilder builder;
  const auto send = [&] {
    frames_.push_back({server, SharedBytes(std::move(builder).finish())});
    ++peer.unanswered;
    builder = {};
  };
  for (; at != own_.end(); ++at) {
    const wire::TelemetryValue value{.kind = at->place->first.kind,
                                     .key = as_bytes(at->place->first.text),
                                     .stamp = at->stamp,
                                     .value = at->value};
    if (builder.add(value)) continue;
    send();
    check(builder.add(value));
  }
  send();
  peer.told = own_.back().version;
  peer.told_at = now;
  peer.next = now + options_.again_after;
}

void Telemetry::sweep(Instant now) {
  next_sweep_ = now + options_.keep / 4;
  for (Values* const values : {&own_, &theirs_}) {
    for (auto at = values->begin(); at != values->end();) {
      const auto value = at++;
      if (value->value.empty() && now - value->changed >= options_.keep) erase(*values, value);
    }
  }
  for (auto at = peers_.begin(); at != peers_.end();) {
    const auto& [server, peer] = *at;
    const bool over = peer.left && now - *peer.left >= options_.keep;
    if (over) forget(server);
    at = over ? peers_.erase(at) : std::next(at);
  }
}

std::optional<Instant> Telemetry::deadline() const {
  if (own_.empty()) return std::nullopt;  // Nothing to tell: whoever has not answered, need not.
  std::optional<Instant> next;
  for (const auto& [server, peer] : peers_) {
    if (peer.left || (peer.unanswered == 0 && !has_news(peer))) continue;
    next = std::min(next.value_or(peer.next), peer.next);
  }
  return next;
}

std::optional<Telemetry::Known> Telemetry::find(wire::TelemetryKind kind, BytesView key) const {
  const auto found = places_.find(KeyView{kind, as_text(key)});
  if (found == places_.end() || found->second->value.empty()) return std::nullopt;
  return known(*found->second);
}

}  // namespace muster::edge
