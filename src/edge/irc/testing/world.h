// Servers with IRC clients, for transcripts: each has an edge, the replicated state and the chat; a
// log that all share stands for consensus, and the time is the test's.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/chat.h"
#include "edge/edge.h"
#include "edge/irc/connection.h"
#include "muster/check.h"
#include "replica/replica.h"
#include "wire/batch.h"
#include "wire/control.h"

namespace muster::edge::irc {

class World {
 public:
  static constexpr Duration turn = std::chrono::milliseconds{100};
  static constexpr std::int64_t begin_ms = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

  void start(const std::string& name) {
    const ServerNumber number{++servers_started_};
    auto server = std::make_unique<Server>(name, number);
    for (const Entry& entry : log_) server->apply(entry, now_);
    servers_[name] = std::move(server);
    look_around();
  }
  /// As a crash does: its clients' connections break, and another server waits for them.
  void kill(const std::string& name) {
    const ServerNumber number = servers_.at(name)->number;
    servers_.erase(name);
    for (auto& [client_name, client] : clients_) {
      if (client.server != name || client.closed) continue;
      client.connection.reset();
      close(client);
    }
    check(!servers_.empty());
    Server& other = *servers_.begin()->second;
    other.replica.sessions().for_each([&](SessionId id, const replica::Session& session) {
      if (session.home == number) {
        other.edge.watch_absent(id, session.epoch, session.timeout, now_);
      }
    });
    settle();
  }
  void set_leader(bool there) {
    leader_ = there;
    look_around();
    for (auto& [name, server] : servers_) {
      if (there) server->edge.resend_all(now_);
    }
    settle();
  }
  void stop(const std::string& name) {
    Server& server = *servers_.at(name);
    server.stopping = true;
    server.edge.send_away_all(name + " ends");
    settle();
  }

  /// What an operator of the group has the leader do.
  void order(const std::string& command, const std::vector<std::string>& arguments) {
    const auto payload =
        chat::Chat().operator_command(command, arguments, std::to_string(log_.size())).value();
    wire::BatchBuilder batch(wire::BatchHeader{.system = true});
    check(batch.add(chat::service_id, payload).has_value());
    wire::EntryBuilder entry;
    const Bytes bytes = std::move(batch).finish();
    check(entry.add(*wire::BatchView::parse(bytes)));
    append(std::move(entry));
    settle();
  }

  void connect(const std::string& client, const std::string& server, const std::string& host) {
    const std::uint64_t number = ++connections_;
    Client& one = clients_[client];
    one = {};
    one.server = server;
    one.link = LinkId{number};
    Server& at = *servers_.at(server);
    const std::string digits = std::to_string(number);
    one.connection = std::make_unique<Connection>(
        at.options, at.encodings,
        Connection::Birth{
            .link = one.link,
            .session = {Uuid::make_v7(std::chrono::milliseconds{begin_ms}, 1, number)},
            .inbox = std::string(32 - digits.size(), '0') + digits,
            .host = host},
        now_);
    at.edge.link_opened(one.link, now_, host);
    settle();
  }
  /// Its end of the connection is gone.
  void break_off(const std::string& client) {
    Client& one = clients_.at(client);
    if (one.closed) return;
    one.connection->input_ended(now_, "Connection closed");
    settle();
  }
  void say(const std::string& client, std::string_view bytes) {
    Client& one = clients_.at(client);
    if (one.closed) return;
    one.connection->received(as_bytes(bytes), now_);
    settle();
  }
  /// It reads nothing of what comes, or reads again.
  void stall(const std::string& client, bool stalls) {
    Client& one = clients_.at(client);
    one.stalls = stalls;
    if (!stalls) one.connection->sent(std::exchange(one.unread, 0), now_);
    settle();
  }
  void pass(Duration time) {
    for (const Instant end = now_ + time; now_ < end;) {
      now_ += turn;
      for (auto& [name, server] : servers_) server->edge.tick(now_);
      for (auto& [name, client] : clients_) {
        if (!client.closed && client.connection->deadline() <= now_) client.connection->tick(now_);
      }
      settle();
    }
  }
  /// What each client got since the last call, and whether its connection was closed.
  std::map<std::string, std::string> take_told() {
    std::map<std::string, std::string> told;
    for (auto& [name, client] : clients_) {
      if (client.told.empty()) continue;
      told[name] = std::exchange(client.told, {});
    }
    return told;
  }
  const Encodings& encodings(const std::string& server) const {
    return servers_.at(server)->encodings;
  }
  bool has_client(const std::string& name) const { return clients_.contains(name); }
  Options& options(const std::string& server) { return servers_.at(server)->options; }

 private:
  struct Server {
    Server(const std::string& server_name, ServerNumber server_number)
        : name(server_name), number(server_number), edge(edge_options()) {
      options.server_name = as_server_name(name + ".chat");
      options.network = "chat";
      options.version = "muster-1";
      options.started = LogTime{begin_ms};
    }
    static Edge::Options edge_options() {
      Edge::Options options;
      options.silence_max = std::chrono::hours{24};  // As with every connection of this kind.
      return options;
    }
    void apply(const Entry& entry, Instant now) {
      const replica::Applied applied = replica.apply(entry);
      edge.applied(applied.news, number, now);
      edge.events(applied.events, replica);
      edge.answer_reads(replica);
    }

