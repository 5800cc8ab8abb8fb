// The client's half of the native protocol on one link within the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lazy_deque.h"
#include "chat/messages.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/events.h"
#include "wire/frame.h"
#include "wire/muster.pb.h"

namespace muster::edge::irc {

/// Numbers commands from 1, gathers those of a turn into one batch, keeps each until it is answered
/// and sends it again from wherever the home asks. Numbers reads and pings. It never resumes: a
/// link within a process breaks with it only.
///
/// Answers are kept until they are taken. Thread-safety: none.
class Native {
 public:
  using Answer = Result<chat::Receipt>;
  struct Read {
    LogIndex index;  ///< Of the state that was read.
    Bytes payload{};
  };

  explicit Native(SessionId session) : session_(session) {}

  void open(std::string_view name, std::string_view host, Duration timeout);
  /// Its commands come before: they are in the log when the session ends, if it is not lost.
  void end();
  /// Precondition: the session is open, as far as this side knows.
  SequenceNumber send(const chat::Request& request);
  /// Nobody will ask for the answer.
  void send_unasked(const chat::Request& request);
  std::uint64_t read(const chat::Query& query);
  /// The answer to it comes after all that the node has told until then.
  std::uint64_t ping();
  void follow(std::string_view topic, wire::EventPosition from);
  void unfollow(std::string_view topic);
  /// Answer to a ping of the node.
  void pong();
  void ask_status();
  std::uint64_t ask_members();

  [[nodiscard]] Result<void> take_resend(BytesView body);
  /// Errors: INVALID_ARGUMENT if a command was answered that was never sent. Returns the answers to
  /// commands that nobody asks for.
  [[nodiscard]] Result<std::vector<Answer>> take_replies(BytesView body);
  [[nodiscard]] Result<void> take_read_reply(BytesView body);
  [[nodiscard]] Result<void> take_members(BytesView body);
  void take_pong() { ++pongs_; }

  std::optional<Answer> answer_to(SequenceNumber command);
  /// The same without taking it; nullptr if it is not there.
  const Answer* peek(SequenceNumber command) const;
  std::optional<Result<Read>> answer_to_read(std::uint64_t id);
  bool answered_ping(std::uint64_t id) const { return id <= pongs_; }
  std::optional<wire::Members> answer_to_members(std::uint64_t id);

  std::size_t unanswered() const { return kept_.size(); }
  std::vector<wire::Frame> take_frames();

 private:
  struct Kept {
    Bytes payload;
    bool asked{true};
    bool answered{false};
  };

  void put(wire::FrameType type, Bytes body);
  void put_batches();
  SequenceNumber keep(Bytes payload, bool asked);

  const SessionId session_;
  LazyDeque<Kept> kept_;
  std::uint64_t first_{1};       // Its number.
  std::size_t next_to_send_{0};  // Place in `kept_`.
  std::map<std::uint64_t, Answer> answers_;
  std::uint64_t reads_{0};
  std::map<std::uint64_t, Result<Read>> read_answers_;
  std::uint64_t pings_{0};
  std::uint64_t pongs_{0};
  std::uint64_t members_asked_{0};
  std::uint64_t members_answered_{0};
  std::map<std::uint64_t, wire::Members> members_;
  std::vector<wire::Frame> frames_;
};

}  // namespace muster::edge::irc
