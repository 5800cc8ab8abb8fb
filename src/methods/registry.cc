#include "methods/registry.h"

#include <algorithm>

#include "base/nearest.h"
#include "muster/check.h"
#include "wire/control.h"

namespace muster::methods {
namespace {

constexpr Duration second = std::chrono::seconds{1};

bool is_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= method_name_bytes_max && std::ranges::all_of(name, fits) &&
         name.front() >= 'a' && name.front() <= 'z';
}

bool optional_ones_come_last(const std::vector<Argument>& arguments) {
  return std::ranges::is_sorted(arguments, {}, &Argument::optional);
}

}  // namespace

Result<void> Registry::add(Method method) {
  if (!is_name(method.name) || method.arguments.size() > arguments_max ||
      !optional_ones_come_last(method.arguments)) {
    return Error{ErrorCode::invalid_argument,
                 "a method has a name of lower case letters, digits, - and ., and at most " +
                     std::to_string(arguments_max) + " arguments, optional ones last"};
  }
  if (methods_.contains(method.name)) {
    return Error{ErrorCode::already_exists, "there is a method " + method.name + " already"};
  }
  if (methods_.size() >= options_.methods_max) {
    return Error{ErrorCode::resource_exhausted,
                 "this server has " + std::to_string(methods_.size()) + " methods, its limit"};
  }
  std::string name = method.name;
  methods_.emplace(std::move(name), Entry{.method = std::move(method)});
  return {};
}

void Registry::amend_any(std::string_view method, Amendment more) {
  const auto found = methods_.find(method);
  check(found != methods_.end());
  found->second.amendments.push_back(std::move(more));
}

Result<void> Registry::admit(const wire::Invoke& request, Instant now) {
  if (now - second_begun_ >= second) {
    second_begun_ = now;
    calls_this_second_ = 0;
  }
  if (calls_this_second_ >= options_.calls_per_second_max) {
    return Error{ErrorCode::resource_exhausted,
                 "this server was asked " + std::to_string(calls_this_second_) +
                     " times within a second, its limit; ask again later"};
  }
  ++calls_this_second_;
  const auto too_long = [](const std::string& text) { return text.size() > argument_bytes_max; };
  if (request.arguments_size() > static_cast<int>(arguments_max) ||
      std::ranges::any_of(request.arguments(), too_long)) {
    return Error{ErrorCode::resource_exhausted,
                 "a method is given at most " + std::to_string(arguments_max) +
                     " arguments of at most " + std::to_string(argument_bytes_max) + " bytes"};
  }
  return {};
}

Error Registry::unknown(const std::string& name) const {
  std::vector<std::string_view> names;
  for (const auto& [known, entry] : methods_) names.emplace_back(known);
  const bool absurd = name.size() > method_name_bytes_max;
  const std::string meant = absurd ? std::string() : nearest(name, names);
  return {ErrorCode::not_found, "this server has no method " +
                                    (absurd ? "of so long a name" : "'" + name + "'") +
                                    (meant.empty() ? "" : "; did you mean " + meant + "?")};
}

Answer Registry::carry_out(const wire::Invoke& request, Instant now, LogTime wall) {
  if (request.method().empty()) return answer(list());
  const auto found = methods_.find(request.method());
  if (found == methods_.end()) return unknown(request.method());
  const Entry& entry = found->second;
  check(entry.method.handler != nullptr);
  auto arguments =
      check_arguments(entry.method, {request.arguments().begin(), request.arguments().end()});
  if (!arguments) return arguments.error();
  Answer result =
      entry.method.handler({.arguments = std::move(*arguments), .now = now, .wall = wall});
  if (!result) return result;
  for (const Amendment& more : entry.amendments) more(**result);
  return result;
}

Result<wire::Invoked> Registry::invoke(const wire::Invoke& request, Instant now, LogTime wall) {
  if (const Result<void> admitted = admit(request, now); !admitted) return admitted.error();
  const Answer result = carry_out(request, now, wall);
  if (!result) return result.error();
  const std::size_t bytes = (*result)->ByteSizeLong();
  if (bytes > result_bytes_max) {
    return Error{ErrorCode::resource_exhausted,
                 "the answer has " + std::to_string(bytes) + " bytes, more than the limit of " +
                     std::to_string(result_bytes_max) + "; ask for less"};
  }
  wire::Invoked invoked;
  invoked.set_method(request.method());
  invoked.set_type((*result)->GetTypeName());
  invoked.set_result(std::string(as_text(wire::encode(**result))));
  return invoked;
}

Result<std::vector<std::string>> Registry::check_call(const wire::Invoke& request, Instant now) {
  if (const Result<void> admitted = admit(request, now); !admitted) return admitted.error();
  const auto found = methods_.find(request.method());
  if (found == methods_.end()) return unknown(request.method());
  return check_arguments(found->second.method,
                         {request.arguments().begin(), request.arguments().end()});
}

wire::MethodList Registry::list() const {
  wire::MethodList list;
  for (const auto& [name, entry] : methods_) {
    wire::MethodHelp& help = *list.add_methods();
    help.set_name(name);
    help.set_help(entry.method.help);
    for (const Argument& argument : entry.method.arguments) {
      wire::MethodArgument& one = *help.add_arguments();
      one.set_name(argument.name);
      one.set_kind(describe_kind(argument));
      one.set_optional(argument.optional);
    }
  }
  return list;
}

}  // namespace muster::methods
