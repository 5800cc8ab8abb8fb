#include "client/discovery.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "client/client.h"
#include "client/question.h"

namespace muster::client {
namespace {

discovery::Search::Options seeded(discovery::Search::Options options) {
  options.seed = make_seed();
  return options;
}

}  // namespace

std::vector<std::string> Discovered::addresses() const {
  std::vector<std::string> addresses;
  for (const discovery::Candidate& candidate : candidates) {
    addresses.push_back(candidate.client_address);
  }
  return addresses;
}

Result<void> Discovered::check_one_group() const {
  std::map<std::string, std::string> groups;  // By id, with a server of it.
  for (const discovery::Candidate& candidate : candidates) {
    if (candidate.beacon.group_id().empty()) continue;
    groups.try_emplace(candidate.beacon.group_id(), candidate.client_address);
  }
  if (groups.size() < 2) return {};
  std::string text;
  for (const auto& [id, address] : groups) {
    text.append(text.empty() ? "" : ", ").append(id).append(" (at ").append(address).append(")");
  }
  return Error{ErrorCode::failed_precondition,
               std::to_string(groups.size()) + " groups answer to this name: " + text +
                   ". Say which with --group ID; muster dissolve --into ID makes them one"};
}

Discovery::Discovery(net::Loop& loop, const Options& options, OnDone on_done)
    : loop_(loop),
      all_(options.all),
      on_done_(std::move(on_done)),
      search_(seeded(options.search), loop.now()),
      timer_(loop.context()) {
  // Whom to trust with a connection is the server's business: a client hears everybody.
  auto opened = net::Rendezvous::open(
      loop, {.datagrams = options.datagrams, .secret = options.secret, .open = true},
      {.on_beacon =
           [this](const wire::Beacon& beacon, bool from_here) {
             search_.heard(beacon, from_here, loop_.now());
             go_on();
           },
       .on_foreign = [this](const std::string&,
                            const std::string& remedy) { search_.foreign(remedy); }});
  if (!opened) throw ErrorException(opened.error());
  rendezvous_ = std::move(*opened);
  boost::asio::post(loop.context(), [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) go_on();
  });
}

Discovery::~Discovery() = default;

void Discovery::go_on() {
  if (!on_done_) return;
  const Instant now = loop_.now();
  search_.tick(now);
  for (const wire::Probe& probe : search_.take_probes()) rendezvous_->probe(probe);
  if (all_ ? search_.timed_out(now) : search_.done(now)) {
    timer_.cancel();
    Discovered found{.candidates = search_.candidates(),
                     .statistics = search_.statistics(),
                     .asked = rendezvous_->summary(),
                     .failure = {}};
    if (found.candidates.empty()) found.failure = search_.failure();
    // Not from here: whoever is told may destroy this.
    boost::asio::post(loop_.context(),
                      [on_done = std::exchange(on_done_, nullptr),
                       found = std::move(found)]() mutable { on_done(std::move(found)); });
    return;
  }
  timer_.expires_at(std::chrono::steady_clock::time_point(search_.deadline().time_since_epoch()));
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) go_on();  // It may be due and queued when this goes.
  });
}

Discovered discover(net::Loop& loop, const Discovery::Options& options) {
  std::optional<Discovered> found;
  const Discovery discovery(loop, options, [&](Discovered result) {
    found = std::move(result);
    loop.stop();
  });
  while (!found) run_until_stopped(loop);
  return std::move(*found);
}

}  // namespace muster::client
