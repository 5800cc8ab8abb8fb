// What operators want of the group, and its settings.
#include <algorithm>
#include <charconv>
#include <utility>

#include "group/settings.h"
#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

constexpr Duration steering_time = std::chrono::seconds{8};
constexpr std::size_t steerings_max = 64;

Error refused(const std::string& text) {
  return {ErrorCode::failed_precondition, text};
}

// Of a member that left or was taken out.
auto is_gone(ServerNumber server) {
  return [server](const wire::GroupEvent& event) {
    return event.has_member() && event.member().member().number() == server.value &&
           (event.member().kind() == wire::MemberChange::LEFT ||
            event.member().kind() == wire::MemberChange::REMOVED);
  };
}

Duration from_milliseconds(std::uint64_t value) {
  return std::chrono::milliseconds{value};
}

}  // namespace

// A name, `#NUMBER` or an id.
Result<ServerNumber> Node::Impl::resolve(const std::string& name) const {
  std::vector<ServerNumber> found;
  for (const auto& [number, member] : state().view().members) {
    if (member.name() == name || member.id() == name ||
        name == "#" + std::to_string(number.value)) {
      found.push_back(number);
    }
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Error{ErrorCode::not_found, "no server of group " + options_.group + " is called " +
                                           name + "; `muster members` lists them"};
  }
  std::string numbers;
  for (const ServerNumber number : found) {
    numbers += (numbers.empty() ? "#" : ", #") + std::to_string(number.value);
  }
  return Error{ErrorCode::invalid_argument, std::to_string(found.size()) + " servers are called " +
                                                name + ": say which of " + numbers};
}

void Node::Impl::steer(LinkId link, const wire::Frame& frame, Now now) {
  const auto refuse = [&](const Error& error) {
    edge_.send(link, wire::FrameType::refused, wire::encode(wire::to_refused(error)));
  };
  const auto steer = wire::decode<wire::Steer>(frame.body.view());
  if (!steer) return refuse(steer.error());
  if (!leads() && !steer->snapshot()) {
    if (!leadership_.leader) return refuse({ErrorCode::unavailable, why_not_writable()});
    wire::Redirect redirect;
    const auto leader = state().view().members.find(*leadership_.leader);
    if (leader != state().view().members.end()) redirect.set_address(leader->second.address());
    redirect.set_reason("only the leader does this");
    return edge_.send(link, wire::FrameType::redirect, wire::encode(redirect));
  }
  if (steerings_.size() >= steerings_max) {
    return refuse({ErrorCode::resource_exhausted, "too many wait already; try again in a moment"});
  }
  auto begun = begin_steering(*steer, now);
  if (!begun) return refuse(begun.error());
  begun->link = link;
  begun->deadline = now.monotonic + steering_time;
  steerings_.push_back(std::move(*begun));
}

Result<Node::Impl::Steering> Node::Impl::begin_steering(const wire::Steer& steer, Now now) {
  if (steer.snapshot()) {
    if (!consensus_) return refused("this server belongs to no group yet");
    consensus_->take_snapshot();
    return Steering{.is_done = [] { return true; }, .done = "a snapshot is being taken"};
  }
  if (!consensus_->raft().term_start_committed()) {
    return Error{ErrorCode::unavailable, "the leader has only just been elected; try again"};
  }
  const bool for_good = steer.has_remove() || steer.has_leave() || steer.has_dissolve_into();
  if (options_.list && for_good) {
    return refused(
        "the members of this group are those of its entry file, for good: stop a peer, "
        "or begin anew with another file and muster reset");
  }
  switch (steer.what_case()) {
    case wire::Steer::kTransfer:
      return steer_transfer(steer.transfer(), now);
    case wire::Steer::kRemove:
      return steer_remove(steer.remove(), now);
    case wire::Steer::kLeave:
      return steer_leave(steer.leave(), now);
    case wire::Steer::kSet:
      return steer_set(steer.set());
    case wire::Steer::kDrain:
      return steer_drain(steer.drain(), true, now);
    case wire::Steer::kUndrain:
      return steer_drain(steer.undrain(), false, now);
    case wire::Steer::kDissolveInto:
      return steer_dissolve(steer.dissolve_into());
    default:
      return Error{ErrorCode::unimplemented, "this version does not know what is asked"};
  }
}

