#include "replica/session_control.h"

#include "wire/batch.h"
#include "wire/heartbeat.h"

namespace muster::replica {
namespace {

enum class Kind : std::uint8_t { open = 1, resume = 2, end = 3 };

// In milliseconds, as clients ask.
void write_timeout(Writer& writer, Duration timeout) {
  check(timeout >= Duration::zero() && timeout <= wire::session_timeout_max);
  writer.integer(
      static_cast<std::uint32_t>(std::chrono::floor<std::chrono::milliseconds>(timeout).count()));
}
Duration read_timeout(Reader& reader) {
  return std::chrono::milliseconds{reader.integer<std::uint32_t>()};
}

struct Encode {
  Writer& writer;
  void operator()(const Open& open) const {
    writer.integer(static_cast<std::uint8_t>(Kind::open));
    writer.sized(open.name);
    writer.sized(open.kind);
    writer.integer(open.home.value);
    writer.sized(open.zone);
    writer.sized(open.host);
    write_tags(writer, open.tags);
    writer.integer(static_cast<std::uint8_t>(open.name_rule));
    writer.integer(open.epoch.value);
    write_timeout(writer, open.timeout);
  }
  void operator()(const Resume& resume) const {
    writer.integer(static_cast<std::uint8_t>(Kind::resume));
    writer.integer(resume.home.value);
    writer.integer(resume.epoch.value);
    write_timeout(writer, resume.timeout);
  }
  void operator()(const End& end) const {
    writer.integer(static_cast<std::uint8_t>(Kind::end));
    writer.integer(end.epoch.value);
    writer.sized(end.reason);
  }
};

}  // namespace

void write_tags(Writer& writer, const std::map<std::string, std::string>& tags) {
  writer.integer(static_cast<std::uint8_t>(tags.size()));
  for (const auto& [key, value] : tags) {
    writer.sized(key);
    writer.sized(value);
  }
}

std::map<std::string, std::string> read_tags(Reader& reader) {
  std::map<std::string, std::string> tags;
  const auto count = reader.integer<std::uint8_t>();
  for (unsigned i = 0; i < count && reader.ok(); ++i) {
    std::string key = reader.text();
    tags.insert_or_assign(std::move(key), reader.text());
  }
  return tags;
}

Bytes encode_control_batch(SessionId session, const SessionControl& control) {
  Bytes payload;
  Writer writer(payload);
  std::visit(Encode{writer}, control);
  wire::BatchBuilder builder({.session = session, .epoch = {}, .first_sequence = {}});
  check(builder.add(session_service, payload).has_value());
  return std::move(builder).finish();
}

Result<SessionControl> decode_control(BytesView payload) {
  Reader reader(payload);
  const auto kind = static_cast<Kind>(reader.integer<std::uint8_t>());
  SessionControl control = Resume{};
  Duration timeout{};
  if (kind == Kind::open) {
    Open open;
    open.name = reader.text();
    open.kind = reader.text();
    open.home.value = reader.integer<std::uint32_t>();
    open.zone = reader.text();
    open.host = reader.text();
    open.tags = read_tags(reader);
    open.name_rule = static_cast<NameRule>(reader.integer<std::uint8_t>());
    open.epoch.value = reader.integer<std::uint32_t>();
    timeout = open.timeout = read_timeout(reader);
    control = std::move(open);
  } else if (kind == Kind::resume) {
    Resume resume;
    resume.home.value = reader.integer<std::uint32_t>();
    resume.epoch.value = reader.integer<std::uint32_t>();
    timeout = resume.timeout = read_timeout(reader);
    control = resume;
  } else if (kind == Kind::end) {
    End end;
    end.epoch.value = reader.integer<std::uint32_t>();
    end.reason = reader.text();
    control = std::move(end);
  } else {
    return Error{ErrorCode::invalid_argument, "this is no session control"};
  }
  if (!reader.finished()) {
    return Error{ErrorCode::invalid_argument, "a session control has the wrong length"};
  }
  if (timeout > wire::session_timeout_max) {
    return Error{ErrorCode::invalid_argument, "a session control has a timeout beyond the limit"};
  }
  return control;
}

}  // namespace muster::replica
