// Turns what `muster demo` shows into lines of a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/demo_model.h"

namespace muster::cli {

enum class Style : std::uint8_t { plain, quiet, strong, good, bad, crown, title };

/// Text of one style.
struct Span {
  Style style{Style::plain};
  std::string text;
  friend bool operator==(const Span&, const Span&) = default;
};
using StyledLine = std::vector<Span>;

struct ViewSize {
  std::size_t columns{80};
  std::size_t rows{24};
  friend bool operator==(const ViewSize&, const ViewSize&) = default;
};

/// As much of the line as fits into so many columns. Each character is taken for one column.
StyledLine cut(StyledLine line, std::size_t columns);

/// The whole view: at most `rows` lines of at most `columns` characters, each of which is taken for
/// one column wide. What does not fit is left out: first older messages and events, then servers.
/// `unicode`: the terminal shows more than ASCII. Pure.
std::vector<StyledLine> render(const DemoModel& model, ViewSize size, bool unicode);

/// A line as bytes for a terminal, without its end; without `colour` as plain text.
std::string terminal_text(const StyledLine& line, bool colour);

}  // namespace muster::cli