Result<Node::Impl::Steering> Node::Impl::steer_transfer(const std::string& name, Now now) {
  const auto heir = resolve(name);
  if (!heir) return heir.error();
  if (*heir == *identity_.number) {
    appointed_ = true;
    return Steering{.is_done = [] { return true; },
                    .done = name_of(*heir) + " leads already, and stays"};
  }
  if (!consensus_->raft().configuration().is_voter(*heir)) {
    return refused(name_of(*heir) +
                   " has no vote now, so it can't lead; `muster members` shows "
                   "who has");
  }
  if (!may_lead(*heir)) return refused(name_of(*heir) + " is about to stop or to leave");
  const auto begun = hand_over(*heir, "transfer:" + name_of(*heir), true, now);
  if (!begun) return begun.error();
  return Steering{.is_done = [this, heir = *heir] { return leadership_.leader == heir; },
                  .done = name_of(*heir) + " leads",
                  .writes =
                      [heir = *heir, before = consensus_->raft().term()](const auto& event) {
                        return event.has_election() && event.election().leader() == heir.value &&
                               event.election().term() > before.value;
                      },
                  .heir = *heir};
}

// A removal is in force before it is committed: without a majority of those who are left it never
// would be, and the group would wait for servers that may be gone for good.
Result<void> Node::Impl::others_decide_without(ServerNumber server) {
  raft::Configuration next = consensus_->raft().configuration();
  next.members.erase(server);
  std::size_t here = 0;
  std::string missing;
  for (const auto& [number, role] : next.members) {
    if (role != raft::MemberRole::voter) continue;
    if (number == *identity_.number || peers_.find(number, *identity_.group) != nullptr) {
      ++here;
    } else {
      missing += (missing.empty() ? "" : ", ") + name_of(number);
    }
  }
  if (next.voter_count() == 0 || here >= next.majority()) return {};
  return refused("without " + name_of(server) + " the group would need " +
                 std::to_string(next.majority()) + " of " + std::to_string(next.voter_count()) +
                 " voters, of which these do not answer: " + missing + "; start them or " +
                 name_of(server) + " first");
}

Result<Node::Impl::Steering> Node::Impl::steer_remove(const std::string& name, Now now) {
  const auto server = resolve(name);
  if (!server) return server.error();
  if (*server == *identity_.number || peers_.find(*server, *identity_.group) != nullptr) {
    return refused(name_of(*server) + " is alive: stop it first, or let it go in good order with " +
                   "muster leave " + name_of(*server));
  }
  if (auto decides = others_decide_without(*server); !decides) return decides.error();
  const auto index = drop_member(*server, wire::MemberChange::REMOVED, "by an operator", now);
  if (!index) return index.error();
  return Steering{
      .is_done = [this, who = *server] { return !state().view().members.contains(who); },
      .done = name_of(*server) + " is removed",
      .writes = is_gone(*server)};
}

Result<Node::Impl::Steering> Node::Impl::steer_leave(const std::string& name, Now now) {
  const auto server = resolve(name);
  if (!server) return server.error();
  if (state().view().members.size() == 1) {
    return refused("the last server can't leave its group: stop it, then `muster reset`");
  }
  if (*server == *identity_.number) {
    leaving_ = true;
    refresh_hello();
    go_on_stopping(now);
  } else if (peers_.find(*server, *identity_.group) != nullptr) {
    ask_to_leave(*server, now);
  } else {
    return refused(name_of(*server) + " does not answer; take it out with muster remove " + name);
  }
  return Steering{
      .is_done = [this, who = *server] { return !state().view().members.contains(who); },
      .done = name_of(*server) + " has left",
      .writes = is_gone(*server)};
}

Result<Node::Impl::Steering> Node::Impl::steer_set(const wire::SettingsChange& change) {
  const auto settings = group::apply_settings(state().view().settings,
                                              {change.values().begin(), change.values().end()});
  if (!settings) return settings.error();
  if (options_.list && settings->voters() != state().view().settings.voters()) {
    return refused("all members of an entry file vote, however many voters are set");
  }
  if (group::to_values(*settings) == group::to_values(state().view().settings)) {
    return Steering{.is_done = [] { return true; },
                    .done = "these are the settings already: " + group::describe(*settings)};
  }
  wire::GroupChange command;
  *command.mutable_settings() = change;
  consensus_->offer(command);
  const auto holds = [values = std::map<std::string, std::string>(
                          change.values().begin(), change.values().end())](const auto& now) {
    const auto then = group::apply_settings(now, values);
    return then && wire::encode(*then) == wire::encode(now);
  };
  return Steering{.is_done = [this, holds] { return holds(state().view().settings); },
                  .done = group::describe(*settings),
                  .writes =
                      [holds](const wire::GroupEvent& event) {
                        return event.has_settings() && holds(event.settings());
                      }};
}

