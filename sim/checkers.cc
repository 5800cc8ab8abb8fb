#include "sim/checkers.h"

#include <algorithm>

#include "base/crc32c.h"
#include "wire/control.h"

namespace muster::sim {

namespace {

// Of a key: beyond, a history is left undecided.
constexpr std::uint64_t history_steps_max = 200'000;

std::string text(Position position) {
  return std::to_string(position.index.value) + "." + std::to_string(position.ordinal);
}
std::string text(OperationId id) {
  return "operation " + std::to_string(id.number) + " of client " + std::to_string(id.client);
}
std::string text(const AppliedCommand& command) {
  return text(command.id) + " (checksum " + std::to_string(command.checksum) +
         (command.refused ? ", refused)" : ")");
}

}  // namespace

void ExactlyOnce::ordered(Position position, const AppliedCommand& command) {
  const auto [at, fresh] = positions_.emplace(command.id, position);
  if (!fresh) {
    throw Violation("exactly once", text(command.id) + " took effect at " + text(at->second) +
                                        " and again at " + text(position));
  }
  if (refused_.contains(command.id)) {
    throw Violation(
        "exactly once",
        text(command.id) + " was refused as not applied, and stands at " + text(position));
  }
  std::uint64_t& newest = newest_[command.id.client];
  if (command.id.number < newest) {
    throw Violation("exactly once", text(command.id) + " at " + text(position) +
                                        " took effect after operation " + std::to_string(newest));
  }
  newest = command.id.number;
}

void ExactlyOnce::refused(OperationId id) {
  if (const auto position = position_of(id)) {
    throw Violation("exactly once", text(id) + " stands at " + text(*position) +
                                        ", and its client was told that it was not applied");
  }
  refused_.insert(id);
}

std::optional<Position> ExactlyOnce::position_of(OperationId id) const {
  const auto found = positions_.find(id);
  if (found == positions_.end()) return std::nullopt;
  return found->second;
}

void RegisterModel::ordered(Position position, const RegisterCommand& command) {
  auto& values = values_[command.key];
  const std::uint64_t before = values.empty() ? 0 : values.back().second;
  const auto after = value_after(command, before);
  if (after && *after != before) values.emplace_back(position, *after);
}

std::uint64_t RegisterModel::value_at(std::uint32_t key, LogIndex index) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return 0;
  const auto behind = std::ranges::upper_bound(found->second, index, {},
                                               [](const auto& value) { return value.first.index; });
  return behind == found->second.begin() ? 0 : std::prev(behind)->second;
}

void OneOrder::applied(std::size_t server, Position position, const AppliedCommand& command,
                       BytesView payload) {
  const auto found = order_.find(position);
  if (found != order_.end()) {
    if (found->second == command) return;
    throw Violation("one order", "server " + std::to_string(server) + " applied " + text(command) +
                                     " at " + text(position) + ", where another applied " +
                                     text(found->second));
  }
  if (position <= newest_) {
    throw Violation("one order", "server " + std::to_string(server) + " applied " + text(command) +
                                     " at " + text(position) +
                                     ", where nothing stood when others passed it");
  }
  newest_ = position;
  order_.emplace(position, command);
  if (command.of_leader) return;
  exactly_once_.ordered(position, command);
  if (command.service != register_service) return;
  if (const auto decoded = decode_register_command(payload)) model_.ordered(position, *decoded);
}

const AppliedCommand* OneOrder::at(Position position) const {
  const auto found = order_.find(position);
  return found == order_.end() ? nullptr : &found->second;
}

void AcknowledgedStays::acknowledged(OperationId id, Position position, BytesView reply) {
  const AppliedCommand* command = order_.at(position);
  if (command == nullptr || command->id != id) {
    throw Violation("acknowledged stays",
                    text(id) + " was acknowledged at " + text(position) + ", where stands " +
                        (command == nullptr ? std::string("nothing") : text(*command)));
  }
  if (command->refused || command->reply_checksum != crc32c(reply)) {
    throw Violation("acknowledged stays",
                    text(id) + " was answered otherwise than its command at " + text(position));
  }
  newest_ = std::max(newest_, position.index);
  ++count_;
}

