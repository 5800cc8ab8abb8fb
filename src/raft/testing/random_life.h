// An adversary for a group of bare cores: one random life of it, from one seed.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "raft/testing/cluster.h"
#include "raft/testing/properties.h"

namespace muster::raft::testing {

/// Messages are lost, repeated, reordered, and held back for whole elections; stores take their
/// time; servers crash with some of their stores done; commands, reads, changes of the members and
/// hand-overs are asked of whoever may be the leader. How often, differs from seed to seed (swarm
/// testing). Every step is judged by `Properties`: all calls throw `Broken`. Thread-safety: none.
class RandomLife {
 public:
  struct Options {
    std::uint64_t seed{1};
    std::uint32_t servers{5};
    std::set<std::string> without{};  ///< Of `troubles()`: what is never done.
  };
  /// Told of all that happens: a fixed word, the server, and two numbers worth comparing.
  using Note = std::function<void(Instant time, std::string_view what, ServerNumber who,
                                  std::uint64_t a, std::uint64_t b)>;

  explicit RandomLife(
      const Options& options, Note told = [](auto, auto, auto, auto, auto) {})
      : options_(options), told_(std::move(told)), random_(options.seed) {
    draw_habits();
    observe();
    found();
  }

  void step() {
    ++steps_;
    const Deed deed = draw_deed();
    if (is_left_out(deed)) return;
    if (deed == Deed::deliver) return deliver_some();
    if (deed == Deed::pass_time) return pass_time();
    if (deed == Deed::hold_link) return hold_link();
    if (deed == Deed::cut) return cut();
    if (deed == Deed::hold_install) return hold_install(random_.chance(0.5));
    Server& server = random_.chance(0.5) ? any() : any_leader();
    if (deed == Deed::start) return start(server);
    if (!server.raft) return;
    if (deed == Deed::crash) return crash(server);
    act(server, deed);
    cluster_.pump(server);
  }

  /// Faults end; the group must become live.
  void recover() {
    cluster_.cut.clear();
    held_links_.clear();
    hold_install(false);
    for (auto& [number, server] : cluster_.servers) {
      server.disk_held = false;
      start(server);
    }
    const LogIndex before = properties_.highest_applied();
    for (int round = 0; round < 1'000 && properties_.highest_applied() <= before + 3; ++round) {
      cluster_.now += std::chrono::milliseconds(10);
      for (auto& [number, server] : cluster_.servers) {
        server.raft->tick(cluster_.now);
        if (server.raft->role() == Role::leader && round % 20 == 0) propose(*server.raft);
        cluster_.pump(server);
      }
      cluster_.settle();
    }
    if (properties_.highest_applied() <= before + 3)
      throw Broken("live after the faults", "nothing new is applied");
  }

  /// What lives may differ in, by name.
  static std::vector<std::string_view> troubles() {
    return {trouble_names.begin(), trouble_names.end()};
  }
  /// Those that this one has.
  std::vector<std::string> own_troubles() const {
    std::vector<std::string> names;
    for (std::size_t at = 0; at < trouble_names.size(); ++at) {
      if (weights_[at + first_trouble] > 0 && !left_out_[at]) names.emplace_back(trouble_names[at]);
    }
    return names;
  }

  Instant now() const { return cluster_.now; }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t messages() const { return messages_; }
  std::size_t applied_count() const { return properties_.applied_count(); }

 private:
  enum class Deed : std::uint8_t {
    deliver,
    pass_time,
    start,
    finish_stores,
    propose,
    // Those below are left out in some lives, and are frequent in others.
    lose_leader,
    crash,
    cut,
    hold_link,
    hold_disk,
    hold_install,
    read,
    change_members,
    transfer,
    connect,
    snapshot,
  };
  static constexpr std::array<std::uint32_t, 16> usual_weights{600, 90, 20, 50, 120, 10, 6,  5,
                                                               6,   22, 4,  30, 20,  10, 10, 30};

  static constexpr std::size_t first_trouble = static_cast<std::size_t>(Deed::lose_leader);
  static constexpr std::array<std::string_view, usual_weights.size() - first_trouble> trouble_names{
      "lose-leader", "crash",          "cut",      "hold-link", "hold-disk", "hold-install",
      "read",        "change-members", "transfer", "connect",   "snapshot"};

  bool is_left_out(Deed deed) const {
    const auto at = static_cast<std::size_t>(deed);
    return at >= first_trouble && left_out_[at - first_trouble];
  }

  template <class Value>
  Value one_of(std::initializer_list<Value> values) {
    return values.begin()[random_.below(values.size())];
  }

