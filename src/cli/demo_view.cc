#include "cli/demo_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace muster::cli {
namespace {

constexpr std::size_t servers_shown_max = 9;
constexpr std::size_t events_share = 2;  // Of the rows that are left, one of so many is events'.

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

/// The first `columns` characters.
std::string_view cut(std::string_view text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (begins_character(text[at]) && seen++ == columns) return text.substr(0, at);
  }
  return text;
}

std::string padded(std::string text, std::size_t columns) {
  const std::size_t width = width_of(text);
  if (width < columns) text.append(columns - width, ' ');
  return text;
}

Span quiet(std::string text) {
  return {Style::quiet, std::move(text)};
}

StyledLine title_line(const DemoModel& model, bool unicode) {
  const std::string_view dot = unicode ? " · " : " - ";
  StyledLine line{
      {Style::title, " muster demo "},
      quiet(fmt::format("{}group {}{}{}", dot, model.group, dot, clock_text(model.elapsed)))};
  if (model.ends_after) line.push_back(quiet(" of " + clock_text(*model.ends_after)));
  if (!model.folder.empty()) line.push_back(quiet(fmt::format("{}{}", dot, model.folder)));
  return line;
}

std::string_view name_of(DemoProcess process) {
  switch (process) {
    case DemoProcess::running:
      return "running";
    case DemoProcess::paused:
      return "paused";
    case DemoProcess::killed:
      return "killed";
    case DemoProcess::ended:
      return "ended";
  }
  return "";
}

Span process_of(const DemoServer& server) {
  const Style style = server.process == DemoProcess::running ? Style::good : Style::bad;
  return {style, padded(std::string(name_of(server.process)), 9)};
}

StyledLine server_line(const DemoServer& server, bool unicode) {
  const bool there = server.process == DemoProcess::running;
  StyledLine line;
  line.push_back({Style::crown, server.leads ? (unicode ? "  ♛ " : "  * ") : "    "});
  line.push_back({server.leads ? Style::crown : Style::strong, padded(server.name, 3)});
  line.push_back({server.leads ? Style::crown : Style::plain, padded(server.role, 9)});
  line.push_back(process_of(server));
  const bool alive = server.state == "ALIVE" || server.state.empty();
  line.push_back({alive ? Style::plain : Style::bad, padded(server.state, 9)});
  line.push_back(quiet(padded(server.address, 17)));
  if (there && server.applied > 0) {
    line.push_back(quiet(fmt::format("applied {:>9}", grouped(server.applied))));
    line.push_back(
        quiet(fmt::format("{:>4} client{}", server.clients, server.clients == 1 ? "" : "s")));
  }
  return line;
}

StyledLine log_line(const DemoModel& model) {
  StyledLine line{{Style::plain, " term "},
                  {Style::strong, grouped(model.term)},
                  {Style::plain, ", committed up to entry "},
                  {Style::strong, grouped(model.commit_index)}};
  if (model.trouble.empty()) {
    line.push_back({Style::plain, fmt::format(", {} writes/s", grouped(model.per_second))});
  } else {
    line.push_back({Style::bad, "  waiting: " + model.trouble});
  }
  return line;
}

StyledLine counter_line(const DemoModel& model) {
  const DemoCounters& counters = model.counters;
  const auto verdict = [](std::uint64_t count) { return count == 0 ? Style::good : Style::bad; };
  StyledLine line{{Style::plain, " acknowledged "},
                  {Style::strong, padded(grouped(counters.acknowledged), 12)},
                  {Style::plain, "lost "},
                  {verdict(counters.lost), padded(grouped(counters.lost), 6)},
                  {Style::plain, "twice "},
                  {verdict(counters.twice), padded(grouped(counters.twice), 6)}};
  if (counters.different > 0) {
    line.push_back({Style::bad, fmt::format("other contents {}  ", counters.different)});
  }
  if (model.checked_at) {
    const auto age = std::max(model.elapsed - *model.checked_at, std::chrono::milliseconds{0});
    line.push_back(quiet(fmt::format("compared with the group {:.1f} s ago",
                                     std::chrono::duration<double>(age).count())));
  }
  return line;
}