void RealTimeOrder::command_done(const Floor& began, Position position) {
  if (position <= began.position || position.index <= began.read) {
    throw Violation("linearizable", "a command took effect at " + text(position) +
                                        ", but when it began " + text(began.position) +
                                        " was acknowledged and a read had seen entry " +
                                        std::to_string(began.read.value));
  }
  floor_.position = std::max(floor_.position, position);
}

void RealTimeOrder::read_done(const Floor& began, std::uint32_t key, LogIndex index,
                              std::uint64_t value) {
  if (index < began.position.index || index < began.read) {
    throw Violation("linearizable", "a read saw entry " + std::to_string(index.value) +
                                        ", but when it began " + text(began.position) +
                                        " was acknowledged and a read had seen entry " +
                                        std::to_string(began.read.value));
  }
  local_read_done(key, index, value);
  floor_.read = std::max(floor_.read, index);
}

void RealTimeOrder::local_read_done(std::uint32_t key, LogIndex index, std::uint64_t value) const {
  const std::uint64_t right = model_.value_at(key, index);
  if (value == right) return;
  throw Violation("linearizable", "a read of key " + std::to_string(key) + " at entry " +
                                      std::to_string(index.value) + " gave " +
                                      std::to_string(value) + " instead of " +
                                      std::to_string(right));
}

void OneLeaderPerTerm::seen(ProcessId process, const node::Report& report) {
  if (!report.leads || !report.group) return;
  const auto [leader, fresh] = leaders_.emplace(std::pair{*report.group, report.term}, process);
  if (fresh || leader->second == process) return;
  const auto text = [](ProcessId id) {
    return "process " + std::to_string(id.process) + " of server " + std::to_string(id.server);
  };
  throw Violation("one leader per term", text(leader->second) + " and " + text(process) +
                                             " led in term " + std::to_string(report.term.value));
}

void OneGroup::seen(std::size_t server, const node::Report& report) {
  if (report.view != nullptr && report.view->dissolved && report.group == used_) {
    throw Violation("one group",
                    "server " + std::to_string(server) + " gave a group up that has clients' data");
  }
  if (report.view != nullptr && report.view->dissolved && report.group) {
    dissolved_.insert(*report.group);
    if (report.group == chosen_) chosen_.reset();
  }
  if (!strict_ || !report.group || report.commit.value == 0) return;
  if (over_.contains(*report.group)) return;
  if (!group_) group_ = report.group;
  if (*group_ != *report.group) {
    throw Violation("one group", "server " + std::to_string(server) +
                                     " committed in a group, while another group had committed");
  }
  if (report.view == nullptr || report.view->number == 0 || report.applied < position_) return;
  position_ = report.applied;
  voters_.clear();
  for (const auto& [number, member] : report.view->members) {
    if (member.role() == wire::Role::VOTER) voters_.insert(member.id());
  }
  look_for_its_end();
}

void OneGroup::retired(ServerId server) {
  retired_.insert(server.uuid.to_string());
  if (group_) look_for_its_end();
}

void OneGroup::look_for_its_end() {
  const auto left =
      std::ranges::count_if(voters_, [&](const auto& id) { return !retired_.contains(id); });
  if (voters_.empty() || static_cast<std::size_t>(left) > voters_.size() / 2) return;
  over_.insert(*group_);
  group_.reset();
  voters_.clear();
  position_ = {};
}

void OneGroup::applied(std::size_t server, GroupId group) {
  if (!used_) used_ = group;
  if (*used_ == group) return;
  throw Violation("one group", "server " + std::to_string(server) +
                                   " applied a client's command in a second group");
}

