// A whole server to which clients, other servers and datagrams say anything: it goes on, and
// answers the next client.
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "muster/check.h"
#include "muster/codec.h"
#include "node/node.h"
#include "wire/control.h"

using namespace muster;

namespace {

constexpr node::LinkId last_client{1'000};

class Repeats final : public service::Machine {
 public:
  ServiceId id() const override { return ServiceId{100}; }
  std::string_view name() const override { return "repeats"; }
  void apply(const service::Command& command, service::Output& output) override {
    output.publish("said", command.payload);
    output.reply(command.payload);
  }
  Result<Bytes> topic_state(std::string_view) const override { return Bytes{}; }
  Result<Bytes> query(BytesView request) const override {
    return Bytes(request.begin(), request.end());
  }
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override {}
};

std::vector<std::unique_ptr<service::Machine>> machines() {
  std::vector<std::unique_ptr<service::Machine>> all;
  all.push_back(std::make_unique<Repeats>());
  return all;
}

node::Options options() {
  node::Options options;
  options.name = "a";
  options.group = "g";
  options.client_address = "a:1";
  options.peer_address = "a:2";
  options.founding = node::FoundingMode::now;
  options.discovery = true;
  options.edge.links_max = 8;
  options.edge.sessions_max = 4;
  options.edge.topics.events_per_topic_max = 16;
  options.log_bytes_between_snapshots = 2'000;
  return options;
}

node::Restart restart() {
  node::Restart restart;
  restart.identity.server = {Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
  return restart;
}

/// A disk that keeps what it is told, at once.
class Disk {
 public:
  storage::DiskResult done(storage::DiskJob& job) {
    return {job.id, std::visit([&](auto& work) { return carry_out(work); }, job.work)};
  }

 private:
  using Outcome = decltype(storage::DiskResult::outcome);
  static Outcome failed(ErrorCode code) {
    return storage::Failed{.error = {code, "not there"}, .fatal = false};
  }

  Outcome carry_out(storage::StoreJob& job) {
    for (Entry& entry : job.entries) {
      entries_.erase(entries_.lower_bound(entry.index), entries_.end());
      entries_.emplace(entry.index, std::move(entry));
    }
    return storage::Stored{};
  }
  Outcome carry_out(storage::SnapshotPieceJob& job) {
    if (job.offset == 0) incoming_.clear();
    if (job.offset != incoming_.size()) return failed(ErrorCode::failed_precondition);
    incoming_.insert(incoming_.end(), job.data.view().begin(), job.data.view().end());
    if (!job.last) return storage::Done{};
    if (crc32c(incoming_) != job.header.checksum) return failed(ErrorCode::failed_precondition);
    header_ = job.header;
    snapshot_ = std::exchange(incoming_, {});
    entries_.clear();
    return storage::SnapshotInstalled{header_};
  }
  Outcome carry_out(storage::SaveSnapshotJob& job) {
    snapshot_.clear();
    for (Bytes chunk; job.source->next(chunk);) {
      snapshot_.insert(snapshot_.end(), chunk.begin(), chunk.end());
    }
    header_ = job.header;
    header_.size = snapshot_.size();
    header_.checksum = crc32c(snapshot_);
    return storage::SnapshotSaved{header_};
  }
  Outcome carry_out(storage::ReadEntriesJob& job) {
    const auto found = entries_.find(job.first);
    if (found == entries_.end()) return failed(ErrorCode::not_found);
    return storage::EntriesRead{{found->second}};
  }
  Outcome carry_out(storage::ReadSnapshotJob& job) {
    if (job.index != header_.index || job.offset > snapshot_.size()) {
      return failed(ErrorCode::not_found);
    }
    const BytesView rest = BytesView(snapshot_).subspan(static_cast<std::size_t>(job.offset));
    return storage::SnapshotRead{
        header_, job.offset,
        SharedBytes::copy_of(rest.first(std::min(job.bytes_max, rest.size())))};
  }
  Outcome carry_out(storage::CompactJob& job) {
    entries_.erase(entries_.begin(), entries_.lower_bound(job.keep_from));
    return storage::Done{};
  }
  static Outcome carry_out(storage::IdentityJob&) { return storage::Done{}; }
  static Outcome carry_out(storage::FenceJob&) { return failed(ErrorCode::failed_precondition); }

  std::map<LogIndex, Entry> entries_;
  storage::SnapshotHeader header_;
  Bytes snapshot_;
  Bytes incoming_;
};

class Server {
 public:
  Server() { pass(std::chrono::milliseconds{200}); }

  /// A byte says what happens next, two how long its argument is.
  void live(Reader& script) {
    while (!over_ && script.ok() && !script.rest().empty()) {
      const auto what = script.integer<std::uint8_t>();
      const auto size = script.integer<std::uint16_t>();
      happen(what, script.raw(std::min<std::size_t>(size, script.rest().size())));
    }
    if (!over_) answer_another_client();
  }

 private:
  void happen(std::uint8_t what, BytesView argument) {
    switch (what % 8) {
      case 0:
        return pass(std::chrono::milliseconds{10 * std::min<std::size_t>(argument.size(), 100)});
      case 1:
        return open(false);
      case 2:
        return open(true);
      case 3:
        if (!links_.empty()) step(node::LinkClosed{.link = links_.back()});
        return;
      case 4:
        if (auto beacon = wire::decode<wire::Beacon>(argument)) {
          step(node::BeaconHeard{.beacon = std::move(*beacon), .from_here = true});
        }
        return;
      case 5: {
        const std::vector<BytesView> datagrams{argument};
        return step(node::HeartbeatsReceived{.datagrams = datagrams});
      }
      case 6:
        if (auto probe = wire::decode<wire::Probe>(argument)) {
          step(node::ProbeHeard{.probe = std::move(*probe), .from = "x:3"});
        }
        return;
      default:
        return frame(argument);
    }
  }

  void open(bool peer) {
    links_.push_back({links_.size() + 1});
    step(node::LinkOpened{.link = links_.back(), .peer = peer, .address = "x:9"});
  }

  /// The first byte is the type, the second says over which of the links.
  void frame(BytesView argument) {
    if (argument.size() < 2 || links_.empty()) return;
    const auto type = wire::frame_type_from(static_cast<std::uint8_t>(argument[0]));
    if (!type) return;
    const auto back = static_cast<std::size_t>(argument[1]) % links_.size();
    step(node::FrameReceived{.link = links_[links_.size() - 1 - back],
                             .frame = {.type = *type,
                                       .lane = wire::Lane::normal,
                                       .body = SharedBytes::copy_of(argument.subspan(2))}});
  }

  void answer_another_client() {
    for (const node::LinkId link : links_) step(node::LinkClosed{.link = link});
    step(node::LinkOpened{.link = last_client, .address = "c:1"});
    step(node::FrameReceived{.link = last_client,
                             .frame = {.type = wire::FrameType::status_request,
                                       .lane = wire::Lane::normal,
                                       .body = SharedBytes(wire::encode(wire::StatusRequest{}))}});
    check(over_ || told_last_.contains(wire::FrameType::status));
  }

  node::Now now() const { return {.monotonic = now_, .wall = LogTime{1'000'000}}; }

  void pass(Duration time) {
    now_ += time;
    step(node::Tick{});
  }
  void step(node::Input input) {
    if (over_) return;
    node_.step(std::move(input), now());
    constexpr int rounds_max = 16;
    for (int round = 0; round < rounds_max && drain(); ++round) {
    }
  }
  /// False if there is nothing that the disk has to answer.
  bool drain() {
    node::Outputs out = node_.drain(now());
    over_ = over_ || out.exit.has_value();
    for (const node::LinkOutput& output : out.links) {
      const auto* const sent = std::get_if<node::SendFrame>(&output);
      if (sent != nullptr && sent->link == last_client) told_last_.insert(sent->type);
    }
    node::DiskDone disk;
    disk.results.reserve(out.disk.size());
    for (storage::DiskJob& job : out.disk) disk.results.push_back(disk_.done(job));
    if (over_ || disk.results.empty()) return false;
    node_.step(std::move(disk), now());
    return true;
  }

  Instant now_{std::chrono::seconds{10}};
  node::Node node_{options(), restart(), machines, now()};
  Disk disk_;
  std::vector<node::LinkId> links_;
  std::set<wire::FrameType> told_last_;
  bool over_{false};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader script({reinterpret_cast<const std::byte*>(data), size});
  Server().live(script);
  return 0;
}
