// Transcripts: commands for a group in memory, and the exact trace they give.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "raft/testing/cluster.h"

namespace muster::raft::testing {

/// Carries out transcript commands and writes down what happens. Servers are called a, b, c …
/// Unless `messages off` was said, every message that arrives is a line; changes of role, term and
/// commit, entries applied and outcomes of reads always are.
class Transcript {
 public:
  Transcript() {
    cluster_.observer.arrived = [this](const Message& m) { arrived(m); };
    cluster_.observer.applied = [this](const Server& s, const Entry& e) { applied(s, e); };
    cluster_.observer.read = [this](const Server& s, const ReadOutcome& o) {
      line(name(s.number) + ": read " + std::to_string(o.id) +
           (o.index ? " at " + number(*o.index) : " refused"));
    };
    cluster_.observer.changed = [this](const Server& s) { changed(s); };
    cluster_.observer.refused = [this](const Server& s, const Error& e) {
      line(name(s.number) + ": error: " + e.message);
    };
    add_commands();
  }

  /// The lines that this command gives. Throws `std::invalid_argument` for an unknown one.
  std::string run(const std::string& command) {
    out_.clear();
    std::istringstream words(command);
    std::string verb;
    words >> verb;
    const auto found = commands_.find(verb);
    if (found == commands_.end()) throw std::invalid_argument("unknown command: " + command);
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    found->second(arguments);
    return out_;
  }

 private:
  using Arguments = std::vector<std::string>;

  static std::string name(ServerNumber server) {
    return std::string(1, static_cast<char>('a' + server.value - 1));
  }
  static ServerNumber number_of(char letter) {
    return {static_cast<std::uint32_t>(letter - 'a' + 1)};
  }
  static std::string number(LogIndex index) { return std::to_string(index.value); }
  static std::string number(Term term) { return std::to_string(term.value); }
  static std::uint64_t count(const Arguments& a, std::size_t i, std::uint64_t otherwise) {
    return a.size() > i ? std::stoull(a[i]) : otherwise;
  }

  void line(const std::string& text) { out_ += text + "\n"; }
  Server& server(const std::string& word) { return cluster_.at(number_of(word.at(0))); }
  Link link(const std::string& word) { return {number_of(word.at(0)), number_of(word.at(3))}; }
  void each(const std::function<void(Server&)>& action) {
    for (auto& [n, server] : cluster_.servers) action(server);
  }

  static std::string list(const Configuration& configuration) {
    std::string text;
    for (const auto& [server, role] : configuration.members)
      text += name(server) + (role == MemberRole::standby ? "(standby) " : " ");
    if (!text.empty()) text.pop_back();
    return text.empty() ? "nobody" : text;
  }

  static std::string describe(const Entry& entry) {
    switch (entry.kind) {
      case EntryKind::empty:
        return "empty";
      case EntryKind::configuration:
        return "members " + list(decode_configuration(entry.payload.view())->configuration);
      case EntryKind::commands:
        return std::string(as_text(entry.payload.view()));
    }
    return "?";
  }

  static std::string place(LogIndex index, Term term) { return number(index) + "/" + number(term); }

  static std::string describe(const PreVoteRequest& m) {
    return " last " + place(m.last_index, m.last_term);
  }
  static std::string describe(const PreVoteReply& m) { return m.granted ? " yes" : " no"; }
  static std::string describe(const VoteRequest& m) {
    return " last " + place(m.last_index, m.last_term) + (m.handed_over ? " handed over" : "");
  }
  static std::string describe(const VoteReply& m) { return m.granted ? " yes" : " no"; }
  static std::string describe(const AppendRequest& m) {
    std::string text = " after " + place(m.previous_index, m.previous_term);
    for (const Entry& entry : m.entries)
      text += " [" + place(entry.index, entry.term) + " " + describe(entry) + "]";
    return text + " commit " + number(m.commit) + (m.round > 0 ? round(m.round) : "");
  }
  static std::string describe(const AppendReply& m) {
    if (m.accepted) return " has " + number(m.match) + (m.round > 0 ? round(m.round) : "");
    return " refuses " + number(m.match) + " hint " + place(m.hint_index, m.hint_term);
  }
  static std::string describe(const SnapshotChunk& m) {
    return " of " + place(m.mark.index, m.mark.term) + " bytes " + std::to_string(m.offset) + "+" +
           std::to_string(m.data.size()) + " of " + std::to_string(m.total);
  }
  static std::string describe(const SnapshotReply& m) {
    return " of " + number(m.index) +
           (m.installed ? " installed" : " wants " + std::to_string(m.next_offset));
  }
  static std::string describe(const TimeoutNow&) { return ""; }
  static std::string describe(const ReadRequest& m) { return " " + std::to_string(m.id); }
  static std::string describe(const ReadReply& m) {
    return " " + std::to_string(m.id) + (m.index ? " at " + number(*m.index) : " refused");
  }
  static std::string round(std::uint64_t round) { return " round " + std::to_string(round); }

