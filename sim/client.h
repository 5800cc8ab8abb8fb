// A simulated client: a session of the product, kept busy, that checks each answer it gets.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "echo/echo.h"
#include "session/session.h"
#include "sim/auction_load.h"
#include "sim/chat_load.h"
#include "sim/checkers.h"
#include "sim/datagrams.h"
#include "sim/event_queue.h"
#include "sim/followers.h"
#include "sim/network.h"
#include "sim/scenario.h"
#include "sim/trace.h"
#include "sim/unit_load.h"

namespace muster::sim {

/// Writes, compares and sets, and reads registers, and talks to `echo`, through one
/// `session::Session` after another, with several operations in flight. Thread-safety: none.
class Client final : public Process {
 public:
  struct World {
    EventQueue& events;
    Network& network;
    Datagrams& datagrams;
    Checkers& checkers;
    Trace& trace;
  };

  /// `host` is already on the network. References outlive this.
  Client(std::uint32_t number, HostId host, const Scenario& scenario, World world);

  /// Begins to make operations, at moments drawn by chance.
  void start();
  /// Makes no more; those under way are still answered.
  void stop();
  /// Nothing waits for an answer.
  bool idle() const { return commands_.empty() && reads_.empty() && to_be_asked_ == 0; }
  /// It was told of all events there are.
  bool told_all() const { return follower_.complete() && (!chat_ || chat_->follower().complete()); }
  const Follower& follower() const { return follower_; }
  /// As a person in the chat, if it is one.
  const std::optional<ChatLoad>& chat() const { return chat_; }
  /// The process and its machine are gone, and nobody is told.
  void vanish();
  /// Its session is open at a server.
  bool attached() const { return session_->opened(); }
  /// Where its session is at home.
  std::optional<std::string> server() const { return session_->server(); }
  /// Silence after which the group may end its session.
  Duration session_timeout() const { return session_timeout_; }
  Duration heartbeat_interval() const { return heartbeat_interval_; }
  /// Reads all registers and the own tally, linearizably. Precondition: stopped and idle.
  void verify();
  std::uint64_t answered() const { return answered_; }
  /// How often a server refused it something for a limit.
  std::uint64_t refused() const { return refused_; }
  /// How often its session went on at another server.
  std::uint64_t moves() const { return moves_; }
  HostId host() const { return host_; }

  void opened(EndId end, bool peer, bool dialled, const std::string& address) override;
  void dial_failed(EndId end, const std::string& address, bool refused) override;
  void received(EndId end, const wire::Frame& frame) override;
  void closed(EndId end, const std::string& reason) override;

 private:
  struct Command {
    OperationId id;
    ServiceId service;
    RealTimeOrder::Floor began;
    SharedBytes payload;
    std::optional<UnitLoad::Said> said{};  // As a unit.
  };
  struct Read {
    enum class Kind : std::uint8_t { linearizable, local, tally };
    Kind kind{Kind::linearizable};
    std::uint32_t key{};
    RealTimeOrder::Floor began;
    Instant asked{};
  };

  void open_session();
  void draw_heartbeats(session::Session::Options& options);
  void make_operation();
  void make_register_command();
  void make_echo_command();
  void make_auction_command();
  void make_chat_command();
  void chat_answered(const Command& command, const Result<chat::Receipt>& receipt);
  void act_as_unit();
  void say_as_unit(const UnitLoad::Said& said);
  void unit_answered(const UnitLoad::Said& said, const Result<mobility::Receipt>& receipt);
  void depart();
  void begin_again();
  void make_read(Read::Kind kind, std::uint32_t key);
  void pass_the_limit();
  void forge();
  bool command(ServiceId service, OperationId id, Bytes payload);
  OperationId next_operation() { return {author_, ++operations_}; }

  void turn();
  void schedule_tick();
  void finish(const session::CompletedCall& call);
  void acknowledge(const Command& command, const session::Reply& reply);
  void refuse(const Command& command, const Error& error);
  void finish(const session::CompletedRead& read);
  void read_refused(const Read& asked, const Error& error);
  void ask_later(Read::Kind kind, std::uint32_t key);
  void note_refusal(BytesView body);
  void follow();
  void session_ended();
  bool leads_astray(const wire::Frame& frame);
  std::optional<session::LinkId> link_of(EndId end) const;

  const std::uint32_t number_;
  const HostId host_;
  const Scenario& scenario_;
  World world_;
  Random random_;
  std::unique_ptr<session::Session> session_;
  std::map<std::uint64_t, EndId> links_;  // By the session's number.
  std::map<std::uint64_t, Command> commands_;
  std::map<std::uint64_t, Read> reads_;
  std::uint32_t author_;  // The number, and another one after each death.
  std::uint64_t operations_{0};
  std::uint64_t answered_{0};
  std::uint64_t refused_{0};
  std::uint64_t moves_{0};
  std::uint64_t last_value_{0};
  std::map<std::uint64_t, SharedBytes> echoed_;  // Acknowledged in this session, by operation.
  std::optional<GroupId> session_group_;         // Where the session was opened.
  std::optional<GroupId> server_group_;          // Of the server at hand, as it says.
  Follower follower_;
  std::optional<AuctionLoad> auctions_;
  std::optional<ChatLoad> chat_;
  std::optional<UnitLoad> unit_;
  std::set<std::uint64_t> forged_;  // Sequence numbers of commands that only a leader may make.
  Instant last_heard_{};            // A server that has this session open.
  std::optional<EndId> home_end_;   // Of the connection on which it was opened or resumed last.
  Duration session_timeout_{};
  Duration heartbeat_interval_{};
  bool gone_{false};
  bool making_{false};
  bool verifying_{false};
  std::size_t to_be_asked_{0};  // Reads, once there is room for them.
  bool ended_{false};
  std::optional<Instant> tick_at_;
};

}  // namespace muster::sim
