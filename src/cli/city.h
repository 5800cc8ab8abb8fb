// A whole simulated city of real clients: `muster mobility city`.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "cli/city_view.h"
#include "cli/demo_terminal.h"
#include "cli/histogram.h"
#include "cli/mobility_commands.h"
#include "cli/unit_client.h"
#include "mobility/actor.h"
#include "mobility/road_map.h"
#include "mobility/router.h"
#include "net/loop.h"

namespace muster::cli {

/// Units, each a client of its own with its own session and heartbeats, in one process. Cars crash
/// at random; what comes of that is the group's doing. Shown live on a terminal; else a line per
/// step, or with `--json` the figures each second. Thread-safety: none.
class City {
 public:
  /// Precondition: `loop` and `options` outlive it.
  City(net::Loop& loop, const CityOptions& options, std::vector<std::string> servers,
       mobility::RoadMap map);
  ~City();
  ExitCode run();

 private:
  /// A unit. Its actor is made when the group has said what it is called.
  struct Resident {
    mobility::Kind kind{};
    mobility::OnEdge at{};
    mobility::NodeIndex crossing{};
    mobility::Capabilities capabilities{0};
    std::uint64_t seed{0};
    std::unique_ptr<mobility::Actor> actor{};
    std::unique_ptr<UnitClient> client{};
    std::optional<Instant> crashed_at{};  ///< Until the group has the report.
  };
  struct Counts {
    std::uint64_t crashes{0};
    std::uint64_t reported{0};
    std::uint64_t sessions_ended{0};
    std::uint64_t moves{0};
    std::uint64_t errors{0};
    Histogram acknowledged{};  ///< From the crash until the group has the report.
    Histogram dispatched{};    ///< From the crash until an ambulance was told.
  };

  void plan();
  void add(mobility::Kind kind, std::uint32_t count);
  void begin_some();
  void begin(Resident& resident);
  UnitClient::Handlers handlers(Resident& resident);
  void call_by_its_id(Resident& resident);
  std::unique_ptr<mobility::Actor> make_actor(const Resident& resident, const std::string& id);
  void heard(Resident& resident, const mobility::Order& order);
  void answered(Resident& resident, const mobility::Request& request,
                const Result<mobility::Receipt>& receipt);
  void watch();
  void take_incidents(const session::TopicNews& news);
  void take(mobility::Incident incident);
  void ask_figures();

  void tick();
  void live(Resident& resident, Instant now);
  void crash_some(Instant now);
  void draw(Instant now);
  CityModel model() const;
  std::string progress_json() const;
  void end();
  void tell_summary() const;

  net::Loop& loop_;
  const CityOptions& options_;
  const std::vector<std::string> servers_;
  const mobility::RoadMap map_;
  mobility::Router router_;
  Random random_;
  std::deque<Resident> residents_{};  // Where they are does not change.
  std::size_t begun_{0};
  std::vector<Resident*> cars_{};
  Counts counts_{};
  std::map<mobility::IncidentId, Instant> crashed_{};  // Of incidents no ambulance was told of yet.
  std::deque<mobility::Incident> incidents_{};         // The newest last, with its newest step.
  mobility::FiguresSummary figures_{};
  std::string trouble_{};
  bool asking_{false};
  std::unique_ptr<client::Client> watcher_;
  std::unique_ptr<DemoTerminal> terminal_;
  boost::asio::signal_set stops_;
  boost::asio::steady_timer timer_;
  Instant began_{};
  Instant ticked_{};
  Instant next_figures_{};
  Instant next_drawing_{};
  std::int64_t crash_due_{0};  // Microseconds times crashes a minute, saved up.
  bool ending_{false};
  std::size_t ends_{0};  // Clients that still say goodbye.
  ExitCode exit_{0};
};

}  // namespace muster::cli
