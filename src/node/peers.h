// The links to other servers: who is at the other end, and whom to dial next.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "base/random.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "node/io.h"
#include "wire/muster.pb.h"

namespace muster::node {

/// Another server, as it introduced itself on its link.
struct Peer {
  ServerId server;
  LinkId link;
  wire::PeerHello hello;
  std::vector<ServerId> hears{};         ///< What `hello` says that it sees, ascending.
  std::optional<GroupId> group{};        ///< Its formed group, if it is of the same branch.
  bool other_branch{false};              ///< Of this group, recovered by force or left behind.
  std::optional<ServerNumber> number{};  ///< Meaningful with `group`.
};

struct PeerJoined {
  ServerId server;
};
/// Said something new of itself on a link that stands.
struct PeerChanged {
  ServerId server;
};
/// The last link to it is gone. Whether it lives will show when it is dialled, which happens now.
struct PeerLost {
  ServerId server;
};
/// After a loss: it was dialled, and nobody listens there any more.
struct PeerRefused {
  ServerId server;
};
using PeerNews = std::variant<PeerJoined, PeerChanged, PeerLost, PeerRefused>;

/// Keeps one link to each server that should have one. Both sides may dial; of two links the one
/// dialled by the smaller server id stays, the other is closed with a goodbye, which is no news.
/// Addresses are dialled again and again, with a wait that doubles up to `redial_max`; ids
/// identify, addresses are learned anew with each hello.
///
/// Pure. Thread-safety: none.
class Peers {
 public:
  struct Options {
    Duration redial_min{std::chrono::milliseconds{50}};
    Duration redial_max{std::chrono::seconds{1}};
    Duration verdict_wait{std::chrono::milliseconds{2}};  ///< After a loss: the first redial.
    Duration dial_timeout{std::chrono::seconds{3}};  ///< Until a dial without news is given up.
    Duration ping_after{std::chrono::seconds{1}};    ///< Silence until the other side is asked.
    Duration silence_max{std::chrono::seconds{5}};   ///< Silence until a link counts as dead.
    std::size_t links_max{256};
    std::uint64_t seed{1};
  };

  Peers(const Options& options, ServerId self, std::string own_address);

  /// The addresses that should have a link, besides those of servers that are linked.
  void set_targets(const std::set<std::string>& addresses, Instant now);
  /// The group's times have changed. Precondition: both positive, the first the shorter.
  void set_times(Duration ping_after, Duration silence_max);
  /// What this server says of itself, at once on all links if it is new.
  void set_hello(const wire::PeerHello& hello);

  void link_opened(const LinkOpened& opened, Instant now);
  void link_closed(LinkId link, Instant now);
  void dial_failed(const DialFailed& failed, Instant now);
  bool has_link(LinkId link) const { return links_.contains(link); }
  std::size_t links() const { return links_.size(); }
  /// Something came over the link: pings, hellos and goodbyes are dealt with here. Returns the
  /// server that sent any other frame; nothing if it is not known who that is.
  std::optional<ServerId> frame(LinkId link, const wire::Frame& frame, Instant now);

  const Peer* find(ServerId server) const;
  const Peer* find(ServerNumber number, GroupId group) const;
  const std::map<ServerId, Peer>& all() const { return peers_; }
  /// Seeds that turned out to be this server itself.
  bool is_self(const std::string& address) const { return own_addresses_.contains(address); }

  void send(ServerId server, wire::FrameType type, wire::Lane lane, std::vector<SharedBytes> body);
  void send(ServerId server, wire::FrameType type, Bytes body);

  void tick(Instant now);
  /// When `tick` is due. It may find nothing to do then: a link that is heard moves only its own
  /// time, so that a frame costs the same however many links there are.
  Instant deadline() const { return due_; }

  std::vector<PeerNews> take_news();
  std::vector<LinkOutput> take_outputs();
  std::vector<Dial> take_dials();
  std::vector<Notice> take_notices();

 private:
  struct Link {
    std::string address;
    bool dialled{false};
    std::optional<ServerId> server;
    Instant heard;
    bool pinged{false};
    bool closing{false};
  };
  struct Target {
    bool wanted{false};
    bool dialling{false};
    Instant next;  // While dialling: when that is given up.
    Duration wait{};
    std::optional<ServerId> lost;  // Who was there until its link closed, and wants a verdict.
  };

  void take_hello(LinkId link, const wire::Frame& frame, Instant now);
  void identify(LinkId id, Link& link, ServerId server, const wire::PeerHello& hello, Instant now);
  bool keeps_new(const Link& standing, const Link& fresh, ServerId other) const;
  void say_goodbye(LinkId link, const std::string& reason);
  std::string why_not_of_the_list(ServerId server, const wire::PeerHello& hello) const;
  void refuse_unlisted(LinkId link, const wire::PeerHello& hello, const std::string& why);
  void warn_once(const std::string& text);
  void set_number(Peer& peer);
  void forget_number(Peer& peer);
  void lose(ServerId server, Instant now);
  void dial_due(Instant now);
  Instant earliest() const;
  void due_by(Instant at) { due_ = std::min(due_, at); }
  bool is_linked(const std::string& address) const;

  Options options_;
  ServerId self_;
  Random random_;
  wire::PeerHello hello_;
  Bytes hello_bytes_;
  std::set<std::string> own_addresses_;
  std::map<LinkId, Link> links_;
  std::map<ServerId, Peer> peers_;
  std::set<std::tuple<ServerNumber, GroupId, ServerId>> members_;  // Those with a number.
  std::map<std::string, Target> targets_;
  Instant due_{Instant::max()};          // No later than anything that `tick` looks after.
  std::set<std::string> refusals_told_;  // In words.

  std::vector<PeerNews> news_;
  std::vector<LinkOutput> outputs_;
  std::vector<Dial> dials_;
  std::vector<Notice> notices_;
};

}  // namespace muster::node
