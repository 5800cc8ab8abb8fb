#include "cli/mobility_unit.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "cli/json_line.h"
#include "cli/mobility_lines.h"
#include "muster/check.h"

namespace muster::cli {
namespace {

constexpr std::chrono::seconds parting_time{2};
constexpr std::chrono::milliseconds card_interval{100};
constexpr std::size_t shown_max = 200;

using mobility::Kind;

std::string light_text(const mobility::Actor& actor) {
  const auto& light = static_cast<const mobility::LightActor&>(actor);
  const mobility::SignalController& controller = light.controller();
  std::string colours;
  for (std::size_t movement = 0; movement < light.movements(); ++movement) {
    const mobility::Colour colour = controller.colour(movement);
    colours += colour == mobility::Colour::green ? 'G'
               : colour == mobility::Colour::red ? 'r'
                                                 : 'y';
  }
  return colours + "  " + actor.doing();
}

}  // namespace

UnitProgram::UnitProgram(net::Loop& loop, const UnitOptions& options,
                         std::vector<std::string> servers, mobility::RoadMap map,
                         mobility::OnEdge at)
    : loop_(loop),
      options_(options),
      map_(std::move(map)),
      router_(map_.network(), mobility::Router::Options{}),
      at_(at),
      place_(options.place.value_or(map_.geographic(at))),
      desk_(options.beds),
      stops_(loop.context(), SIGINT, SIGTERM),
      timer_(loop.context()),
      leaving_(loop.context()) {
  client_ = std::make_unique<UnitClient>(loop, client_options(std::move(servers)), handlers());
}

ExitCode UnitProgram::run() {
  stops_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) quit();
  });
  if (DemoTerminal::is_there() && !options_.client.json) {
    terminal_ =
        std::make_unique<DemoTerminal>(loop_.context(), [this](char key) { take_key(key); });
  } else {
    reader_ = std::make_unique<LineReader>(
        loop_.context(), STDIN_FILENO,
        LineReader::Handlers{.on_line = [this](const std::string& line) { take_line(line); },
                             .on_end = [] {}});
  }
  tick();
  client::run_until_stopped(loop_);
  terminal_.reset();
  return exit_;
}

void UnitProgram::quit() {
  if (std::exchange(quitting_, true)) return loop_.stop();
  timer_.cancel();
  leaving_.expires_after(parting_time);
  leaving_.async_wait([this](const boost::system::error_code& error) {
    if (!error) loop_.stop();
  });
  client_->end([this] { loop_.stop(); });
}

// ---- The client ---------------------------------------------------------------------------------

UnitClient::Options UnitProgram::client_options(std::vector<std::string> servers) const {
  UnitClient::Options options{
      .client = {.session = {.id = {}, .seeds = std::move(servers), .tags = options_.client.tags},
                 .secret = options_.client.secret(),
                 .discovery = options_.client.rediscovery()},
      .kind = options_.kind,
      .id = options_.id,
      .timeout = options_.client.timeout,
      .hears_approaches = options_.kind == Kind::car,
      .hears_incidents = options_.kind == Kind::car};
  options.client.session.heartbeat_interval = options_.heartbeat_interval;
  options.client.session.heartbeat_secret = options.client.secret;
  return options;
}

UnitClient::Handlers UnitProgram::handlers() {
  return {.sign_on = [this] { return sign_on(); },
          .on_signed_on = [this](const mobility::Receipt& receipt) { signed_on(receipt); },
          .on_trouble = [this](const Error& error, bool fatal) { trouble(error, fatal); },
          .on_order = [this](const mobility::Order& order, Position at) { heard(order, at); },
          .on_orders = [this](const std::vector<mobility::Order>& orders) { heard_all(orders); },
          .on_approach =
              [this](const mobility::Approach& approach) {
                if (actor_) actor_->hear(approach, loop_.now());
              },
          .on_incident = [this](const mobility::Incident& incident) { heard(incident); },
          .on_change = [this](const session::StateChange& change) { changed(change); }};
}

mobility::SignOn UnitProgram::sign_on() const {
  if (actor_) return actor_->sign_on();
  mobility::SignOn request;
  request.place = place_;
  request.capabilities = options_.capabilities;
  request.beds = options_.kind == Kind::hospital ? desk_.beds_to_sign_on() : 0;
  return request;
}

void UnitProgram::signed_on(const mobility::Receipt& receipt) {
  be_who_it_is();
  wanted_.clear();
  stepping_ = false;
  trouble_.clear();
  const auto& hello = client_->session().hello();
  state_ = "signed on at " + (hello ? hello->name() : std::string("a server"));
  show(fmt::format("{} {} is signed on at {}, at {}", name_of(options_.kind), client_->id(),
                   hello ? hello->name() : "a server", place_text(fix().place)),
       receipt_line("signed-on", receipt)
           .add("kind", schema_name(options_.kind))
           .add("id", client_->id())
           .add("server", hello ? hello->name() : "")
           .text());
  say_again();
  if (reader_) reader_->resume();
}

