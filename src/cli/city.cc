#include "cli/city.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "cli/json_line.h"
#include "cli/mobility_lines.h"
#include "mobility/mobility.h"

namespace muster::cli {
namespace {

using mobility::Kind;

constexpr std::chrono::milliseconds tick_interval{50};
constexpr std::chrono::milliseconds picture_interval{200};
constexpr std::chrono::seconds figures_interval{1};
constexpr std::chrono::seconds goodbye_time{3};
constexpr std::size_t begun_at_once = 25;  // In one tick.
constexpr std::size_t incidents_max = 200;
constexpr std::int64_t minute_us = 60'000'000;
constexpr std::uint32_t occupants_most = 5;

double in_ms(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

City::City(net::Loop& loop, const CityOptions& options, std::vector<std::string> servers,
           mobility::RoadMap map)
    : loop_(loop),
      options_(options),
      servers_(std::move(servers)),
      map_(std::move(map)),
      router_(map_.network(), mobility::Router::Options{}),
      random_(options.seed),
      stops_(loop.context(), SIGINT, SIGTERM),
      timer_(loop.context()) {
  plan();
}

City::~City() = default;

// ---- Who lives there ----------------------------------------------------------------------------

// Lights first, and ambulances before those who need them.
void City::plan() {
  const auto crossings = map_.crossings();
  const auto lights = std::min<std::size_t>(options_.lights, crossings.size());
  for (std::size_t i = 0; i < lights; ++i) {
    // Evenly over the city.
    residents_.push_back(
        {.kind = Kind::traffic_light, .crossing = crossings[i * crossings.size() / lights].node});
  }
  add(Kind::hospital, options_.hospitals);
  add(Kind::ambulance, options_.ambulances);
  add(Kind::car, options_.cars);
}

void City::add(Kind kind, std::uint32_t count) {
  const auto edges = map_.network().edges().size();
  for (std::uint32_t i = 0; i < count; ++i) {
    Resident resident{.kind = kind,
                      .at = {.edge = {static_cast<std::uint32_t>(random_.below(edges))}},
                      .seed = random_.next()};
    // Every other one can do more.
    if (kind == Kind::hospital && i % 2 == 0) resident.capabilities = mobility::trauma_centre;
    if (kind == Kind::ambulance && i % 2 == 0) {
      resident.capabilities = mobility::advanced_life_support;
    }
    residents_.push_back(std::move(resident));
    if (kind == Kind::car) cars_.push_back(&residents_.back());
  }
}

void City::begin_some() {
  for (std::size_t i = 0; i < begun_at_once && begun_ < residents_.size(); ++i) {
    begin(residents_[begun_++]);
  }
}

void City::begin(Resident& resident) {
  UnitClient::Options options{
      .client = {.session = {.id = {}, .seeds = servers_, .tags = options_.client.tags},
                 .secret = options_.client.secret(),
                 .discovery = options_.client.rediscovery()},
      .kind = resident.kind,
      .timeout = options_.client.timeout,
      .hears_approaches = resident.kind == Kind::car};
  options.client.session.heartbeat_interval = options_.heartbeat_interval;
  options.client.session.heartbeat_secret = options.client.secret;
  resident.client = std::make_unique<UnitClient>(loop_, std::move(options), handlers(resident));
}

UnitClient::Handlers City::handlers(Resident& resident) {
  return {.sign_on =
              [this, &resident] {
                call_by_its_id(resident);
                return resident.actor->sign_on();
              },
          .on_signed_on = [&resident](const mobility::Receipt&) { resident.actor->signed_on(); },
          .on_trouble =
              [this](const Error& error, bool fatal) {
                ++counts_.errors;
                trouble_ = error.message;
                if (!fatal || ending_) return;
                terminal_.reset();
                exit_ = report(error);
                end();
              },
          .on_order = [this, &resident](const mobility::Order& order,
                                        Position) { heard(resident, order); },
          .on_orders =
              [this, &resident](const std::vector<mobility::Order>& orders) {
                if (resident.actor) resident.actor->hear_all(orders, loop_.now());
              },
          .on_approach =
              [this, &resident](const mobility::Approach& approach) {
                if (resident.actor) resident.actor->hear(approach, loop_.now());
              },
          .on_incident = [](const mobility::Incident&) {},
          .on_change =
              [this](const session::StateChange& change) {
                if (change.kind == session::StateChange::Kind::ended) ++counts_.sessions_ended;
                if (change.kind == session::StateChange::Kind::resumed) ++counts_.moves;
              }};
}

// The group may call it otherwise than before; it is where it was.
void City::call_by_its_id(Resident& resident) {
  const std::string& id = resident.client->id();
  if (resident.actor && resident.actor->sign_on().unit.id == id) return;
  if (resident.actor) {
    if (const auto at = map_.locate(resident.actor->fix().place)) resident.at = *at;
  }
  resident.actor = make_actor(resident, id);
}

std::unique_ptr<mobility::Actor> City::make_actor(const Resident& resident, const std::string& id) {
  const mobility::ActorPlace place{
      .map = map_, .router = router_, .at = resident.at, .pace = options_.pace, .now = loop_.now()};
  switch (resident.kind) {
    case Kind::car:
      return std::make_unique<mobility::CarActor>(id, place, resident.seed);
    case Kind::ambulance:
      return std::make_unique<mobility::AmbulanceActor>(id, place, resident.capabilities);
    case Kind::hospital:
      return std::make_unique<mobility::HospitalActor>(id, place, options_.beds,
                                                       resident.capabilities);
    case Kind::traffic_light:
      break;
  }
  return std::make_unique<mobility::LightActor>(id, place, resident.crossing);
}

void City::heard(Resident& resident, const mobility::Order& order) {
  if (!resident.actor) return;
  const Instant now = loop_.now();
  if (order.kind == mobility::OrderKind::go_to_scene) {
    if (const auto crash = crashed_.find(order.incident); crash != crashed_.end()) {
      counts_.dispatched.record(now - crash->second);
      crashed_.erase(crash);
    }
  }
  resident.actor->hear(order, now);
}

// ---- What happens -------------------------------------------------------------------------------

ExitCode City::run() {
  stops_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) end();
  });
  if (DemoTerminal::is_there() && !options_.client.json) {
    terminal_ = std::make_unique<DemoTerminal>(loop_.context(), [this](char key) {
      if (key == 'q') end();
    });
  }
  began_ = loop_.now();
  ticked_ = began_;
  watch();
  tick();
  client::run_until_stopped(loop_);
  terminal_.reset();
  tell_summary();
  return exit_;
}

