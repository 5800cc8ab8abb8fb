#include "sim/services.h"

#include <algorithm>
#include <chrono>

#include "sim/draw.h"

namespace muster::sim {

namespace {

using std::chrono::milliseconds;

// Seeds of `mix` below are without them, which the mutants' exams and the kept seeds count on.
constexpr std::uint64_t first_seed_with_auctions = 20'000;
constexpr std::uint64_t first_seed_with_mobility = 30'000;
constexpr std::uint64_t first_seed_with_chat = 1'000'000;

void draw_city_limits(mobility::Mobility::Options& limits, Random& random) {
  limits.accept_time = milliseconds(one_of(random, {800, 2'000, 30'000}));
  limits.bed_lease = milliseconds(one_of(random, {1'500, 6'000, 1'800'000}));
  limits.repeat_window = milliseconds(one_of(random, {500, 120'000}));
  limits.green_lease_max = milliseconds(one_of(random, {1'000, 120'000}));
  limits.over_kept = one_of<std::size_t>(random, {10'000, 10'000, 3});
  limits.steps_kept = one_of<std::size_t>(random, {128, 128, 6});
  limits.first_steps_kept = std::min<std::size_t>(limits.first_steps_kept, limits.steps_kept / 2);
  limits.open_incidents_max = one_of<std::size_t>(random, {4'096, 4'096, 2});
  limits.wishes_max = one_of<std::size_t>(random, {8, 8, 1});
}

}  // namespace

// Numbers of their own, so that other draws stay as they were.
void draw_auctions(Scenario& scenario) {
  Random random(scenario.seed * 0x9e3779b97f4a7c15U + 3);
  const bool share_of_mix = random.chance(0.15) && scenario.seed >= first_seed_with_auctions;
  AuctionOptions& auctions = scenario.auctions;
  auctions.on = scenario.profile == "auction" || (scenario.profile == "mix" && share_of_mix);
  if (!auctions.on) return;
  auctions.share = one_of(random, {0.3, 0.5, 0.7});
  auctions.keys = one_of(random, {0.0, 0.3, 0.6});
  auctions.steering = one_of(random, {0.0, 0.05, 0.3});
  auctions.lots_at_once = one_of<std::size_t>(random, {2, 4, 8});
  auction::Auction::Options& limits = auctions.limits;
  limits.entries_kept = one_of<std::size_t>(random, {16'384, 12});
  limits.entries_per_part = one_of<std::size_t>(random, {256, 4});
  limits.keys_per_part = one_of<std::size_t>(random, {256, 8});
  limits.pulse = milliseconds(one_of(random, {200, 500, 1'000}));
  limits.outage_min = milliseconds(one_of(random, {1'200, 2'500, 5'000}));
  limits.entries_max = one_of<std::size_t>(random, {1'000'000, 1'000'000, 80});
  // Room for messages with the longest of these commands, as in `draw_load`.
  constexpr std::size_t command_bytes = 400;
  const LoadOptions& load = scenario.load;
  const std::size_t entry_bytes = load.clients * (load.in_flight_max * command_bytes + 80);
  scenario.limits.raft.message_bytes_max =
      std::min(std::max(scenario.limits.raft.message_bytes_max, entry_bytes * 3),
               scenario.disk.log.payload_bytes_max);
}

// Numbers of their own, as of auctions.
void draw_mobility(Scenario& scenario) {
  Random random(scenario.seed * 0x9e3779b97f4a7c15U + 4);
  const bool share_of_mix = random.chance(0.1) && scenario.seed >= first_seed_with_mobility;
  MobilityOptions& city = scenario.mobility;
  city.on = scenario.profile == "mobility" ||
            (scenario.profile == "mix" && share_of_mix && !scenario.auctions.on);
  if (!city.on) return;
  city.cars = 2 + random.below(3);
  city.ambulances = 3 + random.below(3);
  city.hospitals = 1 + random.below(2);
  city.lights = 1 + random.below(3);
  city.pace = one_of<std::uint32_t>(random, {40, 100, 100});
  city.crashes = one_of(random, {0.1, 0.3, 1.0});
  city.whims = one_of(random, {0.0, 0.1, 0.4});
  city.nonsense = one_of(random, {0.0, 0.3, 1.0});
  city.departures = one_of(random, {0.0, 0.02, 0.1});
  city.unheard = one_of(random, {0.0, 0.05, 0.2});
  city.late = one_of(random, {0.0, 0.05, 0.3});
  city.deadly_steps = one_of(random, {0.0, 0.05, 0.2});
  draw_city_limits(city.limits, random);
  // Many clients, each with little to do besides; and room for what they and the leader say in one
  // entry.
  constexpr std::size_t command_bytes = 150;
  constexpr std::size_t advice_bytes = 16'384;
  LoadOptions& load = scenario.load;
  load.clients = city.units();
  load.padding_max = std::min<std::size_t>(load.padding_max, 64);
  load.in_flight_max = std::max<std::size_t>(load.in_flight_max, 4);
  load.think_max = milliseconds(400);
  const std::size_t entry_bytes =
      load.clients * (load.in_flight_max * command_bytes + 80) + advice_bytes;
  scenario.limits.raft.message_bytes_max =
      std::min(std::max(scenario.limits.raft.message_bytes_max, entry_bytes * 2),
               scenario.disk.log.payload_bytes_max);
}

// Numbers of their own, as of auctions.
void draw_chat(Scenario& scenario) {
  Random random(scenario.seed * 0x9e3779b97f4a7c15U + 7);
  const bool share_of_mix = random.chance(0.1) && scenario.seed >= first_seed_with_chat &&
                            !scenario.auctions.on && !scenario.mobility.on;
  ChatOptions& chat = scenario.chat;
  chat.on = scenario.profile == "chat" || (scenario.profile == "mix" && share_of_mix);
  if (!chat.on) return;
  chat.share = one_of(random, {0.3, 0.5, 0.8});
  chat.keys = one_of(random, {0.0, 0.3, 0.6});
  chat.departures = one_of(random, {0.0, 0.005, 0.02});
  chat::Chat::Options& limits = chat.limits;
  limits.people_max = one_of<std::size_t>(random, {4'096, 4'096, 3});
  limits.rooms_max = one_of<std::size_t>(random, {256, 256, 3});
  limits.people_per_room_max = one_of<std::size_t>(random, {1'024, 1'024, 2});
  limits.rooms_per_person_max = one_of<std::size_t>(random, {32, 32, 2});
  limits.masks_per_room_max = one_of<std::size_t>(random, {100, 2});
  limits.invitations_per_room_max = one_of<std::size_t>(random, {64, 1});
  limits.history_lines_max = one_of<std::size_t>(random, {10'000, 40, 6});
  limits.directs_max = one_of<std::size_t>(random, {32, 3});
  chat.opers = one_of(random, {0.0, 0.05, 0.2});
  limits.opers_max = one_of<std::size_t>(random, {64, 1});
  // Somebody to talk to; and room for messages with the longest of these commands, as in
  // `draw_load`.
  constexpr std::size_t command_bytes = 250;
  LoadOptions& load = scenario.load;
  load.clients = std::max<std::size_t>(load.clients, 3);
  const std::size_t entry_bytes = load.clients * (load.in_flight_max * command_bytes + 80);
  scenario.limits.raft.message_bytes_max =
      std::min(std::max(scenario.limits.raft.message_bytes_max, entry_bytes * 3),
               scenario.disk.log.payload_bytes_max);
}

}  // namespace muster::sim
