#include "wire/control.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <limits>
#include <string>

#include "muster/check.h"
#include "wire/utf8.h"

namespace muster::wire {

Result<void> decode_into(google::protobuf::MessageLite& message, BytesView bytes) {
  if (bytes.size() > control_bytes_max) {
    return Error{ErrorCode::resource_exhausted,
                 "a " + message.GetTypeName() + " of " + std::to_string(bytes.size()) +
                     " bytes passes the limit of " + std::to_string(control_bytes_max)};
  }
  const google::protobuf::LogSilencer silencer;  // The error says it; protobuf would print as well.
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{ErrorCode::invalid_argument, "what came is no " + message.GetTypeName() +
                                                  "; the sender is at fault or of another version"};
  }
  return {};
}

Bytes encode(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  check(size <= control_bytes_max);
  Bytes bytes(size);
  google::protobuf::io::ArrayOutputStream array(bytes.data(), static_cast<int>(size));
  google::protobuf::io::CodedOutputStream out(&array);
  out.SetSerializationDeterministic(true);  // Maps in the order of their keys.
  message.SerializeWithCachedSizes(&out);
  check(!out.HadError());
  return bytes;
}

Result<void> validate_name(std::string_view name) {
  const auto refuse = [](const std::string& why) {
    return Error{ErrorCode::invalid_argument, "a name " + why + "; choose another"};
  };
  if (name.empty()) return refuse("must not be empty");
  if (name.size() > name_bytes_max) {
    return refuse("must not be longer than " + std::to_string(name_bytes_max) + " bytes");
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(name, is_control)) return refuse("must not hold control characters");
  if (name.front() == ' ' || name.back() == ' ')
    return refuse("must not begin or end with a space");
  if (name.front() == '#') return refuse("must not begin with #, which stands for a number");
  if (!is_utf8(name)) return refuse("must be UTF-8");
  return {};
}

Refused to_refused(const Error& error) {
  Refused refused;
  refused.set_code(static_cast<std::uint32_t>(error.code));
  refused.set_outcome(static_cast<std::uint32_t>(error.outcome));
  refused.set_message(error.message);
  return refused;
}

Error to_error(const Refused& refused) {
  constexpr std::uint32_t byte_max = std::numeric_limits<std::uint8_t>::max();
  const auto code = static_cast<std::uint8_t>(std::min(refused.code(), byte_max));
  const auto outcome = static_cast<std::uint8_t>(std::min(refused.outcome(), byte_max));
  return Error{error_code_from(code).value_or(ErrorCode::internal), refused.message(),
               outcome_from(outcome).value_or(Outcome::perhaps_applied)};
}

}  // namespace muster::wire