void City::tick() {
  const Instant now = loop_.now();
  begin_some();
  crash_some(now);
  for (Resident& resident : residents_) live(resident, now);
  if (now >= next_figures_) {
    next_figures_ = now + figures_interval;
    ask_figures();
    if (options_.client.json) {
      fmt::print("{}\n", progress_json());
      std::fflush(stdout);
    }
  }
  if (terminal_ && now >= next_drawing_) {
    next_drawing_ = now + picture_interval;
    draw(now);
  }
  ticked_ = now;
  if (options_.duration && now - began_ >= *options_.duration) return end();
  timer_.expires_after(tick_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !ending_) tick();
  });
}

void City::live(Resident& resident, Instant now) {
  if (!resident.actor || !resident.client) return;
  // What has no server drives on, and says what it has to say when it has one again.
  const bool can_speak = resident.client->is_signed_on();
  const std::vector<mobility::Request> requests = resident.actor->advance(now);
  for (const mobility::Request& request : requests) {
    resident.client->send(request,
                          [this, &resident, request](const Result<mobility::Receipt>& receipt) {
                            answered(resident, request, receipt);
                          });
  }
  if (can_speak) resident.client->set_fix(resident.actor->fix());
}

void City::answered(Resident& resident, const mobility::Request& request,
                    const Result<mobility::Receipt>& receipt) {
  const Instant now = loop_.now();
  resident.actor->answered(request, receipt, now);
  if (!receipt) ++counts_.errors;
  if (!receipt) trouble_ = receipt.error().message;
  if (!receipt || !std::holds_alternative<mobility::Report>(request)) return;
  ++counts_.reported;
  if (!resident.crashed_at) return;
  const Instant crashed_at = *std::exchange(resident.crashed_at, {});
  counts_.acknowledged.record(now - crashed_at);
  if (!receipt->repeated) crashed_.emplace(receipt->incident, crashed_at);
}

