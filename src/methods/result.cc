#include "methods/result.h"

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>

#include "wire/control.h"
#include "wire/json.h"

namespace muster::methods {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;
using Row = std::vector<std::string>;

constexpr std::string_view nothing = "-";
constexpr std::size_t cell_bytes_max = 200;
constexpr std::int64_t first_second = -62'135'596'800;  // The year 1,
constexpr std::int64_t last_second = 253'402'300'799;   // and the end of 9999.

/// `commit_index` as `commit index`.
std::string spaced(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

std::string upper(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

/// On one line, and of a length that people read.
std::string cell(std::string text) {
  if (text.empty()) return std::string(nothing);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  if (text.size() <= cell_bytes_max) return text;
  std::size_t end = cell_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string time_text(const Message& message) {
  const auto& time = static_cast<const Timestamp&>(message);
  // Within the years that RFC 3339 has: what comes may be anything.
  const std::int64_t seconds = std::clamp(time.seconds(), first_second, last_second);
  const std::string quoted = wire::json_time({seconds * 1'000 + time.nanos() / 1'000'000});
  return quoted.substr(1, quoted.size() - 2);
}

/// `place` is that in a repeated field, or -1.
std::string value_text(const Message& message, const FieldDescriptor& field, int place) {
  const Reflection& reflection = *message.GetReflection();
  const bool one = place < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return (one ? reflection.GetBool(message, &field)
                  : reflection.GetRepeatedBool(message, &field, place))
                 ? "yes"
                 : "no";
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(one ? reflection.GetUInt32(message, &field)
                                : reflection.GetRepeatedUInt32(message, &field, place));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(one ? reflection.GetUInt64(message, &field)
                                : reflection.GetRepeatedUInt64(message, &field, place));
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(one ? reflection.GetInt32(message, &field)
                                : reflection.GetRepeatedInt32(message, &field, place));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(one ? reflection.GetInt64(message, &field)
                                : reflection.GetRepeatedInt64(message, &field, place));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = one ? reflection.GetEnumValue(message, &field)
                             : reflection.GetRepeatedEnumValue(message, &field, place);
      const EnumValueDescriptor* const value = field.enum_type()->FindValueByNumber(number);
      return value == nullptr ? std::to_string(number) : value->name();
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = one ? reflection.GetString(message, &field)
                             : reflection.GetRepeatedString(message, &field, place);
      if (field.type() != FieldDescriptor::TYPE_BYTES) return text;
      return std::to_string(text.size()) + " bytes";
    }
    default:
      return std::string(nothing);
  }
}

std::string map_text(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<std::string> pairs;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& pair = reflection.GetRepeatedMessage(message, &field, i);
    pairs.push_back(value_text(pair, *pair.GetDescriptor()->map_key(), -1) + "=" +
                    value_text(pair, *pair.GetDescriptor()->map_value(), -1));
  }
  std::ranges::sort(pairs);
  std::string text;
  for (const std::string& pair : pairs) text += (text.empty() ? "" : ",") + pair;
  return text;
}

bool is_plain_message(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_map() &&
         field.message_type() != Timestamp::descriptor();
}

/// What a field has to say on one line.
std::string field_text(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_map()) return cell(map_text(message, field));
  if (field.is_repeated()) {
    std::string text;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      text += (text.empty() ? "" : ", ") + value_text(message, field, i);
    }
    return cell(text);
  }
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return cell(value_text(message, field, -1));
  }
  if (!reflection.HasField(message, &field)) return std::string(nothing);
  return is_plain_message(field) ? "…" : time_text(reflection.GetMessage(message, &field));
}

std::vector<std::string> aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> table(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const auto& columns = *field.message_type();
  std::vector<Row> rows(1);
  for (int column = 0; column < columns.field_count(); ++column) {
    rows.front().push_back(upper(spaced(columns.field(column)->name())));
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& one = reflection.GetRepeatedMessage(message, &field, i);
    Row& row = rows.emplace_back();
    for (int column = 0; column < columns.field_count(); ++column) {
      row.push_back(field_text(one, *columns.field(column)));
    }
  }
  for (std::size_t column = rows.front().size(); column-- > 0;) {
    const bool empty = std::ranges::all_of(rows.begin() + 1, rows.end(), [&](const Row& row) {
      return row[column] == nothing || row[column] == "0 bytes";
    });
    if (!empty) continue;
    for (Row& row : rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
  }
  return rows.size() == 1 ? std::vector<std::string>{"none"} : aligned(rows);
}

}  // namespace

Result<std::unique_ptr<Message>> decode_result(const wire::Invoked& invoked) {
  const auto* const type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(invoked.type());
  const Message* const prototype =
      type == nullptr ? nullptr
                      : google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  if (prototype == nullptr) {
    return Error{ErrorCode::unimplemented,
                 "the answer is a " + cell(invoked.type()) +
                     ", which this version does not know; ask with the server's own version"};
  }
  std::unique_ptr<Message> result(prototype->New());
  const Result<void> decoded = wire::decode_into(*result, as_bytes(invoked.result()));
  if (!decoded) return decoded.error();
  return result;
}

std::vector<std::string> to_lines(const Message& message) {
  std::vector<Row> rows;
  std::vector<std::string> tables;
  const auto& fields = *message.GetDescriptor();
  for (int i = 0; i < fields.field_count(); ++i) {
    const FieldDescriptor& field = *fields.field(i);
    if (field.is_repeated() && is_plain_message(field)) {
      const std::vector<std::string> lines = table(message, field);
      tables.insert(tables.end(), lines.begin(), lines.end());
    } else {
      rows.push_back({spaced(field.name()), field_text(message, field)});
    }
  }
  std::vector<std::string> lines = aligned(rows);
  lines.insert(lines.end(), tables.begin(), tables.end());
  return lines;
}

std::vector<std::string> to_lines(const wire::MethodList& list) {
  std::vector<Row> rows;
  for (const wire::MethodHelp& method : list.methods()) {
    std::string usage = method.name();
    for (const wire::MethodArgument& argument : method.arguments()) {
      const bool choice = argument.kind().find('|') != std::string::npos;
      const std::string& what = choice ? argument.kind() : argument.name();
      usage += argument.optional() ? " [" + what + "]" : " " + what;
    }
    rows.push_back({cell(usage), cell(method.help())});
  }
  return aligned(rows);
}

}  // namespace muster::methods
