// Commands and receipts as bytes.
#include "mobility/messages.h"

#include <array>
#include <cstring>
#include <utility>

#include "mobility/schema_values.h"
#include "wire/control.h"
#include "wire/timestamp.h"

namespace muster::mobility {
namespace {

Error wrong(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what)};
}

void put(const SignOn& request, schema::Command& out) {
  schema::SignOn& sign_on = *out.mutable_sign_on();
  put_unit_id(request.unit, *sign_on.mutable_unit());
  put_place(request.place, *sign_on.mutable_place());
  sign_on.set_capabilities(request.capabilities);
  sign_on.set_beds(request.beds);
}
void put(const SignOff& request, schema::Command& out) {
  put_unit_id(request.unit, *out.mutable_sign_off()->mutable_unit());
}
void put(const Report& request, schema::Command& out) {
  schema::Report& report = *out.mutable_report();
  report.set_car(request.car);
  if (request.place) put_place(*request.place, *report.mutable_place());
  report.set_severity(static_cast<schema::Severity::Value>(request.severity));
  report.set_occupants(request.occupants);
}
void put(const Progress& request, schema::Command& out) {
  schema::Progress& progress = *out.mutable_progress();
  progress.set_ambulance(request.ambulance);
  put_incident_id(request.incident, *progress.mutable_incident());
  progress.set_order(request.order);
  progress.set_reached(static_cast<schema::StepKind::Value>(request.reached));
  if (request.place) put_place(*request.place, *progress.mutable_place());
}
void put(const Duty& request, schema::Command& out) {
  out.mutable_duty()->set_ambulance(request.ambulance);
  out.mutable_duty()->set_on(request.on);
}
void put(const Beds& request, schema::Command& out) {
  schema::Beds& beds = *out.mutable_beds();
  beds.set_hospital(request.hospital);
  if (request.free) beds.set_free(*request.free);
  if (request.change) beds.set_change(*request.change);
  if (request.diversion) beds.set_diversion(*request.diversion);
}
void put(const Signal& request, schema::Command& out) {
  schema::Signal& signal = *out.mutable_signal();
  signal.set_light(request.light);
  signal.set_order(request.order);
  signal.set_status(static_cast<schema::Preemption::Value>(request.status));
}
void put(const Cancel& request, schema::Command& out) {
  out.mutable_cancel()->set_car(request.car);
  put_incident_id(request.incident, *out.mutable_cancel()->mutable_incident());
  out.mutable_cancel()->set_key(request.key);
}
void put(const MapPart& request, schema::Command& out) {
  schema::MapPart& part = *out.mutable_map_part();
  part.set_digest(std::string(as_text(request.digest)));
  part.set_total_bytes(request.total_bytes);
  part.set_offset(request.offset);
  part.set_bytes(std::string(as_text(request.bytes)));
}
void put(const Assign& request, schema::Command& out) {
  schema::Assign& assign = *out.mutable_assign();
  put_incident_id(request.incident, *assign.mutable_incident());
  assign.set_follows(request.follows);
  assign.set_ambulance(request.ambulance);
  assign.set_ambulance_version(request.ambulance_version);
  assign.set_travel_ms(to_ms(request.travel));
}
void put(const Reserve& request, schema::Command& out) {
  schema::Reserve& reserve = *out.mutable_reserve();
  put_incident_id(request.incident, *reserve.mutable_incident());
  reserve.set_follows(request.follows);
  reserve.set_hospital(request.hospital);
  reserve.set_hospital_version(request.hospital_version);
  reserve.set_over_capacity(request.over_capacity);
  reserve.set_travel_ms(to_ms(request.travel));
  reserve.set_cause(static_cast<schema::Cause::Value>(request.cause));
}
void put(const Preempt& request, schema::Command& out) {
  schema::Preempt& preempt = *out.mutable_preempt();
  preempt.set_light(request.light);
  preempt.set_ambulance(request.ambulance);
  preempt.set_ambulance_version(request.ambulance_version);
  if (request.way) put_way(*request.way, *preempt.mutable_way());
  preempt.set_arrives_ms(to_ms(request.arrives));
  preempt.set_lease_ms(to_ms(request.lease));
}
void put(const Locate& request, schema::Command& out) {
  for (const Locate::One& one : request.units) {
    schema::Locate::One& unit = *out.mutable_locate()->add_units();
    put_unit_id(one.unit, *unit.mutable_unit());
    unit.set_version(one.version);
    put_place(one.place, *unit.mutable_place());
  }
  if (request.units.empty()) out.mutable_locate();
}

/// A place that may be left out.
template <class Message>
Result<std::optional<Geographic>> place_of(const Message& message) {
  if (!message.has_place()) return std::optional<Geographic>{};
  const auto place = to_place(message.place());
  if (!place) return place.error();
  return std::optional(*place);
}