// The group may call it otherwise than before; it is where it was.
void UnitProgram::be_who_it_is() {
  const std::string& id = client_->id();
  if (actor_ && actor_->sign_on().unit.id != id) {
    if (const auto at = map_.locate(actor_->fix().place)) at_ = *at;
    actor_.reset();
  }
  const bool acts = options_.automatic || options_.kind == Kind::traffic_light;
  if (acts && !actor_) actor_ = make_actor();
  if (actor_) actor_->signed_on();
  if (!acts && options_.kind == Kind::ambulance) crew_.emplace(id);
  desk_.signed_on();
}

// What the group knows no more, as it ended the session that had said so.
void UnitProgram::say_again() {
  if (actor_) return;
  if (off_duty_) be_on_duty(false, "off duty");
  if (wants_diversion_) {
    wants_diversion_ = false;
    tell_hospital("d");
  }
}

void UnitProgram::trouble(const Error& error, bool fatal) {
  if (quitting_) return;
  if (!fatal) {
    // It is tried again and again.
    if (std::exchange(trouble_, error.message) != error.message) complain(error);
    return;
  }
  terminal_.reset();
  exit_ = report(error);
  quit();
}

void UnitProgram::changed(const session::StateChange& change) {
  using Change = session::StateChange::Kind;
  const auto& hello = client_->session().hello();
  const std::string server = hello ? hello->name() : change.address;
  const char* word = nullptr;
  if (change.kind == Change::lost) word = "lost";
  if (change.kind == Change::resumed) word = "resumed";
  if (change.kind == Change::ended) word = "ended";
  // Before it is signed on, being sent on to another server or refused is told otherwise.
  if (word == nullptr || !client_->is_signed_on()) return;
  std::string text;
  if (change.kind == Change::lost) text = "the connection to " + server + " is lost; trying others";
  if (change.kind == Change::resumed) text = "goes on at " + server;
  if (change.kind == Change::ended) text = "the session has ended; signing on again";
  state_ = text;
  show(text, JsonLine().add("event", word).add("server", server).text());
}

void UnitProgram::heard(const mobility::Order& order, Position at) {
  const bool was_taken =
      !crew_ || !crew_->job() || crew_->job()->reached != mobility::IncidentState::assigned;
  const bool is_new = !crew_ || crew_->hear(order);
  if (actor_) actor_->hear(order, loop_.now());
  desk_.hear(order);
  if (!is_new) return;
  std::string text = fmt::format("{}: incident {}", name_of(order.kind), to_text(order.incident));
  if (!order.unit.empty()) text += ", " + order.unit;
  if (order.kind == mobility::OrderKind::go_to_scene) {
    text += fmt::format(", {}, {} {}, at {}", name_of(order.severity), order.occupants,
                        order.occupants == 1 ? "person" : "people", place_text(order.place));
  }
  if (order.over_capacity) text += " (over capacity)";
  if (order.kind == mobility::OrderKind::stand_down && !was_taken) {
    text += "; if it was not taken within 30 s, this ambulance is off duty now: o";
  }
  show(text, order_json(order, at));
  // What was typed before was about another order.
  if (order.kind != mobility::OrderKind::go_to_hospital) wanted_.clear();
  take_next_step();
}

void UnitProgram::heard_all(const std::vector<mobility::Order>& orders) {
  if (actor_) actor_->hear_all(orders, loop_.now());
  desk_.hear_all(orders);
  if (!crew_) return;
  const auto before = crew_->job();
  if (!crew_->hear_all(orders)) return;
  const auto& job = crew_->job();
  if (!job || !before || job->order != before->order) wanted_.clear();
  show(job ? "what stands: incident " + to_text(job->incident) : "no order stands any more",
       JsonLine().add("event", "orders").add("incident", job ? to_text(job->incident) : "").text());
  take_next_step();
}

// A car's own incident.
void UnitProgram::heard(const mobility::Incident& incident) {
  if (incident.id != reported_ || incident.steps.empty()) return;
  const mobility::Step& step = incident.steps.back();
  reported_state_ = name_of(incident.state);
  show(fmt::format("incident {}: {}", to_text(incident.id), step_text(step, incident.reported)),
       incident_json(incident));
}

