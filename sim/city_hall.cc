#include "sim/city_hall.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/crc32c.h"
#include "base/random.h"
#include "mobility/dispatcher.h"
#include "muster/check.h"
#include "muster/codec.h"
#include "sim/witness.h"

namespace muster::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t remembered_max = 256;  ///< Of what was advised, the newest.

/// The unit whose topic it is; nothing if it is no unit's.
std::optional<mobility::UnitId> unit_of(std::string_view topic) {
  using mobility::Kind;
  for (const Kind kind : {Kind::car, Kind::ambulance, Kind::hospital, Kind::traffic_light}) {
    const std::string prefix = mobility::unit_topic({.kind = kind});
    if (!topic.starts_with(prefix)) continue;
    return mobility::UnitId{kind, std::string(topic.substr(prefix.size()))};
  }
  return std::nullopt;
}

/// Takes down what a machine tells and answers on its way.
class Recorder final : public service::Output {
 public:
  Recorder(service::Output& output, CityDeed& deed, bool fresh)
      : output_(output), deed_(deed), fresh_(fresh) {}
  void reply(BytesView payload) override {
    if (fresh_) deed_.receipt = mobility::decode_receipt(payload).value();
    deed_.checksum = crc32c(payload, deed_.checksum);
    output_.reply(payload);
  }
  void refuse(ErrorCode code, std::string_view message) override {
    deed_.refused = code;
    deed_.checksum = crc32c(as_bytes(message), deed_.checksum);
    output_.refuse(code, message);
  }
  void publish(std::string_view topic, BytesView bytes) override {
    output_.publish(topic, bytes);
    deed_.checksum = crc32c(bytes, crc32c(as_bytes(topic), deed_.checksum));
    if (!fresh_) return;
    if (topic == mobility::incidents_topic) {
      deed_.events.emplace_back(mobility::decode_incident_event(bytes).value());
    } else if (topic == mobility::units_topic) {
      deed_.events.emplace_back(mobility::decode_unit_event(bytes).value());
    } else if (const auto to = unit_of(topic)) {
      deed_.events.emplace_back(ToldOrder{*to, mobility::decode_order(bytes).value()});
    } else {
      check(topic == mobility::way_topic && mobility::decode_approach(bytes).has_value());
    }
  }

 private:
  service::Output& output_;
  CityDeed& deed_;
  const bool fresh_;
};

mobility::Dispatcher::Options hurried() {
  mobility::Dispatcher::Options options;
  // Of travel at the pace of the truth, so that they are short for those who live faster.
  options.better_least = seconds(10);
  options.better_every = milliseconds(300);
  options.wave_every = milliseconds(100);
  options.wave_ahead = seconds(60);
  options.wave_lease = seconds(2);
  options.locate_every = milliseconds(500);
  return options;
}

/// A decision as of before its unit changed last.
Bytes from_before(BytesView command) {
  mobility::Request request = mobility::decode_request(command).value();
  if (auto* const assign = std::get_if<mobility::Assign>(&request)) --assign->ambulance_version;
  if (auto* const reserve = std::get_if<mobility::Reserve>(&request)) --reserve->hospital_version;
  if (auto* const preempt = std::get_if<mobility::Preempt>(&request)) --preempt->ambulance_version;
  return mobility::encode(request);
}

/// A dispatcher that says besides, at times, what it or another leader's advised some time ago.
class Forgetful final : public service::Advisor {
 public:
  Forgetful(std::uint64_t seed, double late, std::vector<Bytes>& advised)
      : dispatcher_(hurried()), random_(seed), late_(late), advised_(advised) {}
  Duration interval() const override { return dispatcher_.interval(); }
  std::vector<service::Advice> advise(const service::Machine& applied,
                                      const service::LiveValues& live, Instant now) override {
    const auto& city = static_cast<const CityHall&>(applied).city();
    std::vector<service::Advice> said = dispatcher_.advise(city, live, now);
    for (const service::Advice& advice : said) advised_.push_back(advice.command);
    if (advised_.size() > 2 * remembered_max) {
      advised_.erase(advised_.begin(), advised_.end() - remembered_max);
    }
    // At rest nobody says anything.
    const bool is_at_rest = city.open_incidents().empty() || advised_.empty();
    if (is_at_rest || !random_.chance(late_)) return said;
    // First, while all else that it names is as it says.
    if (auto wrong = random_.chance(0.5) ? wrong_now(city, said) : std::nullopt) {
      said.insert(said.begin(), late(std::move(*wrong)));
      return said;
    }
    const std::size_t newest = std::min(advised_.size(), std::size_t{1} << random_.below(8));
    const std::size_t at = advised_.size() - 1 - random_.below(newest);
    said.push_back(late(advised_[at]));
    return said;
  }

