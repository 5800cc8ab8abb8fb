// The client's place in a group, kept across servers: each command takes effect at most once.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "session/pace.h"
#include "session/servers.h"
#include "session/topics.h"
#include "wire/control.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/replies.h"

namespace muster::session {

/// A connection, numbered by the session that asked for it; never reused.
struct LinkId {
  std::uint64_t value{};
  friend auto operator<=>(LinkId, LinkId) = default;
};

/// A read of this session; never reused.
struct RequestId {
  std::uint64_t value{};
  friend auto operator<=>(RequestId, RequestId) = default;
};

/// The answer to a command that succeeded.
struct Reply {
  Position position;
  SharedBytes payload;
  friend bool operator==(const Reply&, const Reply&) = default;
};

/// The answer to a read that succeeded: the state as of `index`.
struct ReadResult {
  LogIndex index;
  SharedBytes payload;
  friend bool operator==(const ReadResult&, const ReadResult&) = default;
};

struct CompletedCall {
  SequenceNumber sequence;
  Result<Reply> result;
};

struct CompletedRead {
  RequestId request;
  Result<ReadResult> result;
};

/// An answer to a question about a server or its group, as it came: a `Status` or `Members`.
struct CompletedQuery {
  RequestId request;
  Result<wire::Frame> result;
};

/// What the user of a session may care to know.
struct StateChange {
  enum class Kind {
    connected,  ///< A link to `address` is up.
    lost,       ///< The link to `address` is gone or was given up; others are tried.
    opened,     ///< The group has the session; commands flow.
    resumed,    ///< The session goes on at a server that took it over, or that it moved to.
    ended,      ///< The session is over for good; a new one needs a new id.
  };
  Kind kind{Kind::connected};
  std::string address;
  std::string reason;  ///< Plain words; may be empty.
  friend bool operator==(const StateChange&, const StateChange&) = default;
};

/// To dial: report `connected` once the preface is done, else `disconnected`.
struct Dial {
  LinkId link;
  std::string address;
  friend bool operator==(const Dial&, const Dial&) = default;
};

struct Outgoing {
  LinkId link;
  wire::Frame frame;
  friend bool operator==(const Outgoing&, const Outgoing&) = default;
};

/// To the port that the link goes to. Whether it arrives shows by itself.
struct OutgoingDatagram {
  LinkId link;
  Bytes bytes;
  friend bool operator==(const OutgoingDatagram&, const OutgoingDatagram&) = default;
};

/// What to do now, in this order. `close` comes after `send`: what was sent on a link is to be
/// flushed before it closes. A link in `close` is not reported `disconnected`.
struct Ready {
  std::vector<Dial> dial;
  std::vector<Outgoing> send;
  std::vector<OutgoingDatagram> datagrams;
  std::vector<LinkId> close;
  std::vector<StateChange> changes;
  std::vector<CompletedCall> calls;
  std::vector<CompletedRead> reads;
  std::vector<CompletedQuery> queries;
  std::vector<TopicNews> topics;
};

/// A session of one client, with one link at a time; with two while it moves.
///
/// Commands are numbered from 1 and sent in order; after a loss the session is resumed with the
/// same id at any server, and the unanswered commands are sent again with their numbers, so that
/// the group takes each at most once (Raft dissertation, section 6.3). No command is ever sent in
/// another session: when this one has ended, those that were sent are "perhaps applied".
///
/// While it is open it gives its home signs of life (`Pace`), which may carry a value of the
/// client.
///
/// Reads and queries change nothing and are simply asked again after a loss. Topics are followed on
/// from where the last link left them: each event comes once and in order, or a gap tells of it.
///
/// Places and numbers are those of one group's log, and two groups may have one name. So a session
/// says nothing to a server before its hello, passes over those of another group, and is over when
/// its own has given way. One that `only_follows` goes on in the other group, behind a gap.
///
/// A server may ask a session to move: then the link in use serves until the session is attached
/// at the other server, and what is unanswered is sent again there. No call waits meanwhile.
///
/// Sans-I/O: reads no clock, opens no socket. The caller passes time and frames in and carries out
/// what `ready` returns after each turn. Thread-safety: none.
class Session {
 public:
  struct Options {
    SessionId id;                               ///< Chosen by the client; fresh for each session.
    std::string name{};                         ///< 1 to 64 bytes; what people see.
    std::string kind{};                         ///< What sort of client; may be empty.
    std::vector<std::string> seeds{};           ///< Addresses to begin with, `HOST:PORT`.
    std::string zone{};                         ///< Servers of it are preferred; empty: any.
    std::string host{};                         ///< Name of this machine, for people.
    std::map<std::string, std::string> tags{};  ///< For people; `wire::validate_client_tags`.
    /// What the group does about a name that another session of the kind has. If it refuses, the
    /// session is over, and `last_error` says why and which name is free.
    wire::NameRule::Value name_rule{wire::NameRule::ANY};
    /// The seeds were named by a person: it is not sent on by the first of them that answers.
    bool stays{false};
    /// No session in the log, and so no calls: reads, queries and topics need none, and work at
    /// servers without a leader or a majority too.
    bool only_follows{false};
    /// The only group whose servers are used. Nothing: that of the first server that takes it.
    std::optional<GroupId> group{};
    std::size_t topics_max{wire::link_topics_max};
    std::size_t calls_in_flight_max{wire::session_requests_in_flight_max};
    std::size_t reads_in_flight_max{wire::session_reads_in_flight_max};
    std::size_t bytes_in_flight_max{64 * 1024 * 1024};  ///< Of calls' payloads, and of requests.
    Duration backoff_min{50'000};         ///< After each server was tried once; then doubled.
    Duration backoff_max{5'000'000};      ///< At most this; half of it is jitter.
    Duration dial_timeout{3'000'000};     ///< From `Dial` to `connected`.
    Duration open_timeout{3'000'000};     ///< From `connected` to an opened session.
    Duration ping_interval{1'000'000};    ///< Silence of the server after which it is asked.
    Duration silence_timeout{3'000'000};  ///< Silence after which the link is given up.
    Duration stable_after{1'000'000};     ///< A session open this long begins the back-off anew.
    /// Servers of another group of the name were found for so long, and none of its own: it is
    /// over.
    Duration other_group_patience{30'000'000};
    /// Signs of life for the home: `wire::heartbeat_interval_min` to `_max`, or zero for none.
    Duration heartbeat_interval{1'000'000};
    /// Silence after which the session ends; zero: as the group has it. Not less than
    /// `wire::shortest_timeout`. A short one makes the silence allowed to the server shorter too.
    Duration session_timeout{0};
    bool heartbeats_by_datagram{true};  ///< Where they pass; else over the connection alone.
    Bytes heartbeat_secret{};           ///< Of the group; empty: none.
    std::uint64_t seed{0};              ///< Of the jitter.
  };