void UnitProgram::reported(const mobility::Receipt& receipt) {
  reported_ = receipt.incident;
  show(fmt::format("incident {} is {}", to_text(receipt.incident),
                   receipt.repeated ? "known already: it is not over, or was reported just now"
                                    : "reported"),
       receipt_line("reported", receipt)
           .add("incident", to_text(receipt.incident))
           .add("repeated", receipt.repeated)
           .text());
}

// ---- By itself ----------------------------------------------------------------------------------

std::unique_ptr<mobility::Actor> UnitProgram::make_actor() {
  const mobility::ActorPlace place{
      .map = map_, .router = router_, .at = at_, .pace = options_.pace, .now = loop_.now()};
  const std::string& id = client_->id();
  switch (options_.kind) {
    case Kind::car:
      return std::make_unique<mobility::CarActor>(id, place, client::make_seed());
    case Kind::ambulance:
      return std::make_unique<mobility::AmbulanceActor>(id, place, options_.capabilities);
    case Kind::hospital:
      return std::make_unique<mobility::HospitalActor>(id, place, options_.beds,
                                                       options_.capabilities);
    case Kind::traffic_light:
      break;
  }
  const auto on_plane = map_.projection().to_plane(place_);
  check(on_plane.has_value());
  const mobility::Crossing* const crossing = map_.nearest_crossing(*on_plane, crossing_within_cm);
  check(crossing != nullptr);
  return std::make_unique<mobility::LightActor>(id, place, crossing->node);
}

mobility::Fix UnitProgram::fix() const {
  return actor_ ? actor_->fix() : mobility::Fix{.place = place_};
}

void UnitProgram::tick() {
  if (actor_ && client_->is_signed_on()) {
    const Instant now = loop_.now();
    for (const mobility::Request& request : actor_->advance(now)) {
      client_->send(request, [this, request](const Result<mobility::Receipt>& receipt) {
        actor_->answered(request, receipt, loop_.now());
        if (!receipt) return complain(receipt.error());
        if (std::holds_alternative<mobility::Report>(request)) reported(*receipt);
      });
    }
    if (options_.kind == Kind::traffic_light) {
      const std::string light = light_text(*actor_);
      if (std::exchange(light_shown_, light) != light) {
        show(light, JsonLine().add("event", "light").add("shows", light).text());
      }
    }
  }
  client_->set_fix(fix());
  draw();
  const Duration most = card_interval;
  timer_.expires_after(std::min(options_.heartbeat_interval, most));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !quitting_) tick();
  });
}

// ---- What is shown ------------------------------------------------------------------------------

void UnitProgram::show(const std::string& text, const std::string& json) {
  if (terminal_) {
    shown_.push_back(text);
    if (shown_.size() > shown_max) shown_.pop_front();
    return;
  }
  fmt::print("{}\n", options_.client.json ? json : text);
  std::fflush(stdout);
}

void UnitProgram::complain(const Error& error) {
  if (quitting_) return;
  if (terminal_) return show("! " + error.message, "");
  fmt::print(stderr, "{}\n", error.message);
}

std::string UnitProgram::state_text() const {
  if (actor_) return options_.kind == Kind::traffic_light ? light_text(*actor_) : actor_->doing();
  if (options_.kind == Kind::hospital) {
    return fmt::format("{}, {} expected", beds_text(desk_.free_beds(), desk_.is_on_diversion()),
                       desk_.expected());
  }
  if (options_.kind == Kind::car && reported_) {
    return "incident " + to_text(*reported_) + ": " + reported_state_;
  }
  if (!crew_) return "";
  if (off_duty_) return "off duty";
  const auto& job = crew_->job();
  return job ? std::string(name_of(job->reached)) + ", incident " + to_text(job->incident)
             : "no order";
}

void UnitProgram::draw() {
  if (!terminal_) return;
  const ViewSize size = terminal_->size();
  std::vector<StyledLine> lines;
  const auto add = [&](Style style, std::string text) {
    StyledLine line;
    line.push_back({.style = style, .text = std::move(text)});
    lines.push_back(cut(std::move(line), size.columns));
  };
  add(Style::title, fmt::format(" {} {} ", name_of(options_.kind), client_->id()));
  add(Style::plain, state_);
  add(Style::plain, place_text(fix().place));
  add(Style::strong, state_text() + (digits_.empty() ? "" : "   " + digits_));
  add(Style::quiet, std::string(keys()));
  add(Style::plain, "");
  const std::size_t room = size.rows > lines.size() ? size.rows - lines.size() : 0;
  const std::size_t first = shown_.size() > room ? shown_.size() - room : 0;
  for (std::size_t i = first; i < shown_.size(); ++i) add(Style::plain, shown_[i]);
  terminal_->draw(lines);
}

}  // namespace muster::cli
