// Rows for people, in columns.
#pragma once

#include <string>
#include <vector>

namespace muster::cli {

using Row = std::vector<std::string>;

/// As lines, the first as the heading; columns are as wide as they need.
/// Precondition: all rows are as long.
std::vector<std::string> table_lines(const std::vector<Row>& rows);

/// Prints them on standard output, the first as the heading; columns are as wide as they need.
/// Precondition: all rows are as long.
void print_table(const std::vector<Row>& rows);

}  // namespace muster::cli
