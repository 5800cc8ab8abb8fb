// Where servers and clients meet: beacons and probes by datagram, and by file on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/time.h"
#include "net/datagrams.h"
#include "net/local_beacons.h"
#include "net/loop.h"
#include "wire/muster.pb.h"

namespace muster::net {

/// Fills in the host of addresses that name only a port (":8888") with that of `from`
/// (`HOST:PORT`). Errors: INVALID_ARGUMENT if `from` or an address is none.
[[nodiscard]] Result<void> complete_addresses(wire::Beacon& beacon, const std::string& from);

/// Carries out what discovery wants and hands over what was heard; it decides nothing about when.
///
/// Admission is as that of links: with a secret only datagrams with its digest count, from any
/// machine; without one only those of this machine, and only if their addresses are of this machine
/// too, unless it is open. What must not count is told as foreign. The own datagrams and file are
/// never delivered.
/// Thread-safety: none. Destroying it removes the own file and ends the calls; not from within one.
class Rendezvous {
 public:
  struct Options {
    Datagrams::Options datagrams{};
    Bytes secret{};                       ///< Of the group; empty: none.
    bool open{false};                     ///< Without a secret, other machines count too.
    std::string server_id{};              ///< Of this server; empty: a client, which has no beacon.
    std::string group{};                  ///< Only beacons of it are delivered; empty: of all.
    std::string folder{};                 ///< Of the local files; empty: `local_beacon_folder`.
    unsigned probes_per_second_max{100};  ///< Delivered; those beyond are dropped, and counted.
    Duration foreign_apart{std::chrono::seconds{10}};  ///< Between two calls about one server.
    Duration notices_apart{std::chrono::minutes{10}};  ///< Between two with the same text.
    std::size_t news_max{64};  ///< Told in that time; what would be more is not.
  };
  /// Called from the loop, never from within a call of this class. Each may be empty.
  struct Callbacks {
    /// Addresses are complete. `from_here`: of a process of this machine.
    std::function<void(wire::Beacon beacon, bool from_here)> on_beacon{};
    std::function<void(wire::Probe probe, const std::string& from)> on_probe{};
    /// Somebody of this group who can't be taken, and what the operator can do.
    std::function<void(const std::string& from, const std::string& remedy)> on_foreign{};
    /// One plain line about what does not work here; discovery goes on without it.
    std::function<void(const std::string& text)> on_notice{};
  };

  /// Errors: INVALID_ARGUMENT for options that can never work.
  [[nodiscard]] static Result<std::unique_ptr<Rendezvous>> open(Loop& loop, Options options,
                                                                Callbacks callbacks);
  ~Rendezvous();
  Rendezvous(const Rendezvous&) = delete;
  Rendezvous& operator=(const Rendezvous&) = delete;

  /// On every interface, and in the own file.
  void announce(const wire::Beacon& beacon);
  /// Only to `to`, as it stood in `on_probe`.
  void answer(const wire::Beacon& beacon, const std::string& to);
  /// Reads the files of this machine, whose beacons are delivered, and asks on every interface.
  void probe(const wire::Probe& probe);

  /// How each interface fares; empty without datagrams.
  std::vector<InterfaceState> interfaces() const;
  /// The interfaces that were asked, for the error of who found nobody: `lo (127.0.0.1), eth0
  /// (...)` with what is wrong on each, and what keeps this process from listening.
  std::string summary() const;
  std::uint64_t probes_dropped() const { return probes_dropped_; }

 private:
  Rendezvous(Loop& loop, Options options, Callbacks callbacks);
  bool uses_files() const;
  bool find_folder();
  void write_file(BytesView beacon);
  void read_files();
  void take(const Datagrams::Datagram& datagram);
  void take_unproven(const Datagrams::Datagram& datagram, const Error& why);
  void take_beacon(wire::Beacon beacon, const std::string& from, bool same_machine);
  void take_probe(const wire::Probe& probe, const std::string& from, bool same_machine);
  bool lets_in(bool same_machine) const;
  bool is_wanted(const wire::Beacon& beacon) const;
  bool is_of_this_machine(const wire::Beacon& beacon) const;
  void foreign(const std::string& who, const std::string& from, const std::string& remedy);
  void notice(const std::string& text);
  bool is_news(const std::string& text, Duration apart);
  void deliver(std::function<void()> call);

  Loop& loop_;
  const Options options_;
  Callbacks callbacks_;
  std::string folder_;  // Empty: none was found yet.
  std::optional<LocalBeacon> file_;
  Instant second_begun_{};
  unsigned probes_this_second_{0};
  std::uint64_t probes_dropped_{0};
  std::map<std::string, Instant, std::less<>> told_;
  std::shared_ptr<bool> alive_;  // For calls that come after the end.
  std::unique_ptr<Datagrams> datagrams_;
};

}  // namespace muster::net
