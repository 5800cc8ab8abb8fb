// `muster mobility`: cars, ambulances, hospitals and traffic lights, and what becomes of crashes.
#include <charconv>
#include <memory>
#include <string>
#include <utility>

#include "cli/mobility_commands.h"
#include "cli/options.h"
#include "wire/limits.h"
#include "wire/plain_text.h"

namespace muster::cli {
namespace {

constexpr std::uint32_t units_of_a_kind_max = 5'000;
constexpr std::uint32_t pace_max = 1'000;

template <class Value>
Value taken(const std::string& option, Result<Value> value) {
  if (!value) throw CLI::ValidationError(option, value.error().message);
  return std::move(*value);
}

/// `--latitude` and `--longitude`, both or neither.
struct TypedPlace {
  std::optional<double> latitude{};
  std::optional<double> longitude{};

  std::optional<mobility::Geographic> place() const {
    if (!latitude && !longitude) return std::nullopt;
    if (!latitude || !longitude) {
      throw CLI::ValidationError(latitude ? "--latitude" : "--longitude",
                                 "needs the other one too: a place has both");
    }
    return taken("--latitude", mobility::geographic_from_degrees(*latitude, *longitude));
  }
};

void add_place(CLI::App& command, TypedPlace& place, const std::string& whose) {
  command.add_option("--latitude", place.latitude, whose + ", degrees north (WGS 84)")
      ->type_name("D");
  command.add_option("--longitude", place.longitude, whose + ", degrees east")->type_name("D");
}

CLI::Option* add_number(CLI::App& command, const std::string& name, std::uint32_t& value,
                        std::uint32_t least, std::uint32_t most, const std::string& help) {
  return command.add_option(name, value, help)
      ->check(whole_number() & CLI::Range(least, most))
      ->type_name("N")
      ->capture_default_str();
}

struct TypedUnit {
  UnitOptions unit{};
  TypedPlace place{};
  std::string kind{"Ambulance"};
  std::vector<std::string> capabilities{};
};

/// What an option is about, of a unit of another kind, can only be a slip.
void require_kind(const std::string& option, const UnitOptions& unit, mobility::Kind kind) {
  if (unit.kind == kind) return;
  throw CLI::ValidationError(option, "is of a unit of the kind " + std::string(name_of(kind)) +
                                         ", not " + std::string(name_of(unit.kind)));
}

void take_capability(const std::string& name, UnitOptions& unit) {
  if (name == "advanced-life-support") {
    require_kind("--capability " + name, unit, mobility::Kind::ambulance);
    unit.capabilities |= mobility::advanced_life_support;
  } else if (name == "trauma-centre") {
    require_kind("--capability " + name, unit, mobility::Kind::hospital);
    unit.capabilities |= mobility::trauma_centre;
  } else {
    throw CLI::ValidationError("--capability",
                               name + " is none: advanced-life-support or trauma-centre");
  }
}

void take_unit(TypedUnit& typed, bool has_id, bool has_beds, bool has_pace) {
  UnitOptions& unit = typed.unit;
  unit.kind = taken("--client-type", mobility::kind_from(typed.kind));
  if (has_id) {
    if (auto valid = wire::validate_plain_word("it", unit.id, wire::name_bytes_max, "#"); !valid) {
      throw CLI::ValidationError("--client-id", valid.error().message);
    }
  }
  unit.place = typed.place.place();
  if (has_beds) require_kind("--beds", unit, mobility::Kind::hospital);
  for (const std::string& name : typed.capabilities) take_capability(name, unit);
  const bool has_own_pace = unit.automatic && unit.kind != mobility::Kind::traffic_light;
  if (has_pace && !has_own_pace) {
    throw CLI::ValidationError("--pace",
                               "is of what lives by itself: give --auto too, and no "
                               "light, which shows real times");
  }
}

void add_unit(CLI::App& mobility, ExitCode& exit) {
  CLI::App* const command =
      mobility.add_subcommand("client", "one unit: a car, an ambulance, a hospital or a light");
  const auto typed = std::make_shared<TypedUnit>();
  command->add_option("--client-type", typed->kind, "Ambulance, Car, TrafficLight or Hospital")
      ->type_name("KIND")
      ->capture_default_str();
  CLI::Option* const id =
      command
          ->add_option("--client-id", typed->unit.id,
                       "what it is called; default: its kind and the first free number")
          ->type_name("ID");
  add_duration(*command, "--heartbeat-interval", typed->unit.heartbeat_interval,
               "between two signs of life, with its place in them",
               {.lowest = std::chrono::milliseconds{15}, .highest = std::chrono::seconds{60}});
  add_place(*command, typed->place, "where it is");
  CLI::Option* const beds = add_number(*command, "--beds", typed->unit.beds, 0, mobility::beds_max,
                                       "free ones, of a hospital");
  command
      ->add_option("--capability", typed->capabilities,
                   "advanced-life-support of an ambulance, trauma-centre of a hospital")
      ->type_name("NAME");
  command->add_flag("--auto", typed->unit.automatic,
                    "drives and takes its steps by itself; a hospital discharges patients");
  CLI::Option* const pace =
      add_number(*command, "--pace", typed->unit.pace, 1, pace_max,
                 "with --auto: how many times faster than real time it lives");
  add_client_options(*command, typed->unit.client);
  command->callback([typed, id, beds, pace, &exit] {
    take_unit(*typed, id->count() > 0, beds->count() > 0, pace->count() > 0);
    exit = run_unit(typed->unit);
  });
}

void add_lists(CLI::App& mobility, ExitCode& exit) {
  CLI::App* const incidents =
      mobility.add_subcommand("incidents", "what happened, and how far it has come");
  const auto listed = std::make_shared<IncidentsOptions>();
  incidents->add_flag("--open", listed->open_only, "only those that are not over");
  add_client_options(*incidents, listed->client);
  incidents->callback([listed, &exit] { exit = run_incidents(*listed); });

  CLI::App* const show = mobility.add_subcommand("show", "an incident, step by step");
  const auto shown = std::make_shared<std::pair<IncidentsOptions, std::string>>();
  show->add_option("incident", shown->second, "its id, as 17.0")->type_name("INCIDENT")->required();
  add_client_options(*show, shown->first.client);
  show->callback([shown, &exit] {
    shown->first.incident = taken("INCIDENT", mobility::incident_id_from(shown->second));
    exit = run_show_incident(shown->first);
  });

  CLI::App* const units = mobility.add_subcommand("units", "who is there, and in what state");
  const auto asked = std::make_shared<std::pair<UnitsOptions, std::string>>();
  units->add_option("--kind", asked->second, "only cars, ambulances, hospitals or lights")
      ->type_name("KIND");
  add_client_options(*units, asked->first.client);
  units->callback([asked, &exit] {
    if (!asked->second.empty()) {
      asked->first.kind = taken("--kind", mobility::kind_from(asked->second));
    }
    exit = run_units(asked->first);
  });

  CLI::App* const figures =
      mobility.add_subcommand("figures", "response times, times at hospitals, utilisation");
  const auto counted = std::make_shared<FiguresOptions>();
  figures->add_flag("--csv", counted->csv, "as comma-separated values (RFC 4180)");
  add_client_options(*figures, counted->client);
  figures->callback([counted, &exit] {
    if (counted->csv && counted->client.json) {
      throw CLI::ValidationError("--csv", "is one form, --json another: choose");
    }
    exit = run_figures(*counted);
  });
}

void add_crash(CLI::App& mobility, ExitCode& exit) {
  CLI::App* const command = mobility.add_subcommand("crash", "reports that a car has crashed");
  struct Typed {
    CrashOptions crash{};
    TypedPlace place{};
    std::string severity{"serious"};
  };
  const auto typed = std::make_shared<Typed>();
  command->add_option("--car", typed->crash.car, "which one")->type_name("ID")->required();
  add_place(*command, typed->place, "where; default: where the car is");
  command->add_option("--severity", typed->severity, "critical, serious or minor")
      ->type_name("NAME")
      ->capture_default_str();
  add_number(*command, "--occupants", typed->crash.occupants, 0, mobility::occupants_max,
             "people in it");
  add_client_options(*command, typed->crash.client);
  command->callback([typed, &exit] {
    typed->crash.place = typed->place.place();
    typed->crash.severity = taken("--severity", mobility::severity_from(typed->severity));
    exit = run_crash(typed->crash);
  });
}

/// `12x8`.
mobility::GridOptions read_grid(const std::string& text) {
  mobility::GridOptions grid;
  const char* const end = text.data() + text.size();
  const auto columns = std::from_chars(text.data(), end, grid.columns);
  const bool has_cross = columns.ec == std::errc{} && columns.ptr != end && *columns.ptr == 'x';
  const auto rows = has_cross ? std::from_chars(columns.ptr + 1, end, grid.rows) : columns;
  if (!has_cross || rows.ec != std::errc{} || rows.ptr != end) {
    throw CLI::ValidationError("--grid", text + " is none: write columns and rows as 12x8");
  }
  if (const auto made = mobility::make_grid(grid); !made) {
    throw CLI::ValidationError("--grid", made.error().message);
  }
  return grid;
}

void add_city(CLI::App& mobility, ExitCode& exit) {
  CLI::App* const command =
      mobility.add_subcommand("city", "a whole simulated city of real clients, live");
  struct Typed {
    CityOptions city{};
    std::string grid{};
    Duration duration{};
  };
  const auto typed = std::make_shared<Typed>();
  CityOptions& city = typed->city;
  CLI::Option* const grid =
      command->add_option("--grid", typed->grid, "streets that cross, as 12x8: sent as the map")
          ->type_name("CxR");
  command->add_option("--network", city.network, "a SUMO .net.xml file: sent as the map")
      ->type_name("FILE")
      ->excludes(grid);
  add_number(*command, "--ambulances", city.ambulances, 0, units_of_a_kind_max, "how many");
  add_number(*command, "--hospitals", city.hospitals, 0, units_of_a_kind_max, "how many");
  add_number(*command, "--cars", city.cars, 0, units_of_a_kind_max, "how many");
  add_number(*command, "--lights", city.lights, 0, units_of_a_kind_max,
             "how many, at most as the map has crossings with one");
  add_number(*command, "--beds", city.beds, 0, mobility::beds_max, "of each hospital");
  add_number(*command, "--crashes-per-minute", city.crashes_per_minute, 0, 60'000,
             "how often a car crashes");
  add_number(*command, "--pace", city.pace, 1, pace_max,
             "how many times faster than real time its units live");
  CLI::Option* const duration =
      add_duration(*command, "--duration", typed->duration, "ends by itself; default: never",
                   {.plausible = std::chrono::seconds{1}});
  add_duration(*command, "--heartbeat-interval", city.heartbeat_interval,
               "of each unit, with its place in them",
               {.lowest = std::chrono::milliseconds{15}, .highest = std::chrono::seconds{60}});
  command->add_option("--seed", city.seed, "of what is random in it")
      ->check(whole_number())
      ->type_name("N")
      ->capture_default_str();
  add_client_options(*command, city.client);
  command->callback([typed, duration, &exit] {
    if (!typed->grid.empty()) typed->city.grid = read_grid(typed->grid);
    if (duration->count() > 0) typed->city.duration = typed->duration;
    exit = run_city(typed->city);
  });
}

}  // namespace

CLI::App* add_mobility(CLI::App& root, ExitCode& exit) {
  CLI::App* const mobility =
      root.add_subcommand("mobility", "cars, ambulances, hospitals and traffic lights of a city");
  mobility->require_subcommand(1);
  add_unit(*mobility, exit);
  add_lists(*mobility, exit);
  add_crash(*mobility, exit);
  add_city(*mobility, exit);
  return mobility;
}

}  // namespace muster::cli