Result<Request> read(const schema::SignOn& sign_on) {
  auto unit = to_unit_id(sign_on.unit());
  if (!unit) return unit.error();
  const auto place = to_place(sign_on.place());
  if (!place) return place.error();
  if ((sign_on.capabilities() & ~all_capabilities) != 0) {
    return wrong("this version of the mobility service knows no such capability");
  }
  if (sign_on.beds() > beds_max) return wrong("a hospital has at most 10000 free beds");
  return Request{SignOn{.unit = std::move(*unit),
                        .place = *place,
                        .capabilities = sign_on.capabilities(),
                        .beds = sign_on.beds()}};
}
Result<Request> read(const schema::SignOff& sign_off) {
  auto unit = to_unit_id(sign_off.unit());
  if (!unit) return unit.error();
  return Request{SignOff{.unit = std::move(*unit)}};
}
Result<Request> read(const schema::Report& report) {
  auto car = to_id(report.car());
  if (!car) return car.error();
  const auto place = place_of(report);
  if (!place) return place.error();
  const auto severity =
      to_value(report.severity(), Severity::critical, Severity::minor, "severity");
  if (!severity) return severity.error();
  if (report.occupants() > occupants_max) return wrong("a car has at most 255 occupants");
  return Request{Report{.car = std::move(*car),
                        .place = *place,
                        .severity = *severity,
                        .occupants = report.occupants()}};
}
Result<Request> read(const schema::Progress& progress) {
  auto ambulance = to_id(progress.ambulance());
  if (!ambulance) return ambulance.error();
  const auto place = place_of(progress);
  if (!place) return place.error();
  const auto step =
      to_value(progress.reached(), StepKind::reported, StepKind::cancelled, "step of an ambulance");
  if (!step) return step.error();
  const StepKind reached = *step;
  constexpr std::array possible{StepKind::accepted, StepKind::on_scene, StepKind::transporting,
                                StepKind::handed_over, StepKind::closed};
  if (std::ranges::find(possible, reached) == possible.end()) {
    return wrong(
        "an ambulance says that it accepts, is on scene, transports, has handed over or "
        "is available");
  }
  return Request{Progress{.ambulance = std::move(*ambulance),
                          .incident = to_incident_id(progress.incident()),
                          .order = progress.order(),
                          .reached = reached,
                          .place = *place}};
}
Result<Request> read(const schema::Duty& duty) {
  auto ambulance = to_id(duty.ambulance());
  if (!ambulance) return ambulance.error();
  return Request{Duty{.ambulance = std::move(*ambulance), .on = duty.on()}};
}
Result<Request> read(const schema::Beds& beds) {
  auto hospital = to_id(beds.hospital());
  if (!hospital) return hospital.error();
  Beds out{.hospital = std::move(*hospital)};
  if (beds.has_free()) out.free = beds.free();
  if (beds.has_change()) out.change = beds.change();
  if (beds.has_diversion()) out.diversion = beds.diversion();
  if (out.free && out.change) return wrong("give a number of free beds or a change, not both");
  if (!out.free && !out.change && !out.diversion) {
    return wrong("say how many beds are free, or whether the hospital is on diversion");
  }
  if (out.free.value_or(0) < 0) return wrong("no hospital has fewer than 0 free beds");
  if (out.free.value_or(0) > static_cast<std::int32_t>(beds_max)) {
    return wrong("a hospital has at most 10000 free beds");
  }
  return Request{std::move(out)};
}
Result<Request> read(const schema::Signal& signal) {
  auto light = to_id(signal.light());
  if (!light) return light.error();
  const auto status = to_value(signal.status(), PreemptionStatus::processing,
                               PreemptionStatus::max_presence, "answer of a light");
  if (!status) return status.error();
  if (*status == PreemptionStatus::watch_other_traffic) {
    return wrong("a light does not decide who comes first");
  }
  return Request{Signal{.light = std::move(*light), .order = signal.order(), .status = *status}};
}
Result<Request> read(const schema::Cancel& cancel) {
  if (!cancel.car().empty()) {
    if (auto car = to_id(cancel.car()); !car) return car.error();
  }
  return Request{Cancel{
      .car = cancel.car(), .incident = to_incident_id(cancel.incident()), .key = cancel.key()}};
}
Result<Request> read(const schema::MapPart& part) {
  MapPart out{.total_bytes = part.total_bytes(), .offset = part.offset()};
  if (part.digest().size() != out.digest.size()) return wrong("a map's digest has 32 bytes");
  std::memcpy(out.digest.data(), part.digest().data(), out.digest.size());
  if (part.bytes().empty() || part.bytes().size() > map_part_bytes_max) {
    return wrong("a piece of a map has 1 to 131072 bytes");
  }
  const BytesView bytes = as_bytes(part.bytes());
  out.bytes.assign(bytes.begin(), bytes.end());
  return Request{std::move(out)};
}
Result<Request> read(const schema::Assign& assign) {
  auto ambulance = to_id(assign.ambulance());
  if (!ambulance) return ambulance.error();
  return Request{Assign{.incident = to_incident_id(assign.incident()),
                        .follows = assign.follows(),
                        .ambulance = std::move(*ambulance),
                        .ambulance_version = assign.ambulance_version(),
                        .travel = from_ms(assign.travel_ms())}};
}
Result<Request> read(const schema::Reserve& reserve) {
  auto hospital = to_id(reserve.hospital());
  if (!hospital) return hospital.error();
  const auto cause = to_value(reserve.cause(), Cause::none, Cause::by_operator, "cause");
  if (!cause) return cause.error();
  return Request{Reserve{.incident = to_incident_id(reserve.incident()),
                         .follows = reserve.follows(),
                         .hospital = std::move(*hospital),
                         .hospital_version = reserve.hospital_version(),
                         .over_capacity = reserve.over_capacity(),
                         .travel = from_ms(reserve.travel_ms()),
                         .cause = *cause}};
}
Result<Request> read(const schema::Preempt& preempt) {
  auto light = to_id(preempt.light());
  if (!light) return light.error();
  auto ambulance = to_id(preempt.ambulance());
  if (!ambulance) return ambulance.error();
  Preempt out{.light = std::move(*light),
              .ambulance = std::move(*ambulance),
              .ambulance_version = preempt.ambulance_version(),
              .arrives = from_ms(preempt.arrives_ms()),
              .lease = from_ms(preempt.lease_ms())};
  if (preempt.has_way()) out.way = to_way(preempt.way());
  return Request{std::move(out)};
}
Result<Request> read(const schema::Locate& locate) {
  if (static_cast<std::size_t>(locate.units_size()) > locate_units_max) {
    return wrong("one command locates at most 256 units");
  }
  Locate out;
  for (const schema::Locate::One& one : locate.units()) {
    auto unit = to_unit_id(one.unit());
    if (!unit) return unit.error();
    const auto place = to_place(one.place());
    if (!place) return place.error();
    out.units.push_back({.unit = std::move(*unit), .version = one.version(), .place = *place});
  }
  return Request{std::move(out)};
}

}  // namespace