  void draw_habits() {
    weights_ = usual_weights;
    for (std::size_t at = 0; at < trouble_names.size(); ++at) {
      left_out_[at] = options_.without.contains(std::string(trouble_names[at]));
    }
    for (std::size_t deed = first_trouble; deed < weights_.size(); ++deed) {
      weights_[deed] *= one_of<std::uint32_t>({0, 1, 1, 4, 16});
    }
    for (const std::uint32_t weight : weights_) weights_total_ += weight;
    loss_ = one_of({0.0, 0.03, 0.1});
    repetition_ = one_of({0.0, 0.03, 0.1});
    reordering_ = one_of({0.0, 0.05, 0.3});
    disk_patience_ = one_of({0.3, 0.8});
    lateness_ = one_of({0.0, 0.0, 0.3});
    long_wait_ = one_of({0.03, 0.1, 0.3});
    election_timeout_ = std::chrono::milliseconds(one_of({60, 150, 300}));
  }

  Deed draw_deed() {
    std::uint64_t dice = random_.below(weights_total_);
    std::size_t deed = 0;
    for (; dice >= weights_[deed]; ++deed) dice -= weights_[deed];
    return Deed{static_cast<std::uint8_t>(deed)};
  }

  void observe() {
    cluster_.observer.arrived = [this](const Message& message) {
      ++messages_;
      properties_.arrived(message);
      note(name_of(message), message.to, message.from.value, message.term.value);
    };
    cluster_.observer.applied = [this](const Server& server, const Entry& entry) {
      note("applies", server.number, entry.index.value, entry.term.value);
      properties_.applied(server, entry);
    };
    cluster_.observer.read = [this](const Server&, const ReadOutcome& outcome) {
      properties_.read_done(outcome);
    };
    cluster_.observer.refused = [](const Server& server, const Error& error) {
      throw Broken("no server is refused",
                   "server " + std::to_string(server.number.value) + ": " + error.message);
    };
    cluster_.observer.stored = [](const Server& server) { Properties::stored(server); };
    cluster_.observer.changed = [this](const Server& server) {
      const Raft& raft = *server.raft;
      note(raft.role() == Role::leader ? "leads" : "turn", server.number,
           raft.term().value << 32U | raft.commit().value,
           raft.last_index().value << 32U | raft.stored_index().value);
      properties_.changed(server);
    };
  }

  void found() {
    Configuration configuration;
    const auto voters = static_cast<std::uint32_t>(1 + random_.below(options_.servers));
    for (std::uint32_t i = 1; i <= voters; ++i)
      configuration.members[ServerNumber{i}] = MemberRole::voter;
    for (std::uint32_t i = 1; i <= options_.servers; ++i) add(ServerNumber{i}, configuration);
  }

  void add(ServerNumber number, const Configuration& configuration) {
    Server& server = cluster_.servers[number];
    server.number = number;
    server.options.seed = options_.seed * 31 + number.value;
    server.options.heartbeat_interval = std::chrono::milliseconds(20);
    server.options.election_timeout = election_timeout_;
    server.options.message_bytes_max = 64;
    server.options.window_bytes = 128;
    server.options.cache_bytes_max = 400;
    server.options.snapshot_chunk_bytes = 40;
    server.options.compaction_tail_entries = 5;
    server.options.apply_bytes_max = 64;
    if (configuration.contains(number)) {
      server.disk.hard_state.term = Term{1};
      server.disk.entries = {{Term{1}, LogIndex{1}, EntryKind::configuration,
                              SharedBytes(encode_configuration(configuration, {}))}};
    }
    cluster_.start(server);
    server.raft->set_rank(options_.servers - number.value);
    if (number.value % 2 != 0) return;
    for (std::uint32_t i = 1; i <= options_.servers; ++i)
      server.raft->set_commit_eager(ServerNumber{i}, true);
  }

  Server& any() { return cluster_.at(any_number()); }
  /// One that leads, or believes so; any server if there is none.
  Server& any_leader() {
    std::vector<Server*> leaders;
    for (auto& [number, server] : cluster_.servers) {
      if (server.raft && server.raft->role() == Role::leader) leaders.push_back(&server);
    }
    return leaders.empty() ? any() : *leaders[random_.below(leaders.size())];
  }
  ServerNumber any_number() {
    return ServerNumber{static_cast<std::uint32_t>(1 + random_.below(options_.servers))};
  }

  void note(std::string_view what, ServerNumber who, std::uint64_t a, std::uint64_t b) const {
    told_(cluster_.now, what, who, a, b);
  }

  // ---- The network and time ---------------------------------------------------------------------

  void deliver_some() {
    std::vector<Link> waiting;
    for (const auto& [link, messages] : cluster_.network) {
      if (!messages.empty() && !held_links_.contains(link)) waiting.push_back(link);
    }
    if (waiting.empty()) return pass_time();
    const Link chosen = waiting[random_.below(waiting.size())];
    auto& queue = cluster_.network[chosen];
    if (random_.chance(loss_)) return queue.pop_front();
    if (random_.chance(repetition_)) queue.push_back(queue.front());
    if (random_.chance(reordering_)) std::swap(queue.front(), queue[random_.below(queue.size())]);
    if (queue.size() > 200) queue.clear();
    cluster_.deliver(chosen);
  }

