// Two whole nodes, wired to each other in memory; their disks are done at once, and keep nothing.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/node.h"
#include "wire/control.h"

namespace muster::node {

constexpr LinkId client_link{1'000};

inline std::vector<std::unique_ptr<service::Machine>> no_machines() {
  return {};
}

/// `a` and `b`, as a test makes them. What they tell clients is kept, the latest of each type.
class Nodes : public testing::Test {
 protected:
  static constexpr Duration turn = std::chrono::milliseconds{10};
  enum Server : std::size_t { first, second };

  explicit Nodes(MachineFactory machines) : machines_(std::move(machines)) {}

  static ServerId id_of(Server which) {
    return {Uuid::make_v7(std::chrono::milliseconds{1}, 2, which)};
  }
  void make(Server which, FoundingMode founding, storage::Identity identity = {}) {
    Options options;
    options.name = which == first ? "a" : "b";
    options.group = "g";
    options.client_address = options.name + ":1";
    options.peer_address = options.name + ":2";
    options.founding = founding;
    options.seed = which + 1;
    if (which == second && !announced_) options.seeds = {"a:2"};
    options.discovery = announced_;
    Restart restart;
    restart.identity = std::move(identity);
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
    const Server other = to == "a:2" ? first : second;
    if (other == from) return;
    if (!nodes_[other]) return step(from, DialFailed{.address = to, .refused = true});
    const LinkId link{++links_};
    open_.insert(link);
    step(from, LinkOpened{.link = link, .peer = true, .dialled = true, .address = to});
    step(other, LinkOpened{.link = link, .peer = true, .dialled = false, .address = "x:9"});
  }
  void carry(Server from, LinkOutput output) {
    const Server other = from == first ? second : first;
    if (const auto* const closed = std::get_if<CloseLink>(&output)) {
      step(from, LinkClosed{.link = closed->link});
      if (open_.erase(closed->link) > 0) step(other, LinkClosed{.link = closed->link});
      return;
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
    if (frame.type == wire::FrameType::telemetry) ++telemetry_frames_;
    step(other, FrameReceived{.link = frame.link,
                              .frame = {.type = frame.type,
                                        .lane = frame.lane,
                                        .body = SharedBytes(std::move(body))}});
  }
  static storage::DiskResult done(const storage::DiskJob& job) {
    if (std::holds_alternative<storage::StoreJob>(job.work)) return {job.id, storage::Stored{}};
    return {job.id, storage::Done{}};
  }
  // It has ended: its connections close.
  void end(Server which, Exit exit) {
    exits_[which] = std::move(exit);
    nodes_[which].reset();
    for (const LinkId link : std::exchange(open_, {})) {
      step(which == first ? second : first, LinkClosed{.link = link});
    }
  }
  void drain(Server which) {
    if (!nodes_[which]) return;
    Outputs out = nodes_[which]->drain(now());
    for (LinkOutput& output : out.links) carry(which, std::move(output));
    for (const Dial& wanted : out.dials) dial(which, wanted.address);
    DiskDone disk;
    for (const storage::DiskJob& job : out.disk) disk.results.push_back(done(job));
    if (!disk.results.empty()) step(which, std::move(disk));
    for (Notice& notice : out.notices) notices_.push_back(std::move(notice.text));
    for (Announce& announced : out.announcements) {
      if (announced_)
        step(which == first ? second : first, BeaconHeard{.beacon = announced.beacon});
    }
    if (out.exit) end(which, std::move(*out.exit));
  }
  void pass(Duration time) {
    const Instant end = now_ + time;
    while (now_ < end) {
      now_ += turn;
      for (const Server which : {first, second}) step(which, Tick{});
      while (std::exchange(waiting_, false)) {
        for (const Server which : {first, second}) drain(which);
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
  wire::Status status(Server which) {
    return ask<wire::Status>(which, wire::FrameType::status_request, wire::StatusRequest{},
                             wire::FrameType::status);
  }

  MachineFactory machines_;
  Instant now_{std::chrono::seconds{10}};
  std::array<std::unique_ptr<Node>, 2> nodes_;  // Nothing: not there, or ended.
  std::array<std::optional<Exit>, 2> exits_;
  std::set<LinkId> open_;  // Links between them.
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

}  // namespace muster::node
