// Two hundred real ends of a real process under heavy writing: what it said was stored is there.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/random.h"
#include "storage/log_store.h"
#include "storage/real_files.h"

namespace muster::storage {
namespace {

LogOptions kill_options() {
  return {.segment_bytes = 96 << 10,
          .payload_bytes_max = 16 << 10,
          .spare_slice_bytes = 16 << 10,
          .mark_bytes = 4 << 10};
}

/// The entry that belongs at this index, whoever writes it.
Entry entry_at(std::uint64_t index) {
  Random random(index);
  Bytes payload(random.below(random.chance(0.1) ? 8'000 : 300));
  for (std::byte& byte : payload) byte = static_cast<std::byte>(random.next() >> 56U);
  return {.term = {1 + index / 1'000},
          .index = {index},
          .kind = EntryKind::commands,
          .payload = SharedBytes(std::move(payload))};
}

/// Writes without end, compacting now and then; tells each stored index through the pipe.
[[noreturn]] void write_until_killed(const std::string& folder, int pipe) {
  RealFiles files;
  auto opened = LogStore::open(files, folder, kill_options());
  if (!opened) ::_exit(1);
  LogStore& store = *opened->store;
  for (std::uint64_t index = store.last_index().value + 1;;) {
    StoreJob job;
    job.hard_state = HardState{.term = {1 + index / 1'000}, .vote = std::nullopt};
    const std::uint64_t until = index + 1 + index % 7;
    for (; index < until; ++index) job.entries.push_back(entry_at(index));
    if (!store.append({job}) || !store.tidy()) ::_exit(1);
    const std::uint64_t stored = index - 1;
    if (::write(pipe, &stored, sizeof stored) != static_cast<ssize_t>(sizeof stored)) ::_exit(1);
    if (stored % 100 > 6) continue;
    const SnapshotHeader header{.index = {stored}, .term = job.entries.back().term, .metadata = {}};
    if (!store.begin_snapshot(header) || !store.add_to_snapshot(Bytes(10'000)) ||
        !store.finish_snapshot() || !store.compact({stored + 1}))
      ::_exit(1);
  }
}

/// Lets a child write until it has told `wanted` times, kills it, and returns the last index told.
std::uint64_t write_and_kill(const std::string& folder, std::uint64_t wanted) {
  int ends[2];
  if (::pipe(ends) != 0) return 0;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_until_killed(folder, ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t last = 0;
  std::uint64_t told = 0;
  std::uint64_t value = 0;
  while (::read(ends[0], &value, sizeof value) == static_cast<ssize_t>(sizeof value)) {
    last = value;
    if (++told == wanted) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer gave up with " << status;
  return last;
}

TEST(KillTest, TwoHundredKillsLoseNothingThatWasReportedStored) {
  const char* text = std::getenv("MUSTER_KILLS");
  const std::uint64_t kills = text == nullptr ? 200 : std::strtoull(text, nullptr, 10);
  std::string folder = (std::filesystem::temp_directory_path() / "muster-kill-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  Random random(1);
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    SCOPED_TRACE(::testing::Message() << "kill " << kill << " in " << folder);
    const std::uint64_t told = write_and_kill(folder, 1 + random.below(24));
    RealFiles files;
    const auto opened = LogStore::open(files, folder, kill_options());
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    const Recovered& found = opened->recovered;
    ASSERT_GE(opened->store->last_index().value, told);
    std::uint64_t index = found.snapshot ? found.snapshot->index.value : 0;
    for (const Entry& entry : found.entries) ASSERT_EQ(entry, entry_at(++index));
    ASSERT_EQ(index, opened->store->last_index().value);
    ASSERT_GE(found.hard_state.term.value, 1 + told / 1'000 - (told % 1'000 < 8 ? 1 : 0));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace muster::storage