  void pass_time() {
    const std::int64_t most = random_.chance(long_wait_) ? 300 : 10;
    cluster_.now += random_.between(Duration{}, std::chrono::milliseconds(most));
    for (auto& [number, server] : cluster_.servers) {
      if (!server.raft || server.raft->deadline() > cluster_.now) continue;
      if (random_.chance(lateness_)) continue;
      server.raft->tick(cluster_.now);
      cluster_.pump(server);
    }
  }

  // What is sent over a held link waits, so that it may arrive in another term.
  void hold_link() {
    if (random_.chance(0.3)) return held_links_.clear();
    held_links_.insert({any_number(), any_number()});
  }

  void cut() {
    if (random_.chance(0.4)) return cluster_.cut.clear();
    const ServerNumber one = any_leader().number;
    if (random_.chance(0.5)) {
      cluster_.cut[{one, any_number()}] = true;
      return;
    }
    // One server is left to itself, or with another one: what it appends now is truncated later.
    const ServerNumber left = any_number();
    for (const auto& [other, server] : cluster_.servers) {
      if (other != left) cluster_.cut[{one, other}] = cluster_.cut[{other, one}] = true;
    }
  }

  // ---- Servers ----------------------------------------------------------------------------------

  void start(Server& server) {
    if (server.raft) return;
    note("start", server.number, server.disk.hard_state.term.value, server.disk.entries.size());
    cluster_.start(server);
  }

  void crash(Server& server) {
    note("crash", server.number, server.pending.size(), 0);
    properties_.crashed(server);
    cluster_.crash(server, random_.below(server.pending.size() + 1));
  }

  void hold_install(bool held) {
    cluster_.install_held = held;
    if (held) return;
    for (auto& [number, server] : cluster_.servers) {
      if (!server.raft || !server.to_install) continue;
      if (server.to_install->index != server.disk.snapshot.index) continue;
      cluster_.finish_install(server);
      cluster_.pump(server);
    }
  }

  void act(Server& server, Deed deed) {
    Raft& raft = *server.raft;
    if (deed == Deed::lose_leader) raft.leader_lost(cluster_.now);
    if (deed == Deed::hold_disk) server.disk_held = random_.chance(disk_patience_);
    if (deed == Deed::finish_stores) cluster_.complete_stores(server, 1 + random_.below(2));
    if (deed == Deed::change_members) change_members(raft);
    if (deed == Deed::transfer) static_cast<void>(raft.transfer(any_number(), cluster_.now));
    if (deed == Deed::connect) raft.peer_connected(any_number(), cluster_.now);
    if (deed == Deed::snapshot) take_snapshot(server);
    if (deed == Deed::read) {
      properties_.read_began(++reads_);
      raft.read(reads_, cluster_.now);
    }
    if (deed == Deed::propose) {
      for (std::uint64_t count = 1 + random_.below(4); count > 0; --count) propose(raft);
    }
  }

  void propose(Raft& raft) {
    const std::string command = "[" + std::to_string(++proposals_) + "]";
    static_cast<void>(raft.propose(SharedBytes::copy_of(as_bytes(command)), cluster_.now));
  }

  void change_members(Raft& raft) {
    Configuration next = raft.configuration();
    const ServerNumber chosen = any_number();
    const std::uint64_t draw = random_.below(3);
    next.members.erase(chosen);
    if (draw == 1) next.members[chosen] = MemberRole::standby;
    if (draw == 2) next.members[chosen] = MemberRole::voter;
    static_cast<void>(raft.propose_configuration(next, {}, cluster_.now));
  }

  void take_snapshot(Server& server) {
    const Raft& raft = *server.raft;
    if (raft.installing() || raft.applied_index() > raft.stored_index()) return;
    if (raft.applied_index() <= server.disk.snapshot.index) return;
    if (server.state.empty() || !server.pending.empty()) return;
    cluster_.take_snapshot(server);
  }

  const Options options_;
  const Note told_;
  Random random_;
  std::array<std::uint32_t, usual_weights.size()> weights_{};
  std::uint64_t weights_total_{0};
  std::array<bool, trouble_names.size()> left_out_{};
  double loss_{0};
  double repetition_{0};
  double reordering_{0};
  double disk_patience_{0};  // Of a disk that is looked at to be held.
  double lateness_{0};       // Of a server's clock to be looked at.
  double long_wait_{0};
  Duration election_timeout_{};

  Cluster cluster_;
  Properties properties_{cluster_};
  std::set<Link> held_links_;
  std::uint64_t steps_{0};
  std::uint64_t messages_{0};
  std::uint64_t proposals_{0};
  std::uint64_t reads_{0};
};

}  // namespace muster::raft::testing
