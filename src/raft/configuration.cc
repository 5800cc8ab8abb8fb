#include "raft/configuration.h"

#include <algorithm>

#include "muster/codec.h"

namespace muster::raft {
namespace {

constexpr std::uint8_t format_version = 1;

Error malformed(const char* what) {
  return {ErrorCode::invalid_argument, std::string("a configuration entry ") + what};
}

}  // namespace

bool Configuration::is_voter(ServerNumber server) const {
  const auto found = members.find(server);
  return found != members.end() && found->second == MemberRole::voter;
}

std::size_t Configuration::voter_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      members, [](const auto& member) { return member.second == MemberRole::voter; }));
}

std::size_t voters_changed(const Configuration& before, const Configuration& after) {
  std::size_t changed = 0;
  for (const auto& [server, role] : before.members) {
    if (role == MemberRole::voter && !after.is_voter(server)) ++changed;
  }
  for (const auto& [server, role] : after.members) {
    if (role == MemberRole::voter && !before.is_voter(server)) ++changed;
  }
  return changed;
}

Bytes encode_configuration(const Configuration& configuration, BytesView annotation) {
  Bytes payload;
  Writer writer(payload);
  writer.integer(format_version);
  writer.integer(static_cast<std::uint32_t>(configuration.members.size()));
  for (const auto& [server, role] : configuration.members) {
    writer.integer(server.value);
    writer.integer(static_cast<std::uint8_t>(role));
  }
  writer.raw(annotation);
  return payload;
}

Result<DecodedConfiguration> decode_configuration(BytesView payload) {
  Reader reader(payload);
  if (reader.integer<std::uint8_t>() != format_version) return malformed("of an unknown version");
  const auto count = reader.integer<std::uint32_t>();
  if (count > Configuration::members_max) return malformed("with too many members");

  DecodedConfiguration decoded;
  auto& members = decoded.configuration.members;
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    const ServerNumber server{reader.integer<std::uint32_t>()};
    const auto role = reader.integer<std::uint8_t>();
    if (role != static_cast<std::uint8_t>(MemberRole::voter) &&
        role != static_cast<std::uint8_t>(MemberRole::standby))
      return malformed("with an unknown role");
    if (!members.empty() && members.rbegin()->first >= server)
      return malformed("whose members are not in order");
    members.emplace_hint(members.end(), server, static_cast<MemberRole>(role));
  }
  if (!reader.ok()) return malformed("that ends too early");
  if (decoded.configuration.voter_count() == 0) return malformed("without a voter");
  decoded.annotation = reader.rest();
  return decoded;
}

}  // namespace muster::raft