  void arrived(const Message& message) {
    if (!show_messages_) return;
    const std::string details = std::visit([](const auto& m) { return describe(m); }, message.body);
    line(name(message.from) + "->" + name(message.to) + " term " + number(message.term) + " " +
         std::string(name_of(message)) + details);
  }
  void applied(const Server& server, const Entry& entry) {
    line(name(server.number) + ": applies " + number(entry.index) + " " + describe(entry));
  }

  static std::string role_of(const Raft& raft) {
    switch (raft.role()) {
      case Role::follower:
        return raft.leader() ? "follows " + name(*raft.leader()) : "follows nobody";
      case Role::pre_candidate:
        return "asks whether to stand";
      case Role::candidate:
        return "stands";
      case Role::leader:
        return "leads";
    }
    return "?";
  }
  void changed(const Server& server) {
    const Raft& raft = *server.raft;
    const std::string now = role_of(raft) + ", term " + number(raft.term()) +
                            (raft.installing() ? ", installing" : "") +
                            (raft.transferring() ? ", handing over" : "");
    if (std::exchange(shown_[server.number], now) != now) line(name(server.number) + ": " + now);
  }

  void status(const Server& server) {
    if (!server.raft) return line(name(server.number) + ": down");
    const Raft& raft = *server.raft;
    std::string terms;
    for (LogIndex i = raft.first_index(); i <= raft.last_index(); i = i + 1)
      terms += " " + number(*raft.term_at(i));
    line(name(server.number) + ": " + role_of(raft) + ", term " + number(raft.term()) + ", log " +
         number(raft.first_index()) + ":" + terms + ", stored " + number(raft.stored_index()) +
         ", commit " + number(raft.commit()) + ", members " + list(raft.configuration()) +
         (raft.configuration_committed() ? "" : " (uncommitted)") + ", state \"" + server.state +
         "\"");
  }

  /// How a leader sees the others.
  void progress(const Server& leader) {
    for (const auto& [member, role] : leader.raft->configuration().members) {
      const auto seen = leader.raft->progress(member);
      if (!seen) continue;
      line(name(leader.number) + " sees " + name(member) + ": " + state_of(seen->state) +
           ", match " + number(seen->match) + ", next " + number(seen->next) +
           (seen->caught_up ? ", caught up" : ""));
    }
  }
  static std::string state_of(ProgressState state) {
    switch (state) {
      case ProgressState::probe:
        return "probe";
      case ProgressState::replicate:
        return "replicate";
      case ProgressState::snapshot:
        return "snapshot";
    }
    return "?";
  }

  void outcome(const Server& server, const Error& error) {
    line(name(server.number) + ": refused: " + error.message);
  }
  template <class Value>
  void finish(Server& server, const Result<Value>& result) {
    if (!result) outcome(server, result.error());
    cluster_.pump(server);
  }

  Server& add(ServerNumber number) {
    Server& server = cluster_.servers[number];
    server.number = number;
    server.options = options_;
    server.options.seed = number.value;
    return server;
  }

  /// A group whose entry 1, with `voters` voters and `standbys`, is stored by all. `blank` servers
  /// come after them.
  void servers(std::uint64_t voters, std::uint64_t standbys, std::uint64_t blank) {
    Configuration configuration;
    for (std::uint32_t i = 1; i <= voters + standbys; ++i)
      configuration.members[{i}] = i <= voters ? MemberRole::voter : MemberRole::standby;
    for (std::uint32_t i = 1; i <= voters + standbys + blank; ++i) {
      Server& server = add({i});
      if (i <= voters + standbys) {
        server.disk.hard_state.term = Term{1};
        server.disk.entries = {{Term{1}, LogIndex{1}, EntryKind::configuration,
                                SharedBytes(encode_configuration(configuration, {}))}};
      }
      cluster_.start(server);
    }
  }

  /// Gives a server the log with these terms after entry 1, stored.
  void set_log(const Arguments& a) {
    Server& s = server(a.at(0));
    s.disk.entries.resize(1);
    for (std::size_t i = 1; i < a.size(); ++i) {
      const Term term{std::stoull(a[i])};
      const std::string text = "t" + a[i];
      s.disk.entries.push_back(
          {term, LogIndex{i + 1}, EntryKind::commands, SharedBytes::copy_of(as_bytes(text))});
      s.disk.hard_state.term = std::max(s.disk.hard_state.term, term);
    }
    cluster_.start(s);
  }

