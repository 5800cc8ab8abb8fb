// One unit of the mobility service: through elections, the death of servers, the end of sessions.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "mobility/fix.h"
#include "mobility/messages.h"
#include "muster/error.h"
#include "muster/time.h"
#include "net/loop.h"

namespace muster::cli {

/// Opens a session, signs its unit on, follows the unit's orders, and says where it is with each
/// heartbeat. When the group has ended the session, another one is opened and the unit signed on
/// again under its id; if that is another unit's by now, it waits for it, or, if the group had
/// chosen it, has another number.
///
/// Handlers are called from the loop, never from within a call. Thread-safety: none.
class UnitClient {
 public:
  struct Options {
    client::Client::Options
        client;  ///< `session.id`, `name`, `kind` and `name_rule` are filled in.
    mobility::Kind kind{mobility::Kind::ambulance};
    std::string id{};  ///< Empty: that of the kind with the first free number.
    Duration timeout{};
    bool hears_approaches{false};
    bool hears_incidents{false};
  };
  struct Handlers {
    /// What to sign on as just now; the id is filled in.
    std::function<mobility::SignOn()> sign_on;
    /// `id()` may be another one than before.
    std::function<void(const mobility::Receipt&)> on_signed_on;
    /// The unit can't be signed on: `fatal` says that trying on would be no use (a taken id, a
    /// place off the map), else it is tried on.
    std::function<void(const Error&, bool fatal)> on_trouble;
    /// With its place in the log.
    std::function<void(const mobility::Order&, Position)> on_order;
    std::function<void(const std::vector<mobility::Order>&)> on_orders;  ///< All that stand.
    std::function<void(const mobility::Approach&)> on_approach;
    std::function<void(const mobility::Incident&)> on_incident;  ///< With its newest step.
    std::function<void(const session::StateChange&)> on_change;
  };
  using OnReceipt = std::function<void(const Result<mobility::Receipt>&)>;

  /// Precondition: `loop` outlives it.
  UnitClient(net::Loop& loop, Options options, Handlers handlers);
  UnitClient(const UnitClient&) = delete;
  UnitClient& operator=(const UnitClient&) = delete;

  /// Without a signed-on unit: UNAVAILABLE, at once but not from within the call.
  void send(const mobility::Request& request, OnReceipt done);
  void set_fix(const mobility::Fix& fix);
  /// Ends the session, and so signs the unit off. Afterwards nothing is called but `done`.
  void end(std::function<void()> done);

  /// Known once the first session was opened.
  const std::string& id() const { return options_.id; }
  bool is_signed_on() const { return signed_on_; }
  const session::Session& session() const { return client_->session(); }
  const std::string& search_failure() const { return client_->search_failure(); }

 private:
  void begin_session();
  void changed(const session::StateChange& change);
  void learn_servers();
  void sign_on();
  void signed_on(const Result<mobility::Receipt>& receipt);
  void session_ended();
  /// After a pause that grows with each trial in vain.
  void try_later(void (UnitClient::*then)());
  void follow_all(const mobility::Receipt& receipt);
  void follow(const std::string& topic, wire::EventPosition from,
              client::Client::TopicHandler take);
  void take_orders(const session::TopicNews& news);
  void take_approaches(const session::TopicNews& news);
  void take_incidents(const session::TopicNews& news);
  void call(const mobility::Request& request, OnReceipt done);
  void set_payload();

  net::Loop& loop_;
  Options options_;
  const Handlers handlers_;
  std::unique_ptr<client::Client> client_;
  bool signed_on_{false};
  bool follows_{false};
  bool was_signed_on_{false};  // In any session.
  const bool is_numbered_;     // By the group.
  Duration pause_;
  bool ending_{false};
  Bytes fix_{};
  boost::asio::steady_timer retry_;
  std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};
};

}  // namespace muster::cli
