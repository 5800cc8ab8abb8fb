// One IRC client of this server: its lines become frames of a client of the native protocol, and
// what the node answers becomes lines.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "edge/irc/encodings.h"
#include "edge/irc/options.h"
#include "edge/link.h"
#include "muster/bytes.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/frame.h"

namespace muster::edge::irc {

/// An IRC connection (RFC 1459, RFC 2812, IRCv3) as a client of the group. It has one session, is
/// bound to this server, and needs nothing of the node that other clients don't: it sends commands
/// with numbers, keeps them until they are answered, follows the topics of its rooms and of its
/// inbox.
///
/// Answers come in the order of the lines that asked for them; what others do is told as it comes,
/// and nothing that is read is older than what was told before. A PING of the client is answered in
/// that order too, so that its PONG says that all before it is done.
///
/// While the group has no leader nothing that would change it is sent: it is refused at once.
///
/// Pure: bytes, frames and time in, bytes and frames out. Thread-safety: none.
class Connection {
 public:
  struct Birth {
    LinkId link;
    SessionId session;
    std::string inbox;  ///< Random: at least 32 small hexadecimal digits.
    std::string host;   ///< Where it comes from, without the port.
  };

  /// `options` and `encodings` outlive the connection. It has frames for the node at once.
  Connection(const Options& options, Encodings& encodings, Birth birth, Instant now);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Bytes of the socket: anything, in any pieces.
  void received(BytesView bytes, Instant now);
  /// False: leave what comes in the socket. It may become true by `frame`, `sent` and `tick`.
  bool wants_input() const;
  /// So many bytes of what `take_bytes` gave are written out.
  void sent(std::size_t bytes, Instant now);
  /// The socket is gone: nothing can be told any more. `why` is told to others, if it quits.
  void input_ended(Instant now, const std::string& why);

  /// A frame of the node for this link.
  void frame(const SendFrame& frame, Instant now, LogTime wall);
  /// The node has closed the link.
  void link_closed(Instant now);

  /// Drains: for the node, and for the socket; in order.
  std::vector<wire::Frame> take_frames();
  std::vector<SharedBytes> take_bytes();
  /// Over: hand on the last frames, write the last bytes, then close both sides.
  bool finished() const;

  Instant deadline() const;
  void tick(Instant now);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::edge::irc
