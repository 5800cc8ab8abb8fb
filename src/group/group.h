// The group as a service: its settings, its servers, their roles and states, as the log has them.
#pragma once

#include <optional>
#include <string_view>

#include "group/view.h"
#include "muster/copy_on_write.h"
#include "muster/machine.h"
#include "wire/muster.pb.h"

namespace muster::group {

inline constexpr ServiceId service_id{1};
/// The topic that carries what happens to the group: `wire::GroupEvent`, one for each change.
inline constexpr std::string_view topic = "group";

/// Copies what consensus decides about membership and keeps what people and the leader add to it.
/// Roles are raft's: raft acts on a configuration entry when it is appended, this service takes it
/// over when it is applied.
///
/// Commands: `wire::GroupChange`, from the leader only (`Command::system`); the reply is empty. One
/// that changes nothing (a state that the server has already, settings as they are, a group met
/// before) is answered and tells nobody. Refusals: `permission_denied` for a client's command,
/// `invalid_argument` for what is no such change, `not_found` for an unknown server,
/// `failed_precondition` for a behaviour that not all members support, for giving way
/// `only_if_unused` when a client's command precedes it, and for everything after the group gave
/// way.
///
/// Query: empty; answer: the view as `wire::Founding`, whose `members` carry roles.
/// `resource_exhausted` if that passes the limit of a message.
class Group final : public service::Machine {
 public:
  ServiceId id() const override { return service_id; }
  std::string_view name() const override { return "group"; }
  void apply(const service::Command& command, service::Output& output) override;
  /// A `wire::GroupEvent` with the whole view as `founded`.
  Result<Bytes> topic_state(std::string_view topic) const override;
  Result<Bytes> query(BytesView request) const override;
  service::FrozenParts freeze() const override;
  [[nodiscard]] Result<void> restore(BytesView part) override;
  void clear() override;

  /// A configuration entry is applied: `roles` are all members of consensus after it, `annotation`
  /// what rode on it (`wire::Founding` on entry 1, `wire::MemberChange` on each later one, or
  /// nothing). Errors: `invalid_argument` if the annotation doesn't decode; the roles are taken
  /// over all the same.
  Result<void> membership_changed(LogIndex index, const Roles& roles, BytesView annotation,
                                  service::Output& output);

  /// A client's command reached a service. Cheap when that was known.
  void client_command_applied();

  const View& view() const { return state_.read().view; }
  /// Why clients' commands are refused since the group gave way; nothing while it goes on.
  std::optional<Error> why_closed() const;

 private:
  struct State final : service::Part {
    void encode(Bytes& out) const override;
    View view;
  };
  void change(const wire::StateChange& change, const service::Command& command,
              service::Output& output);
  void change(const wire::Election& election, service::Output& output);
  void change(const wire::SettingsChange& wanted, service::Output& output);
  void change(const wire::Dissolve& dissolve, service::Output& output);
  void change(const wire::Member& updated, service::Output& output);
  void change(const wire::Meeting& meeting, service::Output& output);
  void change(const wire::Drain& drain, service::Output& output);
  void change_behaviour(std::uint32_t version, service::Output& output);
  void tell(wire::MemberChange change, service::Output& output) const;

  service::CopyOnWrite<State> state_;
};

/// When the leader appended a configuration with this annotation, by its log time; of entry 1, by
/// the founder's clock, which nobody else has agreed to. For people: services don't see it.
LogTime told_at(LogIndex index, BytesView annotation);

}  // namespace muster::group
