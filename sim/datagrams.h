// The simulated datagrams of discovery and of heartbeats, and the beacons that servers of one
// machine leave in files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "muster/bytes.h"
#include "sim/event_queue.h"
#include "sim/network.h"
#include "sim/scenario.h"
#include "sim/trace.h"
#include "wire/muster.pb.h"

namespace muster::sim {

/// A process that hears datagrams.
class DatagramListener {
 public:
  virtual ~DatagramListener() = default;
  virtual void beacon_heard(const wire::Beacon& beacon, bool from_here) = 0;
  virtual void probe_heard(const wire::Probe& probe, const std::string& from) = 0;
  /// To the port that clients connect to.
  virtual void heartbeat_heard(const SharedBytes& datagram) = 0;
};

/// What went out from a host, one each however many hear it, and what came in.
struct DatagramCounts {
  std::uint64_t beacons{0};
  std::uint64_t probes{0};
  std::uint64_t heard{0};
};

/// Beacons and probes reach all other machines that the network lets them reach, each by itself
/// late, lost or doubled. Between processes of one machine the files pass them too, which no cut
/// disturbs: a beacon stays in its file as long as its process lives, and who probes reads them
/// all. Thread-safety: none.
class Datagrams {
 public:
  Datagrams(const Scenario& scenario, EventQueue& events, const Network& network, Trace& trace);

  /// `listener` (nullptr: nobody, and its file is gone) hears what comes to the host from now on.
  void set_listener(HostId host, DatagramListener* listener);
  /// `to` empty: everywhere, and into the file of the process.
  void announce(HostId from, const wire::Beacon& beacon, const std::string& to);
  void probe(HostId from, const wire::Probe& probe);
  void heartbeat(HostId from, HostId to, const SharedBytes& datagram);
  /// From now on nothing is lost or doubled.
  void calm();
  /// Since the world began, by all processes of the host.
  DatagramCounts counts(HostId host) const;

 private:
  struct Host {
    DatagramListener* listener{nullptr};
    std::optional<wire::Beacon> file{};
  };
  template <class Deliver>
  void send(HostId from, HostId to, const Deliver& deliver);

  const bool one_machine_;
  DatagramOptions options_;
  const NetworkOptions path_;
  Random random_;
  EventQueue& events_;
  const Network& network_;
  Trace& trace_;
  std::map<HostId, Host> hosts_;
  std::map<HostId, DatagramCounts> counts_;
};

}  // namespace muster::sim
