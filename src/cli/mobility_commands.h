// The subcommands of `muster mobility`: what was typed, and carrying it out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "mobility/grid.h"
#include "mobility/values.h"
#include "muster/time.h"

namespace muster::cli {

struct UnitOptions {
  ClientOptions client{};
  mobility::Kind kind{mobility::Kind::ambulance};
  std::string id{};  ///< Empty: with the first free number.
  Duration heartbeat_interval{std::chrono::milliseconds{15}};
  std::optional<mobility::Geographic> place{};  ///< None: somewhere on the map.
  std::uint32_t beds{10};
  mobility::Capabilities capabilities{0};
  bool automatic{false};
  std::uint32_t pace{1};
};

struct IncidentsOptions {
  ClientOptions client{};
  bool open_only{false};
  mobility::IncidentId incident{};  ///< Of `show`.
};

struct UnitsOptions {
  ClientOptions client{};
  std::optional<mobility::Kind> kind{};
};

struct CrashOptions {
  ClientOptions client{};
  std::string car{};
  std::optional<mobility::Geographic> place{};
  mobility::Severity severity{mobility::Severity::serious};
  std::uint32_t occupants{1};
};

struct FiguresOptions {
  ClientOptions client{};
  bool csv{false};
};

struct CityOptions {
  ClientOptions client{};
  std::optional<mobility::GridOptions> grid{};  ///< Sent as the map before it begins.
  std::string network{};                        ///< A SUMO file, the same; empty: none.
  std::uint32_t ambulances{10};
  std::uint32_t hospitals{3};
  std::uint32_t cars{50};
  std::uint32_t lights{16};
  std::uint32_t beds{20};
  std::uint32_t crashes_per_minute{6};
  Duration heartbeat_interval{std::chrono::milliseconds{15}};
  std::optional<Duration> duration{};
  std::uint32_t pace{1};
  std::uint64_t seed{1};
};

ExitCode run_unit(const UnitOptions& options);
ExitCode run_incidents(const IncidentsOptions& options);
ExitCode run_show_incident(const IncidentsOptions& options);
ExitCode run_units(const UnitsOptions& options);
ExitCode run_crash(const CrashOptions& options);
ExitCode run_figures(const FiguresOptions& options);
ExitCode run_city(const CityOptions& options);

}  // namespace muster::cli
