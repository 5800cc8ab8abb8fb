// A schema message as one line of JSON.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "muster/bytes.h"
#include "muster/time.h"

namespace muster::wire {

/// Protobuf's JSON mapping with three differences, so that scripts have it easy: 64-bit integers
/// are JSON numbers, every field is present (empty lists `[]`, messages and optional fields that
/// are not set `null`), and enum values that have no name here are numbers. Names are camelCase,
/// `bytes` are base64, `google.protobuf.Timestamp` is RFC 3339 in UTC with milliseconds. No line
/// breaks, no spaces. Fields come in the order of the schema, map entries by key. Numbers that
/// JSON does not have are `"NaN"`, `"Infinity"`, `"-Infinity"`.
std::string to_json(const google::protobuf::Message& message);

/// `text` as a JSON string, quotes included (RFC 8259, section 7). Bytes that are not UTF-8 become
/// U+FFFD.
std::string json_string(std::string_view text);
/// Bytes and times as `to_json` has them, quotes included.
std::string json_bytes(BytesView bytes);
std::string json_time(LogTime time);

}  // namespace muster::wire
