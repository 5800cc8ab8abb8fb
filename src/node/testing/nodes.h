// Two or three whole nodes, wired to each other in memory; their disks are done at once, and keep
// nothing but the identity and the log.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/node.h"
#include "wire/batch.h"
#include "wire/control.h"

namespace muster::node {

constexpr LinkId client_link{1'000};

inline std::vector<std::unique_ptr<service::Machine>> no_machines() {
  return {};
}

/// A service for clients' commands: they are the data that makes a group stay.
class Sink final : public service::Machine {
 public:
  ServiceId id() const override { return ServiceId{7}; }
  std::string_view name() const override { return "sink"; }
  void apply(const service::Command&, service::Output& output) override { output.reply({}); }
  Result<Bytes> query(BytesView) const override { return Bytes{}; }
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override {}
};

inline std::vector<std::unique_ptr<service::Machine>> sink() {
  std::vector<std::unique_ptr<service::Machine>> all;
  all.push_back(std::make_unique<Sink>());
  return all;
}

/// `a`, `b` and `c`, as a test makes them. What they tell clients is kept, the latest of each type.
class Nodes : public testing::Test {
 protected:
  static constexpr Duration turn = std::chrono::milliseconds{10};
  enum Server : std::size_t { first, second, third };
  static constexpr std::array servers{first, second, third};

  explicit Nodes(MachineFactory machines) : machines_(std::move(machines)) {}

  static ServerId id_of(Server which) {
    return {Uuid::make_v7(std::chrono::milliseconds{1}, 2, which)};
  }
  void make(Server which, FoundingMode founding, Restart restart = {}) {
    Options options;
    options.name = std::string(1, static_cast<char>('a' + which));
    options.group = "g";
    options.client_address = options.name + ":1";
    options.peer_address = options.name + ":2";
    options.founding = founding;
    options.seed = which + 1;
    if (which != first && !announced_) options.seeds = {"a:2"};
    options.discovery = announced_;
    if (restart.identity.server == ServerId{}) restart.identity.server = id_of(which);
    nodes_[which] =
        std::make_unique<Node>(std::move(options), std::move(restart), machines_, now());
  }

  Now now() const { return {.monotonic = now_, .wall = LogTime{1'000'000}}; }

  // ---- The world -------------------------------------------------------------------------------

  void step(Server which, Input input) {
    if (!nodes_[which]) return;
    nodes_[which]->step(std::move(input), now());
    waiting_ = true;
  }
  // Links are numbered alike on both sides.
  void dial(Server from, const std::string& to) {
    const auto other = static_cast<Server>(to[0] - 'a');
    if (other == from) return;
    if (!nodes_[other]) return step(from, DialFailed{.address = to, .refused = true});
    const LinkId link{++links_};
    open_[link] = {from, other};
    step(from, LinkOpened{.link = link, .peer = true, .dialled = true, .address = to});
    step(other, LinkOpened{.link = link, .peer = true, .dialled = false, .address = "x:9"});
  }
  void close(LinkId link) {
    const auto ends = open_.extract(link);
    if (!ends) return;
    for (const Server end : ends.mapped()) step(end, LinkClosed{.link = link});
  }
  void carry(Server from, LinkOutput output) {
    if (const auto* const closed = std::get_if<CloseLink>(&output)) {
      if (closed->link >= client_link) return step(from, LinkClosed{.link = closed->link});
      return close(closed->link);
    }
    auto& frame = std::get<SendFrame>(output);
    Bytes body;
    for (const SharedBytes& part : frame.body) {
      body.insert(body.end(), part.view().begin(), part.view().end());
    }
    if (frame.link >= client_link) {
      told_[frame.type] = std::move(body);
      return;
    }
    const auto ends = open_.find(frame.link);
    if (ends == open_.end()) return;
    if (frame.type == wire::FrameType::telemetry) ++telemetry_frames_;
    const Server other = ends->second[0] == from ? ends->second[1] : ends->second[0];
    step(other, FrameReceived{.link = frame.link,
                              .frame = {.type = frame.type,
                                        .lane = frame.lane,
                                        .body = SharedBytes(std::move(body))}});
  }
  static storage::DiskResult done(const storage::DiskJob& job) {
    if (std::holds_alternative<storage::StoreJob>(job.work)) return {job.id, storage::Stored{}};
    return {job.id, storage::Done{}};
  }
  static void store(Restart& disk, const storage::StoreJob& job) {
    if (job.hard_state) disk.hard_state = *job.hard_state;
    for (const Entry& entry : job.entries) {
      disk.entries.resize(entry.index.value - 1);
      disk.entries.push_back(entry);
    }
  }
  // It has died: its connections close.
  void die(Server which) {
    nodes_[which].reset();
    std::vector<LinkId> links;
    for (const auto& [link, ends] : open_) {
      if (ends[0] == which || ends[1] == which) links.push_back(link);
    }
    for (const LinkId link : links) close(link);
  }
  void drain(Server which) {
    if (!nodes_[which]) return;
    Outputs out = nodes_[which]->drain(now());
    for (LinkOutput& output : out.links) carry(which, std::move(output));
    for (const Dial& wanted : out.dials) dial(which, wanted.address);
    DiskDone disk;
    for (const storage::DiskJob& job : out.disk) {
      disk.results.push_back(done(job));
      const auto* const written = std::get_if<storage::IdentityJob>(&job.work);
      if (written != nullptr) disks_[which].identity = written->identity;
      const auto* const stored = std::get_if<storage::StoreJob>(&job.work);
      if (stored != nullptr) store(disks_[which], *stored);
    }
    if (!disk.results.empty()) step(which, std::move(disk));
    for (Notice& notice : out.notices) notices_.push_back(std::move(notice.text));
    for (const Announce& announced : out.announcements) {
      for (const Server other : servers) {
        if (announced_ && other != which) step(other, BeaconHeard{.beacon = announced.beacon});
      }
    }
    if (!out.exit) return;
    exits_[which] = std::move(*out.exit);
    die(which);
  }
  void pass(Duration time) {
    const Instant end = now_ + time;
    while (now_ < end) {
      now_ += turn;
      for (const Server which : servers) step(which, Tick{});
      while (std::exchange(waiting_, false)) {
        for (const Server which : servers) drain(which);
      }
    }
  }
  template <class Condition>
  bool run_until(Condition holds) {
    for (int turns = 0; turns < 2'000; ++turns) {
      if (holds()) return true;
      pass(turn);
    }
    return false;
  }

  // ---- A client --------------------------------------------------------------------------------

  void say(Server to, LinkId link, wire::FrameType type, Bytes body) {
    step(to, FrameReceived{.link = link,
                           .frame = {.type = type,
                                     .lane = wire::Lane::normal,
                                     .body = SharedBytes(std::move(body))}});
  }
  template <class Message>
  Message ask(Server which, wire::FrameType type, const google::protobuf::MessageLite& request,
              wire::FrameType answer) {
    const LinkId link{client_link.value + 100 + ++questions_};
    step(which, LinkOpened{.link = link, .address = "c:1"});
    say(which, link, type, wire::encode(request));
    told_.erase(answer);
    drain(which);
    step(which, LinkClosed{.link = link});
    return wire::decode<Message>(told_.at(answer)).value();
  }
  /// A command of a new session. Precondition: the machines are those of `sink`.
  void write_as_client(Server at) {
    const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
    step(at, LinkOpened{.link = client_link, .address = "c:1"});
    wire::OpenSession open;
    open.set_session_id(ann.uuid.to_string());
    open.set_name("ann");
    open.set_epoch(1);
    say(at, client_link, wire::FrameType::open_session, wire::encode(open));
    ASSERT_TRUE(run_until([&] { return told_.contains(wire::FrameType::session_opened); }));
    wire::BatchBuilder batch({.session = ann, .epoch = {1}, .first_sequence = {1}});
    ASSERT_TRUE(batch.add(ServiceId{7}, as_bytes("x")).has_value());
    say(at, client_link, wire::FrameType::commands, std::move(batch).finish());
    ASSERT_TRUE(run_until([&] { return told_.contains(wire::FrameType::replies); }));
  }
  std::size_t voters_seen_by(Server which) const {
    const group::View* const view = nodes_[which]->report().view;
    if (view == nullptr) return 0;
    return static_cast<std::size_t>(std::ranges::count_if(view->members, [](const auto& member) {
      return member.second.role() == wire::Role::VOTER;
    }));
  }
  wire::Status status(Server which) {
    return ask<wire::Status>(which, wire::FrameType::status_request, wire::StatusRequest{},
                             wire::FrameType::status);
  }

  MachineFactory machines_;
  Instant now_{std::chrono::seconds{10}};
  std::array<std::unique_ptr<Node>, 3> nodes_;  // Nothing: not there, or ended.
  std::array<std::optional<Exit>, 3> exits_;
  std::array<Restart, 3> disks_;                  // As last written.
  std::map<LinkId, std::array<Server, 2>> open_;  // Links between them, and their ends.
  bool announced_{false};  // They look for each other, and hear each other's beacons.
  bool waiting_{false};
  std::uint64_t links_{0};
  std::uint64_t questions_{0};
  std::uint64_t telemetry_frames_{0};
  std::map<wire::FrameType, Bytes> told_;  // To clients, the latest of each type.
  std::vector<std::string> notices_;
};

/// `a` has founded a group, and `b` has joined it.
class TwoNodes : public Nodes {
 protected:
  explicit TwoNodes(MachineFactory machines = no_machines) : Nodes(std::move(machines)) {
    make(first, FoundingMode::now);
    make(second, FoundingMode::never);
    EXPECT_TRUE(run_until([&] { return status(second).servers() == 2; }));
  }
};

/// And `c` as well.
class ThreeNodes : public TwoNodes {
 protected:
  ThreeNodes() {
    make(third, FoundingMode::never);
    EXPECT_TRUE(run_until([&] { return voters_seen_by(first) == 3; }));
  }
};

}  // namespace muster::node