    std::string name;
    ServerNumber number;
    Edge edge;
    replica::Replica replica{{}, [] {
                               std::vector<std::unique_ptr<service::Machine>> machines;
                               machines.push_back(std::make_unique<chat::Chat>());
                               return machines;
                             }};
    Options options{};
    Encodings encodings{};
    bool stopping{false};
  };
  struct Client {
    std::string server{};
    LinkId link{};
    std::unique_ptr<Connection> connection{};
    std::string told{};
    bool closed{false};
    bool stalls{false};
    std::size_t unread{0};
  };

  LogTime wall() const {
    return LogTime{begin_ms} +
           std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch());
  }
  void look_around() {
    for (auto& [name, server] : servers_) {
      Edge::Surroundings around;
      around.hello.set_number(server->number.value);
      around.leader_known = leader_;
      around.no_leader_reason = "no majority";
      server->edge.set_surroundings(around, now_);
    }
  }
  void close(Client& client) {
    client.closed = true;
    client.told += "(closed)\r\n";
  }

  // Until nobody has anything left to say.
  void settle() {
    bool moved = true;
    while (moved) {
      moved = commit();
      for (auto& [name, client] : clients_) {
        if (!client.closed) moved = carry(client) || moved;
      }
      for (auto& [name, server] : servers_) moved = carry(*server) || moved;
    }
  }
  bool commit() {
    wire::EntryBuilder entry;
    bool is_empty = true;
    for (auto& [name, server] : servers_) {
      for (const SharedBytes& batch : server->edge.take_batches()) {
        if (!leader_) continue;  // It is passed on again when there is one.
        check(entry.add(*wire::BatchView::parse(batch.view())));
        is_empty = false;
      }
      server->edge.take_reads();
    }
    if (is_empty) return false;
    append(std::move(entry));
    return true;
  }
  void append(wire::EntryBuilder entry) {
    log_.push_back({.term = {1},
                    .index = LogIndex{log_.size() + 1},
                    .kind = EntryKind::commands,
                    .payload = SharedBytes(std::move(entry).finish(wall()))});
    for (auto& [name, server] : servers_) server->apply(log_.back(), now_);
  }
  bool carry(Client& client) {
    Server& server = *servers_.at(client.server);
    bool moved = false;
    for (const wire::Frame& frame : client.connection->take_frames()) {
      moved = true;
      if (frame.type == wire::FrameType::status_request) {
        server.edge.send(client.link, wire::FrameType::status, wire::encode(status(server)));
      } else if (frame.type == wire::FrameType::members_request) {
        server.edge.send(client.link, wire::FrameType::members, wire::encode(members(server)));
      } else {
        server.edge.frame(client.link, frame, server.replica, now_);
      }
    }
    for (const SharedBytes& bytes : client.connection->take_bytes()) {
      moved = true;
      client.told += as_text(bytes.view());
      client.unread += bytes.size();
    }
    if (!client.stalls && client.unread > 0) {
      client.connection->sent(std::exchange(client.unread, 0), now_);
      moved = true;
    }
    if (client.connection->finished()) {
      for (const wire::Frame& frame : client.connection->take_frames()) {
        server.edge.frame(client.link, frame, server.replica, now_);
      }
      server.edge.link_closed(client.link, now_);
      close(client);
      moved = true;
    }
    return moved;
  }
  bool carry(Server& server) {
    const std::vector<LinkOutput> outputs = server.edge.take_outputs();
    for (const LinkOutput& output : outputs) {
      const auto* const frame = std::get_if<SendFrame>(&output);
      const LinkId link = frame != nullptr ? frame->link : std::get<CloseLink>(output).link;
      const auto found = std::ranges::find_if(clients_, [&](const auto& item) {
        return item.second.link == link && !item.second.closed;
      });
      if (found == clients_.end()) continue;
      if (frame != nullptr) {
        found->second.connection->frame(*frame, now_, wall());
      } else {
        found->second.connection->link_closed(now_);
      }
    }
    return !outputs.empty();
  }
  wire::Status status(const Server& server) const {
    wire::Status status;
    status.set_phase(server.stopping ? wire::Phase::STOPPING : wire::Phase::RUNNING);
    status.set_writable(leader_);
    status.set_view(servers_.size());
    status.set_servers(static_cast<std::uint32_t>(servers_.size()));
    status.set_term(1);
    status.set_commit_index(server.replica.applied().value);
    if (leader_) status.set_leader(servers_.begin()->first);
    if (!leader_) status.set_reason("no majority");
    return status;
  }
  wire::Members members(const Server& asked) const {
    wire::Members members;
    members.set_number(asked.number.value);
    for (const auto& [name, server] : servers_) {
      wire::MemberStatus& member = *members.add_members();
      member.set_number(server->number.value);
      member.set_name(name);
      member.set_state(wire::ServerState::ALIVE);
      member.set_role(server->number == ServerNumber{1} ? wire::Role::LEADER : wire::Role::VOTER);
      member.set_clients(server->edge.attached());
    }
    return members;
  }

  Instant now_{};
  bool leader_{true};
  std::uint32_t servers_started_{0};
  std::uint64_t connections_{0};
  std::vector<Entry> log_;
  std::map<std::string, std::unique_ptr<Server>> servers_;
  std::map<std::string, Client> clients_;
};

}  // namespace muster::edge::irc