void OneView::seen(std::size_t server, const node::Report& report) {
  if (!report.leads || !report.group || !report.number) return;
  const auto gone = departed_.find({*report.group, *report.number});
  if (gone == departed_.end() || report.term <= gone->second.second) return;
  throw Violation("one view", "server " + std::to_string(server) +
                                  " leads, though it is out of the group, in term " +
                                  std::to_string(report.term.value));
}

void OneView::changed(std::size_t server, Term term, const group::View& view) {
  if (view.number == 0) return;
  const std::string name =
      "server " + std::to_string(server) + " at view " + std::to_string(view.number);
  std::uint32_t checksum = crc32c(wire::encode(group::to_document(view)));
  if (view.election) checksum = crc32c(wire::encode(*view.election), checksum);
  if (view.dissolved) checksum = crc32c(wire::encode(*view.dissolved), checksum);
  const auto [known, fresh] = digests_.emplace(std::pair{view.group, view.number}, checksum);
  if (!fresh && known->second != checksum) {
    throw Violation("one view", name + " sees another group than others did");
  }
  for (const auto& [number, member] : view.members) {
    const auto [owner, first] = ids_.emplace(Member{view.group, number}, member.id());
    if (!first && owner->second != member.id()) {
      throw Violation("one view", name + " has another server as number " +
                                      std::to_string(number.value) + " than there was");
    }
    const auto gone = departed_.find({view.group, number});
    if (gone == departed_.end() || view.number < gone->second.first) continue;
    throw Violation("one view", name + " has number " + std::to_string(number.value) +
                                    " again, which was out of the group");
  }
  departed(term, view);
}

void OneView::departed(Term term, const group::View& view) {
  for (const auto& [number, gone] : view.departed) {
    departed_.try_emplace({view.group, number}, view.number, term);
    const auto id = wire::parse_id<ServerId>(gone.member.id());
    if (id) departed_ids_.emplace(view.group, *id);
  }
}

void EqualDigests::seen(std::size_t server, const node::Report& report) {
  if (report.applied > report.commit) {
    throw Violation("equal digests",
                    "server " + std::to_string(server) + " applied more than is committed");
  }
  if (report.applied.value == 0 || !report.group) return;
  const auto [known, fresh] =
      digests_.emplace(std::pair{*report.group, report.applied}, report.digest);
  if (fresh || known->second == report.digest) return;
  throw Violation("equal digests", "server " + std::to_string(server) + " has another state at " +
                                       std::to_string(report.applied.value));
}

void NoLeaderWithoutState::seen(std::size_t server, const node::Report& report) const {
  if (!report.leads || !report.installing) return;
  throw Violation("no leader without state",
                  "server " + std::to_string(server) + " leads while it takes in a snapshot");
}

// The disk may still be at what a server that installs counts as stored.
void StoredStays::seen(std::size_t server, const node::Report& report) {
  if (report.installing) return;
  stored_[server] = std::max(stored_[server], std::min(report.stored, report.commit));
}

void StoredStays::recovered(std::size_t server, const storage::Recovered& found) const {
  const auto stored = stored_.find(server);
  LogIndex last = found.snapshot ? found.snapshot->index : LogIndex{};
  if (!found.entries.empty()) last = found.entries.back().index;
  if (stored == stored_.end() || last >= stored->second) return;
  throw Violation("stored stays", "server " + std::to_string(server) + " had stored entry " +
                                      std::to_string(stored->second.value) + " and starts with " +
                                      std::to_string(last.value));
}

void SettingsOfTheGroup::seen(std::size_t server, const node::Report& report) const {
  if (report.view == nullptr || report.view->number == 0) return;
  const wire::GroupSettings& settings = report.view->settings;
  const auto handover_after =
      std::chrono::milliseconds(static_cast<std::int64_t>(settings.handover_after_ms()));
  if (report.election == node::from_schema(settings.election()) &&
      report.voters_max == settings.voters() && report.handover_after == handover_after) {
    return;
  }
  throw Violation("settings of the group", "server " + std::to_string(server) +
                                               " goes by others than those that are applied");
}

