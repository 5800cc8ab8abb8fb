// Remote methods, and parts of them, that only the process around a node can answer.
#include <unistd.h>

#include <chrono>

#include "muster/check.h"
#include "server/server.h"
#include "wire/preface.h"

namespace muster::server {
namespace {

std::string level_name(const spdlog::logger& log) {
  const auto name = spdlog::level::to_string_view(log.level());
  return {name.data(), name.size()};
}

template <class Unit>
std::uint64_t count_of(Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::floor<Unit>(duration).count());
}

}  // namespace

void Server::add_methods() {
  methods::Registry& methods = node_->methods();
  check(methods
            .add({.name = "log-level",
                  .help = "shows or changes how much it logs",
                  .arguments = {{.name = "LEVEL",
                                 .kind = methods::Argument::Kind::choice,
                                 .optional = true,
                                 .choices = {"debug", "info", "warning", "error", "critical"}}},
                  .handler =
                      [this](const methods::Call& call) {
                        return methods::answer(set_log_level(call));
                      }})
            .has_value());
  check(methods
            .add({.name = "version",
                  .help = "which program it runs",
                  .handler =
                      [this](const methods::Call&) {
                        wire::VersionReport report;
                        report.set_version(options_.node.version);
                        report.set_schema_version(wire::VersionRange{}.highest);
                        report.set_build(options_.build);
                        return methods::answer(std::move(report));
                      }})
            .has_value());
  methods.amend<wire::ServerReport>("report", [this](wire::ServerReport& report) {
    report.set_process_id(static_cast<std::uint64_t>(::getpid()));
    report.set_data_folder(disk_->folder());
    report.set_uptime_ms(count_of<std::chrono::milliseconds>(loop_.now() - begun_));
    report.set_log_level(level_name(*log_));
    report.set_loop_step_max_us(count_of<std::chrono::microseconds>(loop_.statistics().longest));
  });
  methods.amend<wire::ServerStats>("stats", [this](wire::ServerStats& stats) {
    stats.set_frames_received(traffic_.frames_received);
    stats.set_bytes_received(traffic_.bytes_received);
    stats.set_frames_sent(traffic_.frames_sent);
    stats.set_bytes_sent(traffic_.bytes_sent);
    stats.set_loop_steps(loop_.statistics().steps);
    stats.set_loop_steps_slow(loop_.statistics().slow);
    stats.set_loop_step_max_us(count_of<std::chrono::microseconds>(loop_.statistics().longest));
    stats.set_uptime_ms(count_of<std::chrono::milliseconds>(loop_.now() - begun_));
  });
}

wire::LogLevelReport Server::set_log_level(const methods::Call& call) {
  wire::LogLevelReport report;
  report.set_before(level_name(*log_));
  if (call.has(0)) {
    log_->set_level(spdlog::level::from_str(call.arguments[0]));
    log_->info("logs {} from now on, was {}: an operator said so", level_name(*log_),
               report.before());
  }
  report.set_level(level_name(*log_));
  return report;
}

}  // namespace muster::server
