// Frames: what a connection carries after its preface.
//
// A frame is a header of 8 bytes and a body:
//
//   0  u32  length of the body, at most `frame_body_bytes_max`
//   4  u8   FrameType
//   5  u8   Lane
//   6  u16  zero
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"

namespace muster::wire {

/// What a frame's body is. The values go over the wire: append only, never renumber.
enum class FrameType : std::uint8_t {
  // Either kind of link.
  goodbye = 1,  ///< Goodbye: this link closes on purpose.
  ping = 2,     ///< Empty; answered by `pong` at once.
  pong = 3,     ///< Empty.
  refused = 4,  ///< Refused: the request before, or the link, was refused.
  // Client to server.
  open_session = 16,     ///< OpenSession.
  resume_session = 17,   ///< ResumeSession.
  end_session = 18,      ///< EndSession.
  commands = 19,         ///< Exactly one batch (`wire/batch.h`).
  read = 20,             ///< Read.
  status_request = 21,   ///< StatusRequest.
  members_request = 22,  ///< MembersRequest.
  steer = 23,            ///< Steer.
  follow = 24,           ///< Follow: be told of a topic's events (`wire/events.h`).
  unfollow = 25,         ///< Unfollow.
  heartbeat = 26,        ///< A heartbeat that goes over the connection (`wire/heartbeat.h`).
  invoke = 30,           ///< Invoke: a remote method (`wire/methods.proto`).
  // Server to client.
  server_hello = 32,     ///< ServerHello, the first frame of a server on each client link.
  session_opened = 33,   ///< SessionOpened, for an open and for a resume.
  session_ended = 34,    ///< SessionEnded.
  redirect = 35,         ///< Redirect: go to another server.
  replies = 36,          ///< Answers to commands (`wire/replies.h`).
  resend_from = 37,      ///< ResendFrom: a gap; the command expected next.
  read_reply = 38,       ///< ReadReply.
  status = 39,           ///< Status.
  members = 40,          ///< Members.
  steered = 41,          ///< Steered.
  events = 42,           ///< Events of a topic, one or more (`wire/events.h`).
  reached = 43,          ///< A topic was told up to a position (`wire/events.h`).
  gap = 44,              ///< Events are missing; the topic's state instead (`wire/events.h`).
  heartbeat_heard = 45,  ///< Answer to a `heartbeat` (`wire/heartbeat.h`).
  invoked = 60,          ///< Invoked.
  // Between servers.
  peer_hello = 64,       ///< PeerHello, the first frame of each side.
  invite = 65,           ///< Invite.
  removed = 66,          ///< Removed.
  raft = 67,             ///< One message of the consensus core.
  forward = 68,          ///< Batches on their way from a home to the leader (`wire/batch.h`).
  forward_refused = 69,  ///< ForwardRefused: the batches of a forward were not proposed.
  handover = 70,         ///< Handover.
  farewell = 71,         ///< Farewell.
  state_digests = 72,    ///< StateDigests.
  telemetry = 73,        ///< Newest values (`wire/telemetry.h`).
};

/// Which of a connection's queues a frame waits in: an urgent one overtakes the others.
enum class Lane : std::uint8_t {
  urgent = 0,  ///< Elections, heartbeats, leader changes.
  normal = 1,  ///< Commands, entries, replies, events.
  bulk = 2,    ///< Snapshots and catching up, in pieces of at most `bulk_chunk_bytes_max`.
};

/// The type with this number, or nothing: for bytes from outside.
std::optional<FrameType> frame_type_from(std::uint8_t value);

/// `open_session` and so on, for logs.
std::string_view name_of(FrameType type);

constexpr std::size_t frame_header_bytes = 8;

struct Frame {
  FrameType type{FrameType::ping};
  Lane lane{Lane::normal};
  SharedBytes body;
  friend bool operator==(const Frame&, const Frame&) = default;
};

/// The 8 bytes that go before a body. Precondition: it is within `frame_body_bytes_max`.
std::array<std::byte, frame_header_bytes> frame_header(FrameType type, Lane lane,
                                                       std::size_t body_bytes);
/// Header and body in one piece, where gathering them is not worth it. Copies the body.
Bytes encode_frame(FrameType type, Lane lane, BytesView body);

/// What a loop reads into: one for all the connections that it serves, so that an idle connection
/// holds no memory. Between `prepare` and `commit` of one decoder no other may use it.
class ReceiveBuffer {
 public:
  explicit ReceiveBuffer(std::size_t bytes = 64 * 1024) : bytes_(bytes) {}
  std::span<std::byte> span() { return bytes_; }

 private:
  Bytes bytes_;
};

/// Cuts what a connection receives into frames. Most bytes are copied once, out of the shared
/// receive buffer, and not at all when much of a large frame is still missing: that is read
/// straight into the frame. All small frames of one read share one allocation.
///
/// A header alone claims no memory: room for a frame grows with what was received of it.
///
/// Use: `prepare`, read into the span (without waiting: readiness first), `commit`, then `next`
/// until it gives nothing. Sans-I/O. Thread-safety: none.
class FrameDecoder {
 public:
  struct Limits {
    std::size_t body_bytes_max;
  };

  /// Frames up to `frame_body_bytes_max`.
  explicit FrameDecoder(ReceiveBuffer& buffer);
  /// Precondition: the limit is at most `frame_body_bytes_max`. `buffer` outlives the decoder.
  FrameDecoder(ReceiveBuffer& buffer, Limits limits);

  /// Where the next bytes are to be read into; never empty.
  std::span<std::byte> prepare();
  /// `bytes` were read into the span that `prepare` gave. Precondition: it was as long.
  void commit(std::size_t bytes);
  /// Takes in bytes from elsewhere, as after a preface. Copies them once.
  void feed(BytesView bytes);

  /// The next whole frame, or nothing until more is received. After an error the connection is
  /// out of step and must be closed; the error stays.
  /// Errors: INVALID_ARGUMENT for a type or lane that is none; RESOURCE_EXHAUSTED if too long.
  [[nodiscard]] Result<std::optional<Frame>> next();

  /// Bytes of memory held for a frame that is not complete; 0 when idle. At most four times those
  /// that were received of it, or 4 KiB.
  std::size_t bytes_held() const { return partial_.capacity(); }

 private:
  struct Header {
    FrameType type;
    Lane lane;
    std::size_t body_bytes;
  };

  Result<Header> decode_header(BytesView bytes) const;
  BytesView complete_partial(BytesView bytes);
  void take_whole_frames(BytesView bytes);
  void begin_partial(BytesView bytes);
  void make_room(std::size_t bytes);
  void finish_partial_if_whole();

  ReceiveBuffer& buffer_;
  const Limits limits_;
  Bytes partial_;                  // Sized for what may come next of it.
  std::size_t partial_wanted_{0};  // Of the whole frame; of its header until that is known.
  std::size_t partial_filled_{0};
  bool reading_into_partial_{false};
  std::vector<Frame> frames_;  // Those from `given_` on were not given out yet.
  std::size_t given_{0};
  std::optional<Error> error_;  // Reported after the frames before it.
};

}  // namespace muster::wire