bool MajorityKept::decides(GroupId group, const raft::Configuration& configuration,
                           Instant now) const {
  std::size_t living = 0;
  for (const auto& [number, role] : configuration.members) {
    const auto seen = seen_.find({group, number});
    const bool lives = seen != seen_.end() && now - seen->second < patience_;
    if (role == raft::MemberRole::voter && lives) ++living;
  }
  return living >= configuration.majority();
}

void MajorityKept::seen(const node::Report& report, Instant now) {
  if (!report.group || !report.number) return;
  const Member self{*report.group, *report.number};
  seen_[self] = now;
  if (!report.leads) {
    before_.erase(self);
    return;
  }
  const auto [before, fresh] = before_.try_emplace(self, *report.configuration);
  if (fresh || before->second == *report.configuration) return;
  const bool decided = decides(*report.group, before->second, now);
  before->second = *report.configuration;
  if (!decided || decides(*report.group, *report.configuration, now)) return;
  throw Violation("a majority is kept", "number " + std::to_string(report.number->value) +
                                            " changed who votes so that the living can't decide");
}

void HeirsStay::seen(const node::Report& report, Instant now) {
  constexpr Duration known_after = std::chrono::milliseconds(1'500);
  constexpr Duration heard_after = std::chrono::milliseconds(100);
  if (!report.group || !report.number) return;
  const Member self{*report.group, *report.number};
  const auto note = [&](std::map<Member, Instant>& since, bool is) {
    if (is) {
      since.try_emplace(self, now);
    } else {
      since.erase(self);
    }
  };
  note(stopping_since_, report.stopping);
  note(leading_since_, report.leads);
  if (!report.heir) {
    heirs_.erase(self);
    return;
  }
  if (!heirs_.emplace(self, *report.heir).second) return;
  const auto stopping = stopping_since_.find({*report.group, *report.heir});
  if (stopping == stopping_since_.end() || now - stopping->second < known_after) return;
  if (!report.leads || now - leading_since_.at(self) < heard_after) return;
  throw Violation("heirs stay", "number " + std::to_string(report.number->value) +
                                    " hands the leadership to number " +
                                    std::to_string(report.heir->value) + ", which is stopping");
}

void Checkers::seen(ProcessId process, const node::Report& report, Instant now) {
  const std::size_t server = process.server;
  one_leader.seen(process, report);
  one_group.seen(server, report);
  one_view.seen(server, report);
  digests.seen(server, report);
  no_leader_without_state.seen(server, report);
  stored.seen(server, report);
  settings.seen(server, report);
  majority_kept.seen(report, now);
  heirs_stay.seen(report, now);
  within_limits.seen(server, report);
}

// ---- Linearizability without the log
// --------------------------------------------------------------

void History::begun(OperationId id, BytesView command, Instant now) {
  const auto decoded = decode_register_command(command);
  if (decoded) open_.emplace(id, ObservedOperation{.command = *decoded, .begun = now});
}

void History::answered(OperationId id, std::optional<std::uint64_t> value, Instant now) {
  auto operation = open_.extract(id);
  if (operation.empty()) return;
  operation.mapped().ended = now;
  operation.mapped().value = value;
  done_.push_back(operation.mapped());
}

void History::read(std::uint32_t key, std::uint64_t value, Instant begun, Instant now) {
  done_.push_back({.command = {.id = {}, .kind = RegisterCommand::Kind::read, .key = key},
                   .begun = begun,
                   .ended = now,
                   .value = value});
}

void History::check() const {
  std::vector<ObservedOperation> all = done_;
  for (const auto& [id, operation] : open_) all.push_back(operation);
  const Linearizability result = check_linearizability(std::move(all), history_steps_max);
  if (result.verdict != Linearizability::Verdict::broken) return;
  throw Violation("linearizable history", "key " + std::to_string(result.key) + ": " + result.why);
}

}  // namespace muster::sim
