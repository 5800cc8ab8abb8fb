// Units, incidents and figures as lines of text, JSON and CSV.
#pragma once

#include <string>
#include <string_view>
#include <vector>

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

/// At least `id car state ambulance hospital steps`; each step `index kind follows time`.
std::string incident_json(const mobility::Incident& incident);
std::string unit_json(const mobility::Unit& unit);
/// An order that a unit got.
std::string order_json(const mobility::Order& order);
std::string figures_json(const mobility::FiguresSummary& figures);
/// RFC 4180: a line with the names, one with the values; without the last line's end.
std::string figures_csv(const mobility::FiguresSummary& figures);

/// A name of a value as JSON has it: `ON_SCENE`.
std::string enum_text(std::string_view name);

}  // namespace muster::cli