  /// Begins to look for a server with the first `ready`. Preconditions: the id is not nil; limits
  /// and durations are positive; `backoff_min <= backoff_max`; `ping_interval < silence_timeout`.
  explicit Session(Options options);

  /// The link asked for by `Dial` is up and its preface is done.
  void connected(LinkId link, Instant now);
  /// A frame came in. Bytes that make no sense cost the link, never more.
  void frame(LinkId link, wire::FrameType type, const SharedBytes& body, Instant now);
  /// The link is down, or could not be had; `why` if there is more to say than that.
  void disconnected(LinkId link, Instant now, const std::optional<Error>& why = std::nullopt);
  /// Another address to try, as from discovery.
  void learned(const std::string& address);

  /// Takes a command in, to be sent with the next `ready`. Its result comes in `Ready::calls`, by
  /// `deadline` at the latest: DEADLINE_EXCEEDED then says whether it may yet be applied. If it was
  /// ever sent it may, and is sent on until the group has answered, so that no gap arises, and
  /// counts against the limit; else it is not applied: it is never sent, and its number skipped.
  /// Errors: RESOURCE_EXHAUSTED at a limit; INVALID_ARGUMENT for a payload that is too long;
  /// ABORTED when the session has ended; FAILED_PRECONDITION if it `only_follows`.
  [[nodiscard]] Result<SequenceNumber> call(ServiceId service, SharedBytes payload, Instant now,
                                            Instant deadline);
  /// Asks a service for its state. Local reads are answered by the server at hand, marked with
  /// their index; linearizable ones see all that was acknowledged before. Errors: as `call`.
  [[nodiscard]] Result<RequestId> read(ServiceId service, const SharedBytes& payload,
                                       bool linearizable, Instant now, Instant deadline);
  /// Asks for `Status` (a `status_request`) or `Members` (a `members_request`), of any server, also
  /// of one that has no leader. Errors: as `read`. Precondition: `type` is one of the two.
  [[nodiscard]] Result<RequestId> query(wire::FrameType type, SharedBytes body, Instant now,
                                        Instant deadline);
  /// Follows a topic, from `from` on or from when a server first answers. What there is to tell
  /// comes in `Ready::topics`, over all links to come, until `unfollow`. A place that no server has
  /// applied yet is waited for. Errors: as `Topics::follow`; ABORTED when the session has ended.
  [[nodiscard]] Result<void> follow(std::string_view topic,
                                    std::optional<wire::EventPosition> from);
  void unfollow(std::string_view topic) { topics_.unfollow(topic); }
  /// What rides on heartbeats from now on: the newest value of something, for those who know what
  /// it means. Errors: INVALID_ARGUMENT beyond `wire::heartbeat_payload_bytes_max`.
  [[nodiscard]] Result<void> set_payload(BytesView payload);
  /// Ends the session: what is unanswered is aborted, the group is told if it can be reached, and
  /// the link is closed.
  void end(Instant now);

