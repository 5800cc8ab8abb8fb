#include "group/view.h"

#include <algorithm>
#include <tuple>

#include "group/settings.h"
#include "wire/control.h"
#include "wire/limits.h"
#include "wire/utf8.h"

namespace muster::group {
namespace {

constexpr std::size_t folder_bytes_max = 4'096;
constexpr std::size_t machine_bytes_max = 256;
constexpr std::size_t host_bytes_max = 255;

wire::Role::Value schema_role(Role role) {
  return role == Role::voter ? wire::Role::VOTER : wire::Role::STANDBY;
}

void cut(std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return;
  std::size_t end = 0;
  while (end < bytes_max) {
    const std::size_t next = wire::utf8_character(std::string_view(text).substr(end));
    if (next == 0 || end + next > bytes_max) break;
    end += next;
  }
  text.resize(end);
}

void depart(View& view, wire::Member member, LogIndex index, const wire::MemberChange& change) {
  const ServerNumber who{member.number()};
  // A change that names nobody is about all that go.
  const bool named = !change.has_member() || change.member().number() == who.value;
  const bool left = named && change.kind() == wire::MemberChange::LEFT;
  Departed departed{.member = std::move(member), .removed = !left, .index = index};
  if (left) {
    departed.member.set_state(wire::ServerState::LEFT);
  } else if (departed.member.state() == wire::ServerState::ALIVE) {
    departed.member.set_state(wire::ServerState::FAILED);
  }
  departed.member.set_state_since_ms(change.time_ms());
  departed.member.set_role(wire::Role::STANDBY);
  if (named) departed.cause = change.cause();
  cut(departed.cause, wire::refusal_text_bytes_max);
  view.departed[who] = std::move(departed);
  while (view.departed.size() > departed_max) {
    view.departed.erase(std::ranges::min_element(view.departed, {}, [](const auto& item) {
      return std::tuple(item.second.index, item.first);
    }));
  }
}

}  // namespace

const Departed* View::find_departed(std::string_view server_id) const {
  const auto found = std::ranges::find(departed, server_id,
                                       [](const auto& item) { return item.second.member.id(); });
  return found == departed.end() ? nullptr : &found->second;
}

wire::Founding to_document(const View& view) {
  wire::Founding document;
  document.set_group_id(view.group.uuid.to_string());
  document.set_group(view.name);
  document.set_branch(view.branch);
  if (!view.branch.empty()) *document.mutable_fork() = view.fork;
  *document.mutable_settings() = view.settings;
  for (const auto& [number, member] : view.members) *document.add_members() = member;
  return document;
}

std::string name_of(const View& view, ServerNumber number) {
  const auto member = view.members.find(number);
  if (member != view.members.end() && !member->second.name().empty()) return member->second.name();
  const auto departed = view.departed.find(number);
  if (departed != view.departed.end() && !departed->second.member.name().empty()) {
    return departed->second.member.name();
  }
  return "#" + std::to_string(number.value);
}

wire::Member fitted(wire::Member member) {
  cut(*member.mutable_id(), wire::name_bytes_max);
  cut(*member.mutable_name(), wire::name_bytes_max);
  cut(*member.mutable_zone(), wire::name_bytes_max);
  cut(*member.mutable_address(), wire::address_bytes_max);
  cut(*member.mutable_peer_address(), wire::address_bytes_max);
  cut(*member.mutable_host(), host_bytes_max);
  cut(*member.mutable_machine(), machine_bytes_max);
  cut(*member.mutable_folder(), folder_bytes_max);
  std::map<std::string, std::string> tags;  // Ordered: everywhere the same ones are kept.
  for (const auto& [key, value] : member.tags()) {
    std::string kept_key = key;
    std::string kept_value = value;
    cut(kept_key, wire::name_bytes_max);
    cut(kept_value, wire::name_bytes_max);
    // Of keys that are cut to the same one the smallest value stays, in whatever order they come.
    const auto [place, is_new] = tags.emplace(std::move(kept_key), kept_value);
    if (!is_new) place->second = std::min(place->second, kept_value);
  }
  member.clear_tags();
  for (const auto& [key, value] : tags) {
    if (member.tags().size() == wire::tags_max) break;
    (*member.mutable_tags())[key] = value;
  }
  return member;
}

void take_founding(View& view, const wire::Founding& founding) {
  view.group = GroupId{Uuid::parse(founding.group_id()).value_or(Uuid{})};
  view.name = founding.group();
  view.branch = founding.branch();
  view.fork = founding.fork();
  for (const std::string& server : founding.retired()) remember(view.retired, server);
  cut(view.name, wire::name_bytes_max);
  cut(view.branch, wire::name_bytes_max);
  view.settings = with_defaults(founding.settings());
  for (const wire::Member& member : founding.members()) {
    wire::Member& taken = view.members[ServerNumber{member.number()}];
    taken = fitted(member);
    if (taken.state() == wire::ServerState::UNKNOWN) taken.set_state(wire::ServerState::ALIVE);
    view.next_number = std::max(view.next_number, member.number() + 1);
  }
}

void take_change(View& view, const wire::MemberChange& change) {
  if (!change.branch().empty()) {
    view.branch = change.branch();
    cut(view.branch, wire::name_bytes_max);
    view.fork = change.fork();
  }
  if (!change.has_member()) return;
  const ServerNumber number{change.member().number()};
  if (change.kind() == wire::MemberChange::JOINED) {
    wire::Member& member = view.members[number];
    member = fitted(change.member());
    member.set_state(wire::ServerState::ALIVE);
    member.set_drained(false);
    member.set_joined_ms(change.time_ms());
    member.set_state_since_ms(change.time_ms());
    std::erase_if(view.departed,
                  [&](const auto& item) { return item.second.member.id() == member.id(); });
    for (const std::string& id : change.gone_from()) {
      if (const auto gone = wire::parse_id<GroupId>(id)) remember(view.gone_groups, *gone);
    }
    for (const std::string& server : change.retired()) remember(view.retired, server);
  } else if (change.kind() == wire::MemberChange::UPDATED) {
    const auto member = view.members.find(number);
    if (member != view.members.end()) relearn(member->second, fitted(change.member()));
  }
}

void take_roles(View& view, const Roles& roles, LogIndex index, const wire::MemberChange& change) {
  for (auto member = view.members.begin(); member != view.members.end();) {
    if (roles.contains(member->first)) {
      ++member;
      continue;
    }
    depart(view, std::move(member->second), index, change);
    member = view.members.erase(member);
  }
  for (const auto& [number, role] : roles) {
    wire::Member& member = view.members[number];
    member.set_number(number.value);
    member.set_role(schema_role(role));
    view.next_number = std::max(view.next_number, number.value + 1);
  }
}

bool relearn(wire::Member& member, const wire::Member& said) {
  wire::Member learnt = said;
  learnt.set_number(member.number());
  learnt.set_id(member.id());
  learnt.set_role(member.role());
  learnt.set_state(member.state());
  learnt.set_drained(member.drained());
  learnt.set_joined_ms(member.joined_ms());
  learnt.set_state_since_ms(member.state_since_ms());
  if (wire::encode(learnt) == wire::encode(member)) return false;
  member = std::move(learnt);
  return true;
}

bool remember(std::vector<GroupId>& groups, GroupId group) {
  if (std::ranges::find(groups, group) != groups.end()) return false;
  if (groups.size() == gone_groups_max) groups.erase(groups.begin());
  groups.push_back(group);
  return true;
}

void remember(std::vector<ServerId>& servers, ServerId server) {
  if (std::ranges::find(servers, server) != servers.end()) return;
  if (servers.size() == retired_max) servers.erase(servers.begin());
  servers.push_back(server);
}

void remember(std::vector<ServerId>& servers, const std::string& server) {
  if (const auto id = wire::parse_id<ServerId>(server)) remember(servers, *id);
}

}  // namespace muster::group
