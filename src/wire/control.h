// Control messages: the protobuf schema, read from and written to bytes within limits.
#pragma once

#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>
#include <utility>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/uuid.h"
#include "wire/limits.h"
#include "wire/muster.pb.h"

namespace muster::wire {

/// Fills `message` from bytes that may be anything.
/// Errors: RESOURCE_EXHAUSTED beyond `control_bytes_max`; INVALID_ARGUMENT if they are no such
/// message, or text in them is not UTF-8.
[[nodiscard]] Result<void> decode_into(google::protobuf::MessageLite& message, BytesView bytes);

/// As `decode_into`, by type: `decode<OpenSession>(frame.body.view())`.
template <class Message>
[[nodiscard]] Result<Message> decode(BytesView bytes) {
  Message message;
  if (Result<void> decoded = decode_into(message, bytes); !decoded) return decoded.error();
  return message;
}

/// The same message always gives the same bytes. Precondition: within `control_bytes_max`.
Bytes encode(const google::protobuf::MessageLite& message);

/// An id from its text, `parse_id<SessionId>(text)`. Errors: INVALID_ARGUMENT, also for nil.
template <class Id>
[[nodiscard]] Result<Id> parse_id(std::string_view text) {
  const auto uuid = Uuid::parse(text);
  if (!uuid || uuid->is_nil()) {
    return Error{ErrorCode::invalid_argument, "an id must look like " + Uuid{}.to_string() +
                                                  " and not be all zero; send a UUID"};
  }
  return Id{*uuid};
}

/// A name of a group, server, client, zone or tag: 1 to `name_bytes_max` bytes of UTF-8 without
/// control characters, spaces at the ends or a leading `#`. Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<void> validate_name(std::string_view name);

/// Tags of a client: at most `client_tags_max`; keys are names, values have `name_bytes_max` bytes
/// at most. `Tags`: any map of strings. Errors: INVALID_ARGUMENT.
template <class Tags>
[[nodiscard]] Result<void> validate_client_tags(const Tags& tags) {
  if (tags.size() > client_tags_max) {
    return Error{ErrorCode::invalid_argument,
                 "a client has at most " + std::to_string(client_tags_max) + " tags"};
  }
  for (const auto& [key, value] : tags) {
    if (Result<void> valid = validate_name(key); !valid) return valid;
    if (value.size() > name_bytes_max) {
      return Error{ErrorCode::invalid_argument, "the value of tag " + key + " is longer than " +
                                                    std::to_string(name_bytes_max) + " bytes"};
    }
  }
  return {};
}

/// The schema's form of an error, and back. A code or outcome that is none becomes INTERNAL and
/// perhaps applied: the safe reading.
Refused to_refused(const Error& error);
Error to_error(const Refused& refused);

}  // namespace muster::wire
