#include "server/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>
#include <mutex>
#include <utility>

namespace muster::server {
namespace {

class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(LogSink function) : function_(std::move(function)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    function_(message.level, std::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

  const LogSink function_;
};

}  // namespace

std::shared_ptr<spdlog::logger> make_log(const std::string& level) {
  const char* const no_color = std::getenv("NO_COLOR");
  const bool plain = no_color != nullptr && *no_color != '\0';
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
      plain ? spdlog::color_mode::never : spdlog::color_mode::automatic);
  auto log = std::make_shared<spdlog::logger>("muster", std::move(sink));
  log->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  log->set_level(spdlog::level::from_str(level));
  log->flush_on(spdlog::level::debug);
  return log;
}

std::shared_ptr<spdlog::logger> make_log(const std::string& level, LogSink sink) {
  auto log =
      std::make_shared<spdlog::logger>("muster", std::make_shared<FunctionSink>(std::move(sink)));
  log->set_level(spdlog::level::from_str(level));
  return log;
}

spdlog::level::level_enum level_of(node::NoticeLevel level) {
  switch (level) {
    case node::NoticeLevel::debug:
      return spdlog::level::debug;
    case node::NoticeLevel::info:
      return spdlog::level::info;
    case node::NoticeLevel::warning:
      return spdlog::level::warn;
    case node::NoticeLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace muster::server
