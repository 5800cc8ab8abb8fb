#include "discovery/search.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "discovery/address_text.h"
#include "discovery/probe_times.h"
#include "muster/check.h"
#include "wire/control.h"

namespace muster::discovery {
namespace {

constexpr Duration pause_after_timeout = std::chrono::seconds{1};

/// `3 s`, `0.25 s`.
std::string in_seconds(Duration duration) {
  const auto milliseconds = std::chrono::round<std::chrono::milliseconds>(duration).count();
  std::string text = std::to_string(milliseconds / 1000);
  if (milliseconds % 1000 != 0) {
    const std::string fraction = std::to_string(1000 + milliseconds % 1000).substr(1);
    text += "." + fraction.substr(0, fraction.find_last_not_of('0') + 1);
  }
  return text + " s";
}

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

bool Candidate::usable() const {
  return beacon.phase() == wire::Phase::RUNNING && beacon.has_leader_number();
}

Search::Search(const Options& options, Instant now)
    : options_(options),
      start_(now),
      random_(options.seed),
      now_(now),
      next_probe_(now),
      pause_(std::min(pause_after_timeout, options.pause_max)) {
  check(options.timeout > Duration::zero() && options.pause_max > Duration::zero());
  check(options.rounds >= 1 && options.rounds <= probes_in_window_max);
}

bool Search::wanted(const wire::Beacon& beacon) const {
  return options_.group.empty() || beacon.group() == options_.group ||
         beacon.group_id() == options_.group;
}

// Of several ways to one server the first stays while it is heard, unless another one stays on this
// machine, or the server has moved to another port.
bool Search::replaces(const Found& found, const wire::Beacon& beacon, bool from_here,
                      Instant now) const {
  const Candidate& known = found.candidate;
  if (from_here || now >= found.way_at + options_.timeout) return true;
  if (known.from_here) return false;
  return beacon.client_address() == known.client_address ||
         port_of(beacon.client_address()) != port_of(known.client_address);
}

void Search::heard(const wire::Beacon& beacon, bool from_here, Instant now) {
  tick(now);
  const auto server = wire::parse_id<ServerId>(beacon.server_id());
  if (!server) return;
  if (!wanted(beacon)) {
    ++statistics_.others;
    other_group_ = beacon.group();
    return;
  }
  const auto known = found_.find(*server);
  if (known == found_.end() && found_.size() >= options_.servers_max) return;

  ++statistics_.answers;
  const bool is_known = known != found_.end();
  if (is_known) ++statistics_.duplicates;
  Found& found = is_known ? known->second : found_[*server];
  if (!is_known) found.chance = random_.next();
  Candidate& candidate = found.candidate;
  candidate.server = *server;
  candidate.heard_at = now;
  const bool keeps_way = is_known && !replaces(found, beacon, from_here, now);
  candidate.beacon = beacon;
  candidate.beacon.clear_nonce();
  if (keeps_way) {
    candidate.beacon.set_client_address(candidate.client_address);
  } else {
    candidate.client_address = beacon.client_address();
    candidate.from_here = from_here;
    found.way_at = now;
  }
  if (candidate.usable() && !usable_at_) usable_at_ = now;
}

void Search::foreign(const std::string& remedy) {
  ++statistics_.foreign;
  remedy_ = remedy;
}

void Search::tick(Instant now) {
  now_ = std::max(now_, now);
  if (now < next_probe_) return;
  wire::Probe probe;
  probe.set_group(options_.group);
  probe.set_nonce(random_.next() | 1U);  // 0 would mean that a beacon answers none.
  probes_.push_back(std::move(probe));
  ++statistics_.probes;
  next_probe_ = next_probe(now);
}

Instant Search::next_probe(Instant now) {
  if (statistics_.probes < options_.rounds) {
    const Instant next =
        start_ + probe_offset(options_.timeout, options_.rounds, statistics_.probes);
    // A probe that is late moves the next one only as far as keeps them from following at once.
    return std::max(next, now + probe_offset(options_.timeout, options_.rounds, 1) / 2);
  }
  if (!options_.goes_on) return Instant::max();
  const Duration pause = pause_;
  pause_ = std::min(pause_ * 2, options_.pause_max);
  return std::max(now, timeout_at()) + random_.between(pause / 2, pause);
}

Instant Search::deadline() const {
  Instant next = next_probe_;
  if (!timed_out(now_)) next = std::min(next, timeout_at());
  if (const Instant gathered = gathered_at(); now_ < gathered) next = std::min(next, gathered);
  return next;
}

bool Search::done(Instant now) const {
  return timed_out(now) || now >= gathered_at();
}

Instant Search::gathered_at() const {
  return usable_at_ ? *usable_at_ + options_.gather : Instant::max();
}

std::vector<wire::Probe> Search::take_probes() {
  return std::exchange(probes_, {});
}

std::vector<Candidate> Search::candidates() const {
  std::vector<const Found*> order;
  order.reserve(found_.size());
  for (const auto& [server, found] : found_) order.push_back(&found);
  const auto rank = [this](const Found* found) {
    const Candidate& candidate = found->candidate;
    const bool elsewhere = !options_.zone.empty() && candidate.beacon.zone() != options_.zone;
    return std::tuple(!candidate.usable(), candidate.beacon.drained(), elsewhere,
                      candidate.beacon.clients(), !candidate.from_here, found->chance);
  };
  std::ranges::sort(order, {}, rank);
  std::vector<Candidate> candidates;
  candidates.reserve(order.size());
  for (const Found* found : order) candidates.push_back(found->candidate);
  return candidates;
}

std::string Search::failure() const {
  std::string text =
      "no server" + (options_.group.empty() ? std::string() : " of group " + options_.group) +
      " answered " + counted(statistics_.probes, "probe") + " in " +
      in_seconds(options_.goes_on ? now_ - start_ : std::min(now_ - start_, options_.timeout));
  if (statistics_.others > 0) {
    text += "; servers of group " + other_group_ + " did: name it with --group";
  }
  if (statistics_.foreign > 0) {
    text += "; " + counted(statistics_.foreign, "datagram") + " could not be taken: " + remedy_;
  }
  return text;
}

}  // namespace muster::discovery
