// What must always hold of a city: one small class per invariant, fed with all that machines do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "mobility/mobility.h"
#include "muster/bytes.h"
#include "muster/ids.h"
#include "sim/register.h"

namespace muster::sim {

/// As violations name it.
std::string name(mobility::IncidentId id);
std::string name(const mobility::UnitId& id);

/// An order, and whose it is.
struct ToldOrder {
  mobility::UnitId to{};
  mobility::Order order{};
};
/// What a machine told followers, one by one.
using CityEvent = std::variant<mobility::Incident, mobility::UnitEvent, ToldOrder>;

/// What one machine did with a command, when time passed, or when a session ended: what it told and
/// what it answered. Where others did the same before, the checksum alone stands for it.
struct CityDeed {
  std::optional<Position> position{};  ///< Of a command.
  std::optional<SessionId> ended{};    ///< Neither of the two: time passed.
  LogTime time{};
  SessionId session{};    ///< Whose command it is,
  bool of_leader{false};  ///< if it is not the leader's own.
  std::optional<mobility::Request> request{};
  std::optional<mobility::Receipt> receipt{};  ///< Nothing: refused.
  std::optional<ErrorCode> refused{};
  std::vector<CityEvent> events{};
  std::uint32_t checksum{};  ///< Of all that was told and answered.
};

/// A city as those know it who follow everything.
struct CityStory {
  struct Chain {
    mobility::Incident now{};             ///< As was told last; and its order.
    std::vector<mobility::Step> steps{};  ///< All there ever were.
  };
  std::map<mobility::IncidentId, Chain> incidents{};
  std::map<mobility::UnitId, mobility::Unit> units{};
  std::map<mobility::UnitId, std::uint64_t> arrivals{};  ///< How often they signed on.

  const mobility::Unit* find(const mobility::UnitId& id) const {
    const auto found = units.find(id);
    return found == units.end() ? nullptr : &found->second;
  }
};

/// It gives the incident to an ambulance.
bool gives(const mobility::Step& step);

/// All machines, and all replays, tell and answer the same.
class CitiesAlike {
 public:
  /// True: nobody did this before.
  bool seen(std::size_t server, const CityDeed& deed);
  bool is_new(const CityDeed& deed) const { return !deeds_.contains(name_of(deed)); }

 private:
  using Name = std::tuple<std::optional<Position>, std::optional<SessionId>, LogTime>;
  static Name name_of(const CityDeed& deed);
  std::map<Name, std::uint32_t> deeds_;
};

/// Only the leader decides, and a decision takes effect only if what it names is still so: the
/// incident's last step, and the version of the unit.
class LeaderDecides {
 public:
  explicit LeaderDecides(const CityStory& before) : before_(before) {}
  /// Called before the story goes on.
  void seen(const CityDeed& deed) const;

 private:
  void fits(const mobility::Assign& decision) const;
  void fits(const mobility::Reserve& decision) const;
  void fits(const mobility::Preempt& decision) const;

  const CityStory& before_;
};

/// An incident's chain is contiguous, each of its steps is one that may follow, taken by whom it is
/// due to, and what was told of it never changes.
class ChainsStay {
 public:
  ChainsStay(const CityStory& before, const mobility::Mobility::Options& limits)
      : before_(before), accept_time_(limits.accept_time) {}
  /// Called event by event, before the story goes on.
  void seen(const CityDeed& deed, const mobility::Incident& told) const;
  /// As anybody has it, wherever it comes from. Nobody is shown what is not in the log.
  void shown(const std::string& to, const mobility::Incident& incident) const;
  /// As a server has it at the end: all of it.
  void found(std::size_t server, const mobility::Incident& incident) const;

 private:
  void may_follow(const CityDeed& deed, const mobility::Incident& before,
                  const mobility::Incident& told) const;
  bool is_due_to(const CityDeed& deed, const mobility::Incident& before,
                 const mobility::Step& step) const;

