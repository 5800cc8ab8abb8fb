// What operators want of services: commands that the leader makes itself, called by name.
#include <algorithm>
#include <utility>

#include "muster/check.h"
#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

constexpr Duration wish_time = std::chrono::seconds{8};
constexpr std::size_t wishes_max = 64;

}  // namespace

const service::Machine& Node::Impl::service(ServiceId id) const {
  const auto& machines = blank_state_.machines();
  const auto found =
      std::ranges::find(machines, id, [](const auto& machine) { return machine->id(); });
  check(found != machines.end());
  return **found;
}

void Node::Impl::add_operator_commands() {
  for (const auto& machine : blank_state_.machines()) {
    for (const service::OperatorCommand& command : machine->operator_commands()) {
      methods::Method method{.name = command.name, .help = command.help};
      for (const std::string& argument : command.arguments) {
        method.arguments.push_back({.name = argument});
      }
      check(methods_.add(std::move(method)).has_value());
      operator_commands_.emplace(command.name, machine->id());
    }
  }
}

// Returns whether the method is one of these; then it is or will be answered.
bool Node::Impl::take_operator_command(LinkId link, const wire::Invoke& request, Now now) {
  const auto found = operator_commands_.find(request.method());
  if (found == operator_commands_.end()) return false;
  auto command = begin_operator_command(found->second, request, now);
  if (command) {
    wishes_.push_back({.service = found->second,
                       .method = request.method(),
                       .command = std::move(*command),
                       .link = link,
                       .deadline = now.monotonic + wish_time});
  } else {
    edge_.send(link, wire::FrameType::refused, wire::encode(wire::to_refused(command.error())));
  }
  return true;
}

Result<Bytes> Node::Impl::begin_operator_command(ServiceId service_id, const wire::Invoke& request,
                                                 Now now) {
  const auto arguments = methods_.check_call(request, now.monotonic);
  if (!arguments) return arguments.error();
  if (!leads()) {
    if (!leadership_.leader) return Error{ErrorCode::unavailable, why_not_writable()};
    const auto leader = state().view().members.find(*leadership_.leader);
    const std::string address =
        leader == state().view().members.end() ? "" : leader->second.address();
    return Error{ErrorCode::failed_precondition,
                 "only the main server does this: ask " + name_of(*leadership_.leader) +
                     ", with: muster rmi " + address + " " + request.method()};
  }
  if (!is_writable()) return Error{ErrorCode::unavailable, why_not_writable()};
  if (wishes_.size() >= wishes_max) {
    return Error{ErrorCode::resource_exhausted, "too many wait already; try again in a moment"};
  }
  const Uuid key = Uuid::make_v7(std::chrono::milliseconds{now.wall.milliseconds}, random_.next(),
                                 random_.next());
  auto command =
      service(service_id).operator_command(request.method(), *arguments, key.to_string());
  if (!command) return command.error();
  if (auto offered = consensus_->offer(service_id, *command); !offered) return offered.error();
  return command;
}

void Node::Impl::answer_operators(const std::vector<replica::SystemAnswer>& answers) {
  for (const replica::SystemAnswer& answer : answers) {
    const auto wish = std::ranges::find_if(wishes_, [&](const OperatorWish& one) {
      return one.service == answer.service && one.command == answer.command;
    });
    if (wish == wishes_.end()) continue;
    Result<std::string> outcome = answer.reply
                                      ? service(answer.service).operator_outcome(*answer.reply)
                                      : Result<std::string>(answer.reply.error());
    if (outcome) {
      wire::OperatorReport report;
      report.set_message(*outcome);
      report.set_index(answer.position.index.value);
      report.set_ordinal(answer.position.ordinal);
      wire::Invoked invoked;
      invoked.set_method(wish->method);
      invoked.set_type(report.GetTypeName());
      invoked.set_result(std::string(as_text(wire::encode(report))));
      send_invoked(wish->link, std::move(invoked));
    } else {
      edge_.send(wish->link, wire::FrameType::refused,
                 wire::encode(wire::to_refused(outcome.error())));
    }
    wishes_.erase(wish);
  }
}

// An entry that a new leader's took the place of never comes.
void Node::Impl::drop_late_wishes(Now now) {
  std::erase_if(wishes_, [&](const OperatorWish& wish) {
    if (now.monotonic < wish.deadline) return false;
    const Error error{ErrorCode::deadline_exceeded,
                      "it was given to the log, but is not applied yet: look before you say it "
                      "again",
                      Outcome::perhaps_applied};
    edge_.send(wish.link, wire::FrameType::refused, wire::encode(wire::to_refused(error)));
    return true;
  });
}

}  // namespace muster::node
