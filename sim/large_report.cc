#include "sim/large_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <string_view>

#include "muster/check.h"

namespace muster::sim {

namespace {

struct Row {
  std::string_view what;
  double (*value)(const LargeFigures&);
  int decimals{2};
};

constexpr double kilobyte = 1'000;

const std::array<Row, 23> rows{{
    {"all start at once: until they have settled, s",
     [](const LargeFigures& one) { return one.at_once; }},
    {"5 found it, the others start after 4 to 9 s: until all have settled, s",
     [](const LargeFigures& one) { return one.grown; }},
    {"one more starts: until it is in all views, s",
     [](const LargeFigures& one) { return one.joined; }},
    {"… until it leads and all have settled, s",
     [](const LargeFigures& one) { return one.joiner_leads; }},
    {"a standby is killed: until all views say that it failed, s",
     [](const LargeFigures& one) { return one.standby_lost; }},
    {"… it starts again: until all have settled, s",
     [](const LargeFigures& one) { return one.standby_back; }},
    {"a voter is killed: until all views say that it failed, s",
     [](const LargeFigures& one) { return one.voter_lost; }},
    {"… until five living ones vote, in all views, s",
     [](const LargeFigures& one) { return one.voter_replaced; }},
    {"the leader is killed: until all follow another, s",
     [](const LargeFigures& one) { return one.leader_known; }},
    {"… until all views name it, and the old one as failed, s",
     [](const LargeFigures& one) { return one.leader_lost; }},
    {"a third is cut off, the leader and a voter among it: until the others agree, s",
     [](const LargeFigures& one) { return one.split_agreed; }},
    {"… 30 s later the cut is over: until all agree, s",
     [](const LargeFigures& one) { return one.healed; }},
    {"… until all have settled, s", [](const LargeFigures& one) { return one.healed_settled; }},
    {"at rest: the leader sends, frames/s",
     [](const LargeFigures& one) { return sum(one.leader_at_rest).frames; }, 0},
    {"… kB/s", [](const LargeFigures& one) { return sum(one.leader_at_rest).bytes / kilobyte; }, 1},
    {"at rest: a standby sends, frames/s",
     [](const LargeFigures& one) { return sum(one.standby_at_rest).frames; }, 0},
    {"… kB/s", [](const LargeFigures& one) { return sum(one.standby_at_rest).bytes / kilobyte; },
     1},
    {"beacons that each server sends, a second",
     [](const LargeFigures& one) { return one.beacons_sent; }},
    {"datagrams that each server hears, a second",
     [](const LargeFigures& one) { return one.datagrams_heard; }, 0},
    {"3 clients write: entries/s", [](const LargeFigures& one) { return one.entries; }, 0},
    {"… the leader sends, frames/s", [](const LargeFigures& one) { return one.leader_busy.frames; },
     0},
    {"… kB/s", [](const LargeFigures& one) { return one.leader_busy.bytes / kilobyte; }, 1},
    {"… a standby sends, kB/s",
     [](const LargeFigures& one) { return one.standby_busy.bytes / kilobyte; }, 1},
}};

std::string fixed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string text_of(const Row& row, const std::vector<LargeFigures>& runs) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const LargeFigures& one : runs) values.push_back(row.value(one));
  std::ranges::sort(values);
  const double median = (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
  return "| " + std::string(row.what) + " | " + fixed(median, row.decimals) + " | " +
         fixed(values.back(), row.decimals) + " |\n";
}

RateByType mean(RateByType LargeFigures::*rates, const std::vector<LargeFigures>& runs) {
  RateByType all;
  for (const LargeFigures& one : runs) {
    for (const auto& [type, rate] : one.*rates) {
      all[type].frames += rate.frames / static_cast<double>(runs.size());
      all[type].bytes += rate.bytes / static_cast<double>(runs.size());
    }
  }
  return all;
}

std::string by_kind(const std::vector<LargeFigures>& runs) {
  RateByType leader = mean(&LargeFigures::leader_at_rest, runs);
  RateByType standby = mean(&LargeFigures::standby_at_rest, runs);
  std::set<wire::FrameType> types;
  for (const auto& [type, rate] : leader) types.insert(type);
  for (const auto& [type, rate] : standby) types.insert(type);
  std::string text =
      "| at rest, a second | leader: frames | bytes | a standby: frames | bytes |\n"
      "| --- | --- | --- | --- | --- |\n";
  for (const wire::FrameType type : types) {
    text += "| `" + std::string(wire::name_of(type)) + "` | " + fixed(leader[type].frames, 1) +
            " | " + fixed(leader[type].bytes, 0) + " | " + fixed(standby[type].frames, 1) + " | " +
            fixed(standby[type].bytes, 0) + " |\n";
  }
  return text;
}

}  // namespace

std::string to_tables(std::size_t servers, const std::vector<LargeFigures>& runs) {
  check(!runs.empty());
  std::string text = "| " + std::to_string(servers) + " servers, " + std::to_string(runs.size()) +
                     (runs.size() == 1 ? " run" : " runs") +
                     " | median | greatest |\n| --- | --- | --- |\n";
  for (const Row& row : rows) text += text_of(row, runs);
  return text + "\n" + by_kind(runs);
}

}  // namespace muster::sim
