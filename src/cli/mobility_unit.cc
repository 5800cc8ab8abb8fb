#include "cli/mobility_unit.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <utility>

#include "cli/json_line.h"
#include "cli/mobility_client.h"
#include "cli/mobility_lines.h"
#include "muster/check.h"

namespace muster::cli {
namespace {

constexpr std::chrono::seconds parting_time{2};
constexpr std::chrono::milliseconds card_interval{100};
constexpr std::size_t shown_max = 200;
constexpr std::size_t digits_max = 5;
constexpr std::int64_t crossing_within_cm = 5'000;

using mobility::IncidentState;
using mobility::Kind;
using mobility::StepKind;

std::string_view keys_of(Kind kind) {
  switch (kind) {
    case Kind::car:
      return "c crash   x false alarm   q quit";
    case Kind::ambulance:
      return "o on duty, take the order   r reached   t transporting   a available   f off duty   "
             "q quit";
    case Kind::hospital:
      return "+ - a bed more or less   NUMBER and Enter: free beds   d diversion   q quit";
    case Kind::traffic_light:
      break;
  }
  return "q quit";
}

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
          .on_signed_on = [this] { signed_on(); },
          .on_trouble = [this](const Error& error, bool fatal) { trouble(error, fatal); },
          .on_order = [this](const mobility::Order& order) { heard(order); },
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
  request.beds = options_.kind == Kind::hospital ? options_.beds : 0;
  return request;
}

void UnitProgram::signed_on() {
  const bool acts = options_.automatic || options_.kind == Kind::traffic_light;
  if (acts && !actor_) actor_ = make_actor();
  if (!acts && options_.kind == Kind::ambulance && !crew_) crew_.emplace(client_->id());
  if (actor_) actor_->signed_on();
  if (crew_) crew_->reset();
  wanted_.clear();
  stepping_ = false;
  const auto& hello = client_->session().hello();
  state_ = "signed on at " + (hello ? hello->name() : std::string("a server"));
  show(fmt::format("{} {} is signed on at {}, at {}", name_of(options_.kind), client_->id(),
                   hello ? hello->name() : "a server", place_text(fix().place)),
       JsonLine()
           .add("event", "signed-on")
           .add("kind", enum_text(name_of(options_.kind)))
           .add("id", client_->id())
           .add("server", hello ? hello->name() : "")
           .text());
  if (reader_) reader_->resume();
}

void UnitProgram::trouble(const Error& error, bool fatal) {
  if (quitting_) return;
  if (!fatal) return complain(error);
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
  // Being sent on to another server before it is signed on is nothing to tell.
  if (word == nullptr || (change.kind == Change::lost && !client_->is_signed_on())) return;
  std::string text;
  if (change.kind == Change::lost) text = "the connection to " + server + " is lost; trying others";
  if (change.kind == Change::resumed) text = "goes on at " + server;
  if (change.kind == Change::ended) text = "the session has ended; signing on again";
  state_ = text;
  show(text, JsonLine().add("event", word).add("server", server).text());
}

void UnitProgram::heard(const mobility::Order& order) {
  const bool is_new = !crew_ || crew_->hear(order);
  if (actor_) actor_->hear(order, loop_.now());
  if (!is_new) return;
  std::string text = fmt::format("{}: incident {}", name_of(order.kind), to_text(order.incident));
  if (!order.unit.empty()) text += ", " + order.unit;
  if (order.kind == mobility::OrderKind::go_to_scene) {
    text += fmt::format(", {} {}, at {}", name_of(order.severity), order.occupants,
                        place_text(order.place));
  }
  if (order.over_capacity) text += " (over capacity)";
  show(text, order_json(order));
  take_next_step();
}

void UnitProgram::heard_all(const std::vector<mobility::Order>& orders) {
  if (actor_) actor_->hear_all(orders, loop_.now());
  if (!crew_ || !crew_->hear_all(orders)) return;
  const auto& job = crew_->job();
  show(job ? "what stands: incident " + to_text(job->incident) : "no order stands any more",
       JsonLine().add("event", "orders").add("incident", job ? to_text(job->incident) : "").text());
  take_next_step();
}

// A car's own incident.
void UnitProgram::heard(const mobility::Incident& incident) {
  if (incident.id != reported_ || incident.steps.empty()) return;
  const mobility::Step& step = incident.steps.back();
  show(fmt::format("incident {}: {}", to_text(incident.id), step_text(step, incident.reported)),
       incident_json(incident));
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
        if (!receipt) complain(receipt.error());
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

// ---- What is typed ------------------------------------------------------------------------------

void UnitProgram::take_key(char key) {
  if (key >= '0' && key <= '9' && digits_.size() < digits_max) {
    digits_ += key;
  } else if (key == '\r' || key == '\n') {
    take_word(std::exchange(digits_, {}));
  } else {
    digits_.clear();
    take_word(std::string_view(&key, 1));
  }
}

void UnitProgram::take_line(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return;
  const std::size_t end = line.find_last_not_of(" \t\r");
  take_word(std::string_view(line).substr(begin, end - begin + 1));
}

void UnitProgram::take_word(std::string_view word) {
  if (word.empty() || quitting_) return;
  if (word == "q") return quit();
  if (!client_->is_signed_on()) {
    return complain({ErrorCode::unavailable, "it is not signed on just now; wait a moment"});
  }
  const bool is_key = word.size() == 1;
  if (options_.kind == Kind::ambulance && crew_ && is_key) return drive_ambulance(word.front());
  if (options_.kind == Kind::car && is_key) return tell_car(word.front());
  if (options_.kind == Kind::hospital) return tell_hospital(word);
  complain({ErrorCode::invalid_argument,
            fmt::format("{} means nothing here; the keys are: {}", word, keys_of(options_.kind))});
}

void UnitProgram::drive_ambulance(char key) {
  const auto& job = crew_->job();
  const IncidentState state = projected();
  switch (key) {
    case 'o':
      if (job && state == IncidentState::assigned) return want(StepKind::accepted);
      return send(mobility::Duty{.ambulance = client_->id(), .on = true}, "on duty");
    case 'f':
      return send(mobility::Duty{.ambulance = client_->id(), .on = false}, "off duty");
    case 'r':
      if (job && state == IncidentState::assigned) want(StepKind::accepted);
      return want(state == IncidentState::transporting ? StepKind::handed_over
                                                       : StepKind::on_scene);
    case 't':
      return want(StepKind::transporting);
    case 'a':
      if (!job) return send(mobility::Duty{.ambulance = client_->id(), .on = true}, "available");
      if (state == IncidentState::transporting) want(StepKind::handed_over);
      return want(StepKind::closed);
    default:
      complain(
          {ErrorCode::invalid_argument, fmt::format("the keys are: {}", keys_of(options_.kind))});
  }
}

/// How far it will have come when all that was typed is done.
IncidentState UnitProgram::projected() const {
  if (!crew_->job()) return IncidentState::waiting;
  mobility::Crew::Job job = *crew_->job();
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    job.reached = static_cast<IncidentState>(static_cast<int>(job.reached) + 1);
  }
  return job.reached;
}

void UnitProgram::want(StepKind step) {
  wanted_.push_back(step);
  take_next_step();
}

void UnitProgram::take_next_step() {
  if (!crew_ || stepping_ || wanted_.empty()) return;
  const auto& job = crew_->job();
  const StepKind step = wanted_.front();
  // The hospital is chosen in a moment; then it goes on.
  const bool waits = job && job->reached == IncidentState::on_scene && job->hospital.empty();
  if (step == StepKind::transporting && waits) return;
  if (job && step == StepKind::on_scene) place_ = job->scene;
  if (job && step == StepKind::handed_over) place_ = job->hospital_place;
  const auto progress = crew_->say(step, place_);
  if (!progress) {
    wanted_.clear();
    return complain(progress.error());
  }
  stepping_ = true;
  client_->send(*progress, [this, progress = *progress](const Result<mobility::Receipt>& receipt) {
    step_taken(progress, receipt);
  });
}

void UnitProgram::step_taken(const mobility::Progress& progress,
                             const Result<mobility::Receipt>& receipt) {
  stepping_ = false;
  if (!receipt) {
    wanted_.clear();
    return complain(receipt.error());
  }
  crew_->reached(progress);
  if (!wanted_.empty()) wanted_.pop_front();
  show(fmt::format("incident {}: {}", to_text(progress.incident), name_of(progress.reached)),
       JsonLine()
           .add("event", "step")
           .add("incident", to_text(progress.incident))
           .add("step", receipt->step)
           .add("kind", enum_text(name_of(progress.reached)))
           .text());
  take_next_step();
}

void UnitProgram::tell_car(char key) {
  if (key == 'x') {
    return send(mobility::Cancel{.car = client_->id(), .incident = reported_}, "false alarm");
  }
  if (key != 'c') {
    return complain(
        {ErrorCode::invalid_argument, fmt::format("the keys are: {}", keys_of(options_.kind))});
  }
  if (auto* const car = dynamic_cast<mobility::CarActor*>(actor_.get())) {
    return car->crash(mobility::Severity::serious, 1);
  }
  const mobility::Report report{.car = client_->id(), .place = place_};
  client_->send(report, [this](const Result<mobility::Receipt>& receipt) {
    if (!receipt) return complain(receipt.error());
    reported_ = receipt->incident;
    show(fmt::format("incident {} is {}", to_text(reported_),
                     receipt->repeated ? "known already" : "reported"),
         JsonLine()
             .add("event", "reported")
             .add("incident", to_text(reported_))
             .add("repeated", receipt->repeated)
             .text());
  });
}

void UnitProgram::tell_hospital(std::string_view word) {
  mobility::Beds beds{.hospital = client_->id()};
  std::int32_t number = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  if (word == "+" || word == "-") {
    beds.change = word == "+" ? 1 : -1;
  } else if (word == "d") {
    beds.diversion = !diversion_;
  } else if (read.ec == std::errc{} && read.ptr == word.data() + word.size()) {
    beds.free = number;
  } else {
    return complain(
        {ErrorCode::invalid_argument,
         fmt::format("{} is no number of beds; the keys are: {}", word, keys_of(options_.kind))});
  }
  client_->send(beds, [this, beds](const Result<mobility::Receipt>& receipt) {
    if (!receipt) return complain(receipt.error());
    diversion_ = beds.diversion.value_or(diversion_);
    show(fmt::format("{} free beds{}", receipt->free_beds, diversion_ ? ", on diversion" : ""),
         JsonLine()
             .add("event", "beds")
             .add("freeBeds", receipt->free_beds)
             .add("diversion", diversion_)
             .text());
  });
}

void UnitProgram::send(const mobility::Request& request, const std::string& said) {
  client_->send(request, [this, said](const Result<mobility::Receipt>& receipt) {
    if (!receipt) return complain(receipt.error());
    show(said, JsonLine().add("event", "said").add("what", said).text());
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
  if (!crew_) return "";
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
  add(Style::quiet, std::string(keys_of(options_.kind)));
  add(Style::plain, "");
  const std::size_t room = size.rows > lines.size() ? size.rows - lines.size() : 0;
  const std::size_t first = shown_.size() > room ? shown_.size() - room : 0;
  for (std::size_t i = first; i < shown_.size(); ++i) add(Style::plain, shown_[i]);
  terminal_->draw(lines);
}

// ---- Beginning ----------------------------------------------------------------------------------

namespace {

using boost::asio::awaitable;

struct Beginning {
  std::optional<mobility::RoadMap> map{};
  mobility::OnEdge at{};
};

/// A crossing with a light that no unit stands at yet, else any.
mobility::Geographic free_crossing(const mobility::RoadMap& map,
                                   const std::vector<mobility::Unit>& lights) {
  const auto place_of = [&](const mobility::Crossing& crossing) {
    return map.projection().to_globe(map.network().node(crossing.node).place);
  };
  for (const mobility::Crossing& crossing : map.crossings()) {
    const mobility::Geographic place = place_of(crossing);
    if (std::ranges::none_of(lights, [&](const auto& one) { return one.place == place; })) {
      return place;
    }
  }
  return place_of(map.crossings().front());
}

/// Where it is: as it was said, else somewhere on the map.
awaitable<Result<mobility::Geographic>> choose_place(MobilityClient& client,
                                                     const mobility::RoadMap& map,
                                                     const UnitOptions& options) {
  if (options.place) co_return *options.place;
  if (options.kind != Kind::traffic_light) {
    const auto edges = map.network().edges().size();
    const auto edge = static_cast<std::uint32_t>(client::make_seed() % edges);
    co_return map.geographic({.edge = {edge}});
  }
  if (map.crossings().empty()) {
    co_return Error{ErrorCode::failed_precondition, "the map has no crossing with a light"};
  }
  const auto lights = co_await client.units(Kind::traffic_light);
  if (!lights) co_return lights.error();
  co_return free_crossing(map, *lights);
}

awaitable<ExitCode> prepare(MobilityClient& client, UnitOptions& options, Beginning& begin) {
  auto map = co_await client.map();
  if (!map) co_return report(map.error());
  const auto place = co_await choose_place(client, *map, options);
  if (!place) co_return report(place.error());
  const auto at = map->locate(*place);
  if (!at) co_return report(at.error());
  const auto on_plane = map->projection().to_plane(*place);
  if (!on_plane) co_return report(on_plane.error());
  if (options.kind == Kind::traffic_light &&
      map->nearest_crossing(*on_plane, crossing_within_cm) == nullptr) {
    const Error error{ErrorCode::invalid_argument,
                      "no crossing with a light is within 50 m of that place; leave it out to get "
                      "one that is free"};
    co_return report(error);
  }
  options.place = *place;
  begin.at = *at;
  begin.map = std::move(*map);
  co_return 0;
}

}  // namespace

ExitCode run_unit(const UnitOptions& given) {
  UnitOptions options = given;
  std::vector<std::string> servers = options.client.servers_to_try();
  Beginning begin;
  ClientOptions asking = options.client;
  asking.servers = servers;
  const ExitCode prepared = with_mobility(
      asking, [&](MobilityClient& client) { return prepare(client, options, begin); });
  if (!begin.map) return prepared;
  net::Loop loop;
  UnitProgram program(loop, options, std::move(servers), std::move(*begin.map), begin.at);
  return program.run();
}

}  // namespace muster::cli
