// How services decide: what their advisors propose while this server leads goes into the log.
#include <algorithm>
#include <span>

#include "node/impl.h"

namespace muster::node {
namespace {

/// What clients of any server said with their heartbeats, as it is known here.
class KnownValues final : public service::LiveValues {
 public:
  KnownValues(const edge::Telemetry& telemetry, Instant now) : telemetry_(telemetry), now_(now) {}
  std::optional<service::LiveValue> find(SessionId session) const override {
    const auto known = telemetry_.find(wire::TelemetryKind::client_payload,
                                       std::as_bytes(std::span(session.uuid.bytes)));
    if (!known) return std::nullopt;
    return service::LiveValue{.value = known->value,
                              .age = std::max(now_ - known->changed, Duration::zero())};
  }

 private:
  const edge::Telemetry& telemetry_;
  Instant now_;
};

}  // namespace

// A new leader's state is the group's once its first entry is applied; before, and while a
// hand-over is under way or too few answer, a command would wait or be lost.
bool Node::Impl::may_advise() const {
  const raft::Raft& raft = consensus_->raft();
  return raft.term_start_committed() && state().applied() >= raft.term_start() &&
         !raft.transferring() && !state().view().dissolved && is_writable();
}

// Returns whether anything was given to the log.
bool Node::Impl::advise(Now now) {
  next_advice_ = Instant::max();  // What changes whether it may comes with a turn of its own.
  if (!leads()) {
    advisors_.end();
    return false;
  }
  if (!may_advise()) return false;
  advisors_.begin(consensus_->raft().term(), state().machines());
  const bool gave = advisors_.ask(
      state().machines(), state().applied(), KnownValues(edge_.telemetry(), now.monotonic),
      now.monotonic,
      [this](ServiceId service, BytesView command) { return consensus_->offer(service, command); });
  next_advice_ = advisors_.deadline();
  return gave;
}

}  // namespace muster::node
