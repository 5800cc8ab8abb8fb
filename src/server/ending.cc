// How a server ends: signals, goodbyes, and what becomes of its data.
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "server/left_behind.h"
#include "server/server.h"
#include "storage/real_files.h"

namespace muster::server {
namespace {

using namespace std::chrono_literals;

constexpr auto good_order_time = 8s;  // For a node that was asked to stop.
constexpr auto last_words_time = 1s;  // For goodbyes on their way out.

}  // namespace

void Server::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (stopping_) ::_exit(128 + signal);
    log_->info("stopping; a second signal ends it at once");
    stop_in_good_order();
    wait_for_signal();
  });
}

void Server::request_stop() {
  boost::asio::post(loop_.context(), [this] {
    if (stopping_ || ending_) return;
    log_->info("stopping, as it was asked to");
    stop_in_good_order();
  });
}

void Server::stop_in_good_order() {
  stopping_ = true;
  step(node::StopRequested{});
  stop_timer_.expires_after(good_order_time);
  stop_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) end({0, "stopped without having handed over: nobody took over in time"});
  });
}

void Server::end(const node::Exit& exit) {
  if (std::exchange(ending_, true)) return;
  exit_ = exit;
  log_->log(exit.code == 0 ? spdlog::level::info : spdlog::level::err, exit.reason);
  rendezvous_.reset();  // Nobody is to find what is about to end.
  listeners_.close();
  heartbeats_.reset();
  dialer_.reset();
  node_timer_.cancel();
  for (const auto& [number, link] : links_) link->close();
  if (irc_) irc_->end();
  stop_timer_.expires_after(last_words_time);
  stop_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) loop_.stop();
  });
  end_when_links_are_gone();
}

/// The folder is moved aside, never deleted; what comes after is a new server.
void Server::archive_data() {
  const Result<std::string> archived = disk_->archive();
  if (!archived) {
    log_->error("the data could not be archived: {}", archived.error().message);
    end_.exit_code = 1;
    end_.reason = archived.error().message;
    return;
  }
  log_->info("the data is archived in {}", *archived);
  if (exit_.left_behind) tell_left_behind(*archived);
  if (exit_.afterwards != node::Afterwards::archive_rejoin) return;
  end_.again = options_;
  end_.again->client_port = listeners_.client->port();
  end_.again->peer_port = listeners_.peer_port();
  end_.again->rejoin = !exit_.founds;
  end_.again->joins = exit_.joins;
  end_.again->former = exit_.former;
}

void Server::tell_left_behind(const std::string& archive) {
  storage::RealFiles files;
  const auto commands = export_left_behind(files, archive, *exit_.left_behind);
  if (!commands) {
    log_->error("what only this server knows could not be written down: {}; it is in {}",
                commands.error().message, archive);
    return;
  }
  if (commands->missing_before != LogIndex{}) {
    log_->warn("commands before index {} stand only in the snapshot there",
               commands->missing_before.value);
  }
  if (commands->count == 0) {
    log_->info("its log held no command that the group does not know");
    return;
  }
  log_->warn(
      "{} commands of clients that the group does not know are listed in {}; none of them "
      "is replayed",
      commands->count, commands->path);
}

void Server::end_when_links_are_gone() {
  if (ending_ && links_.empty() && (!irc_ || irc_->connections() == 0)) loop_.stop();
}

}  // namespace muster::server
