// Random schedules of a group in memory, with loss, repetition, reordering and crashes, judged by
// the properties of Raft, figure 3.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "raft/testing/cluster.h"

namespace muster::raft {
namespace {

using namespace std::chrono_literals;
using testing::Cluster;
using testing::Link;
using testing::Server;

constexpr std::uint32_t servers_max = 5;

/// One random life of a group. Every step is followed by the checks.
class RandomLife {
 public:
  explicit RandomLife(std::uint64_t seed) : random_(seed) {
    Configuration configuration;
    const auto voters = static_cast<std::uint32_t>(1 + random_.below(servers_max));
    for (std::uint32_t i = 1; i <= voters; ++i)
      configuration.members[ServerNumber{i}] = MemberRole::voter;
    for (std::uint32_t i = 1; i <= servers_max; ++i) add(ServerNumber{i}, configuration, seed);
    cluster_.observer.applied = [this](const Server& server, const Entry& entry) {
      check_applied(server, entry);
    };
    cluster_.observer.read = [this](const Server&, const ReadOutcome& outcome) {
      const LogIndex floor = read_floor_.at(outcome.id);
      EXPECT_GE(outcome.index.value_or(floor), floor) << "stale read";
    };
    cluster_.observer.refused = [](const Server& server, const Error& error) {
      ADD_FAILURE() << "server " << server.number.value << " refused: " << error.message;
    };
    cluster_.observer.changed = [this](const Server& server) { check_server(server); };
  }

