// One server of the consensus core, to which the others say anything: what no correct server sends
// is refused or harmless, whatever the server is doing just then.
#include <algorithm>
#include <cstdint>

#include "muster/codec.h"
#include "node/raft_codec.h"
#include "raft/testing/cluster.h"

using namespace muster;

namespace {

constexpr ServerNumber self{1};

raft::Configuration three_voters() {
  raft::Configuration configuration;
  for (std::uint32_t i = 1; i <= 3; ++i) {
    configuration.members[{i}] = raft::MemberRole::voter;
  }
  return configuration;
}

class One {
 public:
  One() {
    server_.number = self;
    server_.options.compaction_tail_entries = 2;
    server_.options.snapshot_chunk_bytes = 16;
    server_.options.window_entries = 4;
    server_.disk.hard_state.term = Term{1};
    server_.disk.entries = {{Term{1}, LogIndex{1}, EntryKind::configuration,
                             SharedBytes(raft::encode_configuration(three_voters(), {}))}};
    cluster_.start(server_);
  }

  /// A byte says what happens next, two how long its argument is.
  void live(Reader& script) {
    while (script.ok() && !script.rest().empty()) {
      const auto what = script.integer<std::uint8_t>();
      const auto size = script.integer<std::uint16_t>();
      happen(what, script.raw(std::min<std::size_t>(size, script.rest().size())));
      cluster_.pump(server_);
      holds();
    }
  }

 private:
  void happen(std::uint8_t what, BytesView argument) {
    raft::Raft& raft = *server_.raft;
    const auto number = static_cast<std::uint32_t>(argument.size());
    switch (what % 16) {
      case 0:
        cluster_.now += std::chrono::milliseconds{argument.size()};
        return raft.tick(cluster_.now);
      case 1:
        cluster_.now = std::max(cluster_.now, std::min(raft.deadline(), far_));
        return raft.tick(cluster_.now);
      case 2:
        return static_cast<void>(raft.propose(SharedBytes::copy_of(argument), cluster_.now));
      case 3:
        return raft.read(++reads_, cluster_.now);
      case 4:
        return static_cast<void>(raft.transfer({number}, cluster_.now));
      case 5:
        server_.disk_held = !server_.disk_held;
        return;
      case 6:
        return raft.leader_lost(cluster_.now);
      case 7:
        return raft.peer_connected({number}, cluster_.now);
      case 8: {
        raft::Configuration next = raft.configuration();
        if (!next.members.erase({number})) next.members[{number}] = raft::MemberRole::standby;
        return static_cast<void>(raft.propose_configuration(next, {}, cluster_.now));
      }
      case 9:
        if (!raft.installing() && raft.applied_index() <= raft.stored_index() &&
            raft.applied_index() > server_.disk.snapshot.index) {
          cluster_.take_snapshot(server_);
        }
        return;
      default:
        return step(argument);
    }
  }

  void step(BytesView bytes) {
    const auto message = node::decode_message(SharedBytes::copy_of(bytes));
    if (!message) return;
    // From itself come votes alone, and those it makes.
    if (message->from == self) return;
    static_cast<void>(server_.raft->step(*message, cluster_.now));
  }

  void holds() {
    const raft::Raft& raft = *server_.raft;
    check(raft.term() >= term_ && raft.commit() >= commit_);
    check(raft.applied_index() <= raft.commit() && raft.commit() <= raft.last_index());
    check(raft.role() != raft::Role::leader || raft.leader() == self);
    term_ = raft.term();
    commit_ = raft.commit();
    cluster_.network.clear();
  }

  const Instant far_{std::chrono::hours{1}};
  raft::testing::Cluster cluster_;
  raft::testing::Server& server_{cluster_.servers[self]};
  std::uint64_t reads_{0};
  Term term_;
  LogIndex commit_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader script({reinterpret_cast<const std::byte*>(data), size});
  One().live(script);
  return 0;
}
