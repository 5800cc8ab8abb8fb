// A server's clients: their links, their sessions, and what they wait for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/lazy_deque.h"
#include "edge/heartbeats.h"
#include "edge/link.h"
#include "edge/telemetry.h"
#include "edge/topics.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "replica/replica.h"
#include "replica/session_control.h"
#include "wire/heartbeat.h"
#include "wire/methods.pb.h"
#include "wire/muster.pb.h"

namespace muster::edge {

/// A linearizable read that waits for its index. `id` is the edge's; the caller finds the index.
struct ReadWanted {
  std::uint64_t id{};
};

/// The home of sessions (Raft dissertation, section 6): takes clients' frames in, passes their
/// commands on as batches for the leader, keeps each batch until it is answered and passes it on
/// again when the leader changes or an answer stays out, so that a client notices nothing. How long
/// that is follows how long answers take, and doubles at each time in vain (RFC 6298, section 5).
/// What commits comes back through `applied` and is answered here.
///
/// A link carries one session. A session attached to a newer link or another home leaves the old
/// one. A session without a link for its timeout is ended through the log, and so is one that gives
/// no sign of life for as long although it promised heartbeats. Reads and topics need no session.
///
/// Pure. Thread-safety: none.
class Edge {
 public:
  struct Options {
    Duration session_timeout{std::chrono::seconds{10}};
    /// An answer stays out for so long: pass on again. Longer while answers take long, up to the
    /// other, or a slow log would get everything twice.
    Duration resend_after{std::chrono::seconds{1}};
    Duration resend_after_max{std::chrono::seconds{8}};
    Duration leaderless_patience{std::chrono::seconds{1}};  ///< Then clients try other servers.
    /// A link on which a client says nothing is closed. Sessions ask for a sign of life long
    /// before.
    Duration silence_max{std::chrono::seconds{30}};
    Duration move_patience{std::chrono::seconds{5}};  ///< Then who was asked to move is asked anew.
    std::size_t links_max{30'000};
    std::size_t sessions_max{20'000};                        ///< Attached here.
    std::size_t pending_bytes_max{std::size_t{256} << 20U};  ///< Batches unanswered, all clients.
    std::size_t reads_max{65'536};                           ///< Reads waiting, all clients.
    Topics::Options topics{};
    Heartbeats::Options heartbeats{};
    Telemetry::Options telemetry{};
  };
  /// What the layers above know and clients ask for.
  struct Surroundings {
    wire::ServerHello hello;
    bool leader_known{false};
    std::string no_leader_reason;  ///< Plain words, for clients sent elsewhere.
  };

  explicit Edge(const Options& options)
      : options_(options),
        telemetry_(options.telemetry),
        heartbeats_(options.heartbeats, telemetry_),
        topics_(options.topics, outputs_) {}
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  /// For sessions that are attached or missed from now on.
  void set_session_timeout(Duration timeout) { options_.session_timeout = timeout; }

  /// `address` is where it comes from, for operators. One that is bound belongs to this process (a
  /// gateway): its client can't go elsewhere, and is not asked whether it lives.
  void link_opened(LinkId link, Instant now, const std::string& address = {}, bool bound = false);
  void link_closed(LinkId link, Instant now);
  bool has_link(LinkId link) const { return clients_.contains(link); }
  /// A frame of a client other than a status or members request. Anything that makes no sense is
  /// refused and costs the client its link. `local` answers reads that need no leader.
  void frame(LinkId link, const wire::Frame& frame, const replica::Replica& local, Instant now);

  /// Datagrams that came to the port for heartbeats: anything.
  void datagrams(std::span<const BytesView> datagrams, Instant now);

  /// What an applied entry brought for sessions.
  void applied(const std::vector<replica::SessionNews>& news, ServerNumber self, Instant now);
  /// The events of what was applied since the last call, up to `local.applied()`, in order; also
  /// when there are none.
  void events(const std::vector<replica::Event>& events, const replica::Replica& local) {
    topics_.applied(events, local);
  }
  /// The leader is another one, or is reachable again: everything unanswered is passed on anew.
  void resend_all(Instant now);
  /// Who is the leader, what to greet clients with. Call when any of it changed. Clients that stay
  /// are told which other servers there are now: they may need them when this one is lost.
  void set_surroundings(Surroundings surroundings, Instant now);
  /// A session without a link here: it ends unless it is attached anew within the timeout that its
  /// client asked for; zero: the group's.
  void watch_absent(SessionId session, Epoch epoch, Duration asked_timeout, Instant now);
  /// Another server watches that session again.
  void unwatch(SessionId session) { forget_absent(session); }
  /// The state machine was replaced by a snapshot: sessions that it lacks have ended, others moved
  /// away, those at home here without a link are watched, and followers of topics get the state.
  /// To be called as well when the state of a start comes from a snapshot.
  void restored(const replica::Replica& state, ServerNumber self, Instant now);

  /// The index for a linearizable read is known, or it was refused.
  void read_index(std::uint64_t id, std::optional<LogIndex> index, const replica::Replica& local);
  // moves.cc: clients that are better served elsewhere go there while this server still serves
  // them.

  /// A session that may be asked to move: it is open, and was not asked within `move_patience`.
  /// Calls `visit(id)` by ascending id until that returns false.
  template <class Visit>
  void for_each_movable(Instant now, Visit visit) const {
    for (const auto& [id, attached] : sessions_) {
      const bool movable =
          attached.open && !clients_.at(attached.link).bound && !on_its_way(id, now);
      if (movable && !visit(id)) return;
    }
  }
  /// Asks the client to attach at `address` and to stay here until it has. Precondition: movable.
  void ask_to_move(SessionId session, ServerNumber target, const std::string& address,
                   const std::string& reason, Instant now);
  /// The sessions that were asked and are still here, and where they are to go.
  std::map<SessionId, ServerNumber> on_their_way(Instant now) const;
  /// Clients that follow topics without a session and were not asked within `move_patience`.
  std::vector<LinkId> movable_followers(Instant now) const;
  void ask_follower_to_move(LinkId link, const std::string& address, const std::string& reason,
                            Instant now);
  /// Sends a client away before it opens or resumes its session here.
  void send_on(LinkId link, const std::string& address, const std::string& reason);
  /// Sends those away whose clients can't be asked to move, while others still are.
  void send_bound_away(const std::string& reason);
  /// Sends everybody who has a session here, or follows, to any other server, at once.
  void send_away_all(const std::string& reason);
  /// When the client of a session attached here was heard last; nothing if it is not.
  std::optional<Instant> heard(SessionId session) const;
  /// Some server misses the client: it is silent, or without a connection. `epoch`: of its newest
  /// attachment; what was told of an earlier one is old.
  bool suspected(SessionId session, Epoch epoch) const;

  /// More was applied: answers the reads that waited for it.
  void answer_reads(const replica::Replica& local);

  void tick(Instant now);
  std::optional<Instant> deadline() const;

  /// Sends one frame to a client outside all of the above (status, members).
  void send(LinkId link, wire::FrameType type, Bytes body);

  /// Drains: whole batches for the leader, in order; frames and closings; reads that need an index.
  std::vector<SharedBytes> take_batches();
  std::vector<LinkOutput> take_outputs();
  std::vector<ReadWanted> take_reads();

  /// Newest values, of this server and others. Call its `tick` through this one's.
  Telemetry& telemetry() { return telemetry_; }
  const Telemetry& telemetry() const { return telemetry_; }
  const Heartbeats& heartbeats() const { return heartbeats_; }

  std::size_t attached() const { return sessions_.size(); }
  /// Somebody here waits for events.
  bool has_followers() const { return topics_.has_followers(); }
  std::size_t pending_bytes() const { return pending_bytes_; }

  // For operators (inspection.cc).
  /// What waits here and since when: at most `rows_max` sessions, reads and followers.
  wire::HeldBackList held_back(Instant now, std::size_t rows_max) const;
  /// Of a session that is attached here.
  struct Attachment {
    std::size_t unanswered{0};  ///< Commands.
    Duration silent{};          ///< Since its client's last word.
    Duration attached{};        ///< Since it came here.
    std::string address{};      ///< Where its connection comes from.
  };
  std::optional<Attachment> attachment(SessionId session, Instant now) const;
  std::size_t links() const { return clients_.size(); }
  std::size_t reads_waiting() const { return reads_.size(); }
  std::uint64_t batches_taken() const { return batches_taken_; }  ///< From clients, so far.
  const Topics& topics() const { return topics_; }

 private:
  struct Client {
    std::optional<SessionId> session;
    std::size_t reads{0};  // That wait.
    Instant heard{};
    std::string address{};
    std::optional<Instant> asked_to_move{};  // A follower without a session.
    bool bound{false};
    std::uint64_t greeting{0};  // Of all those so far, the one that it was sent.
  };
  struct Asked {
    ServerNumber target;
    Instant at;
  };
  struct Pending {
    SequenceNumber first;
    std::uint32_t count{0};
    SequenceNumber unanswered;  // The first of them.
    SharedBytes batch;
    Instant since{};
  };
  struct Attached {
    LinkId link;
    bool open{false};                 // The log has it; until then `control` is unanswered.
    Epoch epoch;                      // Of the attempt that the client made here.
    replica::SessionControl control;  // The open or resume, to be sent with this server's number.
    SequenceNumber next;              // Expected from the client.
    wire::HeartbeatTimes times;       // As its client asked.
    LazyDeque<Pending> pending;
    Instant passed_on;                       // When something of it was last passed on.
    std::optional<SequenceNumber> mended{};  // The gap after which that was.
    std::size_t pending_commands{0};
    Instant since{};  // When it came here.
  };
  struct Absent {
    Epoch epoch;
    Instant ends_at;
  };
  struct WaitingRead {
    LinkId link;
    std::uint64_t request{};
    ServiceId service;
    SharedBytes payload;
    std::optional<LogIndex> index;
    bool refused{false};  // To be asked for again.
    Instant since{};
  };

  void attach(LinkId link, SessionId session, Epoch epoch, replica::SessionControl control,
              const wire::HeartbeatTimes& times, Instant now);
  void watch(SessionId session, Attached& attached, Instant now);
  void take_heartbeat(LinkId link, SessionId session, BytesView body, Instant now);
  void end_silent(Instant now);
  Duration timeout_of(Duration asked) const {
    return asked > Duration::zero() ? asked : options_.session_timeout;
  }
  void watch_until(SessionId session, Epoch epoch, Instant end, Instant now);
  void take_open(LinkId link, BytesView body, Instant now);
  void take_resume(LinkId link, BytesView body, Instant now);
  void take_end(LinkId link, BytesView body);
  void take_commands(LinkId link, const SharedBytes& body, Instant now);
  void take_read(LinkId link, const SharedBytes& body, const replica::Replica& local);
  void take_follow(LinkId link, BytesView body, const replica::Replica& local, Instant now);
  void take_unfollow(LinkId link, BytesView body);
  void answer_read(const WaitingRead& read, const replica::Replica& local);
  void refuse(LinkId link, const Error& error);
  void close(LinkId link);
  void greet_anew(LinkId link);
  void drop(std::map<SessionId, Attached>::iterator session);
  void pass_on(SessionId session, Attached& attached, SequenceNumber from, Instant now);
  void pass_on_unanswered(Instant now);
  void answer_took(Duration time);
  void leave(std::map<SessionId, Attached>::iterator session);
  bool on_its_way(SessionId session, Instant now) const {
    const auto asked = asked_to_move_.find(session);
    return asked != asked_to_move_.end() && now - asked->second.at < options_.move_patience;
  }
  void forget_read(const WaitingRead& read);
  void send_to_all(wire::FrameType type, Bytes body);
  void close_silent(Instant now);
  void ask_reads_again();
  void tell_absent(SessionId session, Epoch epoch, Instant now);
  void forget_absent(SessionId session);

  void news(const replica::Answer& answer, ServerNumber self, Instant now);
  void news(const replica::Gap& gap, ServerNumber self, Instant now);
  void news(const replica::SessionAttached& attached, ServerNumber self, Instant now);
  void news(const replica::SessionEnded& ended, ServerNumber self, Instant now);
  void news(const replica::AttachRefused& refused, ServerNumber self, Instant now);
  void news(const replica::SessionUnknown& unknown, ServerNumber self, Instant now);

  Options options_;
  Surroundings surroundings_;
  std::optional<Instant> leaderless_since_;
  std::unordered_map<LinkId, Client> clients_;  // Never iterated where order reaches an output.
  std::map<SessionId, Attached> sessions_;
  std::map<SessionId, Asked> asked_to_move_;  // Of those that are attached.
  std::map<SessionId, Absent> absent_;
  std::uint64_t absences_{0};  // That began or were over.
  std::map<std::uint64_t, WaitingRead> reads_;
  std::uint64_t next_read_{1};
  std::size_t pending_bytes_{0};
  Duration answer_patience_{options_.resend_after};  // Then what is unanswered is passed on again.
  std::uint64_t batches_taken_{0};
  std::uint64_t greeting_{0};  // Counts the hellos that name other servers.
  Instant next_check_{Instant::max()};
  Instant next_look_for_silence_{};
  Instant now_{};  // As of the last tick or frame.

  std::vector<SharedBytes> batches_;
  std::vector<LinkOutput> outputs_;
  std::vector<ReadWanted> reads_wanted_;
  Telemetry telemetry_;
  Heartbeats heartbeats_;
  Topics topics_;
};

}  // namespace muster::edge
