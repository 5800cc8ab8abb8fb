// Units, incidents and figures as lines of text, JSON and CSV.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/json_line.h"
#include "cli/table.h"
#include "mobility/messages.h"
#include "muster/time.h"

namespace muster::cli {

/// `48.7758000 N 9.1829000 E`.
std::string place_text(mobility::Geographic place);
/// The heading and a row for each.
std::vector<Row> incident_rows(const std::vector<mobility::Incident>& incidents, LogTime now);
std::vector<Row> unit_rows(const std::vector<mobility::Unit>& units);
/// All about an incident: its steps, each with the time since the report.
std::vector<std::string> incident_lines(const mobility::Incident& incident, LogTime now);
/// A step as `+1:32  accepted  ambulance_3`.
std::string step_text(const mobility::Step& step, LogTime reported);
std::vector<std::string> figures_lines(const mobility::FiguresSummary& figures);

/// `index` and `ordinal` are the place of the report; at least `id car state ambulance hospital
/// steps`; each step `index kind follows time`. Values of enums are the schema's names.
std::string incident_json(const mobility::Incident& incident);
std::string unit_json(const mobility::Unit& unit);
/// An order that a unit got, and where in the log it was given.
std::string order_json(const mobility::Order& order, Position at);
/// What became of something that was told to the group: an object that goes on.
JsonLine receipt_line(std::string_view event, const mobility::Receipt& receipt);
std::string figures_json(const mobility::FiguresSummary& figures);
/// RFC 4180: a line with the names, one with the values; without the last line's end.
std::string figures_csv(const mobility::FiguresSummary& figures);

/// The schema's names.
std::string schema_name(mobility::Kind kind);
std::string schema_name(mobility::StepKind kind);
/// `1 free bed`, `2 free beds, on diversion`.
std::string beds_text(std::uint32_t free, bool diversion);

}  // namespace muster::cli
