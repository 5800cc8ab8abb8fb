// One unit of a city, by key, by line, or by itself: `muster mobility client`.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/demo_terminal.h"
#include "cli/hospital_desk.h"
#include "cli/line_reader.h"
#include "cli/mobility_commands.h"
#include "cli/unit_client.h"
#include "mobility/actor.h"
#include "mobility/road_map.h"
#include "mobility/router.h"
#include "net/loop.h"

namespace muster::cli {

/// Runs a unit until it is quit by key or signal. On a terminal keys are read one by one and the
/// unit is drawn there; else lines are read from standard input, whose end ends nothing, and what
/// happens is printed a line each. Thread-safety: none.
class UnitProgram {
 public:
  /// `at`: where it is. Precondition: `loop` and `options` outlive it; a light's place is at a
  /// crossing with a light.
  UnitProgram(net::Loop& loop, const UnitOptions& options, std::vector<std::string> servers,
              mobility::RoadMap map, mobility::OnEdge at);
  ExitCode run();

  /// How far from its crossing a light may be said to be.
  static constexpr std::int64_t crossing_within_cm = 5'000;

 private:
  // The client.
  UnitClient::Options client_options(std::vector<std::string> servers) const;
  UnitClient::Handlers handlers();
  mobility::SignOn sign_on() const;
  void signed_on(const mobility::Receipt& receipt);
  void be_who_it_is();
  void say_again();
  void trouble(const Error& error, bool fatal);
  void changed(const session::StateChange& change);
  void heard(const mobility::Order& order, Position at);
  void heard_all(const std::vector<mobility::Order>& orders);
  void heard(const mobility::Incident& incident);
  void reported(const mobility::Receipt& receipt);

  // What it does by itself.
  std::unique_ptr<mobility::Actor> make_actor();
  void tick();
  mobility::Fix fix() const;

  // What is typed.
  std::string_view keys() const;
  void take_key(char key);
  void take_line(const std::string& line);
  void take_word(std::string_view word);
  void drive_ambulance(char key);
  void be_on_duty(bool on, const std::string& said);
  void tell_car(char key);
  void tell_hospital(std::string_view word);
  void want(mobility::StepKind step);
  mobility::IncidentState projected() const;
  void take_next_step();
  void step_taken(const mobility::Progress& progress, const Result<mobility::Receipt>& receipt);
  void send(const mobility::Request& request, const std::string& said);

  void show(const std::string& text, const std::string& json);
  void complain(const Error& error);
  void draw();
  std::string state_text() const;
  void quit();

  net::Loop& loop_;
  const UnitOptions& options_;
  const mobility::RoadMap map_;
  mobility::Router router_;
  mobility::OnEdge at_;         // Where it began, in this session or under this id.
  mobility::Geographic place_;  // Of one that does not drive by itself.
  std::unique_ptr<mobility::Actor> actor_;
  std::optional<mobility::Crew> crew_{};  // Of an ambulance that is driven by hand.
  std::deque<mobility::StepKind> wanted_{};
  bool stepping_{false};
  bool off_duty_{false};  // As it said itself.
  std::optional<mobility::IncidentId> reported_{};
  std::string reported_state_{};
  HospitalDesk desk_;
  bool wants_diversion_{false};
  std::string light_shown_{};
  std::string digits_{};  // Typed so far.
  std::unique_ptr<UnitClient> client_;
  std::unique_ptr<DemoTerminal> terminal_;
  std::unique_ptr<LineReader> reader_;
  boost::asio::signal_set stops_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer leaving_;
  std::deque<std::string> shown_{};  // On the terminal.
  std::string state_{"looking for a server"};
  std::string trouble_{};  // Said last, since it was signed on.
  bool quitting_{false};
  ExitCode exit_{0};
};

}  // namespace muster::cli