  void change(const Arguments& a) {
    Server& s = server(a.at(0));
    Configuration next = s.raft->configuration();
    for (std::size_t i = 1; i < a.size(); ++i) {
      const ServerNumber member = number_of(a[i].at(1));
      next.members.erase(member);
      if (a[i][0] == '+') next.members[member] = MemberRole::voter;
      if (a[i][0] == '~') next.members[member] = MemberRole::standby;
    }
    finish(s, s.raft->propose_configuration(next, {}, cluster_.now));
  }

  void tick(const Arguments& a) {
    cluster_.now += std::chrono::milliseconds{std::stoll(a.at(0))};
    each([&](Server& s) {
      if (!s.raft || (a.size() > 1 && s.number != number_of(a[1].at(0)))) return;
      s.raft->tick(cluster_.now);
      cluster_.pump(s);
    });
  }
  void time_out(Server& s) {
    if (s.raft->deadline() != Instant::max())
      cluster_.now = std::max(cluster_.now, s.raft->deadline());
    s.raft->tick(cluster_.now);
    cluster_.pump(s);
  }
  /// Time passes in small steps; messages arrive at once.
  void live(std::int64_t milliseconds) {
    for (; milliseconds > 0; milliseconds -= 5) {
      cluster_.now += std::chrono::milliseconds{5};
      each([&](Server& s) {
        if (!s.raft || s.raft->deadline() > cluster_.now) return;
        s.raft->tick(cluster_.now);
        cluster_.pump(s);
      });
      cluster_.settle();
    }
  }

  void add_commands() {
    commands_["servers"] = [this](const Arguments& a) {
      servers(count(a, 0, 3), count(a, 1, 0), count(a, 2, 0));
    };
    commands_["option"] = [this](const Arguments& a) { set_option(a.at(0), std::stoull(a.at(1))); };
    commands_["messages"] = [this](const Arguments& a) { show_messages_ = a.at(0) == "on"; };
    commands_["log"] = [this](const Arguments& a) { set_log(a); };
    commands_["found"] = [this](const Arguments& a) {
      Configuration configuration;
      for (const std::string& word : a)
        configuration.members[number_of(word[0])] = MemberRole::voter;
      Server& s = server(a.at(0));
      s.raft =
          std::make_unique<Raft>(Raft::found(s.options, s.number, configuration, {}, cluster_.now));
      cluster_.pump(s);
    };
    commands_["tick"] = [this](const Arguments& a) { tick(a); };
    commands_["timeout"] = [this](const Arguments& a) { time_out(server(a.at(0))); };
    commands_["live"] = [this](const Arguments& a) { live(std::stoll(a.at(0))); };
    commands_["status"] = [this](const Arguments& a) {
      each([&](Server& s) {
        if (a.empty() || number_of(a[0].at(0)) == s.number) status(s);
      });
    };
    commands_["progress"] = [this](const Arguments& a) { progress(server(a.at(0))); };
    add_network_commands();
    add_disk_commands();
    add_raft_commands();
  }

  void set_option(const std::string& option, std::uint64_t value) {
    if (option == "chunk") options_.snapshot_chunk_bytes = value;
    if (option == "tail") options_.compaction_tail_entries = value;
    if (option == "cache") options_.cache_bytes_max = value;
    if (option == "window") options_.window_entries = value;
    if (option == "message") options_.message_bytes_max = value;
    if (option == "uncommitted") options_.uncommitted_bytes_max = value;
  }

  void add_network_commands() {
    commands_["deliver"] = [this](const Arguments& a) {
      if (a.empty()) {
        std::vector<Link> waiting;
        for (const auto& [l, queue] : cluster_.network)
          waiting.insert(waiting.end(), queue.size(), l);
        for (const Link& l : waiting) cluster_.deliver(l);
        return;
      }
      for (std::uint64_t n = count(a, 1, 1); n > 0; --n) cluster_.deliver(link(a[0]));
    };
    commands_["drop"] = [this](const Arguments& a) {
      if (a.empty()) return cluster_.network.clear();
      auto& queue = cluster_.network[link(a[0])];
      for (std::uint64_t n = count(a, 1, queue.size()); n > 0 && !queue.empty(); --n)
        queue.pop_front();
    };
    commands_["repeat"] = [this](const Arguments& a) {  // The first one comes once more, last.
      auto& queue = cluster_.network[link(a.at(0))];
      queue.push_back(queue.at(0));
    };
    commands_["swap"] = [this](const Arguments& a) {
      auto& queue = cluster_.network[link(a.at(0))];
      std::swap(queue.at(0), queue.at(1));
    };
    commands_["settle"] = [this](const Arguments& a) {  // Among these servers; of none, all.
      std::set<ServerNumber> among;
      for (const std::string& word : a) among.insert(number_of(word.at(0)));
      cluster_.settle(among);
    };
    commands_["cut"] = [this](const Arguments& a) { set_cut(a, true); };
    commands_["heal"] = [this](const Arguments& a) { set_cut(a, false); };
  }
  void set_cut(const Arguments& a, bool cut) {
    if (a.empty()) return cluster_.cut.clear();
    if (a[0].size() > 1) {  // One direction: a->b.
      cluster_.cut[link(a[0])] = cut;
      return;
    }
    const ServerNumber one = number_of(a[0].at(0));
    each([&](Server& other) {
      if (a.size() > 1 && other.number != number_of(a[1].at(0))) return;
      cluster_.cut[{one, other.number}] = cluster_.cut[{other.number, one}] = cut;
      if (!cut) return;
      cluster_.network[{one, other.number}].clear();
      cluster_.network[{other.number, one}].clear();
    });
  }

