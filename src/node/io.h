// What goes into a node and what comes out: the whole border between a server and its world.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "edge/link.h"
#include "group/view.h"
#include "muster/bytes.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "storage/format/disk_job.h"
#include "wire/frame.h"
#include "wire/muster.pb.h"

namespace muster::node {

using edge::CloseLink;
using edge::LinkId;
using edge::LinkOutput;
using edge::SendFrame;

/// Both clocks at one moment. Everything is timed by the first; the second is only written into
/// votes and from there into log time.
struct Now {
  Instant monotonic;
  LogTime wall;
};

// ---- Inputs -------------------------------------------------------------------------------------

/// A connection has passed its preface. `address` is the one that was dialled, exactly as `Dial`
/// gave it, or for an accepted connection where it came from.
struct LinkOpened {
  LinkId link;
  bool peer{false};     ///< From another server, as its preface says; otherwise from a client.
  bool dialled{false};  ///< By this node.
  std::string address{};
  bool bound{false};  ///< See `edge::Edge::link_opened`.
};
/// The connection is gone: closed by the other side, broken, or as `CloseLink` asked.
struct LinkClosed {
  LinkId link;
  std::string reason{};
};
/// `Dial` came to nothing. `refused`: the other machine answered that nobody listens there, so no
/// process of that server runs. Anything else proves nothing.
struct DialFailed {
  std::string address;
  bool refused{false};
  std::string reason{};
};
struct FrameReceived {
  LinkId link;
  wire::Frame frame;
};
/// A beacon of the same group name, from a datagram with the right digest or from a file of this
/// machine's user. Addresses are complete.
struct BeaconHeard {
  wire::Beacon beacon;
  bool from_here{false};  ///< From a process of this machine.
};
/// Somebody asks who is there. `from` is where an answer goes.
struct ProbeHeard {
  wire::Probe probe;
  std::string from;
};
/// A datagram of this group's name that can't be taken: without the secret, with another one, or
/// from a machine that is not let in. `remedy` is for the operator.
struct ForeignHeard {
  std::string from;
  std::string remedy;
};
/// Datagrams that came to the client port, of whoever is let in: heartbeats, or anything. Borrowed
/// for the time of the step.
struct HeartbeatsReceived {
  std::span<const BytesView> datagrams;
};
/// Disk jobs that are done, in the order they were given.
struct DiskDone {
  std::vector<storage::DiskResult> results;
};
/// Time has passed; due at `Node::deadline()`, harmless earlier.
struct Tick {};
/// The operator asks the server to stop in good order.
struct StopRequested {};

using Input =
    std::variant<LinkOpened, LinkClosed, DialFailed, FrameReceived, BeaconHeard, ProbeHeard,
                 ForeignHeard, HeartbeatsReceived, DiskDone, Tick, StopRequested>;

// ---- Outputs ------------------------------------------------------------------------------------

/// Connect to `address` (`HOST:PORT`, resolved anew each time) as a peer.
struct Dial {
  std::string address;
};
enum class NoticeLevel : std::uint8_t { debug, info, warning, error };
/// Something a person who watches the server's log may want to know.
struct Notice {
  NoticeLevel level{NoticeLevel::info};
  std::string text;
};

/// Announce this on every interface and, for the processes of this machine, in a file; or, with
/// `to`, only there.
struct Announce {
  wire::Beacon beacon;
  std::string to{};
};
/// Ask who is there: on every interface, and by reading the files of this machine's servers.
struct SendProbe {
  wire::Probe probe;
};

/// The server belongs to a group and knows its leader: told once.
struct BecameReady {
  std::string group;
  ServerNumber number;
  std::string leader;
};
/// Of a group with a list of members: who is there, as this server sees it.
struct Presence {
  bool formed{false};               ///< Else it waits for all of the list, to found the group.
  std::set<ServerNumber> all{};     ///< The list.
  std::set<ServerNumber> online{};  ///< This server, and those it is linked to.
  std::size_t needed{0};            ///< A majority of them.
  /// Who leads. Nothing: nobody, because a majority is missing or an election takes long; a change
  /// of leader by itself is not worth telling as a loss.
  std::optional<ServerNumber> leader{};
  friend bool operator==(const Presence&, const Presence&) = default;
};
/// What becomes of the data folder when a server ends.
enum class Afterwards : std::uint8_t {
  keep,           ///< Nothing.
  archive,        ///< It is moved aside, never deleted: the server has no part in its group.
  archive_rejoin  ///< Moved aside, and the server begins anew at once, to join (never to found).
};
/// The group went on by force as `branch`, whose log is this server's up to `index` and `term`.
struct LeftBehind {
  Uuid branch;
  LogIndex index;
  Term term;
};

/// The server can't go on, or has stopped as asked. Nothing else comes after it.
struct Exit {
  int code{0};
  std::string reason;
  Afterwards afterwards{Afterwards::keep};
  storage::Former former{};        ///< With `archive_rejoin`: for the new data folder.
  std::optional<GroupId> joins{};  ///< With `archive_rejoin`: only this group; else any.
  /// With `archive_rejoin`: it may found as well, like a server that never was in a group.
  bool founds{false};
  /// With `archive_rejoin`: what its log holds beyond that is written down for people.
  std::optional<LeftBehind> left_behind{};
};

/// All that a node wants done, in no order between the fields but in order within each.
struct Outputs {
  std::vector<LinkOutput> links;
  std::vector<Dial> dials;
  std::vector<Announce> announcements;
  std::vector<SendProbe> probes;
  std::vector<storage::DiskJob> disk;
  std::vector<Notice> notices;
  std::optional<BecameReady> ready;
  std::optional<Presence> presence;  ///< When it has changed; only with `Options::list`.
  std::optional<Exit> exit;
};

}  // namespace muster::node
