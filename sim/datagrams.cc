#include "sim/datagrams.h"

namespace muster::sim {

namespace {

std::string address_of(HostId host) {
  return "host" + std::to_string(host) + ":9";
}

}  // namespace

Datagrams::Datagrams(const Scenario& scenario, EventQueue& events, const Network& network,
                     Trace& trace)
    : one_machine_(scenario.one_machine),
      options_(scenario.datagrams),
      path_(scenario.network),
      random_(scenario.seed * 1'000 + 903),
      events_(events),
      network_(network),
      trace_(trace) {}

void Datagrams::set_listener(HostId host, DatagramListener* listener) {
  hosts_[host] = {.listener = listener};
}

template <class Deliver>
void Datagrams::send(HostId from, HostId to, const Deliver& deliver) {
  if (!options_.pass || random_.chance(options_.loss)) return;
  const int copies = random_.chance(options_.duplication) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    events_.after(random_.between(path_.delay_min, path_.delay_max), [this, from, to, deliver] {
      DatagramListener* const listener = hosts_[to].listener;
      if (listener == nullptr || network_.is_cut(from, to)) return;
      trace_.event(events_.now(), "datagram", to, from);
      ++counts_[to].heard;
      deliver(*listener);
    });
  }
}

void Datagrams::announce(HostId from, const wire::Beacon& beacon, const std::string& to) {
  ++counts_[from].beacons;
  const bool here = one_machine_;
  if (to.empty() && here) hosts_[from].file = beacon;
  for (const auto& [host, state] : hosts_) {
    if (host == from || (!to.empty() && to != address_of(host))) continue;
    send(from, host,
         [beacon, here](DatagramListener& listener) { listener.beacon_heard(beacon, here); });
  }
}

void Datagrams::probe(HostId from, const wire::Probe& probe) {
  ++counts_[from].probes;
  for (const auto& [host, state] : hosts_) {
    if (host == from) continue;
    if (state.file && hosts_[from].listener != nullptr) {
      hosts_[from].listener->beacon_heard(*state.file, true);
    }
    send(from, host, [probe, address = address_of(from)](DatagramListener& listener) {
      listener.probe_heard(probe, address);
    });
  }
}

void Datagrams::heartbeat(HostId from, HostId to, const SharedBytes& datagram) {
  send(from, to, [datagram](DatagramListener& listener) { listener.heartbeat_heard(datagram); });
}

DatagramCounts Datagrams::counts(HostId host) const {
  const auto found = counts_.find(host);
  return found == counts_.end() ? DatagramCounts{} : found->second;
}

void Datagrams::calm() {
  options_.loss = 0;
  options_.duplication = 0;
}

}  // namespace muster::sim
