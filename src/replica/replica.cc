#include "replica/replica.h"

#include <algorithm>
#include <bit>

#include "base/crc32c.h"
#include "muster/check.h"
#include "replica/batch_output.h"
#include "replica/session_control.h"
#include "replica/session_events.h"

namespace muster::replica {

Replica::Replica(const Options& options, MachineFactory machines)
    : options_(options),
      factory_(std::move(machines)),
      machines_(factory_()),
      group_(std::make_unique<group::Group>()),
      sessions_(options.sessions) {
  std::ranges::sort(machines_, {}, [](const auto& machine) { return machine->id(); });
  for (const auto& machine : machines_) {
    check(machine->id() != session_service && machine->id() != group::service_id);
  }
}

service::Machine* Replica::machine(ServiceId id) const {
  if (id == group::service_id) return group_.get();
  for (const auto& machine : machines_) {
    if (machine->id() == id) return machine.get();
  }
  return nullptr;
}

Applied Replica::apply(const Entry& entry) {
  check(entry.index == applied_ + 1 && entry.kind != EntryKind::configuration);
  applied_ = entry.index;
  mix(entry.payload.view());

  Applied out;
  if (entry.kind == EntryKind::empty) return out;
  const auto view = wire::EntryView::parse(entry.payload.view());
  if (!view) return out;  // From a version that is not known here: the same on every server.
  time_ = std::max(time_, view->time());
  expire(out);
  std::uint32_t ordinal = 0;
  for (const wire::BatchView batch : view->batches()) {
    apply_batch(batch, ordinal, out);
    ordinal += batch.size();
  }
  mix_events(out.events);
  return out;
}

Applied Replica::apply_membership(LogIndex index, const group::Roles& roles, BytesView annotation) {
  check(index == applied_ + 1);
  applied_ = index;
  mix(annotation);
  Applied out;
  BatchOutput output(SequenceNumber{0}, std::max(time_, group::told_at(index, annotation)),
                     out.events);
  output.begin(Position{index, 0});
  // An annotation that doesn't decode is from a newer version; the roles count all the same.
  static_cast<void>(group_->membership_changed(index, roles, annotation, output));
  mix_events(out.events);
  return out;
}

namespace {

/// Keeps what is said to a command of the leader's own; events go where those of others go.
class SystemOutput final : public service::Output {
 public:
  SystemOutput(BatchOutput& batch, SystemAnswer& answer) : batch_(batch), answer_(answer) {}
  void reply(BytesView payload) override {
    batch_.reply(payload);
    answer_.reply = Bytes(payload.begin(), payload.end());
  }
  void refuse(ErrorCode code, std::string_view message) override {
    batch_.refuse(code, message);
    answer_.reply = Error{code, std::string(message), Outcome::applied};
  }
  void publish(std::string_view topic, BytesView event) override { batch_.publish(topic, event); }

