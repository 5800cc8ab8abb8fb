// A whole group in memory for tests: a network and disks that do only what they are told.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/raft.h"

namespace muster::raft::testing {

using Link = std::pair<ServerNumber, ServerNumber>;  // From, to.

/// What survives a crash of a server.
struct Disk {
  HardState hard_state;
  SnapshotMark snapshot;
  Bytes snapshot_data;
  Bytes incoming;              // Pieces of a snapshot that is not whole yet.
  std::vector<Entry> entries;  // From the entry after some index at or below the snapshot's.
};

struct Server {
  struct PendingStore {
    Ready::Store store;
    std::vector<Message> messages;
  };

  ServerNumber number;
  Options options;
  std::unique_ptr<Raft> raft;  // Nothing: crashed.
  Disk disk;
  bool disk_held{false};  // Stores wait until told.
  std::deque<PendingStore> pending;
  std::optional<SnapshotMark> to_install;
  std::string state;  // Of the state machine: what was applied, one after the other.
  std::map<std::uint64_t, std::optional<LogIndex>> reads;
};

/// Servers, the messages on their way, and one clock. Everything happens when it is called for.
class Cluster {
 public:
  /// Called with what happens: messages that arrive, entries applied, outcomes of reads, stores
  /// that are done, and servers that have carried out all they wanted.
  struct Observer {
    std::function<void(const Message&)> arrived = [](const Message&) {};
    std::function<void(const Server&, const Entry&)> applied = [](const Server&, const Entry&) {};
    std::function<void(const Server&, const ReadOutcome&)> read = [](const Server&,
                                                                     const ReadOutcome&) {};
    std::function<void(const Server&)> stored = [](const Server&) {};
    std::function<void(const Server&)> changed = [](const Server&) {};
    std::function<void(const Server&, const Error&)> refused = [](const Server&, const Error&) {};
  };

  Observer observer;
  Instant now{std::chrono::seconds{1}};
  std::map<ServerNumber, Server> servers;
  std::map<Link, std::deque<Message>> network;
  std::map<Link, bool> cut;

  Server& at(ServerNumber number) { return servers.at(number); }

  /// Starts a server from its disk.
  void start(Server& server) {
    Restored restored{server.disk.hard_state, server.disk.snapshot, {}};
    for (const Entry& entry : server.disk.entries) {
      if (entry.index > server.disk.snapshot.index) restored.entries.push_back(entry);
    }
    server.state = std::string(as_text(server.disk.snapshot_data));
    server.raft = std::make_unique<Raft>(server.options, server.number, std::move(restored));
    server.raft->tick(now);
    pump(server);
  }

  /// The oldest `stores_done` of the stores under way are on the disk, though nobody was told.
  void crash(Server& server, std::size_t stores_done = 0) {
    for (; stores_done > 0; --stores_done) {
      write(server.disk, server.pending.front().store);
      server.pending.pop_front();
    }
    server.raft.reset();
    server.pending.clear();
    server.to_install.reset();
    server.disk.incoming.clear();
  }

  /// Carries out what the server wants, until it wants nothing more.
  void pump(Server& server) {
    if (!server.raft) return;
    bool more = true;
    while (more) {
      Ready ready = server.raft->ready();
      more = carry_out(server, ready);
      if (!server.disk_held) more = complete_stores(server, server.pending.size()) || more;
    }
    observer.changed(server);
  }

  /// Makes the oldest stores durable and lets go what waited for them.
  bool complete_stores(Server& server, std::size_t count) {
    bool any = false;
    for (; count > 0 && !server.pending.empty(); --count) {
      auto pending = std::move(server.pending.front());
      server.pending.pop_front();
      write(server.disk, pending.store);
      if (!pending.store.entries.empty())
        server.raft->stored(pending.store.entries.back().term, pending.store.entries.back().index);
      if (pending.store.snapshot && pending.store.snapshot->last) restore(server);
      observer.stored(server);
      for (Message& message : pending.messages) send(server, std::move(message));
      any = true;
    }
    return any;
  }

  void deliver(const Link& link) {
    auto& queue = network[link];
    if (queue.empty()) return;
    const Message message = std::move(queue.front());
    queue.pop_front();
    Server& server = at(link.second);
    if (!server.raft) return;
    observer.arrived(message);
    if (auto taken = server.raft->step(message, now); !taken)
      observer.refused(server, taken.error());
    pump(server);
  }

  /// Delivers until nothing is on its way among these servers, or none named, among all; time
  /// stands still.
  void settle(const std::set<ServerNumber>& among = {}) {
    const auto meant = [&](const Link& link) {
      return among.empty() || (among.contains(link.first) && among.contains(link.second));
    };
    std::size_t messages_max = 10'000;
    bool any = true;
    while (any && messages_max > 0) {
      any = false;
      for (auto& [link, queue] : network) {
        if (!meant(link)) continue;
        for (std::size_t count = queue.size(); count > 0; --count, --messages_max) {
          deliver(link);
          any = true;
        }
      }
    }
    check(messages_max > 0);
  }

