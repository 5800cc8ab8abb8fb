#include "cli/demo_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "group/group.h"
#include "wire/control.h"
#include "wire/events.h"

namespace muster::cli {

using namespace std::chrono_literals;

namespace {
constexpr auto ask_interval = 150ms;
constexpr Duration answer_timeout = 600ms;

}  // namespace

DemoWatch::DemoWatch(net::Loop& loop, const DemoServers& servers, OnEvent on_event)
    : loop_(loop), servers_(servers), on_event_(std::move(on_event)), timer_(loop.context()) {
  follow(servers.addresses());
  ask_all();
}

DemoWatch::~DemoWatch() = default;

void DemoWatch::follow(const std::vector<std::string>& servers) {
  client::Client::Options options;
  options.session.seeds = servers;
  options.session.only_follows = true;
  options.session.backoff_max = 500ms;
  follower_ = std::make_unique<client::Client>(loop_, std::move(options));
  static_cast<void>(follower_->follow(std::string(group::topic), wire::beginning_of(LogIndex{1}),
                                      [this](const session::TopicNews& news) {
                                        const auto* const happened =
                                            std::get_if<session::TopicEvents>(&news);
                                        if (happened == nullptr) return;
                                        for (const session::Event& event : happened->events) {
                                          const auto told =
                                              wire::decode<wire::GroupEvent>(event.payload.view());
                                          if (told) on_event_(text_of(*told));
                                        }
                                      }));
}

/// An election in fewer words than its line in the log.
std::string DemoWatch::text_of(const wire::GroupEvent& event) const {
  if (!event.has_election()) return event.text();
  const wire::Election& election = event.election();
  std::string name = "#" + std::to_string(election.leader());
  for (const auto& [other, member] : members_) {
    if (member.number() == election.leader()) name = other;
  }
  return fmt::format("election: {} leads, term {} ({})", name, election.term(), election.cause());
}

void DemoWatch::ask_all() {
  for (const DemoServers::Server& server : servers_.all()) {
    if (server.process != 0) ask_status(server);
  }
  ask_members();
  timer_.expires_after(ask_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ask_all();
  });
}

/// One that has not answered yet is not asked again.
void DemoWatch::ask_status(const DemoServers::Server& server) {
  Asked& asked = asked_[server.name];
  if (!asked.answered) return;
  asked.answered = false;
  asked.question = std::make_unique<client::Question>(
      loop_,
      client::Question::Options{.servers = {server.address()},
                                .server_timeout = answer_timeout,
                                .timeout = answer_timeout},
      wire::Frame{.type = wire::FrameType::status_request, .body = {}},
      [this, name = server.name](const Result<client::Answer>& answer) {
        asked_[name].answered = true;
        if (!answer) {
          known_.erase(name);
          return;
        }
        auto status = wire::decode<wire::Status>(answer->frame.body.view());
        if (status) known_[name] = std::move(*status);
      });
}

void DemoWatch::ask_members() {
  Asked& asked = asked_[""];
  const std::string first = leader();
  const auto found = std::ranges::find_if(servers_.all(), [&](const auto& server) {
    return server.process != 0 && (first.empty() ? runs(server.name) : server.name == first);
  });
  if (!asked.answered || found == servers_.all().end()) return;
  asked.answered = false;
  asked.question = std::make_unique<client::Question>(
      loop_,
      client::Question::Options{.servers = {found->address()},
                                .server_timeout = answer_timeout,
                                .timeout = answer_timeout},
      wire::Frame{.type = wire::FrameType::members_request, .body = {}},
      [this](const Result<client::Answer>& answer) {
        asked_[""].answered = true;
        if (!answer) return;
        const auto members = wire::decode<wire::Members>(answer->frame.body.view());
        if (!members) return;
        members_.clear();
        for (const wire::MemberStatus& member : members->members()) {
          members_[member.name()] = member;
        }
      });
}

bool DemoWatch::runs(const std::string& name) const {
  const auto place = servers_.find(name);
  return place && servers_.all()[*place].state == DemoProcess::running;
}

const wire::Status* DemoWatch::newest() const {
  const wire::Status* newest = nullptr;
  const auto rank = [](const wire::Status& status) {
    return std::pair(status.term(), status.commit_index());
  };
  for (const auto& [name, status] : known_) {
    if (runs(name) && (newest == nullptr || rank(status) > rank(*newest))) newest = &status;
  }
  return newest;
}

std::string DemoWatch::leader() const {
  const wire::Status* const status = newest();
  return status != nullptr && runs(status->leader()) ? status->leader() : std::string{};
}

void DemoWatch::fill(DemoModel& model) const {
  const std::string leading = leader();
  model.servers.clear();
  for (const DemoServers::Server& server : servers_.all()) {
    DemoServer shown{.name = server.name, .address = server.address(), .process = server.state};
    shown.leads = server.name == leading;
    if (const auto member = members_.find(server.name); member != members_.end()) {
      const bool led = member->second.role() == wire::Role::LEADER;
      shown.role = shown.leads ? "LEADER"
                   : led       ? "VOTER"
                               : wire::Role::Value_Name(member->second.role());
      shown.state = wire::ServerState::Value_Name(member->second.state());
      shown.clients = member->second.clients();
    }
    if (const auto status = known_.find(server.name); status != known_.end()) {
      shown.applied = status->second.applied_index();
    }
    model.servers.push_back(std::move(shown));
  }
  const wire::Status* const status = newest();
  model.trouble = status == nullptr ? "no server answers" : status->reason();
  if (status == nullptr) return;
  model.term = std::max<std::uint64_t>(model.term, status->term());
  model.commit_index = std::max<std::uint64_t>(model.commit_index, status->commit_index());
}

}  // namespace muster::cli