  /// Lets time pass. To be called at `deadline()` or later.
  void tick(Instant now);
  /// When `tick` has something to do, unless something else happens before.
  std::optional<Instant> deadline() const;

  /// What is to be done; all commands taken in since the last time go out in as few batches as the
  /// limits allow.
  [[nodiscard]] Ready ready(Instant now);

  bool opened() const { return phase_ == Phase::open; }
  bool ended() const { return phase_ == Phase::ended; }
  const SessionId& id() const { return options_.id; }
  /// As the group has it: with its number, where one was asked for.
  const std::string& name() const { return name_; }
  Epoch epoch() const { return epoch_; }
  /// Commands that count against `calls_in_flight_max`.
  std::size_t calls_in_flight() const { return calls_.size(); }
  /// Bytes that count against `bytes_in_flight_max`.
  std::size_t bytes_in_flight() const { return bytes_in_flight_; }
  /// The group that it belongs to, once one has taken it.
  const std::optional<GroupId>& group() const { return group_; }
  /// Where the link in use goes, or nothing.
  std::optional<std::string> server() const;
  /// Heartbeats go by datagram just now.
  bool datagrams_pass() const { return pace_.datagrams_pass(); }
  /// What the server at hand has said of itself, if it has.
  const std::optional<wire::ServerHello>& hello() const { return hello_; }
  /// Why no server would do, last time; nothing while the session is open.
  const std::optional<Error>& last_error() const { return last_error_; }

 private:
  enum class Phase {
    waiting,  // For `retry_at_`, then the next server is dialled.
    dialing,  // Until `connected`.
    opening,  // Until the server has said hello and opened, or refuses.
    open,     // Commands flow.
    ended,    // For good.
  };
  struct Call {
    ServiceId service;
    SharedBytes payload;
    Instant deadline;
    bool sent{false};      // Ever, over any link.
    bool reported{false};  // The caller has its result.
    bool answered{false};  // By the group, or it is not to be sent any more.
  };
  struct Request {
    wire::FrameType type;
    SharedBytes body;  // The frame's.
    Instant deadline;
    bool sent{false};  // Over this link.
  };

  // To another server, while the link in use still serves.
  struct Move {
    LinkId link;
    std::string address;
    Instant since;  // Begun, then connected.
    bool connected{false};
    std::optional<wire::ServerHello> hello{};
  };

  void begin_move(const std::string& address, Instant now);
  void take_move_frame(wire::FrameType type, const SharedBytes& body, Instant now);
  void take_move_hello(BytesView body, Instant now);
  void finish_move(Instant now);
  void go_on_there();
  void abandon_move(Instant now);
  void lose_move(Instant now);