// So many a minute on the average, at random moments.
void City::crash_some(Instant now) {
  if (cars_.empty() || begun_ < residents_.size()) return;
  crash_due_ += (now - ticked_).count() * options_.crashes_per_minute;
  while (crash_due_ > 0) {
    const auto wait = static_cast<std::int64_t>(random_.below(2 * minute_us)) + 1;
    crash_due_ -= wait;
    Resident& car = *cars_[random_.below(cars_.size())];
    if (!car.actor || !car.client->is_signed_on()) continue;
    auto& actor = static_cast<mobility::CarActor&>(*car.actor);
    if (actor.has_crashed()) continue;
    const auto severity = static_cast<mobility::Severity>(1 + random_.below(3));
    actor.crash(severity, 1 + static_cast<std::uint32_t>(random_.below(occupants_most)));
    car.crashed_at = now;
    ++counts_.crashes;
  }
}

// ---- What is known of it ------------------------------------------------------------------------

void City::watch() {
  watcher_ = std::make_unique<client::Client>(
      loop_, client::Client::Options{.session = {.id = {}, .seeds = servers_, .only_follows = true},
                                     .secret = options_.client.secret(),
                                     .discovery = options_.client.rediscovery()});
  const auto followed =
      watcher_->follow(std::string(mobility::incidents_topic), std::nullopt,
                       [this](const session::TopicNews& news) { take_incidents(news); });
  if (!followed) trouble_ = followed.error().message;
}

void City::take_incidents(const session::TopicNews& news) {
  if (const auto* const events = std::get_if<session::TopicEvents>(&news)) {
    for (const session::Event& event : events->events) {
      auto incident = mobility::decode_incident_event(event.payload.view());
      if (incident) take(std::move(*incident));
      if (!incident) trouble_ = incident.error().message;
    }
  } else if (const auto* const gap = std::get_if<session::TopicGap>(&news); gap && gap->state) {
    auto known = mobility::decode_incidents(gap->state->view());
    if (!known) return;
    for (mobility::Incident& incident : known->incidents) take(std::move(incident));
  }
}

void City::take(mobility::Incident incident) {
  if (!terminal_ && !options_.client.json && !incident.steps.empty()) {
    fmt::print("{}  {}\n", to_text(incident.id),
               step_text(incident.steps.back(), incident.reported));
    std::fflush(stdout);
  }
  std::erase_if(incidents_, [&](const mobility::Incident& one) { return one.id == incident.id; });
  incidents_.push_back(std::move(incident));
  if (incidents_.size() > incidents_max) incidents_.pop_front();
}

void City::ask_figures() {
  if (std::exchange(asking_, true)) return;
  const auto asked = watcher_->read(
      mobility::service_id, SharedBytes(mobility::encode(mobility::Query{mobility::AskFigures{}})),
      client::Consistency::local, options_.client.timeout,
      [this](const Result<session::ReadResult>& result) {
        asking_ = false;
        if (!result) {
          trouble_ = result.error().message;
          return;
        }
        const auto figures = mobility::decode_figures(result->payload.view());
        if (figures) figures_ = *figures;
        trouble_.clear();
      });
  if (asked) return;
  asking_ = false;
  trouble_ = asked.error().message;
}

