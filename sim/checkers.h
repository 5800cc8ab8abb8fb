// What must always hold: one small class per invariant, fed after every step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "group/view.h"
#include "muster/ids.h"
#include "node/report.h"
#include "sim/auction_checkers.h"
#include "sim/chat_checkers.h"
#include "sim/followers.h"
#include "sim/limits.h"
#include "sim/linearizability.h"
#include "sim/mobility_checkers.h"
#include "sim/network.h"
#include "sim/register.h"
#include "sim/violation.h"
#include "storage/format/disk_job.h"

namespace muster::sim {

/// A command as a machine applied it, and what the machine answered.
struct AppliedCommand {
  OperationId id;
  ServiceId service;
  bool of_leader{false};     ///< By itself: it has no operation.
  std::uint32_t checksum{};  ///< Of session, log time and payload.
  bool refused{false};
  std::uint32_t reply_checksum{};
  friend bool operator==(const AppliedCommand&, const AppliedCommand&) = default;
};

/// Invariant 3: exactly once. An operation stands at one position at most, those of one client in
/// the order they were made, and none that its client was told of as not applied.
class ExactlyOnce {
 public:
  void ordered(Position position, const AppliedCommand& command);
  /// The client was told that the operation has certainly not taken effect.
  void refused(OperationId id);
  std::optional<Position> position_of(OperationId id) const;

 private:
  std::map<OperationId, Position> positions_;
  std::map<std::uint32_t, std::uint64_t> newest_;  // Operation of each client.
  std::set<OperationId> refused_;
};

/// The values of the registers at every position of the order.
class RegisterModel {
 public:
  void ordered(Position position, const RegisterCommand& command);
  /// After all commands of entries up to `index`.
  std::uint64_t value_at(std::uint32_t key, LogIndex index) const;

 private:
  std::map<std::uint32_t, std::vector<std::pair<Position, std::uint64_t>>> values_;
};

/// Invariant 1: one order. The first server to apply a position sets what stands there; all others,
/// and all replays, must do the same and answer the same.
class OneOrder {
 public:
  OneOrder(ExactlyOnce& exactly_once, RegisterModel& model)
      : exactly_once_(exactly_once), model_(model) {}

  void applied(std::size_t server, Position position, const AppliedCommand& command,
               BytesView payload);
  const AppliedCommand* at(Position position) const;
  Position newest() const { return newest_; }

 private:
  ExactlyOnce& exactly_once_;
  RegisterModel& model_;
  std::map<Position, AppliedCommand> order_;
  Position newest_;
};

/// Invariant 2: what was acknowledged stays. An acknowledged command stands in the order where its
/// client was told, with the answer its client was given, and every server ends up behind it.
class AcknowledgedStays {
 public:
  explicit AcknowledgedStays(const OneOrder& order) : order_(order) {}

  void acknowledged(OperationId id, Position position, BytesView reply);
  /// The newest acknowledged entry: no healthy server may end before it.
  LogIndex newest() const { return newest_; }
  std::uint64_t count() const { return count_; }

 private:
  const OneOrder& order_;
  LogIndex newest_;
  std::uint64_t count_{0};
};

/// Linearizability of commands and linearizable reads (Herlihy and Wing, 1990). The positions are
/// the order in which everything took effect, so it is enough that they respect real time: what
/// began after something was acknowledged stands, or reads, behind it.
class RealTimeOrder {
 public:
  /// What everything that begins now must not fall behind.
  struct Floor {
    Position position;
    LogIndex read;
  };

  RealTimeOrder(const OneOrder& order, const RegisterModel& model) : order_(order), model_(model) {}

  Floor floor() const { return floor_; }
  void command_done(const Floor& began, Position position);
  void read_done(const Floor& began, std::uint32_t key, LogIndex index, std::uint64_t value);
  /// A local read may be old, but never wrong.
  void local_read_done(std::uint32_t key, LogIndex index, std::uint64_t value) const;

