// Collects what the commands of one batch give: replies in one buffer, events beside it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "muster/machine.h"
#include "replica/replica.h"
#include "wire/replies.h"

namespace muster::replica {

/// The output of consecutive commands of one session. A service that answers a command twice or not
/// at all is a bug and stops the process.
class BatchOutput final : public service::Output {
 public:
  /// `first`: the sequence number of the first command answered; 0 where nobody waits for answers.
  /// `events` are those of the entry so far.
  BatchOutput(SequenceNumber first, LogTime time, std::vector<Event>& events)
      : next_(first), time_(time), events_(events) {}

  /// What follows belongs to the command at `position`.
  void begin(Position position) {
    position_ = position;
    answered_ = false;
  }
  /// Checks that the command was answered.
  void end() const { check(answered_); }
  Position position() const { return position_; }

  void reply(BytesView payload) override;
  void refuse(ErrorCode code, std::string_view message) override;
  void publish(std::string_view topic, BytesView event) override;

  /// The replies, in as few bodies as the limit of a frame allows.
  std::vector<KeptReplies> finish() &&;

 private:
  template <class Answer>
  void append(const Answer& answer);
  void close_body();

  SequenceNumber next_;
  LogTime time_;
  std::vector<Event>& events_;
  std::optional<wire::RepliesBuilder> builder_;
  std::vector<KeptReplies> bodies_;
  Position position_;
  bool answered_{true};
};

}  // namespace muster::replica