 private:
  BatchOutput& batch_;
  SystemAnswer& answer_;
};

}  // namespace

void Replica::apply_batch(const wire::BatchView& batch, std::uint32_t ordinal, Applied& out) {
  const wire::BatchHeader& header = batch.header();
  if (header.system) {
    BatchOutput output(SequenceNumber{0}, time_, out.events);
    for (const wire::CommandView command : batch.commands()) {
      output.begin(Position{applied_, ordinal++});
      service::Machine* const target = machine(command.service);
      const bool closed = group_->view().dissolved && target != group_.get();
      if (target == nullptr || closed) continue;
      const service::Command own{.position = output.position(),
                                 .time = time_,
                                 .session = {},
                                 .payload = command.payload,
                                 .system = true};
      if (target == group_.get()) {
        target->apply(own, output);
        adopt_behaviour();
        continue;
      }
      SystemAnswer& answer = out.answers.emplace_back(
          SystemAnswer{.service = command.service,
                       .position = output.position(),
                       .command = {command.payload.begin(), command.payload.end()}});
      SystemOutput told(output, answer);
      target->apply(own, told);
    }
    return;
  }
  if (header.first_sequence == SequenceNumber{0}) return apply_control(batch, ordinal, out);

  Session* const session = sessions_.change(header.session);
  if (session == nullptr) {
    out.news.emplace_back(SessionUnknown{header.session});
    return;
  }
  apply_sequenced(batch, ordinal, *session, out);
}

void Replica::adopt_behaviour() {
  if (behaviour_ == view().behaviour) return;
  behaviour_ = view().behaviour;
  for (const auto& machine : machines_) machine->set_behaviour(behaviour_);
}

// Exactly `last + 1` is taken: what was taken is answered from the kept replies, a gap is refused
// (Raft dissertation, section 6.3, for many commands in flight).
void Replica::apply_sequenced(const wire::BatchView& batch, std::uint32_t ordinal, Session& session,
                              Applied& out) {
  const wire::BatchHeader& header = batch.header();
  if (header.first_sequence.value - header.skip > session.last.value + 1) {
    out.news.emplace_back(Gap{header.session, SequenceNumber{session.last.value + 1}});
    return;
  }
  // The numbers skipped were settled at home: refused there, or given up before they were sent.
  session.last.value = std::max(session.last.value, header.first_sequence.value - 1);
  const std::uint64_t known =
      std::min<std::uint64_t>(session.last.value + 1 - header.first_sequence.value, batch.size());
  if (known > 0) {
    resend_kept(header.session, session, header.first_sequence, static_cast<std::uint32_t>(known),
                out);
  }
  if (known == batch.size()) return;

  BatchOutput output(SequenceNumber{session.last.value + 1}, time_, out.events);
  std::uint64_t skipped = 0;
  for (const wire::CommandView command : batch.commands()) {
    const Position position{applied_, ordinal++};
    if (skipped < known) {
      ++skipped;
      continue;
    }
    output.begin(position);
    service::Machine* const target = machine(command.service);
    if (const auto closed = group_->why_closed()) {
      output.refuse(closed->code, closed->message);
    } else if (target == nullptr) {
      output.refuse(ErrorCode::not_found,
                    "no service has the number " + std::to_string(command.service.value));
    } else {
      if (target != group_.get()) group_->client_command_applied();
      target->apply({.position = position,
                     .time = time_,
                     .session = header.session,
                     .payload = command.payload},
                    output);
    }
    output.end();
    ++session.last.value;
  }
  for (KeptReplies& replies : std::move(output).finish()) {
    mix(replies.body.view());
    out.news.emplace_back(Answer{header.session, replies.first, replies.count, replies.body});
    sessions_.keep(session, std::move(replies));
  }
}

void Replica::resend_kept(SessionId id, const Session& session, SequenceNumber first,
                          std::uint32_t count, Applied& out) const {
  const SequenceNumber end{first.value + count};
  SequenceNumber next = first;
  for (const KeptReplies& replies : session.kept) {
    const SequenceNumber after{replies.first.value + replies.count};
    if (after <= next) continue;
    if (replies.first >= end) break;
    out.news.emplace_back(Answer{id, replies.first, replies.count, replies.body});
    next = after;
  }
  if (!session.kept.empty() && session.kept.front().first <= first) return;

  // Older than what is kept: the client is told that it took effect, the reply itself is gone.
  const SequenceNumber kept_from =
      session.kept.empty() ? end : std::min(end, session.kept.front().first);
  wire::RepliesBuilder builder(first);
  const Error gone{ErrorCode::aborted,
                   "the command took effect, but its reply is no longer kept; ask fewer at a time",
                   Outcome::applied};
  for (SequenceNumber at = first; at < kept_from; ++at.value) {
    if (!builder.add(Position{}, gone)) break;
  }
  if (!builder.empty()) {
    const std::uint32_t told = builder.size();
    out.news.emplace_back(Answer{id, first, told, SharedBytes(std::move(builder).finish())});
  }
}

void Replica::apply_control(const wire::BatchView& batch, std::uint32_t ordinal, Applied& out) {
  const SessionId id = batch.header().session;
  for (const wire::CommandView command : batch.commands()) {
    const std::uint32_t at = ordinal++;
    if (command.service != session_service) continue;
    const auto control = decode_control(command.payload);
    if (!control) continue;
    if (const auto* const end = std::get_if<End>(&*control)) {
      const Session* const session = sessions_.find(id);
      // An end that names an older epoch is void: the session was attached anew since.
      if (session != nullptr && session->epoch <= end->epoch) end_session(id, end->reason, at, out);
      continue;
    }
    if (const auto* const open = std::get_if<Open>(&*control)) {
      open_session(id, *open, at, out);
    } else {
      attach_session(id, std::get<Resume>(*control), at, out);
    }
  }
}

void Replica::open_session(SessionId id, const Open& open, std::uint32_t ordinal, Applied& out) {
  if (sessions_.find(id) != nullptr) {
    return attach_session(id, {.home = open.home, .epoch = open.epoch, .timeout = open.timeout},
                          ordinal, out);
  }
  const auto opened = sessions_.open(id, open, time_);
  if (!opened) {
    out.news.emplace_back(AttachRefused{id, open.home, open.epoch, opened.error()});
    return;
  }
  const Session& session = **opened;
  tell_attached(id, session, out);
  tell_sessions(
      ordinal, opened_event(id, session, group::name_of(view(), open.home), sessions_.size()), out);
}

void Replica::attach_session(SessionId id, const Resume& resume, std::uint32_t ordinal,
                             Applied& out) {
  const auto refuse = [&](ErrorCode code, const char* why) {
    out.news.emplace_back(AttachRefused{id, resume.home, resume.epoch, Error{code, why}});
  };
  const Session* const before = sessions_.find(id);
  if (before == nullptr) {
    return refuse(ErrorCode::failed_precondition, "the session has ended; open a new one");
  }
  const ServerNumber previous = before->home;
  if (resume.epoch > before->epoch) {
    sessions_.attach(id, resume);
  } else if (resume.epoch < before->epoch || resume.home != previous) {
    return refuse(ErrorCode::aborted, "the session was attached anew since; go on there");
  }
  const Session& session = *sessions_.find(id);
  tell_attached(id, session, out);
  if (previous == session.home) return;
  tell_sessions(
      ordinal,
      moved_event(id, session, previous, group::name_of(view(), session.home), sessions_.size()),
      out);
}

void Replica::tell_attached(SessionId id, const Session& session, Applied& out) {
  out.news.emplace_back(SessionAttached{.session = id,
                                        .epoch = session.epoch,
                                        .last = session.last,
                                        .home = session.home,
                                        .name = session.name,
                                        .timeout = session.timeout});
}

void Replica::tell_sessions(std::uint32_t ordinal, const Bytes& event, Applied& out) const {
  BatchOutput output(SequenceNumber{0}, time_, out.events);
  output.begin(Position{applied_, ordinal});
  output.publish(sessions_topic, event);
}

void Replica::end_session(SessionId id, std::string reason, std::uint32_t ordinal, Applied& out) {
  const Session* const session = sessions_.find(id);
  if (session == nullptr) return;
  const Bytes event = ended_event(id, *session, reason, sessions_.size() - 1);
  sessions_.erase(id);
  BatchOutput output(SequenceNumber{0}, time_, out.events);
  output.begin(Position{applied_, ordinal});
  for (const auto& machine : machines_) {
    machine->session_ended(id, output.position(), time_, output);
  }
  output.publish(sessions_topic, event);
  out.news.emplace_back(SessionEnded{id, std::move(reason)});
}

void Replica::expire(Applied& out) {
  BatchOutput output(SequenceNumber{0}, time_, out.events);
  output.begin(Position{applied_, 0});
  for (const auto& machine : machines_) {
    const auto due = machine->deadline();
    if (due && *due <= time_) machine->expire(time_, output);
  }
}

Result<Bytes> Replica::query(ServiceId service, BytesView request) const {
  const service::Machine* const target = machine(service);
  if (target == nullptr) {
    return Error{ErrorCode::not_found,
                 "no service has the number " + std::to_string(service.value)};
  }
  return target->query(request);
}

Result<Bytes> Replica::topic_state(std::string_view topic) const {
  if (topic == sessions_topic) return counted_event(sessions_.size());
  Result<Bytes> state = group_->topic_state(topic);
  for (const auto& machine : machines_) {
    if (state || state.error().code != ErrorCode::not_found) break;
    state = machine->topic_state(topic);
  }
  return state;
}

std::optional<LogTime> Replica::deadline() const {
  std::optional<LogTime> earliest;
  for (const auto& machine : machines_) {
    const auto due = machine->deadline();
    if (due && (!earliest || *due < *earliest)) earliest = due;
  }
  return earliest;
}

void Replica::mix(BytesView bytes) {
  const std::uint64_t word = (static_cast<std::uint64_t>(bytes.size()) << 32U) | crc32c(bytes);
  digest_ = std::rotl((digest_ ^ word ^ applied_.value) * 0x9e3779b97f4a7c15ULL, 29);
}

void Replica::mix_events(const std::vector<Event>& events) {
  for (const Event& event : events) {
    mix(as_bytes(event.topic));
    mix(event.payload.view());
  }
}

std::shared_ptr<const Frozen> Replica::freeze() const {
  auto frozen = std::make_shared<Frozen>();
  frozen->index = applied_;
  frozen->time = time_;
  frozen->digest = digest_;
  const auto take = [&](ServiceId service, const service::FrozenParts& parts) {
    for (const auto& part : parts) frozen->pieces.push_back({service, part});
  };
  take(session_service, sessions_.freeze());
  take(group::service_id, group_->freeze());
  for (const auto& machine : machines_) take(machine->id(), machine->freeze());
  return frozen;
}

}  // namespace muster::replica
