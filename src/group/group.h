// The group as a service: its settings, its servers and their roles, as the log has them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "service/copy_on_write.h"
#include "service/machine.h"
#include "wire/muster.pb.h"

namespace muster::group {

inline constexpr ServiceId service_id{1};

enum class Role : std::uint8_t { voter, standby };
using Roles = std::map<ServerNumber, Role>;

/// The numbered membership. Every change of it is an entry of the log, so all servers see the same
/// views in the same order.
struct View {
  std::uint64_t number{0};
  GroupId group;
  std::string name;
  wire::GroupSettings settings;
  std::map<ServerNumber, wire::Member> members;  ///< `role` as consensus has it.
  std::uint32_t next_number{0};                  ///< For the next joiner; never reused.
};

/// Copies what consensus decides about membership and keeps what people add to it. Roles are
/// raft's: raft acts on a configuration entry when it is appended, this service takes it over when
/// it is applied.
///
/// Query: empty; answer: the view as `wire::Founding`, whose `members` carry roles.
class Group final : public service::Machine {
 public:
  ServiceId id() const override { return service_id; }
  std::string_view name() const override { return "group"; }
  void apply(const service::Command& command, service::Output& output) override;
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

  const View& view() const { return state_.read().view; }

 private:
  struct State final : service::Part {
    void encode(Bytes& out) const override;
    View view;
  };
  service::CopyOnWrite<State> state_;
};

/// The topic that carries membership events.
inline constexpr std::string_view topic = "group";

}  // namespace muster::group
