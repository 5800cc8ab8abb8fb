#include "node/report.h"

#include <algorithm>

#include "node/impl.h"

namespace muster::node {

Report Node::Impl::report() const {
  Report report;
  report.group = identity_.group;
  report.number = identity_.number;
  report.sizes = sizes();
  report.phase = loader_ ? Phase::restoring : identity_.group ? Phase::joining : Phase::startup;
  if (!consensus_) return report;
  const raft::Raft& raft = consensus_->raft();
  const replica::Replica& replica = consensus_->replica();
  if (raft.configuration().contains(raft.self())) report.phase = Phase::running;
  report.configuration = &raft.configuration();
  report.installing = raft.installing();
  if (raft.installing()) report.phase = Phase::restoring;
  report.term = raft.term();
  report.leader = raft.leader();
  report.leads = leads();
  report.heir = raft.transferring();
  report.election = options_.election;
  report.voters_max = options_.voters;
  report.handover_after = options_.handover_after;
  report.view = &replica.view();
  report.appointed = report.leads && appointed_;
  report.stopping = stop_by_ || leaving_;
  report.commit = raft.commit();
  report.applied = replica.applied();
  report.stored = raft.stored_index();
  report.first = raft.first_index();
  report.digest = replica.digest();
  report.sessions = replica.sessions().size();
  return report;
}

Sizes Node::Impl::sizes() const {
  Sizes sizes{.links = edge_.links(),
              .attached = edge_.attached(),
              .watched = edge_.heartbeats().watched(),
              .pending_bytes = edge_.pending_bytes(),
              .reads = edge_.reads_waiting(),
              .follows = edge_.topics().follows(),
              .topics = edge_.topics().topics_kept(),
              .event_bytes = edge_.topics().bytes_kept(),
              .telemetry_values = edge_.telemetry().size(),
              .telemetry_bytes = edge_.telemetry().bytes(),
              .peer_links = peers_.links()};
  if (!consensus_) return sizes;
  sizes.queued_bytes = consensus_->queued_bytes();
  sizes.consensus = consensus_->raft().sizes();
  consensus_->replica().sessions().for_each([&](SessionId, const replica::Session& session) {
    if (session.kept.size() > 1) {
      sizes.kept_reply_bytes = std::max(sizes.kept_reply_bytes, session.kept_bytes);
    }
  });
  return sizes;
}

}  // namespace muster::node
