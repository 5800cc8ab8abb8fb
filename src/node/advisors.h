// The advisors of the services while this server leads: when they are asked, what is on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "muster/advisor.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/machine.h"
#include "muster/time.h"
#include "node/io.h"
#include "replica/replica.h"

namespace muster::node {

/// Has an advisor of each service that has one, from `begin` to `end`. Each is asked when something
/// was applied, but not more often than each `apart_min`, else at its own interval. Of a subject
/// one command is on its way, until its answer comes, or for `patience` if none does: a new
/// leader's entry may have taken its place. The very command that was refused is not given again
/// until the advisor's interval has passed, so that one that does not see why it is refused fills
/// no log.
///
/// Advice beyond a limit is passed by: it comes again if it still holds. Decides nothing of when
/// this server may write; that is the caller's. Pure. Thread-safety: none.
class Advisors {
 public:
  using Machines = std::vector<std::unique_ptr<service::Machine>>;
  /// Gives a command to the log. An error: it was not.
  using Offer = std::function<Result<void>(ServiceId service, BytesView command)>;
  struct Options {
    Duration apart_min{std::chrono::milliseconds{5}};
    Duration patience{std::chrono::seconds{8}};
    std::size_t outstanding_max{256};  ///< Commands on their way, of a service.
    std::size_t taken_max{64};         ///< Of the advice of one asking.
  };
  /// Since the process began.
  struct Counts {
    std::uint64_t given{0};
    std::uint64_t accepted{0};
    std::uint64_t refused{0};
    friend bool operator==(const Counts&, const Counts&) = default;
  };

  explicit Advisors(const Options& options) : options_(options) {}

  /// This server leads in `term`: new advisors, unless they are that term's already.
  void begin(Term term, const Machines& machines);
  /// It leads no more; what was on its way is forgotten.
  void end();

  /// Asks whoever is due. `machines` are the services as of `applied`. Returns whether anything was
  /// given to the log.
  bool ask(const Machines& machines, LogIndex applied, const service::LiveValues& live, Instant now,
           const Offer& offer);
  /// What services said to commands of the leader's own, in the order of the log. Others than those
  /// on their way are none of these.
  void answered(std::span<const replica::SystemAnswer> answers, Instant now);

  /// When `ask` has something to do if nothing is applied before; far away if there is no advisor.
  Instant deadline() const;
  std::size_t outstanding() const;
  const Counts& counts() const { return counts_; }
  std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }

 private:
  struct Waiting {
    std::string subject;
    Bytes command;
    Instant until;
  };
  struct One {
    ServiceId service;
    std::string name;  // Of the service.
    std::unique_ptr<service::Advisor> advisor;
    std::vector<Waiting> outstanding{};  // In the order of the log.
    std::vector<Waiting> refused{};      // The latest, not to be given again until then.
    LogIndex seen{};                     // What was applied when it was asked.
    bool has_news{true};                 // Since then.
    std::optional<Instant> asked_at{};
    Instant next{};
  };

  Duration interval(const One& one) const;
  bool take(One& one, std::vector<service::Advice> advised, Instant now, const Offer& offer);
  bool is_passed_by(const One& one, const service::Advice& advice);
  bool drop_late(One& one, Instant now);
  void remember_refused(One& one, Waiting refused, const Error& why, Instant now);

  const Options options_;
  std::optional<Term> term_;
  std::vector<One> all_;
  std::set<ServiceId> told_too_long_;
  Counts counts_;
  std::vector<Notice> notices_;
};

}  // namespace muster::node
