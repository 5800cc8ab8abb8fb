// One connection: its preface, then frames in both directions.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/time.h"
#include "net/send_queue.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/preface.h"

namespace muster::net {

class Link;
class Loop;

/// Told what happens on links. Each call is made from the loop, never from within a call into the
/// link; in each of them the link may be sent on, closed or aborted.
class LinkObserver {
 public:
  virtual ~LinkObserver() = default;
  /// The preface is done: `link.agreement()` says what was agreed. From now on frames may be sent.
  virtual void on_open(Link& link) = 0;
  virtual void on_frame(Link& link, wire::Frame frame) = 0;
  /// The connection is gone; nothing comes after this. The preface may not have been done.
  /// `error.code` is UNAVAILABLE for a connection that ended or broke, ABORTED for one that this
  /// side closed, otherwise what was wrong with what the other side sent or answered.
  virtual void on_close(Link& link, const Error& error) = 0;
};

/// Beyond what may wait on a link, kept for urgent frames: an election is not lost behind bulk.
inline constexpr std::size_t urgent_reserve_bytes = std::size_t{1} << 20U;

struct LinkOptions {
  /// What may wait to be sent; a frame beyond it is not taken, unless it is urgent.
  std::size_t queued_bytes_max{std::size_t{64} * 1024 * 1024};
  std::size_t frame_body_bytes_max{wire::frame_body_bytes_max};  ///< Of received frames.
  std::size_t unsent_bytes_max{std::size_t{64} * 1024};  ///< In the kernel (TCP_NOTSENT_LOWAT).
  int reads_per_turn_max{4};  ///< Before the other links of the loop have their turn.
  /// Of a client, on the side of the server: frames that are taken in before what they ask for is
  /// sent, and how much of that may wait until no more is taken in. A client that asks and never
  /// reads costs no more than that.
  std::size_t frames_per_turn_max{256};
  std::size_t backlog_bytes_max{std::size_t{2} * 1024 * 1024};
  Duration preface_timeout{std::chrono::seconds{5}};
  Duration flush_timeout{std::chrono::seconds{2}};        ///< For what waits when a link is closed.
  Duration keepalive_after{std::chrono::seconds{15}};     ///< Of silence: then three TCP probes.
  Duration unacknowledged_max{std::chrono::seconds{20}};  ///< TCP_USER_TIMEOUT (RFC 5482).
};

/// A TCP connection that carries frames. What is sent is queued in three lanes and written at the
/// end of the loop's turn, all that fits in one system call. At most `unsent_bytes_max` lie unsent
/// in the kernel, so an urgent frame overtakes whatever else is queued here.
///
/// An idle link has one operation pending and holds no buffer. It decides nothing: no ping, no
/// reconnect, no meaning of frames.
///
/// Lifetime: kept alive by its pending operations until it is closed. The observer must outlive
/// it, or `abort` or replace itself before. Thread-safety: none; use it on its loop.
class Link : public std::enable_shared_from_this<Link> {
 public:
  struct Private;  // Links are made by `dialled` and `accepted` only.

  /// Takes over a connected socket and begins the preface as the side that dialled. The nonce in
  /// `preface` is filled in here, from the system's cryptographic source.
  static std::shared_ptr<Link> dialled(Loop& loop, boost::asio::ip::tcp::socket socket,
                                       wire::PrefaceDialer::Options preface,
                                       const LinkOptions& options, LinkObserver& observer);
  /// The same as the side that was dialled.
  static std::shared_ptr<Link> accepted(Loop& loop, boost::asio::ip::tcp::socket socket,
                                        wire::PrefaceAcceptor::Options preface,
                                        const LinkOptions& options, LinkObserver& observer);
  Link(const Private& how, Loop& loop, boost::asio::ip::tcp::socket socket,
       const LinkOptions& options, LinkObserver& observer);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Queues one frame, its body in parts that are not copied together. False, and the frame is
  /// dropped, if `queued_bytes_max` would be passed (by an urgent one, `urgent_reserve_bytes`
  /// more): the owner gives up the frame or the link. On a link that is closing or closed frames
  /// are dropped silently: it is or will be told. Preconditions: the link was opened; the body is
  /// within `wire::frame_body_bytes_max`.
  [[nodiscard]] bool send(wire::FrameType type, wire::Lane lane, std::vector<SharedBytes> body);
  [[nodiscard]] bool send(wire::FrameType type, wire::Lane lane, SharedBytes body);

  /// Closes once all that was queued is out and the other side has closed too, or after
  /// `flush_timeout`. Frames are no longer received. `on_close` comes at the end.
  void close();
  /// Closes now; what is queued is lost. The observer is not called any more.
  void abort();

  /// Whom to tell from now on.
  void observe(LinkObserver& observer) { observer_ = &observer; }
  /// Counts the links of a loop from 1; never reused.
  std::uint64_t number() const { return number_; }
  /// Precondition: opened.
  const wire::PrefaceAgreement& agreement() const { return agreement_; }
  /// The other side, as a number: `10.0.0.7:45678`.
  std::string remote_address() const;
  boost::asio::ip::address remote_host() const;
  const boost::asio::ip::tcp::endpoint& remote() const { return remote_; }
  bool is_open() const { return state_ == State::open; }
  std::size_t queued_bytes() const { return queue_.bytes(); }

 private:
  friend class Loop;

  enum class State : std::uint8_t {
    opening,   ///< The preface is under way.
    open,      ///< Frames go both ways.
    flushing,  ///< Closing: what is queued goes out, what comes in is thrown away.
    draining,  ///< All is out and the sending half is shut; waiting for the other side's end.
    closed,
  };
  struct Opening;  // What only the preface needs.

  void start(std::unique_ptr<Opening> opening);
  void set_socket_options();
  void set_deadline(Duration after);
  bool serves_a_client() const;
  bool has_backlog() const;
  void receive_on();
  void wait_readable();
  void deliver_later();
  void read_some();
  bool read_once();
  void take_in(std::span<std::byte> target, std::size_t bytes);
  void advance_preface(BytesView bytes);
  void deliver_frames();
  void refuse(const Error& error);
  void queue(OutgoingFrame frame);
  void flush_later();
  void flush();
  void wait_writable();
  void all_sent();
  void begin_closing(Error reason);
  void ended(const boost::system::error_code& error);
  void ended_later(const boost::system::error_code& error);
  void finish(const Error& error);
  void close_socket();

  Loop& loop_;
  LinkObserver* observer_;
  const LinkOptions options_;
  const std::uint64_t number_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::endpoint remote_;
  const bool dialled_;
  State state_{State::opening};
  bool held_back_{false};         // Nothing is taken in until the backlog is less.
  bool frames_left_{false};       // More of them may be in the decoder.
  bool flush_pending_{false};     // In the loop's list.
  bool writable_pending_{false};  // A wait for the socket to take more is under way.
  wire::PrefaceAgreement agreement_;
  std::unique_ptr<Opening> opening_;
  std::unique_ptr<boost::asio::steady_timer> deadline_;  // Of the preface or of closing.
  std::optional<Error> closing_reason_;                  // Set while flushing and draining.
  SendQueue queue_;
  wire::FrameDecoder decoder_;
};

}  // namespace muster::net