 private:
  const OneOrder& order_;
  const RegisterModel& model_;
  Floor floor_;
};

/// What clients saw of the registers, for the checker that looks for an order without knowing the
/// log's (`linearizability.h`).
class History {
 public:
  /// Commands for other services are passed by.
  void begun(OperationId id, BytesView command, Instant now);
  void answered(OperationId id, std::optional<std::uint64_t> value, Instant now);
  /// It was certainly not applied.
  void withdrawn(OperationId id) { open_.erase(id); }
  void read(std::uint32_t key, std::uint64_t value, Instant begun, Instant now);
  /// At the end of a run. Throws if there is no order.
  void check() const;

 private:
  std::map<OperationId, ObservedOperation> open_;
  std::vector<ObservedOperation> done_;
};

/// One process of one server: a server that was restarted is another one.
struct ProcessId {
  std::size_t server{};
  std::uint64_t process{};
  friend auto operator<=>(const ProcessId&, const ProcessId&) = default;
};

/// Invariant 4: at most one leader per term (of one group). A server that led a term and died can't
/// lead it again either: what it had appended may be lost, and its followers have it.
class OneLeaderPerTerm {
 public:
  void seen(ProcessId process, const node::Report& report);

 private:
  std::map<std::pair<GroupId, Term>, ProcessId> leaders_;
};

/// Founding: with as many founders as expect each other no two groups commit anything, unless so
/// many voters have given the first one up that the rest is no majority of it. Otherwise groups of
/// servers that don't hear each other may, until they meet; but clients' commands take effect in
/// one of them only, and that one gives way to none.
class OneGroup {
 public:
  explicit OneGroup(bool strict) : strict_(strict) {}
  void seen(std::size_t server, const node::Report& report);
  /// A client's command took effect there.
  void applied(std::size_t server, GroupId group);
  /// A server has put its folder away: it will never vote again under that id.
  void retired(ServerId server);
  /// The group that has clients' data.
  std::optional<GroupId> used() const { return used_; }
  /// The group that clients write to: the first that has opened a session, until it gives way.
  std::optional<GroupId> chosen() const { return chosen_; }
  void opened(GroupId group) {
    if (!chosen_ && !dissolved_.contains(group)) chosen_ = group;
  }

 private:
  void look_for_its_end();

  bool strict_;
  std::optional<GroupId> chosen_;
  std::set<GroupId> dissolved_;   // Their word that a session is open may still be under way.
  std::optional<GroupId> group_;  // The only one.
  std::set<std::string> voters_;  // Of that, by id.
  LogIndex position_;             // When they were those.
  std::set<std::string> retired_;
  std::set<GroupId> over_;
  std::optional<GroupId> used_;
};

/// Invariant 5: all servers see the same numbered views in the same order. Besides: a number means
/// one server for ever, and who is out of the group is never in it again, nor leads it.
class OneView {
 public:
  void seen(std::size_t server, const node::Report& report);
  /// The view has changed since this server was seen last.
  void changed(std::size_t server, Term term, const group::View& view);
  /// Some view says that this server is out of its group.
  bool departed(GroupId group, ServerId server) const {
    return departed_ids_.contains({group, server});
  }

 private:
  using Member = std::pair<GroupId, ServerNumber>;
  void departed(Term term, const group::View& view);

  std::map<std::pair<GroupId, std::uint64_t>, std::uint32_t> digests_;  // By number of the view.
  std::map<Member, std::string> ids_;
  std::map<Member, std::pair<std::uint64_t, Term>> departed_;  // The view without it; the term.
  std::set<std::pair<GroupId, ServerId>> departed_ids_;
};

/// Invariant 7: equal digests at equal positions; and no server applies what is not committed.
class EqualDigests {
 public:
  void seen(std::size_t server, const node::Report& report);

