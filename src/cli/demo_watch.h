// What the servers of `muster demo` say of themselves and their group.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/demo_model.h"
#include "cli/demo_servers.h"
#include "client/client.h"
#include "client/question.h"
#include "net/loop.h"
#include "wire/muster.pb.h"

namespace muster::cli {

/// Asks every server that runs for its status a few times a second, and one of them for the
/// members; follows the group's own topic. Thread-safety: none; runs on its loop.
class DemoWatch {
 public:
  using OnEvent = std::function<void(const std::string& text)>;

  /// Begins at once. Precondition: `loop` and `servers` outlive it.
  DemoWatch(net::Loop& loop, const DemoServers& servers, OnEvent on_event);
  ~DemoWatch();
  DemoWatch(const DemoWatch&) = delete;
  DemoWatch& operator=(const DemoWatch&) = delete;

  /// Writes what is known by now into the model: servers, term, commit index, trouble.
  void fill(DemoModel& model) const;
  /// Who leads, as those that run and know it last say; empty: nobody.
  std::string leader() const;

 private:
  struct Asked {
    std::unique_ptr<client::Question> question{};
    bool answered{true};
  };

  void ask_all();
  void ask_status(const DemoServers::Server& server);
  void ask_members();
  std::string text_of(const wire::GroupEvent& event) const;
  void follow(const std::vector<std::string>& servers);
  bool runs(const std::string& name) const;
  const wire::Status* newest() const;

  net::Loop& loop_;
  const DemoServers& servers_;
  OnEvent on_event_;
  boost::asio::steady_timer timer_;
  std::map<std::string, Asked> asked_;         // By name; of the members by an empty one.
  std::map<std::string, wire::Status> known_;  // The last answer of each.
  std::map<std::string, wire::MemberStatus> members_;
  std::unique_ptr<client::Client> follower_;
};

}  // namespace muster::cli
