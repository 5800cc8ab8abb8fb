#include "group/words.h"

#include "group/settings.h"

namespace muster::group {
namespace {

std::string with_cause(std::string text, const std::string& cause) {
  if (!cause.empty()) text += ": " + cause;
  return text;
}

}  // namespace

std::string words_for(const View& view) {
  std::string names;
  for (const auto& [number, member] : view.members) {
    names += (names.empty() ? "" : ", ") + name_of(view, number);
  }
  return "group " + view.name + ": " + std::to_string(view.members.size()) +
         (view.members.size() == 1 ? " server: " : " servers: ") + names;
}

std::string words_for(const View& view, const wire::MemberChange& change) {
  const wire::Member& member = change.member();
  const std::string name = name_of(view, ServerNumber{member.number()});
  switch (change.kind()) {
    case wire::MemberChange::JOINED:
      return name + " joined as number " + std::to_string(member.number()) + " (" +
             member.address() + ")";
    case wire::MemberChange::PROMOTED:
      return name + " votes from now on";
    case wire::MemberChange::DEMOTED:
      return with_cause(name + " votes no more", change.cause());
    case wire::MemberChange::REMOVED:
      return with_cause(name + " was removed", change.cause());
    case wire::MemberChange::LEFT:
      return name + " left";
    case wire::MemberChange::UPDATED:
      return name + " is now at " + member.address() +
             (member.zone().empty() ? "" : ", zone " + member.zone());
    default:
      return with_cause("the membership changed", change.cause());
  }
}

std::string words_for(const View& view, const wire::StateChange& change) {
  const std::string name = name_of(view, ServerNumber{change.number()});
  switch (change.state()) {
    case wire::ServerState::ALIVE:
      return with_cause(name + " is back", change.cause());
    case wire::ServerState::STOPPED:
      return with_cause(name + " stopped", change.cause());
    default:
      return with_cause(name + " failed", change.cause());
  }
}

std::string words_for(const View& view, const wire::Election& election) {
  std::string candidates;
  for (const std::uint32_t number : election.candidates()) {
    candidates += (candidates.empty() ? "" : ",") + name_of(view, ServerNumber{number});
  }
  const std::string previous =
      election.has_previous() ? name_of(view, ServerNumber{election.previous()}) : "none";
  return "election: cause=" + election.cause() + " candidates=" + candidates +
         " leader=" + name_of(view, ServerNumber{election.leader()}) + " previous=" + previous +
         " rule=" + std::string(name_of(election.rule())) +
         " term=" + std::to_string(election.term()) +
         " took=" + std::to_string(election.took_ms()) + "ms";
}

std::string words_for(const View& view, const wire::Drain& drain) {
  const std::string name = name_of(view, ServerNumber{drain.number()});
  return drain.drained() ? name + " is drained: its clients move to others, and none come"
                         : name + " is no longer drained: it takes clients again";
}

std::string words_for(const View& view, const wire::Dissolve& dissolve) {
  return "group " + view.name + " (" + view.group.uuid.to_string() + ") gives way to " +
         dissolve.into();
}

std::string words_for(const View& view, const wire::Meeting& meeting) {
  return "another group is called " + view.name + " too: " + meeting.group_id() + " at " +
         meeting.address() +
         "; neither gives way: let one of them with `muster dissolve --into "
         "GROUP-ID`, or give one another name";
}

}  // namespace muster::group
