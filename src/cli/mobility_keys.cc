// What is typed to a unit: keys on a terminal, lines without one.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "cli/json_line.h"
#include "cli/mobility_lines.h"
#include "cli/mobility_unit.h"

namespace muster::cli {
namespace {

constexpr std::size_t digits_max = 5;

using mobility::IncidentState;
using mobility::Kind;
using mobility::StepKind;

std::string_view keys_of(Kind kind) {
  switch (kind) {
    case Kind::car:
      return "c crash   x false alarm   q quit";
    case Kind::ambulance:
      return "o accept, on duty  r reached  t transporting  a available  f off duty  q quit";
    case Kind::hospital:
      return "+ - a bed more or less   NUMBER and Enter: free beds   d diversion   q quit";
    case Kind::traffic_light:
      break;
  }
  return "q quit";
}

/// By which an ambulance says that step.
std::string_view key_of(StepKind step) {
  switch (step) {
    case StepKind::accepted:
      return "o";
    case StepKind::on_scene:
      return "r";
    case StepKind::transporting:
      return "t";
    case StepKind::handed_over:
      return "r, or a if it is free again at once";
    default:
      return "a";
  }
}

Error no_key(std::string_view typed, Kind kind) {
  return {ErrorCode::invalid_argument,
          fmt::format("{} means nothing here; the keys are: {}", typed, keys_of(kind))};
}

}  // namespace

std::string_view UnitProgram::keys() const {
  return keys_of(options_.kind);
}

void UnitProgram::take_key(char key) {
  const bool is_erasing = key == '\b' || key == '\x7f';
  const bool is_digit = key >= '0' && key <= '9';
  if (is_erasing) {
    if (!digits_.empty()) digits_.pop_back();
  } else if (is_digit && options_.kind == Kind::hospital) {
    if (digits_.size() < digits_max) digits_ += key;
  } else if (key == '\r' || key == '\n') {
    take_word(std::exchange(digits_, {}));
  } else if (std::isprint(static_cast<unsigned char>(key)) != 0) {
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
  const bool is_key = word.size() == 1;
  const char key =
      is_key ? static_cast<char>(std::tolower(static_cast<unsigned char>(word.front()))) : '\0';
  if (key == 'q') return quit();
  if (!client_->is_signed_on()) {
    return complain({ErrorCode::unavailable, "it is not signed on just now; wait a moment"});
  }
  if (options_.kind == Kind::ambulance && is_key) return drive_ambulance(key);
  if (options_.kind == Kind::car && is_key) return tell_car(key);
  if (options_.kind == Kind::hospital)
    return tell_hospital(is_key ? std::string_view(&key, 1) : word);
  complain(no_key(word, options_.kind));
}

void UnitProgram::be_on_duty(bool on, const std::string& said) {
  client_->send(mobility::Duty{.ambulance = client_->id(), .on = on},
                [this, on, said](const Result<mobility::Receipt>& receipt) {
                  if (!receipt) return complain(receipt.error());
                  off_duty_ = !on;
                  show(said, receipt_line("said", *receipt).add("what", said).text());
                });
}

void UnitProgram::drive_ambulance(char key) {
  if (!crew_) {
    const Error error{ErrorCode::failed_precondition,
                      "it drives by itself (--auto); only q is for you"};
    return complain(error);
  }
  const auto& job = crew_->job();
  const IncidentState state = projected();
  switch (key) {
    case 'o':
      if (job && state == IncidentState::assigned) return want(StepKind::accepted);
      return be_on_duty(true, "on duty");
    case 'f':
      return be_on_duty(false, "off duty");
    case 'r':
      if (job && state == IncidentState::assigned) want(StepKind::accepted);
      return want(state == IncidentState::transporting ? StepKind::handed_over
                                                       : StepKind::on_scene);
    case 't':
      return want(StepKind::transporting);
    case 'a':
      if (!job) return be_on_duty(true, "available");
      if (state == IncidentState::transporting) want(StepKind::handed_over);
      return want(StepKind::closed);
    default:
      complain(no_key(std::string_view(&key, 1), options_.kind));
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
    Error error = progress.error();
    const auto next = job ? mobility::next_step(*job) : std::nullopt;
    if (next && *next != step) error.message += fmt::format(" (key {})", key_of(*next));
    return complain(error);
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
       receipt_line("step", *receipt)
           .add("incident", to_text(progress.incident))
           .add("step", receipt->step)
           .add("kind", schema_name(progress.reached))
           .text());
  take_next_step();
}

void UnitProgram::tell_car(char key) {
  if (key == 'x' && !reported_) {
    return complain({ErrorCode::failed_precondition, "nothing was reported; c reports a crash"});
  }
  if (key == 'x') {
    return send(mobility::Cancel{.car = client_->id(), .incident = *reported_}, "false alarm");
  }
  if (key != 'c') return complain(no_key(std::string_view(&key, 1), options_.kind));
  if (auto* const car = dynamic_cast<mobility::CarActor*>(actor_.get())) {
    if (!car->has_crashed()) return car->crash(mobility::Severity::serious, 1);
    return complain({ErrorCode::failed_precondition, "it has crashed already"});
  }
  const mobility::Report report{.car = client_->id(), .place = place_};
  client_->send(report, [this](const Result<mobility::Receipt>& receipt) {
    if (!receipt) return complain(receipt.error());
    reported(*receipt);
  });
}

void UnitProgram::tell_hospital(std::string_view word) {
  mobility::Beds beds{.hospital = client_->id()};
  std::int32_t number = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  if (word == "+" || word == "-") {
    beds.change = word == "+" ? 1 : -1;
  } else if (word == "d") {
    wants_diversion_ = !wants_diversion_;
    beds.diversion = wants_diversion_;
  } else if (read.ec == std::errc{} && read.ptr == word.data() + word.size()) {
    beds.free = number;
  } else {
    return complain(
        {ErrorCode::invalid_argument,
         fmt::format("{} is no number of beds; the keys are: {}", word, keys_of(options_.kind))});
  }
  client_->send(beds, [this, beds](const Result<mobility::Receipt>& receipt) {
    if (!receipt) {
      wants_diversion_ = desk_.is_on_diversion();
      return complain(receipt.error());
    }
    desk_.told(beds, *receipt);
    const bool diversion = desk_.is_on_diversion();
    show(beds_text(receipt->free_beds, diversion), receipt_line("beds", *receipt)
                                                       .add("freeBeds", receipt->free_beds)
                                                       .add("diversion", diversion)
                                                       .text());
  });
}

void UnitProgram::send(const mobility::Request& request, const std::string& said) {
  client_->send(request, [this, said](const Result<mobility::Receipt>& receipt) {
    if (!receipt) return complain(receipt.error());
    show(said, receipt_line("said", *receipt).add("what", said).text());
  });
}

}  // namespace muster::cli
