// What stands behind a `GroupView`: followers of the topics `group` and `sessions`, who is missed,
// and questions to servers.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/discovery.h"
#include "client/question.h"
#include "library/client_driver.h"
#include "library/follower.h"
#include "library/loops.h"
#include "library/waiting.h"
#include "muster/client_types.h"
#include "muster/group_view.h"
#include "wire/methods.pb.h"

namespace muster::library {

/// Calls remote methods of whichever server answers, and makes one stream of what two topics and
/// suspicions tell.
///
/// Thread-safety: none, but for the constructor, `context` and `timeout`: everything else on the
/// loop.
class GroupViewDriver final : public LoopUser,
                              public std::enable_shared_from_this<GroupViewDriver> {
 public:
  GroupViewDriver(boost::asio::io_context& context, ClientOptions options);
  ~GroupViewDriver() override;
  GroupViewDriver(const GroupViewDriver&) = delete;
  GroupViewDriver& operator=(const GroupViewDriver&) = delete;

  boost::asio::io_context& context() const { return context_; }
  Duration timeout() const { return options_.timeout; }

  /// Begins to follow.
  void start();
  /// Gives the next event to who waits.
  void next(const WaitingPointer<GroupEvent>& waiting);
  /// Calls a method of the server at `address`; empty: of any that answers. The answer, or the
  /// error, comes within `timeout`.
  void ask(const wire::Invoke& request, const std::string& address, Duration timeout,
           const WaitingPointer<wire::Invoked>& waiting);
  /// Who waits gets ABORTED, and so does every operation after it.
  void close();
  void abandon() override { close(); }

 private:
  /// One question under way.
  struct Asking {
    wire::Frame frame;
    Instant deadline;
    WaitingPointer<wire::Invoked> waiting;
    std::unique_ptr<client::Discovery> discovery{};
    std::unique_ptr<client::Question> question{};
  };

  /// A topic, and its next news if they have come. One that has failed keeps its error.
  struct Source {
    std::shared_ptr<Follower> follower;
    bool asked{false};
    std::optional<Result<News>> news{};
  };

  void follow(Source& source, std::string_view topic);
  void fetch(std::size_t place);
  void give();
  void give_error();
  Source* first_source();
  Result<GroupEvent> take_from(Source& source);
  void begin(const std::shared_ptr<Asking>& asking, std::vector<std::string> servers);
  void look_for_servers(const std::shared_ptr<Asking>& asking);
  void finish(const std::shared_ptr<Asking>& asking, Result<client::Answer> answer);
  void forget_later(const std::shared_ptr<Asking>& asking);

  boost::asio::io_context& context_;
  const ClientOptions options_;
  std::optional<Error> over_;  // Why nothing is begun any more.
  std::shared_ptr<ClientDriver> follows_;
  std::array<Source, 2> sources_;      // Of servers, and of clients.
  std::deque<GroupEvent> suspicions_;  // The newest ones.
  WaitingPointer<GroupEvent> waiting_;
  std::vector<std::string> servers_;  // The one that answered last first.
  std::set<std::shared_ptr<Asking>> under_way_;
};

}  // namespace muster::library
