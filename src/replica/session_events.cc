#include "replica/session_events.h"

#include "wire/control.h"

namespace muster::replica {
namespace {

wire::SessionEvent event_of(SessionId id, const Session& session, std::size_t sessions) {
  wire::SessionEvent event;
  event.set_session_id(id.uuid.to_string());
  event.set_name(session.name);
  event.set_kind(session.kind);
  event.set_home(session.home.value);
  event.set_sessions(sessions);
  return event;
}

std::string who(const Session& session) {
  return session.kind.empty() ? session.name : session.name + " (" + session.kind + ")";
}

}  // namespace

Bytes opened_event(SessionId id, const Session& session, std::string_view home,
                   std::size_t sessions) {
  wire::SessionEvent event = event_of(id, session, sessions);
  event.set_what(wire::SessionEvent::OPENED);
  event.set_text(who(session) + " came to " + std::string(home));
  return wire::encode(event);
}

Bytes moved_event(SessionId id, const Session& session, ServerNumber previous,
                  std::string_view home, std::size_t sessions) {
  wire::SessionEvent event = event_of(id, session, sessions);
  event.set_what(wire::SessionEvent::MOVED);
  event.set_previous(previous.value);
  event.set_text(who(session) + " moved to " + std::string(home));
  return wire::encode(event);
}

Bytes ended_event(SessionId id, const Session& session, std::string_view reason,
                  std::size_t sessions) {
  wire::SessionEvent event = event_of(id, session, sessions);
  event.set_what(wire::SessionEvent::ENDED);
  event.set_reason(std::string(reason));
  event.set_text(who(session) + " went: " + std::string(reason));
  return wire::encode(event);
}

Bytes counted_event(std::size_t sessions) {
  wire::SessionEvent event;
  event.set_what(wire::SessionEvent::COUNTED);
  event.set_sessions(sessions);
  event.set_text(std::to_string(sessions) + (sessions == 1 ? " session" : " sessions"));
  return wire::encode(event);
}

}  // namespace muster::replica
