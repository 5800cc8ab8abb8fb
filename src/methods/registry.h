// Remote methods: what an operator may have one server tell or do, by name.
#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/error.h"
#include "muster/time.h"
#include "wire/methods.pb.h"

namespace muster::methods {

constexpr std::size_t method_name_bytes_max = 64;
constexpr std::size_t arguments_max = 16;
constexpr std::size_t argument_bytes_max = 1'024;
constexpr std::size_t result_bytes_max = std::size_t{256} * 1024;

/// What a method may be given at one place. Optional ones come last.
struct Argument {
  enum class Kind : std::uint8_t {
    text,    ///< UTF-8 without control characters, not empty.
    number,  ///< A whole number, `least` to `most`.
    choice,  ///< One of `choices`, in any case.
  };
  std::string name;
  Kind kind{Kind::text};
  bool optional{false};
  std::uint64_t least{0};
  std::uint64_t most{UINT64_MAX};
  std::vector<std::string> choices{};  ///< In lower case.
};

/// One call, its arguments found to be as the method wants them.
struct Call {
  std::vector<std::string> arguments;
  Instant now;
  LogTime wall;

  bool has(std::size_t place) const { return place < arguments.size(); }
  /// Preconditions: there is such an argument; it is a number.
  std::uint64_t number(std::size_t place) const;
};

/// The result as a message of the schema, which has JSON by itself.
using Answer = Result<std::unique_ptr<google::protobuf::Message>>;
template <class Message>
Answer answer(Message message) {
  return std::unique_ptr<google::protobuf::Message>(std::make_unique<Message>(std::move(message)));
}

struct Method {
  std::string name;  ///< Lower case words, with `.` and `-` between: `auction.pause`.
  std::string help;  ///< A line.
  std::vector<Argument> arguments{};
  /// Empty: the answer takes its time, and the registry's owner gives it (`check_call`).
  std::function<Answer(const Call& call)> handler{};
};

/// The methods of one server. Whatever layer has something to tell or to do adds its own; nothing
/// that comes from outside is ever evaluated: a call is a name of this table and checked arguments.
///
/// Pure, as far as the handlers are. Thread-safety: none.
class Registry {
 public:
  struct Options {
    std::size_t methods_max{256};
    unsigned calls_per_second_max{200};  ///< Of all callers: a method may cost milliseconds.
  };

  Registry() : Registry(Options{}) {}
  explicit Registry(const Options& options) : options_(options) {}
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Errors: INVALID_ARGUMENT for a name or arguments that can't be; ALREADY_EXISTS;
  /// RESOURCE_EXHAUSTED beyond `methods_max`.
  [[nodiscard]] Result<void> add(Method method);
  /// `more` completes each result of a method with what its own layer does not know, in the order
  /// of the calls. Precondition: the method exists and answers with `Message`.
  template <class Message>
  void amend(std::string_view method, std::function<void(Message&)> more) {
    amend_any(method, [more = std::move(more)](google::protobuf::Message& result) {
      more(static_cast<Message&>(result));
    });
  }

  /// Carries a call out. `server` and `number` of the answer are for the caller to fill in.
  /// Precondition: the method has a handler. Errors: NOT_FOUND with the nearest name;
  /// INVALID_ARGUMENT with the usage; RESOURCE_EXHAUSTED for too many calls or arguments, or a
  /// result beyond `result_bytes_max`; the method's own.
  [[nodiscard]] Result<wire::Invoked> invoke(const wire::Invoke& request, Instant now,
                                             LogTime wall);
  /// Whether a call could be carried out, and its arguments as the method wants them. Counts as a
  /// call. Errors: as `invoke`, but for the result.
  [[nodiscard]] Result<std::vector<std::string>> check_call(const wire::Invoke& request,
                                                            Instant now);
  wire::MethodList list() const;

 private:
  using Amendment = std::function<void(google::protobuf::Message&)>;
  struct Entry {
    Method method;
    std::vector<Amendment> amendments{};
  };

  void amend_any(std::string_view method, Amendment more);
  Result<void> admit(const wire::Invoke& request, Instant now);
  Answer carry_out(const wire::Invoke& request, Instant now, LogTime wall);
  Error unknown(const std::string& name) const;

  const Options options_;
  std::map<std::string, Entry, std::less<>> methods_;
  Instant second_begun_{};
  unsigned calls_this_second_{0};
};

/// `log-level [debug|info|warning|error|critical]`: how a method is called.
std::string usage_of(const Method& method);

/// `a whole number from 1 to 100`: what an argument may be.
std::string describe_kind(const Argument& argument);

/// The arguments as the method wants them: choices in lower case. Errors: INVALID_ARGUMENT with
/// the usage; RESOURCE_EXHAUSTED for more or longer ones than any method takes.
[[nodiscard]] Result<std::vector<std::string>> check_arguments(
    const Method& method, const std::vector<std::string>& arguments);

}  // namespace muster::methods
