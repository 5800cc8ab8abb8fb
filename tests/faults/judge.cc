#include "faults/judge.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace muster::faults {
namespace {

using Kind = sim::RegisterCommand::Kind;
using Verdict = sim::Linearizability::Verdict;

constexpr std::size_t violations_max = 20;

std::string in_words(const sim::OperationId& id) {
  return "client " + std::to_string(id.client) + " operation " + std::to_string(id.number);
}

class Judge {
 public:
  Judge(const std::vector<Recorded>& operations, const std::vector<std::vector<Told>>& followers)
      : operations_(operations), followers_(followers) {}

  Judgement run(std::uint64_t steps_max_per_key) {
    count();
    for (const std::vector<Told>& told : followers_) hear(told);
    check_told_to_the_end();
    check_once();
    check_order(steps_max_per_key);
    return std::move(result_);
  }

 private:
  void violated(std::string what) {
    if (result_.violations.size() < violations_max) result_.violations.push_back(std::move(what));
  }

  void count() {
    std::vector<Instant> answers;
    answers.reserve(operations_.size());
    for (const Recorded& one : operations_) {
      const sim::ObservedOperation& operation = one.operation;
      if (operation.command.kind == Kind::write) ++result_.writes;
      if (operation.command.kind == Kind::compare_and_set) ++result_.sets;
      if (operation.command.kind == Kind::read) ++(one.is_query ? result_.queries : result_.reads);
      if (one.was_not_done) {
        ++result_.not_done;
      } else if (!operation.ended) {
        ++result_.unanswered;
      } else {
        result_.refused += operation.value ? 0 : 1;
        answers.push_back(*operation.ended);
      }
    }
    std::ranges::sort(answers);
    for (std::size_t i = 1; i < answers.size(); ++i) {
      const Duration pause = answers[i] - answers[i - 1];
      if (pause <= result_.longest_pause) continue;
      result_.longest_pause = pause;
      result_.pause_ended = answers[i];
    }
  }

  /// What one follower was told, in order.
  void hear(const std::vector<Told>& told) {
    std::uint64_t last = 0;
    for (const Told& one : told) {
      if (!one.operation) {
        ++result_.gaps;
        if (one.number < last) violated("a gap leads back to event " + std::to_string(one.number));
        last = std::max(last, one.number);
        continue;
      }
      if (one.number != last + 1) {
        violated("a follower was told event " + std::to_string(one.number) + " after event " +
                 std::to_string(last));
      }
      last = one.number;
      const auto [known, is_new] = events_.emplace(one.number, *one.operation);
      if (!is_new && known->second != *one.operation) {
        violated("followers were told different things as event " + std::to_string(one.number));
      }
    }
    ends_.push_back(last);
  }

  void check_told_to_the_end() {
    for (const std::uint64_t end : ends_) {
      result_.events = std::max(result_.events, end);
    }
    for (const std::uint64_t end : ends_) {
      if (end == result_.events) continue;
      violated("a follower was told up to event " + std::to_string(end) + " of " +
               std::to_string(result_.events));
    }
  }

  void check_once() {
    for (const auto& [number, id] : events_) {
      if (!happened_.insert(id).second) violated(in_words(id) + " took effect twice");
    }
    std::set<sim::OperationId> unexplained = happened_;
    for (const Recorded& one : operations_) {
      const sim::ObservedOperation& operation = one.operation;
      const sim::OperationId id = operation.command.id;
      const bool is_event = unexplained.erase(id) > 0;
      const bool is_change = operation.command.kind != Kind::read;
      const bool is_acknowledged = is_change && operation.ended && operation.value;
      if (is_acknowledged && is_complete() && !is_event) {
        violated(in_words(id) + " was acknowledged, and never took effect");
      }
      if (!is_event || is_acknowledged) continue;
      if (!is_change) violated(in_words(id) + " is a read, and changed something");
      if (one.was_not_done) violated(in_words(id) + " was called not applied, and took effect");
      if (is_change && operation.ended) violated(in_words(id) + " was refused, and took effect");
    }
    if (!unexplained.empty())
      violated(in_words(*unexplained.begin()) + " took effect, and was never begun");
  }

  /// Where all followers have a gap, what is missing may have been anything.
  bool is_complete() const { return !followers_.empty() && events_.size() == result_.events; }

  bool may_have_happened(const Recorded& one) const {
    if (one.was_not_done) return false;
    return one.operation.ended || !is_complete() || happened_.contains(one.operation.command.id);
  }

  void check_order(std::uint64_t steps_max_per_key) {
    std::map<std::uint32_t, std::vector<sim::ObservedOperation>> by_key;
    for (const Recorded& one : operations_) {
      if (!may_have_happened(one)) continue;
      by_key[one.operation.command.key].push_back(one.operation);
    }
    result_.keys = by_key.size();
    for (auto& [key, history] : by_key) {
      const sim::Linearizability order =
          sim::check_linearizability(std::move(history), steps_max_per_key);
      result_.steps += order.steps;
      if (order.verdict == Verdict::undecided) ++result_.undecided;
      if (order.verdict == Verdict::broken) {
        violated("key " + std::to_string(key) + " is not linearizable: " + order.why);
      }
    }
  }

  const std::vector<Recorded>& operations_;
  const std::vector<std::vector<Told>>& followers_;
  std::map<std::uint64_t, sim::OperationId> events_{};
  std::vector<std::uint64_t> ends_{};  // Of each follower.
  std::set<sim::OperationId> happened_{};
  Judgement result_{};
};

}  // namespace

Judgement judge(const std::vector<Recorded>& operations,
                const std::vector<std::vector<Told>>& followers, std::uint64_t steps_max_per_key) {
  return Judge(operations, followers).run(steps_max_per_key);
}

}  // namespace muster::faults