 private:
  std::map<std::pair<GroupId, LogIndex>, std::uint64_t> digests_;
};

/// A server that takes in a snapshot votes but does not stand, let alone lead.
class NoLeaderWithoutState {
 public:
  void seen(std::size_t server, const node::Report& report) const;
};

/// What a server had stored, and knew to be committed, it finds again when it starts anew: on whole
/// disks, and on damaged ones that it does not refuse.
class StoredStays {
 public:
  void seen(std::size_t server, const node::Report& report);
  void recovered(std::size_t server, const storage::Recovered& found) const;
  /// Its folder was put away: it begins anew.
  void archived(std::size_t server) { stored_.erase(server); }

 private:
  std::map<std::size_t, LogIndex> stored_;
};

/// Settings are adopted when they are applied, neither before nor by some members only.
class SettingsOfTheGroup {
 public:
  void seen(std::size_t server, const node::Report& report) const;
};

/// Who votes is changed one by one, and so that the living decide before and after. A server lives
/// that has taken a turn lately; whoever leads knows after its failure timeout, and some more.
class MajorityKept {
 public:
  explicit MajorityKept(const node::Options& limits)
      : patience_(limits.failure_timeout + std::chrono::seconds(1)) {}
  void seen(const node::Report& report, Instant now);

 private:
  using Member = std::pair<GroupId, ServerNumber>;
  bool decides(GroupId group, const raft::Configuration& configuration, Instant now) const;

  Duration patience_;
  std::map<Member, Instant> seen_;
  std::map<Member, raft::Configuration> before_;  // Of leaders.
};

/// The leadership is handed to one that stays: not to one that has long said that it goes, by a
/// leader that has been there for a moment to hear it (what it says may be slower than votes are).
class HeirsStay {
 public:
  void seen(const node::Report& report, Instant now);

 private:
  using Member = std::pair<GroupId, ServerNumber>;
  std::map<Member, Instant> stopping_since_;
  std::map<Member, Instant> leading_since_;
  std::map<Member, ServerNumber> heirs_;  // Of those that hand over now.
};

/// When servers last took in a frame of each connection, while they belonged to those who decide:
/// nobody's session ends who was heard.
class Heard {
 public:
  void note(std::size_t server, EndId end, Instant now) { last_[end.value / 2] = {server, now}; }
  /// The server has no leader, and may have been on its own since that time: the others can't know
  /// whom it heard.
  void alone(std::size_t server, Instant since) {
    for (auto& [connection, last] : last_) {
      if (last.server == server) last.at = std::min(last.at, since);
    }
  }
  std::optional<Instant> last(EndId end) const {
    const auto found = last_.find(end.value / 2);
    return found == last_.end() ? std::nullopt : std::optional(found->second.at);
  }

 private:
  struct Last {
    std::size_t server{};
    Instant at;
  };
  std::map<std::uint64_t, Last> last_;  // By connection.
};

/// All of them. `seen` is called after every turn of a server.
struct Checkers {
  Checkers(const node::Options& limits, bool strict_founding,
           const auction::Auction::Options& auction_limits,
           const mobility::Mobility::Options& mobility_limits,
           const chat::Chat::Options& chat_limits)
      : one_group(strict_founding),
        majority_kept(limits),
        within_limits(limits),
        auctions(auction_limits),
        mobility(mobility_limits),
        chat(chat_limits) {}
  Checkers(const Checkers&) = delete;
  Checkers& operator=(const Checkers&) = delete;

  void seen(ProcessId process, const node::Report& report, Instant now);

  PublishedEvents published;
  ExactlyOnce exactly_once;
  RegisterModel model;
  OneOrder order{exactly_once, model};
  AcknowledgedStays acknowledged{order};
  RealTimeOrder real_time{order, model};
  History history;
  OneLeaderPerTerm one_leader;
  OneGroup one_group;
  OneView one_view;
  EqualDigests digests;
  NoLeaderWithoutState no_leader_without_state;
  StoredStays stored;
  SettingsOfTheGroup settings;
  MajorityKept majority_kept;
  HeirsStay heirs_stay;
  WithinLimits within_limits;
  Heard heard;
  AuctionCheckers auctions;
  MobilityCheckers mobility;
  ChatCheckers chat;
};

}  // namespace muster::sim