StyledLine message_line(const DemoLine& message) {
  return {quiet("  " + padded(message.when, 9)),
          {Style::strong, padded(message.who, 6)},
          {Style::plain, message.text}};
}

StyledLine event_line(const DemoLine& event) {
  return {quiet("  " + padded(event.when, 6)),
          {event.loud ? Style::strong : Style::quiet, event.text}};
}

StyledLine key_line(const DemoModel& model) {
  if (model.ending) return {{Style::strong, " ending: everything is compared once more"}};
  StyledLine line{{Style::plain, " "}};
  const std::vector<std::pair<std::string, std::string>> keys{
      {"k", "kill the leader"}, {"r", "restart"}, {"a", "add"}, {"p", "pause it"}, {"q", "quit"}};
  for (const auto& [key, what] : keys) {
    line.push_back({Style::title, " " + key + " "});
    line.push_back({Style::plain, " " + what + "   "});
  }
  return line;
}

/// The last `rows` of `lines`, below a heading; that is left out with them where there are none.
template <class Line>
void add_last(std::vector<StyledLine>& view, const std::string& heading,
              const std::deque<DemoLine>& lines, std::size_t rows, Line as_line) {
  if (rows < 2) return;
  view.push_back({{Style::title, heading}});
  const std::size_t shown = std::min(lines.size(), rows - 1);
  for (std::size_t i = lines.size() - shown; i < lines.size(); ++i) {
    view.push_back(as_line(lines[i]));
  }
  for (std::size_t i = shown + 1; i < rows; ++i) view.emplace_back();
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::quiet:
      return "\x1b[2m";
    case Style::strong:
      return "\x1b[1m";
    case Style::good:
      return "\x1b[32m";
    case Style::bad:
      return "\x1b[1;31m";
    case Style::crown:
      return "\x1b[1;33m";
    case Style::title:
      return "\x1b[1;36m";
  }
  return "";
}

}  // namespace

StyledLine cut(StyledLine line, std::size_t columns) {
  StyledLine fitting;
  for (Span& span : line) {
    const std::size_t width = width_of(span.text);
    if (width > columns) span.text = std::string(cut(span.text, columns));
    columns -= std::min(columns, width);
    if (!span.text.empty()) fitting.push_back(std::move(span));
  }
  return fitting;
}

std::vector<StyledLine> render(const DemoModel& model, ViewSize size, bool unicode) {
  std::vector<StyledLine> view;
  view.push_back(title_line(model, unicode));
  view.emplace_back();
  const std::size_t servers = std::min(model.servers.size(), servers_shown_max);
  for (std::size_t i = 0; i < servers; ++i) {
    view.push_back(server_line(model.servers[i], unicode));
  }
  view.emplace_back();
  view.push_back(log_line(model));
  view.push_back(counter_line(model));
  view.emplace_back();

  constexpr std::size_t rows_below = 2;  // An empty one and the keys.
  const std::size_t used = view.size() + rows_below;
  const std::size_t left = size.rows > used ? size.rows - used : 0;
  const std::size_t for_events = left / events_share;
  add_last(view, " what happened", model.events, for_events, event_line);
  if (for_events > 1) view.emplace_back();
  const std::size_t for_messages = left - for_events - (for_events > 1 ? 1 : 0);
  add_last(view, " chat, room lobby", model.messages, for_messages, message_line);
  if (view.size() + 1 < size.rows) view.emplace_back();
  if (view.size() >= size.rows) view.resize(size.rows > 0 ? size.rows - 1 : 0);
  if (size.rows > 0) view.push_back(key_line(model));
  for (StyledLine& line : view) line = cut(std::move(line), size.columns);
  return view;
}

std::string terminal_text(const StyledLine& line, bool colour) {
  std::string text;
  for (const Span& span : line) {
    const std::string_view code = colour ? code_of(span.style) : std::string_view{};
    text += code;
    text += span.text;
    if (!code.empty()) text += "\x1b[0m";
  }
  return text;
}

}  // namespace muster::cli
