// Remote methods from the client's side: whom to ask, asking, and showing what came back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/client_options.h"
#include "muster/error.h"
#include "muster/time.h"
#include "wire/methods.pb.h"

namespace muster::cli {

/// A server to be asked; name and number as far as they are known before it answers.
struct Target {
  std::string address;
  std::string name{};
  std::uint32_t number{0};
};

/// What is no target wherever it is asked for: a number beyond the ports, or no address. Errors:
/// INVALID_ARGUMENT.
[[nodiscard]] Result<void> check_target(const std::string& target);

/// Whom `target` stands for: `HOST:PORT`, a bare port of this machine, a name, `#NUMBER`, an id, or
/// `all`. All but the first two ask a server for the members. Errors: INVALID_ARGUMENT, NOT_FOUND,
/// or those of that question.
[[nodiscard]] Result<std::vector<Target>> find_targets(const ClientOptions& options,
                                                       const std::string& target);

/// What one server had to say.
struct ServerAnswer {
  Target target;
  std::string method;
  Result<wire::Invoked> invoked;
  Duration took{};
};

/// Asks all of them at the same time. Each answers, or has an error, within the options' timeout:
/// UNAVAILABLE if nobody is there, DEADLINE_EXCEEDED if it is silent, or what the server refuses.
std::vector<ServerAnswer> invoke(const ClientOptions& options, const std::vector<Target>& targets,
                                 const wire::Invoke& request);

/// `a (#1) 127.0.0.1:8888`.
std::string heading_of(const Target& target);
/// The result for people, or `CODE: message`.
std::vector<std::string> text_lines(const ServerAnswer& answer);
/// The decoded result. Events that only the client can read have their words. Errors: the server's;
/// INVALID_ARGUMENT if it is of no known type.
[[nodiscard]] Result<std::unique_ptr<google::protobuf::Message>> result_of(
    const ServerAnswer& answer);
/// As one line: `server number address method code message tookMs type result`.
std::string json_line(const ServerAnswer& answer);

}  // namespace muster::cli
