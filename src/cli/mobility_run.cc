// What `muster mobility incidents show units crash figures` do.
#include <fmt/format.h>

#include <utility>

#include "cli/auction_commands.h"
#include "cli/mobility_client.h"
#include "cli/mobility_commands.h"
#include "cli/mobility_lines.h"

namespace muster::cli {
namespace {

using boost::asio::awaitable;

void say_if_stale(const MobilityClient& client) {
  if (client.is_stale()) {
    fmt::print(stderr, "the group has no majority now: this is what one server has\n");
  }
}

void print(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) fmt::print("{}\n", line);
}

awaitable<ExitCode> list_incidents(MobilityClient& client, const IncidentsOptions& options) {
  const auto incidents = co_await client.incidents(options.open_only);
  if (!incidents) co_return report(incidents.error());
  say_if_stale(client);
  if (options.client.json) {
    for (const mobility::Incident& one : *incidents) fmt::print("{}\n", incident_json(one));
  } else if (incidents->empty()) {
    fmt::print("no incidents; report one with: muster mobility crash --car ID\n");
  } else {
    print_table(incident_rows(*incidents, clock_for_people()));
  }
  co_return 0;
}

awaitable<ExitCode> show(MobilityClient& client, const IncidentsOptions& options) {
  const auto incident = co_await client.incident(options.incident);
  if (!incident) co_return report(incident.error());
  say_if_stale(client);
  if (options.client.json) {
    fmt::print("{}\n", incident_json(*incident));
  } else {
    print(incident_lines(*incident, clock_for_people()));
  }
  co_return 0;
}

awaitable<ExitCode> list_units(MobilityClient& client, const UnitsOptions& options) {
  const auto units = co_await client.units(options.kind);
  if (!units) co_return report(units.error());
  say_if_stale(client);
  if (options.client.json) {
    for (const mobility::Unit& one : *units) fmt::print("{}\n", unit_json(one));
  } else if (units->empty()) {
    const auto kind = options.kind.value_or(mobility::Kind::ambulance);
    fmt::print("no {}; sign one on with: muster mobility client --client-type {}\n",
               options.kind ? "such units" : "units", name_of(kind));
  } else {
    print_table(unit_rows(*units));
  }
  co_return 0;
}

awaitable<ExitCode> crash(MobilityClient& client, const CrashOptions& options) {
  const mobility::Request request = mobility::Report{.car = options.car,
                                                     .place = options.place,
                                                     .severity = options.severity,
                                                     .occupants = options.occupants};
  const auto receipt = co_await client.submit(request);
  if (!receipt) co_return report(receipt.error());
  if (options.client.json) {
    const auto incident = co_await client.incident(receipt->incident);
    if (!incident) co_return report(incident.error());
    fmt::print("{}\n", incident_json(*incident));
  } else {
    fmt::print("{}{}\n", to_text(receipt->incident), receipt->repeated ? " (reported before)" : "");
  }
  co_return 0;
}

awaitable<ExitCode> tell_figures(MobilityClient& client, const FiguresOptions& options) {
  const auto figures = co_await client.figures();
  if (!figures) co_return report(figures.error());
  say_if_stale(client);
  if (options.csv) {
    fmt::print("{}\r\n", figures_csv(*figures));
  } else if (options.client.json) {
    fmt::print("{}\n", figures_json(*figures));
  } else {
    print(figures_lines(*figures));
  }
  co_return 0;
}

}  // namespace

ExitCode run_incidents(const IncidentsOptions& options) {
  return with_mobility(options.client,
                       [&](MobilityClient& client) { return list_incidents(client, options); });
}

ExitCode run_show_incident(const IncidentsOptions& options) {
  return with_mobility(options.client,
                       [&](MobilityClient& client) { return show(client, options); });
}

ExitCode run_units(const UnitsOptions& options) {
  return with_mobility(options.client,
                       [&](MobilityClient& client) { return list_units(client, options); });
}

ExitCode run_crash(const CrashOptions& options) {
  return with_mobility(options.client,
                       [&](MobilityClient& client) { return crash(client, options); });
}

ExitCode run_figures(const FiguresOptions& options) {
  return with_mobility(options.client,
                       [&](MobilityClient& client) { return tell_figures(client, options); });
}

}  // namespace muster::cli