  void step() {
    Server& server = any();
    const std::uint64_t dice = random_.below(1'000);
    if (dice < 600) return deliver_some();
    if (dice < 690) return advance();
    if (dice < 700) return lose(server);
    if (dice < 706) return crash(server);
    if (dice < 708) {
      const Link link{any().number, any().number};
      if (random_.chance(0.5)) return cluster_.cut.clear();
      cluster_.cut[link] = true;
      return;
    }
    if (!server.raft) {
      if (random_.chance(0.2)) cluster_.start(server);
      return;
    }
    act(server, dice);
    cluster_.pump(server);
  }

  /// Faults end; the group must become live.
  void recover() {
    cluster_.cut.clear();
    for (auto& [number, server] : cluster_.servers) {
      server.disk_held = false;
      if (!server.raft) cluster_.start(server);
    }
    const LogIndex before = highest_applied_;
    for (int round = 0; round < 1'000 && highest_applied_ <= before + 3; ++round) {
      cluster_.now += 10ms;
      for (auto& [number, server] : cluster_.servers) {
        server.raft->tick(cluster_.now);
        if (server.raft->role() == Role::leader && round % 20 == 0) {
          static_cast<void>(
              server.raft->propose(SharedBytes::copy_of(as_bytes("z")), cluster_.now));
        }
        cluster_.pump(server);
      }
      cluster_.settle();
    }
    EXPECT_GT(highest_applied_, before + 3) << "the group did not become live";
  }

  std::size_t applied_count() const { return committed_.size(); }

 private:
  void add(ServerNumber number, const Configuration& configuration, std::uint64_t seed) {
    Server& server = cluster_.servers[number];
    server.number = number;
    server.options.seed = seed * 31 + number.value;
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
    server.raft->set_rank(servers_max - number.value);
    if (number.value % 2 == 0) {
      for (std::uint32_t i = 1; i <= servers_max; ++i)
        server.raft->set_commit_eager(ServerNumber{i}, true);
    }
  }

  Server& any() {
    return cluster_.at(ServerNumber{static_cast<std::uint32_t>(1 + random_.below(servers_max))});
  }

  void deliver_some() {
    std::vector<Link> waiting;
    for (const auto& [link, messages] : cluster_.network) {
      if (!messages.empty()) waiting.push_back(link);
    }
    if (waiting.empty()) return advance();
    const Link chosen = waiting[random_.below(waiting.size())];
    auto& queue = cluster_.network[chosen];
    if (random_.chance(0.03)) return queue.pop_front();
    if (random_.chance(0.03)) queue.push_back(queue.front());
    if (random_.chance(0.05)) std::swap(queue.front(), queue[random_.below(queue.size())]);
    if (queue.size() > 200) queue.clear();
    cluster_.deliver(chosen);
  }

  void advance() {
    cluster_.now += random_.between(0ms, random_.chance(0.03) ? 300ms : 10ms);
    for (auto& [number, server] : cluster_.servers) {
      if (!server.raft || server.raft->deadline() > cluster_.now) continue;
      server.raft->tick(cluster_.now);
      cluster_.pump(server);
    }
  }

  void lose(Server& server) {
    if (!server.raft) return;
    server.raft->leader_lost(cluster_.now);
    cluster_.pump(server);
  }

  void crash(Server& server) {
    if (server.raft) cluster_.crash(server);
  }

  void act(Server& server, std::uint64_t dice) {
    Raft& raft = *server.raft;
    if (dice < 730) {
      server.disk_held = random_.chance(0.3);
    } else if (dice < 780) {
      cluster_.complete_stores(server, 1 + random_.below(2));
    } else if (dice < 900) {
      for (std::uint64_t count = 1 + random_.below(4); count > 0; --count) {
        const std::string text = "[" + std::to_string(++proposals_) + "]";
        static_cast<void>(raft.propose(SharedBytes::copy_of(as_bytes(text)), cluster_.now));
      }
    } else if (dice < 930) {
      read_floor_[++reads_] = highest_applied_;
      raft.read(reads_, cluster_.now);
    } else if (dice < 950) {
      change_membership(raft);
    } else if (dice < 960) {
      static_cast<void>(raft.transfer(any().number, cluster_.now));
    } else if (dice < 970) {
      raft.peer_connected(any().number, cluster_.now);
    } else if (!raft.installing() && raft.applied_index() <= raft.stored_index() &&
               raft.applied_index() > server.disk.snapshot.index && !server.state.empty() &&
               server.pending.empty()) {
      cluster_.take_snapshot(server);
    }
  }

  void change_membership(Raft& raft) {
    Configuration next = raft.configuration();
    const ServerNumber chosen = any().number;
    switch (random_.below(3)) {
      case 0:
        next.members.erase(chosen);
        break;
      case 1:
        next.members[chosen] = MemberRole::standby;
        break;
      default:
        next.members[chosen] = MemberRole::voter;
    }
    static_cast<void>(raft.propose_configuration(next, {}, cluster_.now));
  }

  // State Machine Safety: no two servers apply different entries at one place.
  void check_applied(const Server& server, const Entry& entry) {
    const auto [known, first] = committed_.try_emplace(entry.index, entry);
    if (!first) {
      EXPECT_EQ(known->second, entry)
          << "server " << server.number.value << " index " << entry.index.value;
    }
    highest_applied_ = std::max(highest_applied_, entry.index);
  }

  void check_server(const Server& server) {
    const Raft& raft = *server.raft;
    if (raft.role() != Role::leader) return;
    // Election Safety: at most one leader in a term.
    const auto [leader, first] = leaders_.try_emplace(raft.term(), server.number);
    EXPECT_EQ(leader->second, server.number) << "term " << raft.term().value;
    if (!first) return;
    // Leader Completeness: a new leader has all that was ever committed.
    for (const auto& [index, entry] : committed_) {
      if (index < raft.first_index()) continue;
      EXPECT_EQ(raft.term_at(index), entry.term) << "lost: index " << index.value;
    }
    check_log_matching();
  }

  // Log Matching: logs that agree at an index agree at all before it.
  void check_log_matching() {
    for (const auto& [a, one] : cluster_.servers) {
      for (const auto& [b, other] : cluster_.servers) {
        if (!(a < b) || !one.raft || !other.raft) continue;
        LogIndex index = std::min(one.raft->last_index(), other.raft->last_index());
        const LogIndex first = std::max(one.raft->first_index(), other.raft->first_index());
        bool agreed = false;
        for (; index >= first && index > LogIndex{}; index = index - 1) {
          const bool same = one.raft->term_at(index) == other.raft->term_at(index);
          EXPECT_TRUE(same || !agreed) << "index " << index.value;
          agreed = agreed || same;
        }
      }
    }
  }

  Random random_;
  Cluster cluster_;
  std::map<LogIndex, Entry> committed_;
  std::map<Term, ServerNumber> leaders_;
  std::map<std::uint64_t, LogIndex> read_floor_;
  LogIndex highest_applied_;
  std::uint64_t proposals_{0};
  std::uint64_t reads_{0};
};

TEST(RaftPropertyTest, RandomSchedulesKeepThePropertiesOfRaftAndEndLive) {
  std::size_t applied = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    RandomLife life(seed);
    for (int i = 0; i < 5'000 && !::testing::Test::HasFailure(); ++i) life.step();
    if (!::testing::Test::HasFailure()) life.recover();
    if (::testing::Test::HasFailure()) return;
    applied += life.applied_count();
  }
  RecordProperty("applied", static_cast<int>(applied));
  EXPECT_GT(applied, 20'000U);  // The schedules do get somewhere.
}

}  // namespace
}  // namespace muster::raft
