#include "cli/recovery.h"

#include <algorithm>
#include <utility>

#include "node/raft_codec.h"
#include "wire/control.h"

namespace muster::cli {
namespace {

Error refused(std::string message) {
  return Error{ErrorCode::failed_precondition, std::move(message)};
}

void take_names(const Entry& entry, BytesView annotation, Recoverable& found) {
  const auto take = [&](const wire::Member& member) {
    if (!member.name().empty()) found.names[ServerNumber{member.number()}] = member.name();
  };
  if (entry.index == LogIndex{1}) {
    if (const auto founding = wire::decode<wire::Founding>(annotation)) {
      for (const wire::Member& member : founding->members()) take(member);
    }
  } else if (const auto change = wire::decode<wire::MemberChange>(annotation)) {
    take(change->member());
  }
}

// The latest membership in the log counts, committed or not, as it does for raft.
[[nodiscard]] Result<void> read_log(const storage::Recovered& recovered, Recoverable& found) {
  if (recovered.snapshot) {
    const auto mark = node::decode_mark(recovered.snapshot->index, recovered.snapshot->term,
                                        recovered.snapshot->metadata);
    if (!mark) return mark.error();
    found.configuration = mark->configuration;
    found.snapshot_index = found.last_index = recovered.snapshot->index;
    found.last_term = recovered.snapshot->term;
  }
  for (const Entry& entry : recovered.entries) {
    found.last_index = entry.index;
    found.last_term = entry.term;
    if (entry.kind != EntryKind::configuration) continue;
    const auto decoded = raft::decode_configuration(entry.payload.view());
    if (!decoded) return decoded.error();
    found.configuration = decoded->configuration;
    take_names(entry, decoded->annotation, found);
  }
  return {};
}

std::string name_of(const Recoverable& found, ServerNumber number) {
  const std::string by_number = "#" + std::to_string(number.value);
  const auto name = found.names.find(number);
  return name == found.names.end() ? by_number : name->second + " (" + by_number + ")";
}

}  // namespace

Result<Examined> examine(storage::Files& files, const std::string& folder) {
  auto opened = storage::LogStore::open(files, folder, {});
  if (!opened) return opened.error();
  const storage::Recovered& recovered = opened->recovered;
  if (!recovered.identity || !recovered.identity->group || !recovered.identity->number) {
    return refused(folder + " holds nothing of a group: there is nothing to recover");
  }
  if (recovered.fence) {
    return refused("server " + recovered.fence->by.uuid.to_string() +
                   " went on without this one: recover that server's folder. If that is lost too, "
                   "remove " +
                   folder + "/fence first, and lose what was done since");
  }
  Examined examined;
  examined.found.identity = *recovered.identity;
  examined.found.hard_state = recovered.hard_state;
  if (auto read = read_log(recovered, examined.found); !read) return read.error();
  if (!examined.found.configuration.contains(*recovered.identity->number)) {
    return refused(folder + " holds no membership of its server: recover another server's folder");
  }
  examined.store = std::move(opened->store);
  return examined;
}

Result<void> recover(Examined& examined, const Uuid& branch, LogTime now) {
  const Recoverable& found = examined.found;
  const ServerNumber self = *found.identity.number;
  storage::Identity identity = found.identity;
  identity.branch = branch;
  if (auto written = examined.store->write_identity(identity); !written) return written;

  wire::MemberChange change;
  change.set_cause("recovered by force from the data of " + found.identity.name);
  change.set_branch(branch.to_string());
  change.mutable_fork()->set_index(found.last_index.value);
  change.mutable_fork()->set_term(found.last_term.value);
  change.set_time_ms(now.milliseconds);
  const raft::Configuration alone{.members = {{self, raft::MemberRole::voter}}};
  const Term term{std::max(found.hard_state.term, found.last_term).value + 1};
  storage::StoreJob job{.hard_state = HardState{.term = term, .vote = self}, .entries = {}};
  job.entries.push_back(
      {.term = term,
       .index = found.last_index + 1,
       .kind = EntryKind::configuration,
       .payload = SharedBytes(raft::encode_configuration(alone, wire::encode(change)))});
  std::vector<storage::StoreJob> jobs;
  jobs.push_back(std::move(job));
  return examined.store->append(jobs);
}

std::vector<std::string> warnings_of(const Recoverable& found) {
  const ServerNumber self = *found.identity.number;
  std::vector<std::string> lines{
      "group " + found.identity.group_name + " (" + found.identity.group->uuid.to_string() +
          ") goes on with server " + found.identity.name + " (#" + std::to_string(self.value) +
          ") alone, under a new branch",
      "its log ends at term " + std::to_string(found.last_term.value) + ", index " +
          std::to_string(found.last_index.value) +
          ": what the group acknowledged after that is lost, and what stands there unacknowledged "
          "takes effect"};
  std::string others;
  for (const auto& [number, role] : found.configuration.members) {
    if (number == self) continue;
    others += (others.empty() ? "" : ", ") + name_of(found, number) +
              (role == raft::MemberRole::voter ? ", voter" : ", standby");
  }
  if (!others.empty()) {
    lines.push_back("these members are left behind and can come back only as new servers: " +
                    others);
  }
  if (!found.configuration.is_voter(self)) {
    lines.push_back("this server had no vote: any voter's folder may hold more");
  }
  return lines;
}

}  // namespace muster::cli