Result<Node::Impl::Steering> Node::Impl::steer_dissolve(const std::string& into) {
  const auto group = wire::parse_id<GroupId>(into);
  if (!group) return group.error();
  if (*group == *identity_.group) return refused("a group can't give way to itself");
  const std::vector<GroupId>& met = state().view().met;
  if (std::ranges::find(met, *group) == met.end()) {
    std::string known;
    for (const GroupId& one : met) known += (known.empty() ? "" : ", ") + one.uuid.to_string();
    return refused("this group has met no group " + into + " of its name" +
                   (known.empty() ? "" : "; it has met " + known) +
                   ": see the id with muster discover --json");
  }
  wire::GroupChange command;
  command.mutable_dissolve()->set_into(into);
  consensus_->offer(command);
  return Steering{.is_done = [this] { return state().view().dissolved.has_value(); },
                  .done = "group " + identity_.group->uuid.to_string() + " gives way to " + into,
                  .writes = [](const wire::GroupEvent& event) { return event.has_dissolved(); }};
}

// Whoever asked is told where in the log it stands.
void Node::Impl::place_steerings(const wire::GroupEvent& event, Position position) {
  for (Steering& one : steerings_) {
    if (one.writes && !one.position && one.writes(event)) one.position = position;
  }
}

void Node::Impl::answer_steering(const Steering& one) {
  wire::Steered steered;
  const bool is_lost = one.writes && !one.position;
  steered.set_message(one.done + (is_lost ? "; its place in the log is not known here" : ""));
  steered.set_index(one.position.value_or(Position{}).index.value);
  steered.set_ordinal(one.position.value_or(Position{}).ordinal);
  edge_.send(one.link, wire::FrameType::steered, wire::encode(steered));
}

// Answers those whose wish has come true, cannot come true, or took too long.
void Node::Impl::finish_steering(Now now) {
  std::erase_if(steerings_, [&](const Steering& one) {
    const bool late = now.monotonic >= one.deadline;
    if (one.is_done()) {
      if (one.writes && !one.position && !late) return false;
      answer_steering(one);
      return true;
    }
    const bool failed = one.heir && leads() && !consensus_->raft().transferring();
    if (!failed && !late) return false;
    const Error error =
        failed ? Error{ErrorCode::aborted, name_of(*one.heir) +
                                               " did not take the leadership over in time: it is "
                                               "not up to date or can't be reached"}
               : Error{ErrorCode::deadline_exceeded,
                       "it is under way, but not done yet: look with muster members",
                       Outcome::perhaps_applied};
    edge_.send(one.link, wire::FrameType::refused, wire::encode(wire::to_refused(error)));
    return true;
  });
}

// Beside clients with commands: those that wait for events, or for what a steering wrote.
bool Node::Impl::somebody_waits_for_commits() const {
  return edge_.has_followers() || !steerings_.empty() || !wishes_.empty();
}

// Settings are the group's: a member's own options count only until it knows them.
void Node::Impl::adopt_settings() {
  const group::View& view = state().view();
  if (view.number == 0 || view.settings.heartbeat_interval_ms() == 0) return;
  std::string bytes = view.settings.SerializeAsString();
  if (bytes == settings_adopted_) return;
  const bool first = std::exchange(settings_adopted_, std::move(bytes)).empty();
  const wire::GroupSettings& settings = view.settings;
  if (first) say_which_settings_differ(settings);
  options_.election = from_schema(settings.election());
  options_.voters = settings.voters() > 0 ? settings.voters() : options_.voters;
  options_.heartbeat_interval = from_milliseconds(settings.heartbeat_interval_ms());
  options_.election_timeout = from_milliseconds(settings.election_timeout_ms());
  options_.failure_timeout = from_milliseconds(settings.failure_timeout_ms());
  options_.session_timeout = from_milliseconds(settings.session_timeout_ms());
  options_.handover_after = from_milliseconds(settings.handover_after_ms());
  options_.forget_after = from_milliseconds(settings.forget_after_ms());
  consensus_->raft().set_times(options_.heartbeat_interval, options_.election_timeout,
                               options_.election_timeout / ranks_in_a_timeout);
  peers_.set_times(options_.failure_timeout / pings_in_a_timeout, options_.failure_timeout);
  edge_.set_session_timeout(options_.session_timeout);
}

void Node::Impl::say_which_settings_differ(const wire::GroupSettings& settings) {
  if (options_.settings_given.empty()) return;
  const auto groups = group::to_values(settings);
  const auto own = group::to_values(settings_of(options_));
  std::string differ;
  for (const std::string& key : options_.settings_given) {
    if (groups.at(key) == own.at(key)) continue;
    differ +=
        (differ.empty() ? "" : ", ") + key + "=" + groups.at(key) + " (here " + own.at(key) + ")";
  }
  if (differ.empty()) return;
  notice(NoticeLevel::warning, "the group's settings count, not this server's options: " + differ +
                                   "; change them with: muster set KEY=VALUE");
}

}  // namespace muster::node