  void take_snapshot(Server& server) {
    const SnapshotMark mark =
        server.raft->mark_at(std::min(server.raft->applied_index(), server.raft->stored_index()));
    check(mark.index == server.raft->applied_index());
    const BytesView state = as_bytes(server.state);
    server.disk.snapshot = mark;
    server.disk.snapshot_data = Bytes(state.begin(), state.end());
    server.raft->snapshot_taken(mark);
    std::erase_if(server.disk.entries,
                  [&](const Entry& entry) { return entry.index < server.raft->first_index(); });
    pump(server);
  }

 private:
  void send(Server& server, Message message) {
    if (message.to == server.number) {
      const auto taken = server.raft->step(message, now);
      check(taken.has_value());
      return;
    }
    const Link link{message.from, message.to};
    if (cut[link] || !servers.contains(message.to)) return;
    if (auto* vote = std::get_if<VoteReply>(&message.body))
      vote->wall_clock = {static_cast<std::int64_t>(message.from.value) * 1'000};
    network[link].push_back(std::move(message));
  }

  bool carry_out(Server& server, Ready& ready) {
    const bool any = !ready.apply.empty() || !ready.fetch.empty() ||
                     !ready.snapshot_fetch.empty() || !ready.send_now.empty();
    for (Message& message : ready.send_now) send(server, std::move(message));
    if (!ready.store.empty() || !ready.send_when_stored.empty())
      server.pending.push_back({std::move(ready.store), std::move(ready.send_when_stored)});
    if (ready.install) server.to_install = ready.install;
    for (const Entry& entry : ready.apply) {
      if (entry.kind == EntryKind::commands) server.state += as_text(entry.payload.view());
      server.raft->applied(entry.index);
      observer.applied(server, entry);
    }
    for (const ReadOutcome& outcome : ready.reads) {
      server.reads[outcome.id] = outcome.index;
      observer.read(server, outcome);
    }
    for (const EntryFetch& fetch : ready.fetch) fetch_entries(server, fetch);
    for (const SnapshotFetch& fetch : ready.snapshot_fetch) fetch_snapshot(server, fetch);
    return any;
  }

  static void fetch_entries(Server& server, const EntryFetch& fetch) {
    std::vector<Entry> found;
    std::size_t bytes = 0;
    for (const Entry& entry : server.disk.entries) {
      if (entry.index < fetch.first) continue;
      if (found.empty() && entry.index != fetch.first) break;
      bytes += entry.payload.size();
      if (!found.empty() && bytes > fetch.bytes_max) break;
      found.push_back(entry);
    }
    server.raft->fetched(fetch.follower, std::move(found));
  }

  static void fetch_snapshot(Server& server, const SnapshotFetch& fetch) {
    const Bytes& data = server.disk.snapshot_data;
    if (server.disk.snapshot.index != fetch.index || fetch.offset >= data.size())
      return server.raft->snapshot_fetched(fetch.follower, fetch.index, fetch.offset, 0, {});
    const std::size_t size = std::min<std::size_t>(
        fetch.bytes_max, data.size() - static_cast<std::size_t>(fetch.offset));
    const BytesView piece = BytesView(data).subspan(static_cast<std::size_t>(fetch.offset), size);
    server.raft->snapshot_fetched(fetch.follower, fetch.index, fetch.offset, data.size(),
                                  SharedBytes::copy_of(piece));
  }

  static void write(Disk& disk, const Ready::Store& store) {
    if (store.hard_state) disk.hard_state = *store.hard_state;
    if (store.snapshot) {
      const SnapshotPiece& piece = *store.snapshot;
      check(piece.offset == 0 || piece.offset == disk.incoming.size());
      if (piece.offset == 0) disk.incoming.clear();
      const BytesView data = piece.data.view();
      disk.incoming.insert(disk.incoming.end(), data.begin(), data.end());
      if (piece.last) {
        check(disk.incoming.size() == piece.total);
        disk.snapshot = piece.mark;
        disk.snapshot_data = std::exchange(disk.incoming, {});
        disk.entries.clear();
      }
    }
    if (store.entries.empty()) return;
    const LogIndex first = store.entries.front().index;
    std::erase_if(disk.entries, [&](const Entry& entry) { return entry.index >= first; });
    check(disk.entries.empty() ? first == disk.snapshot.index + 1
                               : first == disk.entries.back().index + 1);
    disk.entries.insert(disk.entries.end(), store.entries.begin(), store.entries.end());
  }

  void restore(Server& server) {
    // A newer one may have been received before this one was written.
    check(server.to_install.has_value());
    if (install_held || server.to_install->index != server.disk.snapshot.index) return;
    finish_install(server);
  }

 public:
  bool install_held{false};  // Restoring takes until `finish_install`.
  void finish_install(Server& server) {
    server.state = std::string(as_text(server.disk.snapshot_data));
    server.raft->installed(server.disk.snapshot.index);
    server.to_install.reset();
  }
};

}  // namespace muster::raft::testing
