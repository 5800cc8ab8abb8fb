#include "cli/invocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "cli/json_line.h"
#include "cli/session_list.h"
#include "cli/watch_lines.h"
#include "client/question.h"
#include "methods/result.h"
#include "net/address.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

constexpr std::size_t asked_at_once_max = 64;

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_meant(const wire::MemberStatus& member, const std::string& target) {
  if (member.state() == wire::ServerState::LEFT) return false;
  return target == "all" || target == member.name() || target == member.id() ||
         target == fmt::format("#{}", member.number());
}

Result<std::vector<Target>> find_members(const ClientOptions& options, const std::string& target) {
  const auto members = ask_for_members(options);
  if (!members) return members.error();
  std::vector<Target> targets;
  for (const wire::MemberStatus& member : members->members()) {
    if (!is_meant(member, target)) continue;
    targets.push_back(
        {.address = member.address(), .name = member.name(), .number = member.number()});
  }
  if (targets.empty()) {
    return Error{ErrorCode::not_found, "no server is called " + target +
                                           "; name one of `muster members`, a HOST:PORT, a port "
                                           "of this machine, or all"};
  }
  if (target == "all" || targets.size() == 1) return targets;
  std::string numbers;
  for (const Target& one : targets) {
    numbers += fmt::format("{}#{}", numbers.empty() ? "" : ", ", one.number);
  }
  return Error{ErrorCode::invalid_argument, fmt::format("{} servers are called {}: say which of {}",
                                                        targets.size(), target, numbers)};
}

client::Question::Options question_for(const ClientOptions& options, const std::string& address,
                                       const Bytes& secret) {
  return {.servers = {address},
          .group = options.group_given ? options.group : "",
          .secret = secret,
          .server_timeout = options.timeout,
          .timeout = options.timeout};
}

void ask_some(const ClientOptions& options, const Bytes& secret, const wire::Frame& frame,
              std::span<ServerAnswer> answers) {
  net::Loop loop;
  std::size_t open = answers.size();
  const Instant begun = loop.now();
  std::vector<std::unique_ptr<client::Question>> questions;
  for (ServerAnswer& answer : answers) {
    questions.push_back(std::make_unique<client::Question>(
        loop, question_for(options, answer.target.address, secret), frame,
        [&](Result<client::Answer> result) {
          answer.took = loop.now() - begun;
          answer.invoked = result ? wire::decode<wire::Invoked>(result->frame.body.view())
                                  : Result<wire::Invoked>(result.error());
          if (--open == 0) loop.stop();
        }));
  }
  while (open > 0) client::run_until_stopped(loop);
}

}  // namespace

Result<void> check_target(const std::string& target) {
  if (is_number(target)) {
    const bool fits = target.size() <= 5 && std::stoi(target) >= 1 && std::stoi(target) <= 65'535;
    if (fits) return {};
    return Error{ErrorCode::invalid_argument,
                 target +
                     " is no port: a port of this machine is from 1 to 65535; a server's "
                     "number is written #" +
                     target};
  }
  if (target.find(':') == std::string::npos) return {};
  if (const auto address = net::parse_address(target); !address) return address.error();
  return {};
}

Result<std::vector<Target>> find_targets(const ClientOptions& options, const std::string& target) {
  if (const auto valid = check_target(target); !valid) return valid.error();
  if (is_number(target)) return std::vector<Target>{{.address = "127.0.0.1:" + target}};
  if (target.find(':') == std::string::npos) return find_members(options, target);
  return std::vector<Target>{{.address = target}};
}

std::vector<ServerAnswer> invoke(const ClientOptions& options, const std::vector<Target>& targets,
                                 const wire::Invoke& request) {
  std::vector<ServerAnswer> answers;
  answers.reserve(targets.size());
  for (const Target& target : targets) {
    answers.push_back({.target = target,
                       .method = request.method(),
                       .invoked = Error{ErrorCode::internal, "not asked"}});
  }
  if (request.ByteSizeLong() > wire::control_bytes_max) {
    const Error error{ErrorCode::resource_exhausted, "the arguments are too long; give less"};
    for (ServerAnswer& answer : answers) answer.invoked = error;
    return answers;
  }
  const wire::Frame frame{.type = wire::FrameType::invoke,
                          .body = SharedBytes(wire::encode(request))};
  const Bytes secret = options.secret();
  std::span<ServerAnswer> rest(answers);
  while (!rest.empty()) {
    const std::size_t count = std::min(rest.size(), asked_at_once_max);
    ask_some(options, secret, frame, rest.first(count));
    rest = rest.subspan(count);
  }
  for (ServerAnswer& answer : answers) {
    if (!answer.invoked) continue;
    answer.target.name = answer.invoked->server();
    answer.target.number = answer.invoked->number();
  }
  return answers;
}

std::string heading_of(const Target& target) {
  if (target.name.empty()) return target.address;
  return fmt::format("{} (#{}) {}", target.name, target.number, target.address);
}

Result<std::unique_ptr<google::protobuf::Message>> result_of(const ServerAnswer& answer) {
  if (!answer.invoked) return answer.invoked.error();
  auto result = methods::decode_result(*answer.invoked);
  auto* const history = result ? dynamic_cast<wire::TopicHistory*>(result->get()) : nullptr;
  if (history == nullptr) return result;
  for (wire::KeptEvent& event : *history->mutable_events()) {
    if (!event.text().empty()) continue;
    event.set_text(known_text(history->topic(), as_bytes(event.payload())).value_or(""));
  }
  return result;
}

std::vector<std::string> text_lines(const ServerAnswer& answer) {
  const auto failed = [](const Error& error) {
    return std::vector<std::string>{fmt::format("{}: {}", name_of(error.code), error.message)};
  };
  const auto result = result_of(answer);
  if (!result) return failed(result.error());
  if (const auto* const list = dynamic_cast<const wire::MethodList*>(result->get())) {
    return methods::to_lines(*list);
  }
  return methods::to_lines(**result);
}

std::string json_line(const ServerAnswer& answer) {
  const auto result = result_of(answer);
  JsonLine line;
  line.add("server", answer.target.name)
      .add("number", answer.target.number)
      .add("address", answer.target.address)
      .add("method", answer.method)
      .add("code", result ? "OK" : name_of(result.error().code))
      .add("message", result ? std::string() : result.error().message)
      .add("tookMs", std::chrono::floor<std::chrono::milliseconds>(answer.took).count())
      .add("type", answer.invoked ? answer.invoked->type() : std::string())
      .add_json("result", result ? wire::to_json(**result) : "null");
  return line.text();
}

}  // namespace muster::cli
