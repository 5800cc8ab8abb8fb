#include "sim/linearizability.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "muster/check.h"

namespace muster::sim {
namespace {

/// A call or a return, in a list of those that are not linearized yet.
struct Node {
  std::size_t operation{0};
  bool is_call{false};
  std::size_t previous{0};
  std::size_t next{0};
  std::size_t match{0};  // Of a call its return; of a return its call.
};

/// Which operations have taken effect.
using Taken = std::vector<std::uint64_t>;

class Search {
 public:
  Search(const std::vector<ObservedOperation>& operations, std::uint64_t steps_max)
      : operations_(operations), steps_max_(steps_max), taken_((operations.size() + 63) / 64, 0) {
    lay_out();
  }

  Linearizability run() {
    std::size_t at = nodes_[head].next;
    while (open_ > 0) {
      if (++result_.steps > steps_max_) {
        result_.verdict = Linearizability::Verdict::undecided;
        return result_;
      }
      const bool is_end = at == head;
      if (!is_end && nodes_[at].is_call) {
        at = take(at) ? nodes_[head].next : nodes_[at].next;
        continue;
      }
      // A return of what has not taken effect, or the end: the last choice was wrong.
      if (chosen_.empty()) {
        result_.verdict = Linearizability::Verdict::broken;
        return result_;
      }
      at = take_back();
    }
    return result_;
  }

  std::size_t longest() const { return longest_; }
  /// The operations that took effect in the longest order found.
  const std::vector<std::size_t>& longest_order() const { return longest_order_; }

 private:
  static constexpr std::size_t head = 0;
  struct Chosen {
    std::size_t node{0};
    std::uint64_t before{0};
  };

  void lay_out() {
    struct Moment {
      Instant at;
      bool is_call;
      std::size_t operation;
    };
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      moments.push_back({operations_[i].begun, true, i});
      moments.push_back({operations_[i].ended.value_or(Instant::max()), false, i});
      if (operations_[i].ended) ++open_;
    }
    // What ends when another begins overlaps it: nobody knows which was first.
    std::ranges::stable_sort(moments, [](const Moment& a, const Moment& b) {
      return std::pair(a.at, !a.is_call) < std::pair(b.at, !b.is_call);
    });
    nodes_.resize(moments.size() + 1);
    std::vector<std::size_t> call_of(operations_.size());
    for (std::size_t i = 0; i < moments.size(); ++i) {
      Node& node = nodes_[i + 1];
      node = {.operation = moments[i].operation,
              .is_call = moments[i].is_call,
              .previous = i,
              .next = i + 2 > moments.size() ? head : i + 2};
      if (node.is_call) {
        call_of[node.operation] = i + 1;
      } else {
        node.match = call_of[node.operation];
        nodes_[node.match].match = i + 1;
      }
    }
    nodes_[head].next = moments.empty() ? head : 1;
    nodes_[head].previous = moments.size();
  }

  /// The value afterwards, if the operation can take effect now as it was answered.
  std::optional<std::uint64_t> effect(const ObservedOperation& operation) const {
    const auto after = value_after(operation.command, value_);
    if (!operation.ended) return after.value_or(value_);
    if (after != operation.value) return std::nullopt;
    return after.value_or(value_);
  }

  bool take(std::size_t at) {
    const std::size_t operation = nodes_[at].operation;
    const auto after = effect(operations_[operation]);
    if (!after) return false;
    taken_[operation / 64] |= std::uint64_t{1} << (operation % 64);
    if (!seen_.emplace(taken_, *after).second) {
      taken_[operation / 64] &= ~(std::uint64_t{1} << (operation % 64));
      return false;
    }
    chosen_.push_back({at, value_});
    value_ = *after;
    if (operations_[operation].ended) --open_;
    unlink(nodes_[at].match);
    unlink(at);
    if (chosen_.size() > longest_) {
      longest_ = chosen_.size();
      longest_order_.clear();
      for (const Chosen& one : chosen_) longest_order_.push_back(nodes_[one.node].operation);
    }
    return true;
  }

  std::size_t take_back() {
    const Chosen last = chosen_.back();
    chosen_.pop_back();
    const std::size_t operation = nodes_[last.node].operation;
    taken_[operation / 64] &= ~(std::uint64_t{1} << (operation % 64));
    if (operations_[operation].ended) ++open_;
    value_ = last.before;
    link(last.node);
    link(nodes_[last.node].match);
    return nodes_[last.node].next;
  }

  void unlink(std::size_t at) {
    nodes_[nodes_[at].previous].next = nodes_[at].next;
    nodes_[nodes_[at].next].previous = nodes_[at].previous;
  }
  void link(std::size_t at) {
    nodes_[nodes_[at].previous].next = at;
    nodes_[nodes_[at].next].previous = at;
  }

  const std::vector<ObservedOperation>& operations_;
  const std::uint64_t steps_max_;
  std::vector<Node> nodes_{};
  Taken taken_;
  std::set<std::pair<Taken, std::uint64_t>> seen_{};
  std::vector<Chosen> chosen_{};
  std::uint64_t value_{0};
  std::size_t open_{0};  // With an answer, and not taken.
  std::size_t longest_{0};
  std::vector<std::size_t> longest_order_{};
  Linearizability result_{};
};

std::string in_words(const ObservedOperation& operation) {
  const RegisterCommand& command = operation.command;
  std::string text = "client " + std::to_string(command.id.client) + " operation " +
                     std::to_string(command.id.number);
  switch (command.kind) {
    case RegisterCommand::Kind::write:
      text += " writes " + std::to_string(command.value);
      break;
    case RegisterCommand::Kind::compare_and_set:
      text += " sets " + std::to_string(command.value) + " if it is " +
              std::to_string(command.expected);
      break;
    case RegisterCommand::Kind::read:
      text += " reads";
      break;
  }
  if (!operation.ended) return text + ", unanswered";
  return text + ", answered " +
         (operation.value ? std::to_string(*operation.value) : std::string("with a refusal"));
}

std::string why_broken(const std::vector<ObservedOperation>& operations, const Search& search) {
  std::set<std::size_t> in_order(search.longest_order().begin(), search.longest_order().end());
  std::string text = std::to_string(search.longest()) + " of " + std::to_string(operations.size()) +
                     " operations have an order";
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (in_order.contains(i) || !operations[i].ended) continue;
    return text + "; behind them does not fit: " + in_words(operations[i]);
  }
  return text;
}

}  // namespace

Linearizability check_linearizability(std::vector<ObservedOperation> history,
                                      std::uint64_t steps_max) {
  std::map<std::uint32_t, std::vector<ObservedOperation>> by_key;
  for (ObservedOperation& one : history) {
    check(!one.ended || *one.ended >= one.begun);
    const bool says_nothing = !one.ended && one.command.kind == RegisterCommand::Kind::read;
    if (!says_nothing) by_key[one.command.key].push_back(std::move(one));
  }
  Linearizability all;
  for (auto& [key, operations] : by_key) {
    std::ranges::stable_sort(operations, {}, &ObservedOperation::begun);
    Search search(operations, steps_max);
    Linearizability one = search.run();
    all.steps += one.steps;
    if (one.verdict == Linearizability::Verdict::linearizable) continue;
    all.verdict = one.verdict;
    all.key = key;
    if (one.verdict == Linearizability::Verdict::broken) {
      all.why = why_broken(operations, search);
      return all;
    }
  }
  return all;
}

}  // namespace muster::sim