Bytes encode(const Request& request) {
  schema::Command message;
  std::visit([&](const auto& one) { put(one, message); }, request);
  return wire::encode(message);
}

Result<Request> decode_request(BytesView bytes) {
  const auto message = wire::decode<schema::Command>(bytes);
  if (!message) return message.error();
  switch (message->what_case()) {
    case schema::Command::kSignOn:
      return read(message->sign_on());
    case schema::Command::kSignOff:
      return read(message->sign_off());
    case schema::Command::kReport:
      return read(message->report());
    case schema::Command::kProgress:
      return read(message->progress());
    case schema::Command::kDuty:
      return read(message->duty());
    case schema::Command::kBeds:
      return read(message->beds());
    case schema::Command::kSignal:
      return read(message->signal());
    case schema::Command::kCancel:
      return read(message->cancel());
    case schema::Command::kMapPart:
      return read(message->map_part());
    case schema::Command::kAssign:
      return read(message->assign());
    case schema::Command::kReserve:
      return read(message->reserve());
    case schema::Command::kPreempt:
      return read(message->preempt());
    case schema::Command::kLocate:
      return read(message->locate());
    case schema::Command::WHAT_NOT_SET:
      break;
  }
  return wrong("the command says nothing that this version of the mobility service knows");
}

Bytes encode(const Receipt& receipt) {
  schema::Receipt message;
  put_incident_id({receipt.position}, *message.mutable_position());
  wire::put_time(receipt.time, *message.mutable_time());
  put_incident_id(receipt.incident, *message.mutable_incident());
  message.set_step(receipt.step);
  message.set_repeated(receipt.repeated);
  if (receipt.state) message.set_state(static_cast<schema::UnitState::Value>(*receipt.state));
  message.set_free_beds(receipt.free_beds);
  return wire::encode(message);
}

Result<Receipt> decode_receipt(BytesView bytes) {
  const auto message = wire::decode<schema::Receipt>(bytes);
  if (!message) return message.error();
  Receipt receipt{.position = to_incident_id(message->position()).position,
                  .time = wire::to_time(message->time()),
                  .incident = to_incident_id(message->incident()),
                  .step = message->step(),
                  .repeated = message->repeated(),
                  .free_beds = message->free_beds()};
  if (message->state() != schema::UnitState::UNKNOWN) {
    const auto state =
        to_value(message->state(), UnitState::present, UnitState::at_hospital, "state of a unit");
    if (!state) return state.error();
    receipt.state = *state;
  }
  return receipt;
}

}  // namespace muster::mobility
