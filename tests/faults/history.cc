#include "faults/history.h"

#include <array>
#include <fstream>
#include <sstream>
#include <utility>

namespace muster::faults {
namespace {

using Kind = sim::RegisterCommand::Kind;

struct Name {
  std::string_view word;
  Kind kind;
  bool is_query;
};
constexpr std::array<Name, 4> names{{{"write", Kind::write, false},
                                     {"set_if", Kind::compare_and_set, false},
                                     {"read", Kind::read, false},
                                     {"query", Kind::read, true}}};

std::string_view name_of(const Recorded& recorded) {
  for (const Name& name : names) {
    const bool is_it =
        name.kind == recorded.operation.command.kind && name.is_query == recorded.is_query;
    if (is_it) return name.word;
  }
  return "?";
}

Instant instant(std::int64_t microseconds) {
  return Instant{Duration{microseconds}};
}

/// The end of a line: what became of the operation.
bool read_outcome(std::istream& words, Recorded& recorded) {
  std::string outcome;
  words >> outcome;
  recorded.was_not_done = outcome == "not_done";
  if (recorded.was_not_done || outcome == "unanswered") return true;
  std::int64_t ended = 0;
  words >> ended;
  recorded.operation.ended = instant(ended);
  if (outcome == "refused") return !words.fail();
  std::uint64_t value = 0;
  words >> value;
  recorded.operation.value = value;
  return outcome == "answered" && !words.fail();
}

std::optional<Recorded> recorded_from(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  std::int64_t begun = 0;
  Recorded recorded;
  sim::RegisterCommand& command = recorded.operation.command;
  words >> word >> command.id.client >> command.id.number >> command.key >> command.value >>
      command.expected >> begun;
  for (const Name& name : names) {
    if (name.word != word) continue;
    command.kind = name.kind;
    recorded.is_query = name.is_query;
    recorded.operation.begun = instant(begun);
    if (read_outcome(words, recorded)) return recorded;
  }
  return std::nullopt;
}

std::optional<Told> told_from(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  Told told;
  words >> word >> told.number;
  if (word == "event") {
    sim::OperationId id;
    words >> id.client >> id.number;
    told.operation = id;
  }
  if (words.fail() || (word != "event" && word != "gap")) return std::nullopt;
  return told;
}

Error no_line(const std::string& path, const std::string& line) {
  return {ErrorCode::invalid_argument, path + " has a line that is none: " + line};
}

template <class Line>
Result<std::vector<Line>> read_lines(const std::string& path,
                                     std::optional<Line> (*read)(const std::string&)) {
  std::ifstream file(path);
  if (!file) return Error{ErrorCode::not_found, path + " can't be read"};
  std::vector<Line> lines;
  for (std::string line; std::getline(file, line);) {
    std::optional<Line> one = read(line);
    if (!one) return no_line(path, line);
    lines.push_back(std::move(*one));
  }
  return lines;
}

}  // namespace

std::string to_line(const Recorded& recorded) {
  const sim::ObservedOperation& operation = recorded.operation;
  const sim::RegisterCommand& command = operation.command;
  std::ostringstream line;
  line << name_of(recorded) << ' ' << command.id.client << ' ' << command.id.number << ' '
       << command.key << ' ' << command.value << ' ' << command.expected << ' '
       << operation.begun.time_since_epoch().count() << ' ';
  if (recorded.was_not_done) {
    line << "not_done";
  } else if (!operation.ended) {
    line << "unanswered";
  } else {
    line << (operation.value ? "answered " : "refused ")
         << operation.ended->time_since_epoch().count();
    if (operation.value) line << ' ' << *operation.value;
  }
  return line.str();
}

std::string to_line(const Told& told) {
  if (!told.operation) return "gap " + std::to_string(told.number);
  return "event " + std::to_string(told.number) + ' ' + std::to_string(told.operation->client) +
         ' ' + std::to_string(told.operation->number);
}

Result<std::vector<Recorded>> read_history(const std::string& path) {
  return read_lines<Recorded>(path, recorded_from);
}

Result<std::vector<Told>> read_told(const std::string& path) {
  return read_lines<Told>(path, told_from);
}

}  // namespace muster::faults
