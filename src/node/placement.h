// Which server each client should be at: the rule, from what the log and the links say.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/ids.h"
#include "replica/session_table.h"

namespace muster::node {

/// A server that answers.
struct Place {
  ServerNumber number;
  std::string zone{};
  bool takes{true};  ///< Clients may be sent there; if not, those that it has are to go.
};

/// So many sessions of clients of one sort are to go to this server.
struct Transfer {
  ServerNumber to;
  std::string sort;
  std::size_t count{0};
  friend bool operator==(const Transfer&, const Transfer&) = default;
};

/// The fair share of each server, and who is to move for it. Clients of a zone that has servers are
/// one sort, and shared by these; all others are the sort "", and level what those make uneven. So
/// all servers have the same number, up to one, where zones allow it.
///
/// Every server evaluates the same rule on what it has applied. None of them needs to be right: a
/// home is a hint, never a lock. Pure.
class Placement {
 public:
  /// Sessions at home at a server that is not among `places` don't count: they will turn up.
  Placement(std::vector<Place> places, const replica::Loads& loads);

  /// Of which sort a client of this zone is.
  const std::string& sort_of(const std::string& zone) const;
  /// Whether a server has its share exceeded or missed by more than is worth a move (more than one
  /// and more than a tenth), or has a client that should not be there at all.
  bool uneven() const;
  /// What `from` has beyond its share, and where that is missing. Together the transfers of all
  /// servers fill no share beyond its size.
  std::vector<Transfer> transfers(ServerNumber from) const;
  /// Where a new client of this zone should go instead of `at`; nothing if it is well there, or
  /// nobody takes it.
  /// `coming`: who was sent where, and is in no loads yet.
  std::optional<ServerNumber> better_for_new(ServerNumber at, const std::string& zone,
                                             const replica::Loads& coming = {}) const;
  /// Servers that take clients, by ascending number.
  std::vector<ServerNumber> takers() const;

 private:
  using Counts = std::map<ServerNumber, std::size_t>;

  void share_out(const std::string& sort, const Counts& taken);
  std::size_t count(const std::string& sort, ServerNumber server) const;
  std::size_t excess(const std::string& sort, ServerNumber server) const;

  std::vector<Place> places_;
  std::map<std::string, Counts> counts_;  // By sort.
  std::map<std::string, Counts> shares_;  // The same, of those that take clients of the sort.
};

}  // namespace muster::node