  void dial_if_due(Instant now);
  void give_up_link(const Error& why, Instant now, bool close);
  void send(wire::FrameType type, Bytes body);
  bool is_to_be_taken() const;
  void send_open();
  void send_resume(LinkId link, bool stays);
  void begin_link();
  void send_calls();
  void send_requests();
  void send_follows();
  void send_ping();
  void begin_heartbeats(Duration timeout, Instant now);
  void send_heartbeats(Instant now);
  Result<void> take_heard(BytesView body);
  Result<void> take_frame(wire::FrameType type, const SharedBytes& body, Instant now);
  Result<void> take_hello(BytesView body, Instant now);
  Result<void> stay_in_group(const wire::ServerHello& hello, Instant now);
  Result<void> leave_group(std::optional<GroupId> other, const std::string& why);
  void greet();
  Result<void> take_opened(BytesView body, Instant now);
  Result<void> take_replies(const SharedBytes& body);
  Result<void> take_resend(BytesView body);
  Result<void> take_read_reply(const SharedBytes& body);
  Result<void> take_answer(wire::FrameType type, const SharedBytes& body);
  Result<void> take_topic(wire::FrameType type, const SharedBytes& body);
  Result<void> take_ended(BytesView body);
  Result<void> take_refused(BytesView body);
  Result<void> take_redirect(BytesView body, Instant now);
  void finish_ended(const std::string& reason, ErrorCode code = ErrorCode::aborted);
  void answer(std::size_t place, const wire::ReplyView& reply, const SharedBytes& frame);
  std::size_t send_batch(std::size_t place);
  bool linked() const { return phase_ == Phase::opening || phase_ == Phase::open; }
  void settle(Call& call);
  void drop_answered_calls();
  void expire(Instant now);
  void expire_requests(Instant now);
  Error expired(bool ever_sent) const;
  Result<RequestId> take_request(Request request);
  Result<void> may_take(std::size_t payload_bytes) const;
  Result<void> has_room(std::size_t in_flight, std::size_t in_flight_max, std::size_t bytes) const;
  void expires_at(Instant deadline);
  void complete(RequestId id, const Request& request, const Error& error);
  void note_change(StateChange::Kind kind, std::string reason = {});
  SequenceNumber next_sequence() const { return {first_.value + calls_.size()}; }

  static constexpr unsigned redirects_max{3};  // Then it is the next server's turn.

  const Options options_;
  Random random_;
  Servers servers_;
  Phase phase_{Phase::waiting};
  std::optional<Instant> retry_at_;
  std::optional<std::string> go_to_;  // Where a redirect points.
  unsigned redirects_{0};             // One after the other, without a stable session between.
  bool sent_on_{false};               // To the server of the link, by the one before.
  std::string address_;               // Of the link.
  LinkId link_;                       // In use unless `waiting` or `ended`.
  std::uint64_t links_{0};            // Numbers given so far.
  std::optional<Move> move_;
  std::string name_;
  Instant phase_since_;
  Instant last_heard_;
  bool ping_sent_{false};
  Duration ping_interval_;           // As the options have it, or less.
  Duration silence_timeout_;         // As the options have it, or less.
  std::uint64_t pings_sent_{0};      // Over this link.
  std::uint64_t pings_answered_{0};  // Of those.
  bool known_to_group_{false};       // It was opened once: from then on it is resumed.
  std::optional<GroupId> group_;
  std::optional<Instant> only_others_since_;  // Servers of other groups were met, none of its own.
  Epoch epoch_;                               // Of the attachment in use.
  Epoch attempts_;  // Of the last attempt to attach, here or where the session moves to.
  Pace pace_;
  std::optional<wire::HeartbeatKey> heartbeat_key_;
  Bytes payload_;  // Of heartbeats.

  SequenceNumber first_{1};      // Of `calls_.front()`.
  std::deque<Call> calls_;       // Unanswered ones, and answered ones behind them.
  std::size_t next_to_send_{0};  // In `calls_`, over this link.
  std::uint64_t server_has_{0};  // The server has, or was sent, all numbers up to here.
  std::map<std::uint64_t, Request> requests_;
  std::deque<std::uint64_t> queries_sent_;  // Over this link; answered in order.
  std::uint64_t next_request_{1};
  Topics topics_;
  std::size_t bytes_in_flight_{0};
  std::optional<Instant> next_expiry_;  // No deadline of a call or request is earlier.
  std::optional<wire::ServerHello> hello_;
  std::optional<Error> last_error_;
  std::optional<Instant> said_at_;  // When a server gave a reason last.
  Ready ready_;
};

}  // namespace muster::session
