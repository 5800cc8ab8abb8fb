// Two whole nodes, wired to each other in memory; their disks are done at once.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/node.h"
#include "wire/control.h"

namespace muster::node {

constexpr LinkId client_link{1'000};

/// `a` has founded a group, and `b` has joined it. What they tell clients is kept, the latest of
/// each type.
class TwoNodes : public testing::Test {
 protected:
  static constexpr Duration turn = std::chrono::milliseconds{10};
  enum Server : std::size_t { first, second };

  explicit TwoNodes(MachineFactory machines =
                        [] { return std::vector<std::unique_ptr<service::Machine>>{}; })
      : machines_(std::move(machines)) {
    make(first, FoundingMode::now);
    make(second, FoundingMode::never);
    EXPECT_TRUE(run_until([&] { return status(second).servers() == 2; }));
  }

  void make(Server which, FoundingMode founding) {
    Options options;
    options.name = which == first ? "a" : "b";
    options.group = "g";
    options.client_address = options.name + ":1";
    options.peer_address = options.name + ":2";
    options.founding = founding;
    options.seed = which + 1;
    if (which == second) options.seeds = {"a:2"};
    Restart restart;
    restart.identity.server = {Uuid::make_v7(std::chrono::milliseconds{1}, 2, which)};
    nodes_[which] =
        std::make_unique<Node>(std::move(options), std::move(restart), machines_, now());
  }

  Now now() const { return {.monotonic = now_, .wall = LogTime{1'000'000}}; }

  // ---- The world -------------------------------------------------------------------------------

  void step(Server which, Input input) {
    nodes_[which]->step(std::move(input), now());
    waiting_ = true;
  }
  // Links are numbered alike on both sides.
  void dial(Server from, const std::string& to) {
    const Server other = to == "a:2" ? first : second;
    if (other == from) return;
    const LinkId link{++links_};
    step(from, LinkOpened{.link = link, .peer = true, .dialled = true, .address = to});
    step(other, LinkOpened{.link = link, .peer = true, .dialled = false, .address = "x:9"});
  }
  void carry(Server from, LinkOutput output) {
    const Server other = from == first ? second : first;
    if (const auto* const closed = std::get_if<CloseLink>(&output)) {
      step(from, LinkClosed{.link = closed->link});
      if (closed->link < client_link) step(other, LinkClosed{.link = closed->link});
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
  void drain(Server which) {
    Outputs out = nodes_[which]->drain(now());
    for (LinkOutput& output : out.links) carry(which, std::move(output));
    for (const Dial& wanted : out.dials) dial(which, wanted.address);
    DiskDone disk;
    for (const storage::DiskJob& job : out.disk) disk.results.push_back(done(job));
    if (!disk.results.empty()) step(which, std::move(disk));
    for (Notice& notice : out.notices) notices_.push_back(std::move(notice.text));
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
  std::array<std::unique_ptr<Node>, 2> nodes_;
  bool waiting_{false};
  std::uint64_t links_{0};
  std::uint64_t questions_{0};
  std::uint64_t telemetry_frames_{0};
  std::map<wire::FrameType, Bytes> told_;  // To clients, the latest of each type.
  std::vector<std::string> notices_;
};

}  // namespace muster::node