CityModel City::model() const {
  CityModel model{.group = options_.client.group,
                  .map_name = map_.name(),
                  .trouble = trouble_,
                  .incidents = {incidents_.begin(), incidents_.end()},
                  .figures = figures_,
                  .now = loop_.wall_time()};
  std::map<std::string, std::size_t> homes;
  for (const Resident& resident : residents_) {
    if (!resident.actor) continue;
    const auto& hello = resident.client->session().hello();
    if (hello && resident.client->is_signed_on()) ++homes[hello->name()];
    const auto place = map_.projection().to_plane(resident.actor->fix().place);
    if (!place) continue;
    CityUnit unit{.kind = resident.kind, .place = *place};
    unit.is_in_trouble = !resident.client->is_signed_on();
    if (resident.kind == Kind::car) {
      const auto& car = static_cast<const mobility::CarActor&>(*resident.actor);
      unit.is_in_trouble = car.has_crashed();
      model.gave_way += car.gave_way();
    } else if (resident.kind == Kind::ambulance) {
      const auto& one = static_cast<const mobility::AmbulanceActor&>(*resident.actor);
      unit.is_busy = one.crew().job().has_value();
    } else if (resident.kind == Kind::traffic_light) {
      const auto& one = static_cast<const mobility::LightActor&>(*resident.actor);
      unit.is_busy = one.controller().preemption() == mobility::Preemption::granted;
    }
    model.units.push_back(unit);
  }
  for (const auto& [name, units] : homes)
    model.servers.push_back(fmt::format("{} {}", name, units));
  return model;
}

void City::draw(Instant) {
  terminal_->draw(render(model(), map_, terminal_->size()));
}

std::string City::progress_json() const {
  std::size_t signed_on = 0;
  std::uint64_t gave_way = 0;
  for (const Resident& resident : residents_) {
    if (resident.client && resident.client->is_signed_on()) ++signed_on;
    if (resident.kind != Kind::car || !resident.actor) continue;
    gave_way += static_cast<const mobility::CarActor&>(*resident.actor).gave_way();
  }
  const auto seconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - began_).count();
  return JsonLine()
      .add("elapsedMs", seconds)
      .add("units", residents_.size())
      .add("signedOn", signed_on)
      .add("crashes", counts_.crashes)
      .add("reported", counts_.reported)
      .add("sessionsEnded", counts_.sessions_ended)
      .add("moves", counts_.moves)
      .add("errors", counts_.errors)
      .add("gaveWay", gave_way)
      .add("acknowledgedP50Ms", in_ms(counts_.acknowledged.percentile(0.5)))
      .add("acknowledgedP99Ms", in_ms(counts_.acknowledged.percentile(0.99)))
      .add("dispatchedP50Ms", in_ms(counts_.dispatched.percentile(0.5)))
      .add("dispatchedP99Ms", in_ms(counts_.dispatched.percentile(0.99)))
      .add("trouble", trouble_)
      .add_json("figures", figures_json(figures_))
      .text();
}

// ---- The end ------------------------------------------------------------------------------------

void City::end() {
  if (std::exchange(ending_, true)) return loop_.stop();
  timer_.expires_after(goodbye_time);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) loop_.stop();
  });
  for (Resident& resident : residents_) {
    if (!resident.client) continue;
    ++ends_;
    resident.client->end([this] {
      if (--ends_ == 0) loop_.stop();
    });
  }
  if (ends_ == 0) loop_.stop();
}

void City::tell_summary() const {
  if (options_.client.json) {
    fmt::print("{}\n", progress_json());
    return;
  }
  for (const std::string& line : figures_lines(figures_)) fmt::print("{}\n", line);
  fmt::print(
      "this city      {} crashes, {} acknowledged (median {:.1f} ms, 99 % within {:.1f} ms)\n",
      counts_.crashes, counts_.reported, in_ms(counts_.acknowledged.percentile(0.5)),
      in_ms(counts_.acknowledged.percentile(0.99)));
  fmt::print(
      "               an ambulance was told after {:.1f} ms (median; 99 % within {:.1f} ms)\n",
      in_ms(counts_.dispatched.percentile(0.5)), in_ms(counts_.dispatched.percentile(0.99)));
  fmt::print("clients        {} units, {} moves to another server, {} sessions ended, {} errors\n",
             residents_.size(), counts_.moves, counts_.sessions_ended, counts_.errors);
}

}  // namespace muster::cli
