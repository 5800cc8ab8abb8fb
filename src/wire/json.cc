#include "wire/json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "muster/check.h"
#include "wire/utf8.h"

namespace muster::wire {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::int64_t seconds_per_day = 86'400;

void print_message(const Message& message, std::string& out);

template <class Number>
void print_number(Number value, std::string& out) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc{});
  out.append(text.data(), end);
}

template <class Floating>
void print_floating(Floating value, std::string& out) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    print_number(value, out);
  }
}

void print_padded(std::int64_t value, std::size_t digits, std::string& out) {
  const std::string text = std::to_string(value);
  out.append(digits - std::min(digits, text.size()), '0');
  out += text;
}

// RFC 3339. The calendar date of a day number is Howard Hinnant's `civil_from_days`.
void print_timestamp(const google::protobuf::Timestamp& time, std::string& out) {
  std::int64_t days = time.seconds() / seconds_per_day;
  std::int64_t second = time.seconds() % seconds_per_day;
  if (second < 0) {
    second += seconds_per_day;
    --days;
  }
  const std::int64_t shifted = days + 719'468;  // Days since 0000-03-01.
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);

  out += '"';
  print_padded(year, 4, out);
  out += '-';
  print_padded(month, 2, out);
  out += '-';
  print_padded(day, 2, out);
  out += 'T';
  print_padded(second / 3'600, 2, out);
  out += ':';
  print_padded(second / 60 % 60, 2, out);
  out += ':';
  print_padded(second % 60, 2, out);
  out += '.';
  print_padded(time.nanos() / 1'000'000, 3, out);
  out += "Z\"";
}

void print_base64(std::string_view bytes, std::string& out) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(3, bytes.size()))) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8U | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= bytes.size() ? alphabet[group >> (18U - 6U * i) & 63U] : '=';
    }
  }
  out += '"';
}

void print_enum(const google::protobuf::EnumDescriptor& type, int value, std::string& out) {
  const auto* named = type.FindValueByNumber(value);
  if (named == nullptr) {
    print_number(value, out);
  } else {
    out += json_string(named->name());
  }
}

void print_text(const FieldDescriptor& field, std::string_view text, std::string& out) {
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    print_base64(text, out);
  } else {
    out += json_string(text);
  }
}

/// One value of a field that occurs once.
void print_single(const Message& message, const FieldDescriptor& field, std::string& out) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return print_number(reflection.GetInt32(message, &field), out);
    case FieldDescriptor::CPPTYPE_INT64:
      return print_number(reflection.GetInt64(message, &field), out);
    case FieldDescriptor::CPPTYPE_UINT32:
      return print_number(reflection.GetUInt32(message, &field), out);
    case FieldDescriptor::CPPTYPE_UINT64:
      return print_number(reflection.GetUInt64(message, &field), out);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return print_floating(reflection.GetDouble(message, &field), out);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return print_floating(reflection.GetFloat(message, &field), out);
    case FieldDescriptor::CPPTYPE_BOOL:
      out += reflection.GetBool(message, &field) ? "true" : "false";
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      return print_enum(*field.enum_type(), reflection.GetEnumValue(message, &field), out);
    case FieldDescriptor::CPPTYPE_STRING:
      return print_text(field, reflection.GetString(message, &field), out);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return print_message(reflection.GetMessage(message, &field), out);
  }
}

/// One value of a list.
void print_item(const Message& message, const FieldDescriptor& field, int i, std::string& out) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return print_number(reflection.GetRepeatedInt32(message, &field, i), out);
    case FieldDescriptor::CPPTYPE_INT64:
      return print_number(reflection.GetRepeatedInt64(message, &field, i), out);
    case FieldDescriptor::CPPTYPE_UINT32:
      return print_number(reflection.GetRepeatedUInt32(message, &field, i), out);
    case FieldDescriptor::CPPTYPE_UINT64:
      return print_number(reflection.GetRepeatedUInt64(message, &field, i), out);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return print_floating(reflection.GetRepeatedDouble(message, &field, i), out);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return print_floating(reflection.GetRepeatedFloat(message, &field, i), out);
    case FieldDescriptor::CPPTYPE_BOOL:
      out += reflection.GetRepeatedBool(message, &field, i) ? "true" : "false";
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      return print_enum(*field.enum_type(), reflection.GetRepeatedEnumValue(message, &field, i),
                        out);
    case FieldDescriptor::CPPTYPE_STRING:
      return print_text(field, reflection.GetRepeatedString(message, &field, i), out);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return print_message(reflection.GetRepeatedMessage(message, &field, i), out);
  }
}

void print_list(const Message& message, const FieldDescriptor& field, std::string& out) {
  out += '[';
  const int size = message.GetReflection()->FieldSize(message, &field);
  for (int i = 0; i < size; ++i) {
    if (i > 0) out += ',';
    print_item(message, field, i, out);
  }
  out += ']';
}

/// A map is a list of messages of key and value; their order is not defined, ours is.
void print_map(const Message& message, const FieldDescriptor& field, std::string& out) {
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  std::vector<std::string> members;
  const int size = message.GetReflection()->FieldSize(message, &field);
  for (int i = 0; i < size; ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    std::string member;
    print_single(entry, key, member);
    if (key.cpp_type() != FieldDescriptor::CPPTYPE_STRING) member.insert(0, 1, '"').append(1, '"');
    member += ':';
    print_single(entry, value, member);
    members.push_back(std::move(member));
  }
  std::ranges::sort(members);
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    out += members[i];
  }
  out += '}';
}

void print_field(const Message& message, const FieldDescriptor& field, std::string& out) {
  if (field.is_map()) return print_map(message, field, out);
  if (field.is_repeated()) return print_list(message, field, out);
  if (field.has_presence() && !message.GetReflection()->HasField(message, &field)) {
    out += "null";
    return;
  }
  print_single(message, field, out);
}

void print_message(const Message& message, std::string& out) {
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    google::protobuf::Timestamp time;
    time.CopyFrom(message);
    return print_timestamp(time, out);
  }
  out += '{';
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (i > 0) out += ',';
    out += json_string(field.json_name());
    out += ':';
    print_field(message, field, out);
  }
  out += '}';
}

void print_character(std::string_view character, std::string& out) {
  constexpr std::string_view hexadecimal = "0123456789abcdef";
  const auto first = static_cast<unsigned char>(character.front());
  if (first == '"' || first == '\\') {
    out += '\\';
    out += character;
  } else if (first == '\n') {
    out += "\\n";
  } else if (first == '\r') {
    out += "\\r";
  } else if (first == '\t') {
    out += "\\t";
  } else if (first < 0x20 || first == 0x7f) {
    out += "\\u00";
    out += hexadecimal[first >> 4U];
    out += hexadecimal[first & 15U];
  } else {
    out += character;
  }
}

}  // namespace

std::string to_json(const Message& message) {
  std::string out;
  print_message(message, out);
  return out;
}

std::string json_bytes(BytesView bytes) {
  std::string out;
  print_base64(as_text(bytes), out);
  return out;
}

std::string json_time(LogTime time) {
  std::int64_t seconds = time.milliseconds / 1'000;
  std::int64_t rest = time.milliseconds % 1'000;
  if (rest < 0) {
    rest += 1'000;
    --seconds;
  }
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<std::int32_t>(rest * 1'000'000));
  std::string out;
  print_timestamp(timestamp, out);
  return out;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_character(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";  // U+FFFD.
      text.remove_prefix(1);
      continue;
    }
    print_character(text.substr(0, length), out);
    text.remove_prefix(length);
  }
  out += '"';
  return out;
}

}  // namespace muster::wire