  const CityStory& before_;
  const mobility::Milliseconds accept_time_;
};

/// An ambulance has one incident at most, and an incident one ambulance; and each order is told
/// once.
class OneAmbulance {
 public:
  explicit OneAmbulance(const CityStory& story) : story_(story) {}
  void told(const ToldOrder& order);
  void done(const mobility::Mobility& city) const;
  std::uint64_t orders() const { return orders_.size(); }

 private:
  using Name = std::tuple<mobility::UnitId, mobility::OrderKind, mobility::IncidentId,
                          std::uint32_t, std::uint64_t>;
  const CityStory& story_;
  std::set<Name> orders_;
};

/// No more beds are promised than a hospital said it has: an account of its own, of what hospitals
/// say and of what becomes of incidents.
class BedsKept {
 public:
  explicit BedsKept(const CityStory& before) : before_(before) {}
  /// Before the story goes on.
  void seen(const CityDeed& deed);
  void seen(const mobility::Incident& told);
  void gone(const mobility::Unit& unit) { accounts_.erase(unit.id.id); }
  /// After all events of a deed.
  void done(const mobility::Mobility& city) const;

 private:
  struct Account {
    std::int64_t free{0};
    bool diversion{false};
    std::map<mobility::IncidentId, bool> promised{};
  };
  void give_back(const std::string& hospital, mobility::IncidentId incident);
  void promise(const mobility::Incident& told);
  static bool takes(const Account& account) { return account.free > 0 && !account.diversion; }

  const CityStory& before_;
  std::map<std::string, Account> accounts_;
};

/// A light is one ambulance's at a time, and that is the one with the worst case.
class OneHolder {
 public:
  void done(const mobility::Mobility& city) const;
};

/// What is due happens: an order that is not accepted, a bed that is not used, a green that is not
/// renewed ends when its time is over.
class InTime {
 public:
  void done(const CityDeed& deed, const mobility::Mobility& city) const;
};

/// What followers were told last is how it is.
class ToldIsSo {
 public:
  explicit ToldIsSo(const CityStory& story) : story_(story) {}
  void done(const mobility::Mobility& city) const;

 private:
  const CityStory& story_;
};

/// No report that was acknowledged is ever lost.
class NoReportLost {
 public:
  explicit NoReportLost(const CityStory& story) : story_(story) {}
  void acknowledged(const mobility::Report& report, const mobility::Receipt& receipt);
  /// At the end, on each server.
  void found(std::size_t server, const mobility::Mobility& city) const;

 private:
  const CityStory& story_;
  std::set<mobility::IncidentId> reported_;
};

/// All of them, and what clients know of the city.
struct MobilityCheckers {
  explicit MobilityCheckers(const mobility::Mobility::Options& limits) : chains(story, limits) {}
  MobilityCheckers(const MobilityCheckers&) = delete;
  MobilityCheckers& operator=(const MobilityCheckers&) = delete;

  /// A machine, whose state is `city` since, did something.
  void seen(std::size_t server, const CityDeed& deed, const mobility::Mobility& city);
  /// At the end, of each server.
  void found(std::size_t server, const mobility::Mobility& city) const;
  /// What is still open, in plain words.
  std::optional<std::string> what_is_open() const;
  /// What anybody ever advised: for advisors that say it again when it is old.
  std::vector<Bytes> advised;
  std::uint64_t leaders{0};  ///< So many advisors were made.
  /// Of incidents, in all.
  std::uint64_t steps{0};

  CityStory story;
  CitiesAlike alike;
  LeaderDecides decisions{story};
  ChainsStay chains;
  OneAmbulance ambulances{story};
  BedsKept beds{story};
  OneHolder lights;
  InTime in_time;
  ToldIsSo told{story};
  NoReportLost reports{story};

 private:
  void go_on(const CityDeed& deed, const CityEvent& event);
};

}  // namespace muster::sim
