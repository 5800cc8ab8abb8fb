#include "group/group.h"

#include <algorithm>

#include "group/settings.h"
#include "group/words.h"
#include "muster/codec.h"
#include "wire/control.h"
#include "wire/limits.h"

namespace muster::group {
namespace {

constexpr std::size_t cause_bytes_max = wire::refusal_text_bytes_max;

void publish(const View& view, std::string text, wire::GroupEvent event, service::Output& output) {
  event.set_view(view.number);
  event.set_text(std::move(text));
  // The words say what can't be said in full.
  if (event.ByteSizeLong() > wire::control_bytes_max) event.clear_what();
  output.publish(topic, wire::encode(event));
}

Result<Bytes> encoded(const google::protobuf::MessageLite& message) {
  if (message.ByteSizeLong() > wire::control_bytes_max) {
    return Error{ErrorCode::resource_exhausted,
                 "the group has too many servers to be told in one message"};
  }
  return wire::encode(message);
}

bool is_known(const View& view, std::uint32_t number) {
  return view.members.contains(ServerNumber{number});
}

}  // namespace

void Group::apply(const service::Command& command, service::Output& output) {
  if (!command.system) {
    return output.refuse(ErrorCode::permission_denied,
                         "only the leader changes the group; ask it with `muster set`, `transfer`, "
                         "`drain`, `remove`, `leave` or `dissolve`");
  }
  if (const auto closed = why_closed()) return output.refuse(closed->code, closed->message);
  const auto decoded = wire::decode<wire::GroupChange>(command.payload);
  if (!decoded) return output.refuse(decoded.error().code, decoded.error().message);
  switch (decoded->what_case()) {
    case wire::GroupChange::kState:
      return change(decoded->state(), command, output);
    case wire::GroupChange::kElection:
      return change(decoded->election(), output);
    case wire::GroupChange::kSettings:
      return change(decoded->settings(), output);
    case wire::GroupChange::kDissolve:
      return change(decoded->dissolve(), output);
    case wire::GroupChange::kUpdated:
      return change(decoded->updated(), output);
    case wire::GroupChange::kMeeting:
      return change(decoded->meeting(), output);
    case wire::GroupChange::kCheckpoint:
      state_.write().view.checkpoint = command.position.index;
      return output.reply({});
    case wire::GroupChange::kBehaviour:
      return change_behaviour(decoded->behaviour(), output);
    case wire::GroupChange::kDrain:
      return change(decoded->drain(), output);
    case wire::GroupChange::WHAT_NOT_SET:
      break;
  }
  output.refuse(ErrorCode::invalid_argument,
                "this version of the group service knows no such change");
}

void Group::change(const wire::StateChange& change, const service::Command& command,
                   service::Output& output) {
  if (change.state() != wire::ServerState::ALIVE && change.state() != wire::ServerState::FAILED &&
      change.state() != wire::ServerState::STOPPED) {
    return output.refuse(ErrorCode::invalid_argument,
                         "the log has only the states ALIVE, FAILED and STOPPED of members");
  }
  if (change.cause().size() > cause_bytes_max) {
    return output.refuse(ErrorCode::invalid_argument, "the cause is too long");
  }
  if (!is_known(view(), change.number())) {
    return output.refuse(ErrorCode::not_found,
                         "no member has the number " + std::to_string(change.number()));
  }
  const ServerNumber number{change.number()};
  if (view().members.at(number).state() == change.state()) return output.reply({});
  View& view = state_.write().view;
  wire::Member& member = view.members.at(number);
  member.set_state(change.state());
  member.set_state_since_ms(command.time.milliseconds);
  ++view.number;
  wire::GroupEvent event;
  *event.mutable_state() = change;
  publish(view, words_for(view, change), std::move(event), output);
  output.reply({});
}

void Group::change(const wire::Election& election, service::Output& output) {
  if (election.cause().size() > cause_bytes_max ||
      static_cast<std::size_t>(election.candidates().size()) > wire::members_max) {
    return output.refuse(ErrorCode::invalid_argument, "the record of the election is too long");
  }
  if (!is_known(view(), election.leader())) {
    return output.refuse(ErrorCode::not_found,
                         "no member has the number " + std::to_string(election.leader()));
  }
  View& view = state_.write().view;
  view.election = election;
  ++view.number;
  wire::GroupEvent event;
  *event.mutable_election() = election;
  publish(view, words_for(view, election), std::move(event), output);
  output.reply({});
}

// Only what was named: two who change different settings at a time do not undo each other's.
void Group::change(const wire::SettingsChange& wanted, service::Output& output) {
  const auto settings =
      apply_settings(view().settings, {wanted.values().begin(), wanted.values().end()});
  if (!settings) return output.refuse(settings.error().code, settings.error().message);
  const std::string difference = describe_change(view().settings, *settings);
  if (difference.empty()) return output.reply({});
  View& view = state_.write().view;
  view.settings = *settings;
  ++view.number;
  wire::GroupEvent event;
  *event.mutable_settings() = *settings;
  publish(view, "settings: " + difference, std::move(event), output);
  output.reply({});
}

void Group::change(const wire::Dissolve& dissolve, service::Output& output) {
  const auto into = wire::parse_id<GroupId>(dissolve.into());
  if (!into) return output.refuse(into.error().code, into.error().message);
  if (*into == view().group) {
    return output.refuse(ErrorCode::invalid_argument, "a group can't give way to itself");
  }
  if (dissolve.only_if_unused() && view().used) {
    return output.refuse(ErrorCode::failed_precondition,
                         "group " + view().name +
                             " has taken commands of clients and gives way "
                             "only when a person says so: muster dissolve --into " +
                             dissolve.into());
  }
  View& view = state_.write().view;
  view.dissolved = dissolve;
  view.dissolved->set_into(into->uuid.to_string());
  ++view.number;
  wire::GroupEvent event;
  *event.mutable_dissolved() = *view.dissolved;
  publish(view, words_for(view, *view.dissolved), std::move(event), output);
  output.reply({});
}

void Group::change(const wire::Member& updated, service::Output& output) {
  const ServerNumber number{updated.number()};
  if (!is_known(view(), updated.number())) {
    return output.refuse(ErrorCode::not_found,
                         "no member has the number " + std::to_string(updated.number()));
  }
  wire::Member member = view().members.at(number);
  if (!updated.id().empty() && updated.id() != member.id()) {
    return output.refuse(ErrorCode::invalid_argument,
                         "number " + std::to_string(updated.number()) + " is another server");
  }
  if (!relearn(member, fitted(updated))) return output.reply({});
  View& view = state_.write().view;
  view.members.at(number) = member;
  ++view.number;
  wire::GroupEvent event;
  event.mutable_member()->set_kind(wire::MemberChange::UPDATED);
  *event.mutable_member()->mutable_member() = std::move(member);
  std::string text = words_for(view, event.member());
  publish(view, std::move(text), std::move(event), output);
  output.reply({});
}

void Group::change(const wire::Meeting& meeting, service::Output& output) {
  const auto other = wire::parse_id<GroupId>(meeting.group_id());
  if (!other) return output.refuse(other.error().code, other.error().message);
  if (meeting.address().size() > wire::address_bytes_max) {
    return output.refuse(ErrorCode::invalid_argument, "the address is too long");
  }
  if (std::ranges::find(view().met, *other) != view().met.end()) return output.reply({});
  View& view = state_.write().view;
  remember(view.met, *other);
  wire::GroupEvent event;
  *event.mutable_met() = meeting;
  publish(view, words_for(view, meeting), std::move(event), output);
  output.reply({});
}

void Group::change(const wire::Drain& drain, service::Output& output) {
  if (!is_known(view(), drain.number())) {
    return output.refuse(ErrorCode::not_found,
                         "no member has the number " + std::to_string(drain.number()));
  }
  const ServerNumber number{drain.number()};
  if (view().members.at(number).drained() == drain.drained()) return output.reply({});
  View& view = state_.write().view;
  view.members.at(number).set_drained(drain.drained());
  ++view.number;
  wire::GroupEvent event;
  *event.mutable_drain() = drain;
  publish(view, words_for(view, drain), std::move(event), output);
  output.reply({});
}

// Every server's program must support it, those that are away included.
void Group::change_behaviour(std::uint32_t version, service::Output& output) {
  if (version <= view().behaviour) return output.reply({});
  for (const auto& [number, member] : view().members) {
    if (member.behaviour_version() >= version) continue;
    return output.refuse(
        ErrorCode::failed_precondition,
        name_of(view(), number) + " does not support behaviour version " + std::to_string(version));
  }
  View& view = state_.write().view;
  view.behaviour = version;
  ++view.number;
  wire::GroupEvent event;
  event.set_behaviour(version);
  publish(view, "services behave as of version " + std::to_string(version), std::move(event),
          output);
  output.reply({});
}

Result<void> Group::membership_changed(LogIndex index, const Roles& roles, BytesView annotation,
                                       service::Output& output) {
  View& view = state_.write().view;
  Result<void> taken{};
  wire::GroupEvent event;
  wire::MemberChange change;
  if (index == LogIndex{1}) {
    const auto founding = wire::decode<wire::Founding>(annotation);
    if (founding) {
      take_founding(view, *founding);
    } else {
      taken = founding.error();
    }
    take_roles(view, roles, index, change);
    ++view.number;
    *event.mutable_founded() = to_document(view);
    publish(view, words_for(view), std::move(event), output);
    return taken;
  }
  if (!annotation.empty()) {
    auto decoded = wire::decode<wire::MemberChange>(annotation);
    if (decoded) {
      change = std::move(*decoded);
      take_change(view, change);
    } else {
      taken = decoded.error();
    }
  }
  take_roles(view, roles, index, change);
  ++view.number;
  tell(change, output);
  return taken;
}

// With the member as the view has it now, whatever part of it rode on the entry.
void Group::tell(wire::MemberChange change, service::Output& output) const {
  const ServerNumber number{change.member().number()};
  const auto member = view().members.find(number);
  const auto departed = view().departed.find(number);
  if (!change.has_member()) {
    // About no single server.
  } else if (member != view().members.end()) {
    *change.mutable_member() = member->second;
  } else if (departed != view().departed.end()) {
    *change.mutable_member() = departed->second.member;
  } else {
    change.clear_member();
  }
  if (change.cause().size() > cause_bytes_max) change.clear_cause();
  wire::GroupEvent event;
  std::string text = words_for(view(), change);
  *event.mutable_member() = std::move(change);
  publish(view(), std::move(text), std::move(event), output);
}

void Group::client_command_applied() {
  if (!view().used) state_.write().view.used = true;
}

std::optional<Error> Group::why_closed() const {
  if (!view().dissolved) return std::nullopt;
  return Error{ErrorCode::failed_precondition,
               "group " + view().name + " (" + view().group.uuid.to_string() + ") gave way to " +
                   view().dissolved->into() +
                   ": send commands to that group; what this one had is archived by its servers"};
}

Result<Bytes> Group::topic_state(std::string_view topic_wanted) const {
  if (topic_wanted != topic) return Machine::topic_state(topic_wanted);
  wire::GroupEvent event;
  event.set_view(view().number);
  event.set_text(words_for(view()));
  *event.mutable_founded() = to_document(view());
  return encoded(event);
}

Result<Bytes> Group::query(BytesView request) const {
  if (!request.empty()) {
    return Error{ErrorCode::invalid_argument, "a query of the group service has no payload"};
  }
  return encoded(to_document(view()));
}

service::FrozenParts Group::freeze() const {
  return {state_.share()};
}

void Group::clear() {
  state_ = service::CopyOnWrite<State>{};
}

LogTime told_at(LogIndex index, BytesView annotation) {
  if (index != LogIndex{1}) {
    const auto change = wire::decode<wire::MemberChange>(annotation);
    return change ? LogTime{change->time_ms()} : LogTime{};
  }
  const auto founding = wire::decode<wire::Founding>(annotation);
  return founding && founding->members_size() > 0 ? LogTime{founding->members(0).joined_ms()}
                                                  : LogTime{};
}

}  // namespace muster::group
