#include "group/group.h"

#include <algorithm>

#include "base/codec.h"
#include "wire/control.h"

namespace muster::group {
namespace {

wire::Role::Value schema_role(Role role) {
  return role == Role::voter ? wire::Role::VOTER : wire::Role::STANDBY;
}

wire::Founding to_document(const View& view) {
  wire::Founding document;
  document.set_group_id(view.group.uuid.to_string());
  document.set_group(view.name);
  *document.mutable_settings() = view.settings;
  for (const auto& [number, member] : view.members) *document.add_members() = member;
  return document;
}

void take_founding(View& view, const wire::Founding& founding) {
  const auto id = Uuid::parse(founding.group_id());
  view.group = GroupId{id.value_or(Uuid{})};
  view.name = founding.group();
  view.settings = founding.settings();
  for (const wire::Member& member : founding.members()) {
    view.members[ServerNumber{member.number()}] = member;
    view.next_number = std::max(view.next_number, member.number() + 1);
  }
}

void take_change(View& view, const wire::MemberChange& change) {
  if (!change.has_member()) return;
  const ServerNumber number{change.member().number()};
  view.next_number = std::max(view.next_number, number.value + 1);
  if (change.kind() == wire::MemberChange::REMOVED) {
    view.members.erase(number);
  } else {
    view.members[number] = change.member();
  }
}

// Who is no member of consensus is none of the group; who is one without a document gets a bare
// one, so that both always name the same servers.
void take_roles(View& view, const Roles& roles) {
  std::erase_if(view.members, [&](const auto& item) { return !roles.contains(item.first); });
  for (const auto& [number, role] : roles) {
    wire::Member& member = view.members[number];
    member.set_number(number.value);
    member.set_role(schema_role(role));
    view.next_number = std::max(view.next_number, number.value + 1);
  }
}

}  // namespace

void Group::apply(const service::Command&, service::Output& output) {
  output.refuse(ErrorCode::unimplemented,
                "this server's version of the group service takes no commands");
}

Result<Bytes> Group::query(BytesView request) const {
  if (!request.empty()) {
    return Error{ErrorCode::invalid_argument, "a query of the group service has no payload"};
  }
  return wire::encode(to_document(view()));
}

Result<void> Group::membership_changed(LogIndex index, const Roles& roles, BytesView annotation,
                                       service::Output& output) {
  View& view = state_.write().view;
  Result<void> taken{};
  if (index == LogIndex{1}) {
    const auto founding = wire::decode<wire::Founding>(annotation);
    if (founding) {
      take_founding(view, *founding);
    } else {
      taken = founding.error();
    }
  } else if (!annotation.empty()) {
    const auto change = wire::decode<wire::MemberChange>(annotation);
    if (change) {
      take_change(view, *change);
    } else {
      taken = change.error();
    }
  }
  take_roles(view, roles);
  ++view.number;
  output.publish(topic, annotation);
  return taken;
}

service::FrozenParts Group::freeze() const {
  return {state_.share()};
}

void Group::State::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(view.number);
  writer.integer(view.next_number);
  const Bytes document = wire::encode(to_document(view));
  writer.sized(BytesView(document));
}

Result<void> Group::restore(BytesView part) {
  Reader reader(part);
  View& view = state_.write().view;
  view.number = reader.integer<std::uint64_t>();
  const auto next_number = reader.integer<std::uint32_t>();
  const BytesView document = reader.sized();
  if (!reader.finished()) {
    return Error{ErrorCode::internal, "a snapshot's part of the group is cut short"};
  }
  const auto founding = wire::decode<wire::Founding>(document);
  if (!founding) return founding.error();
  take_founding(view, *founding);
  view.next_number = next_number;
  return {};
}

void Group::clear() {
  state_ = service::CopyOnWrite<State>{};
}

}  // namespace muster::group
