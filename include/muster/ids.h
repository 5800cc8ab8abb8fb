// Identities and places in the log, each a type of its own, so that two cannot be swapped.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "muster/uuid.h"

namespace muster {

/// One server for all time: made at its first start and kept in its data folder.
struct ServerId {
  Uuid uuid;
  friend auto operator<=>(const ServerId&, const ServerId&) = default;
};

/// One formed group. Two groups of the same name differ in this.
struct GroupId {
  Uuid uuid;
  friend auto operator<=>(const GroupId&, const GroupId&) = default;
};

/// One client's place in the group, chosen by the client, so that a repeated open is the same open.
struct SessionId {
  Uuid uuid;
  friend auto operator<=>(const SessionId&, const SessionId&) = default;
};

/// The small integer the group gives a server on joining. Never reused. 0 is a valid number.
struct ServerNumber {
  std::uint32_t value{};
  friend auto operator<=>(ServerNumber, ServerNumber) = default;
};

/// Raft, section 5.1: election period. 0 is before the first one.
struct Term {
  std::uint64_t value{};
  friend auto operator<=>(Term, Term) = default;
};

/// Raft, section 5.3: place of an entry in the log. The first entry has index 1; 0 means "before".
struct LogIndex {
  std::uint64_t value{};
  friend auto operator<=>(LogIndex, LogIndex) = default;
};
constexpr LogIndex operator+(LogIndex index, std::uint64_t step) {
  return {index.value + step};
}
constexpr LogIndex operator-(LogIndex index, std::uint64_t step) {
  return {index.value - step};
}

/// A command's place: the entry it came in, and its ordinal among that entry's commands.
struct Position {
  LogIndex index;
  std::uint32_t ordinal{};
  friend auto operator<=>(const Position&, const Position&) = default;
};

/// Numbers a session's commands from 1, without a gap.
struct SequenceNumber {
  std::uint64_t value{};
  friend auto operator<=>(SequenceNumber, SequenceNumber) = default;
};

/// Counts how often a session was attached to a home; the higher one is the newer one.
struct Epoch {
  std::uint32_t value{};
  friend auto operator<=>(Epoch, Epoch) = default;
};

/// Which service a command is for. The numbers are part of the log format: never reuse one.
struct ServiceId {
  std::uint16_t value{};
  friend auto operator<=>(ServiceId, ServiceId) = default;
};

}  // namespace muster

template <>
struct std::hash<muster::SessionId> {
  std::size_t operator()(const muster::SessionId& id) const noexcept {
    return muster::UuidHash{}(id.uuid);
  }
};
template <>
struct std::hash<muster::ServerId> {
  std::size_t operator()(const muster::ServerId& id) const noexcept {
    return muster::UuidHash{}(id.uuid);
  }
};
