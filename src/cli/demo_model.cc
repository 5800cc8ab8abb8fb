#include "cli/demo_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::cli {

const DemoServer* DemoModel::leader() const {
  const auto found = std::ranges::find_if(servers, &DemoServer::leads);
  return found == servers.end() ? nullptr : &*found;
}

void DemoModel::keep(std::deque<DemoLine>& lines, DemoLine line) {
  lines.push_back(std::move(line));
  if (lines.size() > lines_max) lines.pop_front();
}

std::vector<std::string> turned(std::vector<std::string> addresses, std::size_t place) {
  if (addresses.empty()) return addresses;
  const auto first = static_cast<std::ptrdiff_t>(place % addresses.size());
  std::rotate(addresses.begin(), addresses.begin() + first, addresses.end());
  return addresses;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, 1, ',');
  return text;
}

std::string clock_text(std::chrono::milliseconds elapsed) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(elapsed).count();
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string summary(const DemoCounters& counters) {
  std::string text = grouped(counters.acknowledged) + " acknowledged, " + grouped(counters.lost) +
                     " lost, " + grouped(counters.twice) + " twice";
  if (counters.different > 0) {
    text += ", " + grouped(counters.different) + " writers with other contents";
  }
  return text;
}

std::string loss_line(std::string_view name, std::string_view what, std::chrono::microseconds after,
                      const DemoCounters& counters) {
  const double milliseconds = std::chrono::duration<double, std::milli>(after).count();
  return fmt::format("leader {} {}: next acknowledgement after {:.{}f} ms; {}", name, what,
                     milliseconds, milliseconds < 10 ? 1 : 0, summary(counters));
}

}  // namespace muster::cli
