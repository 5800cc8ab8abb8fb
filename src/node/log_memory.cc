#include "node/log_memory.h"

#include "group/group.h"
#include "raft/configuration.h"
#include "wire/batch.h"
#include "wire/control.h"

namespace muster::node {
namespace {

using Members = std::map<ServerNumber, Remembered>;

void remember(const wire::Member& member, Members& members) {
  if (member.name().empty()) return;
  members[ServerNumber{member.number()}].name = member.name();
}

void remember_configuration(const Entry& entry, Members& members) {
  const auto decoded = raft::decode_configuration(entry.payload.view());
  if (!decoded) return;
  if (entry.index == LogIndex{1}) {
    const auto founding = wire::decode<wire::Founding>(decoded->annotation);
    if (!founding) return;
    for (const wire::Member& member : founding->members()) remember(member, members);
  } else if (const auto change = wire::decode<wire::MemberChange>(decoded->annotation)) {
    remember(change->member(), members);
  }
}

void remember_states(const Entry& entry, Members& members) {
  const auto view = wire::EntryView::parse(entry.payload.view());
  if (!view) return;
  for (const wire::BatchView batch : view->batches()) {
    if (!batch.header().system) continue;
    for (const wire::CommandView command : batch.commands()) {
      const auto change = wire::decode<wire::GroupChange>(command.payload);
      if (command.service != group::service_id || !change || !change->has_state()) continue;
      auto& stopped = members[ServerNumber{change->state().number()}].stopped;
      stopped.reset();
      if (change->state().state() == wire::ServerState::STOPPED) stopped = view->time();
    }
  }
}

}  // namespace

std::map<ServerNumber, Remembered> remember_members(const std::vector<Entry>& entries) {
  Members members;
  for (const Entry& entry : entries) {
    if (entry.kind == EntryKind::configuration) remember_configuration(entry, members);
    if (entry.kind == EntryKind::commands) remember_states(entry, members);
  }
  return members;
}

}  // namespace muster::node
