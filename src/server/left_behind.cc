#include "server/left_behind.h"

#include <utility>

#include "base/entry.h"
#include "storage/log_store.h"
#include "wire/batch.h"
#include "wire/json.h"
#include "wire/muster.pb.h"

namespace muster::server {
namespace {

constexpr std::size_t read_bytes_max = std::size_t{4} << 20U;

void add_line(const Entry& entry, LogTime time, const wire::BatchView& batch, std::uint32_t place,
              std::uint32_t ordinal, const wire::CommandView& command, std::string& lines) {
  wire::ForkedCommand line;
  line.set_index(entry.index.value);
  line.set_ordinal(ordinal);
  line.set_term(entry.term.value);
  const std::string quoted = wire::json_time(time);
  line.set_time(quoted.substr(1, quoted.size() - 2));
  line.set_session(batch.header().session.uuid.to_string());
  line.set_sequence(batch.header().first_sequence.value + place);
  line.set_service(command.service.value);
  line.set_payload(command.payload.data(), command.payload.size());
  lines += wire::to_json(line) + "\n";
}

// Commands of clients only: what the leader itself made, and what opens sessions, says nothing.
std::uint64_t add_commands(const Entry& entry, std::string& lines) {
  const auto view = wire::EntryView::parse(entry.payload.view());
  if (!view) return 0;  // No server took anything of it.
  std::uint64_t count = 0;
  std::uint32_t ordinal = 0;
  for (const wire::BatchView& batch : view->batches()) {
    std::uint32_t place = 0;
    for (const wire::CommandView& command : batch.commands()) {
      if (!batch.header().system && batch.header().first_sequence.value != 0) {
        add_line(entry, view->time(), batch, place, ordinal, command, lines);
        ++count;
      }
      ++place;
      ++ordinal;
    }
  }
  return count;
}

}  // namespace

Result<LeftBehindCommands> export_left_behind(storage::Files& files, const std::string& folder,
                                              const node::LeftBehind& fork) {
  auto opened = storage::LogStore::open(files, folder, {});
  if (!opened) return opened.error();
  LeftBehindCommands done;
  const LogIndex first = opened->recovered.first_index;
  if (first > fork.index + 1) done.missing_before = first;
  const std::string path = folder + "/branch-" + fork.branch.to_string() + ".jsonl";
  std::uint64_t written = 0;
  for (LogIndex next = first; next <= opened->store->last_index();) {
    auto entries = opened->store->read_entries(next, read_bytes_max);
    if (!entries) return entries.error();
    if (entries->empty()) break;
    std::string lines;
    for (const Entry& entry : *entries) {
      const bool is_known = entry.index <= fork.index && entry.term <= fork.term;
      if (!is_known && entry.kind == EntryKind::commands) done.count += add_commands(entry, lines);
    }
    next = entries->back().index + 1;
    if (lines.empty()) continue;
    if (auto result = files.write(path, written, as_bytes(lines)); !result) return result.error();
    written += lines.size();
  }
  if (written > 0) done.path = path;
  return done;
}

}  // namespace muster::server