 private:
  service::Advice late(Bytes command) {
    return {.subject = "late " + std::to_string(++lates_), .command = std::move(command)};
  }
  /// What would be advised by one that missed the last change of a unit, or knows nothing of beds.
  std::optional<Bytes> wrong_now(const mobility::Mobility& city,
                                 const std::vector<service::Advice>& said) {
    if (!said.empty() && random_.chance(0.5)) {
      return from_before(said[random_.below(said.size())].command);
    }
    const auto hospitals = city.ids_of(mobility::Kind::hospital);
    if (hospitals.empty()) return std::nullopt;
    for (const mobility::IncidentId id : city.open_incidents()) {
      const mobility::Incident& incident = *city.find(id);
      if (incident.state != mobility::IncidentState::on_scene) continue;
      const auto* const unit = city.find(
          mobility::UnitId{mobility::Kind::hospital, hospitals[random_.below(hospitals.size())]});
      mobility::Reserve reserve{.incident = id, .follows = incident.last_step()};
      reserve.hospital = unit->id.id;
      reserve.hospital_version = unit->version;
      reserve.over_capacity = random_.chance(0.3);
      return mobility::encode(mobility::Request{reserve});
    }
    return std::nullopt;
  }

  mobility::Dispatcher dispatcher_;
  Random random_;
  const double late_;
  std::vector<Bytes>& advised_;
  std::uint64_t lates_{0};
};

}  // namespace

Bytes with_operation(OperationId id, const mobility::Request& request) {
  Bytes bytes;
  Writer writer(bytes);
  writer.integer(id.client);
  writer.integer(id.number);
  writer.raw(mobility::encode(request));
  return bytes;
}

CityHall::CityHall(std::size_t server, const Scenario& scenario, MobilityCheckers& checkers,
                   Halls& halls)
    : server_(server),
      scenario_(scenario),
      city_(scenario.mobility.limits),
      checkers_(checkers),
      halls_(halls) {
  halls_.push_back(this);
}

CityHall::~CityHall() {
  std::erase(halls_, this);
}

void CityHall::apply(const service::Command& command, service::Output& output) {
  service::Command inner = command;
  if (!command.system) inner.payload = without_operation(command.payload);
  CityDeed deed{.position = command.position,
                .time = command.time,
                .session = command.session,
                .of_leader = command.system};
  const bool fresh = checkers_.alike.is_new(deed);
  if (fresh) {
    auto request = mobility::decode_request(inner.payload);
    if (request) deed.request = std::move(*request);
  }
  Recorder recorder(output, deed, fresh);
  city_.apply(inner, recorder);
  checkers_.seen(server_, deed, city_);
}

void CityHall::expire(LogTime now, service::Output& output) {
  CityDeed deed{.time = now};
  Recorder recorder(output, deed, checkers_.alike.is_new(deed));
  city_.expire(now, recorder);
  checkers_.seen(server_, deed, city_);
}

void CityHall::session_ended(SessionId session, Position at, LogTime now, service::Output& output) {
  CityDeed deed{.ended = session, .time = now};
  Recorder recorder(output, deed, checkers_.alike.is_new(deed));
  city_.session_ended(session, at, now, recorder);
  checkers_.seen(server_, deed, city_);
}

std::unique_ptr<service::Advisor> CityHall::make_advisor() const {
  const std::uint64_t seed = scenario_.seed * 1'000 + 300 + server_ + 10 * checkers_.leaders++;
  return std::make_unique<Forgetful>(seed, scenario_.mobility.late, checkers_.advised);
}

}  // namespace muster::sim
