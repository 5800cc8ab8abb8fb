// The path of a command, one step at a time: what each costs when nothing else is in the way.
// Argument of each: commands in a batch, of 128 bytes. Times and allocations are of one command.
// The steps at a home are in home_path.cc.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "bench/commands.h"
#include "bench/meter.h"
#include "raft/raft.h"
#include "replica/replica.h"
#include "replica/session_control.h"
#include "storage/format/record.h"
#include "storage/log_store.h"
#include "storage/real_files.h"
#include "wire/frame.h"
#include "wire/replies.h"

namespace muster::bench {
namespace {

constexpr std::int64_t turns_at_once = 64;  // Where what a step takes is made beforehand.

void build_batch(benchmark::State& state) {
  const Meter meter(state, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(make_batch(1, state.range(0)));
}

void decode_frame(benchmark::State& state) {
  const Bytes frame = wire::encode_frame(wire::FrameType::commands, wire::Lane::normal,
                                         make_batch(1, state.range(0)));
  wire::ReceiveBuffer buffer;
  wire::FrameDecoder decoder(buffer);
  const Meter meter(state, state.range(0));
  for (auto _ : state) {
    std::size_t fed = 0;
    while (fed < frame.size()) {  // As a socket would: into the span that the decoder gives.
      const auto span = decoder.prepare();
      const std::size_t size = std::min(span.size(), frame.size() - fed);
      std::memcpy(span.data(), frame.data() + fed, size);
      decoder.commit(size);
      fed += size;
    }
    benchmark::DoNotOptimize(decoder.next().value());
  }
}

void parse_batch(benchmark::State& state) {
  const Bytes batch = make_batch(1, state.range(0));
  const Meter meter(state, state.range(0));
  for (auto _ : state) {
    const auto view = wire::BatchView::parse_from_client(batch).value();
    for (const wire::CommandView& command : view.commands()) benchmark::DoNotOptimize(command);
  }
}

void build_entry(benchmark::State& state) {
  const Bytes batch = make_batch(1, state.range(0));
  const Meter meter(state, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(make_entry(batch));
}

void encode_record(benchmark::State& state) {
  constexpr std::size_t segment_bytes = std::size_t{16} << 20U;
  const SharedBytes entry = make_entry(make_batch(1, state.range(0)));
  storage::RecordWriter writer(1, segment_bytes, storage::sector_bytes, 0);
  std::uint64_t index = 0;
  const Meter meter(state, state.range(0));
  for (auto _ : state) {
    if (!writer.fits(entry.size())) {
      writer = storage::RecordWriter(1, segment_bytes, storage::sector_bytes, 0);
    }
    writer.add_entry(
        {.term = {1}, .index = {++index}, .kind = EntryKind::commands, .payload = entry}, false);
    benchmark::DoNotOptimize(writer.bytes());
    writer.clear();
  }
}

/// A log in a folder of its own, removed at the end.
class TemporaryLog {
 public:
  TemporaryLog() : folder_(std::filesystem::current_path() / "command_path_log") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    store_ = storage::LogStore::open(files_, folder_.string(), {}).value().store;
  }
  ~TemporaryLog() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  TemporaryLog(const TemporaryLog&) = delete;
  TemporaryLog& operator=(const TemporaryLog&) = delete;
  storage::LogStore& store() { return *store_; }

 private:
  std::filesystem::path folder_;
  storage::RealFiles files_;
  std::unique_ptr<storage::LogStore> store_;
};

void append_and_sync(benchmark::State& state) {
  TemporaryLog log;
  const SharedBytes entry = make_entry(make_batch(1, state.range(0)));
  std::uint64_t index = 0;
  Meter meter(state, state.range(0));
  for (auto _ : state) {
    log.store()
        .append({{.hard_state = std::nullopt,
                  .entries = {{.term = {1},
                               .index = {++index},
                               .kind = EntryKind::commands,
                               .payload = entry}}}})
        .value();
    meter.pause();  // The disk thread does this while it waits for work.
    while (log.store().tidy().value()) {
    }
    meter.resume();
  }
}

/// Three servers whose messages and disks take no time.
class Trio {
 public:
  Trio() {
    raft::Configuration all;
    for (const ServerNumber each : numbers) all.members[each] = raft::MemberRole::voter;
    servers_.push_back(raft::Raft::found({}, numbers[0], all, {}, now_));
    for (std::size_t i = 1; i < numbers.size(); ++i)
      servers_.emplace_back(raft::Options{}, numbers[i], raft::Restored{});
    settle();
    check(servers_[0].commit() >= LogIndex{1});
  }
  /// Proposes at the leader and goes on until all three have applied it.
  void replicate(const SharedBytes& entry) {
    const LogIndex index = servers_[0].propose(entry, now_).value();
    settle();
    check(servers_[0].commit() >= index);
  }

 private:
  static constexpr std::array<ServerNumber, 3> numbers{{{0}, {1}, {2}}};

  void settle() {
    bool quiet = false;
    while (!quiet) {
      quiet = true;
      for (raft::Raft& server : servers_) quiet = !turn(server) && quiet;
    }
  }
  bool turn(raft::Raft& server) {
    raft::Ready ready = server.ready();
    if (!ready.store.entries.empty()) {
      const Entry& last = ready.store.entries.back();
      server.stored(last.term, last.index);
    }
    if (!ready.apply.empty()) server.applied(ready.apply.back().index);
    for (const auto* messages : {&ready.send_now, &ready.send_when_stored}) {
      for (const raft::Message& message : *messages) {
        servers_[message.to.value].step(message, now_).value();
      }
    }
    return !ready.send_now.empty() || !ready.send_when_stored.empty() || !ready.store.empty() ||
           !ready.apply.empty();
  }

  Instant now_{std::chrono::seconds{1}};
  std::deque<raft::Raft> servers_;
};

void replicate_to_two_followers(benchmark::State& state) {
  Trio trio;
  const SharedBytes entry = make_entry(make_batch(1, state.range(0)));
  const Meter meter(state, state.range(0));
  for (auto _ : state) trio.replicate(entry);
}

void apply_entry(benchmark::State& state) {
  replica::Replica replica({}, [] {
    std::vector<std::unique_ptr<service::Machine>> machines;
    machines.push_back(std::make_unique<echo::Echo>());
    return machines;
  });
  std::uint64_t index = 0;
  const auto apply = [&](const Bytes& batch) {
    return replica.apply({.term = {1},
                          .index = {++index},
                          .kind = EntryKind::commands,
                          .payload = make_entry(batch)});
  };
  apply(replica::encode_control_batch(session, replica::Open{"bench", "bench", {0}}));
  std::uint64_t sequence = 1;
  std::vector<Entry> entries(turns_at_once);
  Meter meter(state, turns_at_once * state.range(0));
  for (auto _ : state) {
    meter.pause();
    for (Entry& entry : entries) {
      entry = {.term = {1},
               .index = {++index},
               .kind = EntryKind::commands,
               .payload = make_entry(make_batch(sequence, state.range(0)))};
      sequence += static_cast<std::uint64_t>(state.range(0));
    }
    meter.resume();
    for (const Entry& entry : entries) {
      const replica::Applied applied = replica.apply(entry);
      check(std::get<replica::Answer>(applied.news.at(0)).count ==
            static_cast<std::uint32_t>(state.range(0)));
    }
  }
}

void build_replies(benchmark::State& state) {
  const Meter meter(state, state.range(0));
  for (auto _ : state) {
    wire::RepliesBuilder builder({1});
    for (std::uint32_t i = 0; i < state.range(0); ++i) check(builder.add({{1}, i}, payload));
    benchmark::DoNotOptimize(std::move(builder).finish());
  }
}

void parse_replies(benchmark::State& state) {
  wire::RepliesBuilder builder({1});
  for (std::uint32_t i = 0; i < state.range(0); ++i) check(builder.add({{1}, i}, payload));
  const Bytes body = std::move(builder).finish();
  const Meter meter(state, state.range(0));
  for (auto _ : state) {
    const auto view = wire::RepliesView::parse(body).value();
    for (const wire::ReplyView& reply : view) benchmark::DoNotOptimize(reply);
  }
}

// What no step can do without, to hold the others against: the bytes of its commands copied once,
// their checksum, and one allocation for each.
void limit_copy(benchmark::State& state) {
  const Bytes from(payload_bytes * static_cast<std::size_t>(state.range(0)), std::byte{7});
  Bytes to(from.size());
  const Meter meter(state, state.range(0));
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
}

void limit_checksum(benchmark::State& state) {
  const Bytes from(payload_bytes * static_cast<std::size_t>(state.range(0)), std::byte{7});
  const Meter meter(state, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(from));
}

void limit_allocation(benchmark::State& state) {
  const Meter meter(state, state.range(0));
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      benchmark::DoNotOptimize(std::make_unique<std::array<std::byte, payload_bytes>>());
    }
  }
}

void batches(benchmark::internal::Benchmark* one) {
  one->Arg(1)->Arg(16)->Arg(256);
}
BENCHMARK(limit_copy)->Apply(batches);
BENCHMARK(limit_checksum)->Apply(batches);
BENCHMARK(limit_allocation)->Apply(batches);
BENCHMARK(build_batch)->Apply(batches);
BENCHMARK(decode_frame)->Apply(batches);
BENCHMARK(parse_batch)->Apply(batches);
BENCHMARK(build_entry)->Apply(batches);
BENCHMARK(encode_record)->Apply(batches);
BENCHMARK(append_and_sync)->Apply(batches)->UseRealTime();
BENCHMARK(replicate_to_two_followers)->Apply(batches);
BENCHMARK(apply_entry)->Apply(batches);
BENCHMARK(build_replies)->Apply(batches);
BENCHMARK(parse_replies)->Apply(batches);

}  // namespace
}  // namespace muster::bench
