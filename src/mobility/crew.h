// What an ambulance knows of its job: the order it has, how far it has come, what it says next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mobility/messages.h"

namespace muster::mobility {

/// Hears the orders of one ambulance, each once, and makes up what it says of them. Orders come
/// twice after a loss, and some never do: what stands is told then (`hear_all`).
///
/// Pure. Thread-safety: none.
class Crew {
 public:
  /// So many of the jobs that are over are remembered, so that their orders are not heard anew.
  static constexpr std::size_t over_max = 32;
  struct Job {
    IncidentId incident{};
    std::uint32_t order{0};
    Geographic scene{};
    Severity severity{Severity::serious};
    std::uint32_t occupants{0};
    std::string hospital{};  ///< Empty: none is chosen yet.
    Geographic hospital_place{};
    std::uint32_t hospital_step{0};
    bool over_capacity{false};
    IncidentState reached{IncidentState::assigned};  ///< `assigned` to `handed_over`.
    friend bool operator==(const Job&, const Job&) = default;
  };

  explicit Crew(std::string id) : id_(std::move(id)) {}

  const std::string& id() const { return id_; }
  const std::optional<Job>& job() const { return job_; }
  /// False if it was heard before, or is about a job that is over.
  bool hear(const Order& order);
  /// All orders that stand. What is not among them is over. True if anything is new.
  bool hear_all(const std::vector<Order>& orders);
  /// Errors: FAILED_PRECONDITION if the job, or its absence, does not let it say that.
  [[nodiscard]] Result<Progress> say(StepKind reached, Geographic place) const;
  /// The group has it.
  void reached(const Progress& progress);
  /// It begins anew, in another session.
  void reset() { job_.reset(), over_.clear(); }

 private:
  void end(IncidentId incident, std::uint32_t step);

  std::string id_;
  std::optional<Job> job_{};
  std::map<IncidentId, std::uint32_t> over_{};  // By which step.
};

/// The step that comes next in a job as far as its ambulance decides it; nothing when it is over.
std::optional<StepKind> next_step(const Crew::Job& job);

}  // namespace muster::mobility
