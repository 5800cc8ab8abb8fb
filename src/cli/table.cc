#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::cli {

std::vector<std::string> table_lines(const std::vector<Row>& rows) {
  std::vector<std::string> lines;
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

void print_table(const std::vector<Row>& rows) {
  for (const std::string& line : table_lines(rows)) fmt::print("{}\n", line);
}

}  // namespace muster::cli