  void add_disk_commands() {
    commands_["hold"] = [this](const Arguments& a) { server(a.at(0)).disk_held = true; };
    commands_["release"] = [this](const Arguments& a) {
      server(a.at(0)).disk_held = false;
      cluster_.pump(server(a.at(0)));
    };
    commands_["stored"] = [this](const Arguments& a) {
      cluster_.complete_stores(server(a.at(0)), count(a, 1, 1));
      cluster_.pump(server(a.at(0)));
    };
    // A report of the disk that comes late, or for an entry that is no longer there.
    commands_["report"] = [this](const Arguments& a) {
      server(a.at(0)).raft->stored(Term{std::stoull(a.at(1))}, LogIndex{std::stoull(a.at(2))});
      cluster_.pump(server(a.at(0)));
    };
    commands_["crash"] = [this](const Arguments& a) {
      cluster_.crash(server(a.at(0)));
      shown_.erase(server(a.at(0)).number);
    };
    commands_["restart"] = [this](const Arguments& a) {
      server(a.at(0)).disk_held = false;
      cluster_.start(server(a.at(0)));
    };
    // What the disk said it had from this entry on is gone: no fault that the core provides for.
    commands_["lose"] = [this](const Arguments& a) {
      const LogIndex first{std::stoull(a.at(1))};
      std::erase_if(server(a.at(0)).disk.entries,
                    [&](const Entry& entry) { return entry.index >= first; });
    };
    commands_["snapshot"] = [this](const Arguments& a) { cluster_.take_snapshot(server(a.at(0))); };
    commands_["hold-install"] = [this](const Arguments&) { cluster_.install_held = true; };
    commands_["finish-install"] = [this](const Arguments& a) {
      cluster_.install_held = false;
      cluster_.finish_install(server(a.at(0)));
      cluster_.pump(server(a.at(0)));
    };
  }

  void add_raft_commands() {
    commands_["propose"] = [this](const Arguments& a) {
      Server& s = server(a.at(0));
      for (std::size_t i = 1; i + 1 < a.size(); ++i) {  // All in one turn.
        auto taken = s.raft->propose(SharedBytes::copy_of(as_bytes(a[i])), cluster_.now);
        if (!taken) outcome(s, taken.error());
      }
      finish(s, s.raft->propose(SharedBytes::copy_of(as_bytes(a.back())), cluster_.now));
    };
    commands_["change"] = [this](const Arguments& a) { change(a); };
    commands_["transfer"] = [this](const Arguments& a) {
      Server& s = server(a.at(0));
      finish(s, s.raft->transfer(number_of(a.at(1)[0]), cluster_.now));
    };
    commands_["read"] = [this](const Arguments& a) {
      server(a.at(0)).raft->read(std::stoull(a.at(1)), cluster_.now);
      cluster_.pump(server(a.at(0)));
    };
    commands_["lost"] = [this](const Arguments& a) {
      server(a.at(0)).raft->leader_lost(cluster_.now);
      cluster_.pump(server(a.at(0)));
    };
    commands_["connect"] = [this](const Arguments& a) {
      server(a.at(0)).raft->peer_connected(number_of(a.at(1)[0]), cluster_.now);
      cluster_.pump(server(a.at(0)));
    };
    commands_["rank"] = [this](const Arguments& a) {
      server(a.at(0)).raft->set_rank(static_cast<std::uint32_t>(count(a, 1, 0)));
    };
    commands_["eager"] = [this](const Arguments& a) {
      server(a.at(0)).raft->set_commit_eager(number_of(a.at(1)[0]), true);
    };
    commands_["alone"] = [this](const Arguments& a) {
      Server& s = server(a.at(0));
      const ServerNumber dead = number_of(a.at(1)[0]);
      auto allowed = s.raft->may_continue_alone(dead);
      finish(s, allowed ? s.raft->continue_alone(dead, {}, cluster_.now) : allowed);
    };
  }

  Cluster cluster_;
  Options options_;
  bool show_messages_{true};
  std::map<ServerNumber, std::string> shown_;
  std::map<std::string, std::function<void(const Arguments&)>> commands_;
  std::string out_;
};

}  // namespace muster::raft::testing
