#include "node/advisors.h"

#include <algorithm>

#include "muster/check.h"
#include "wire/limits.h"

namespace muster::node {

void Advisors::begin(Term term, const Machines& machines) {
  if (term_ == term) return;
  end();
  term_ = term;
  for (const auto& machine : machines) {
    std::unique_ptr<service::Advisor> advisor = machine->make_advisor();
    if (advisor == nullptr) continue;
    all_.push_back({.service = machine->id(),
                    .name = std::string(machine->name()),
                    .advisor = std::move(advisor)});
  }
}

void Advisors::end() {
  term_.reset();
  all_.clear();
}

// An interval that is none would have the server do nothing else.
Duration Advisors::interval(const One& one) const {
  return std::max(one.advisor->interval(), options_.apart_min);
}

bool Advisors::ask(const Machines& machines, LogIndex applied, const service::LiveValues& live,
                   Instant now, const Offer& offer) {
  bool gave = false;
  for (One& one : all_) {
    if (drop_late(one, now) || one.seen != applied) one.has_news = true;
    const Duration apart = one.has_news ? options_.apart_min : interval(one);
    if (one.asked_at) one.next = *one.asked_at + apart;
    if (now < one.next) continue;
    const auto machine =
        std::ranges::find(machines, one.service, [](const auto& each) { return each->id(); });
    check(machine != machines.end());
    one.seen = applied;
    one.has_news = false;
    one.asked_at = now;
    one.next = now + interval(one);
    gave = take(one, one.advisor->advise(**machine, live, now), now, offer) || gave;
  }
  return gave;
}

bool Advisors::take(One& one, std::vector<service::Advice> advised, Instant now,
                    const Offer& offer) {
  std::size_t taken = 0;
  for (service::Advice& advice : advised) {
    if (taken >= options_.taken_max || one.outstanding.size() >= options_.outstanding_max) break;
    if (is_passed_by(one, advice)) continue;
    if (const auto given = offer(one.service, advice.command); !given) {
      notices_.push_back({NoticeLevel::debug, one.name + ": advice about " + advice.subject +
                                                  " is passed by: " + given.error().message});
      break;
    }
    ++taken;
    ++counts_.given;
    one.outstanding.push_back({.subject = std::move(advice.subject),
                               .command = std::move(advice.command),
                               .until = now + options_.patience});
  }
  return taken > 0;
}

bool Advisors::is_passed_by(const One& one, const service::Advice& advice) {
  if (advice.command.size() > wire::command_bytes_max) {
    if (!told_too_long_.insert(one.service).second) return true;
    notices_.push_back(
        {NoticeLevel::error, one.name + ": the advice about " + advice.subject + " has " +
                                 std::to_string(advice.command.size()) + " bytes; at most " +
                                 std::to_string(wire::command_bytes_max) +
                                 " are allowed, and such advice is passed by: report it"});
    return true;
  }
  return std::ranges::any_of(one.outstanding,
                             [&](const Waiting& each) { return each.subject == advice.subject; }) ||
         std::ranges::any_of(one.refused, [&](const Waiting& each) {
           return each.subject == advice.subject && each.command == advice.command;
         });
}

// Returns whether a subject has become free by it.
bool Advisors::drop_late(One& one, Instant now) {
  std::erase_if(one.refused, [&](const Waiting& each) { return now >= each.until; });
  const auto late = std::erase_if(one.outstanding, [&](const Waiting& each) {
    if (now < each.until) return false;
    notices_.push_back({NoticeLevel::debug, one.name + ": advice about " + each.subject +
                                                " was given to the log and never came"});
    return true;
  });
  return late > 0;
}

// Two equal commands are answered in the order in which they were given.
void Advisors::answered(std::span<const replica::SystemAnswer> answers, Instant now) {
  for (const replica::SystemAnswer& answer : answers) {
    const auto one = std::ranges::find(all_, answer.service, &One::service);
    if (one == all_.end()) continue;
    const auto found = std::ranges::find(one->outstanding, answer.command, &Waiting::command);
    if (found == one->outstanding.end()) continue;
    if (answer.reply) {
      ++counts_.accepted;
    } else {
      ++counts_.refused;
      remember_refused(*one, std::move(*found), answer.reply.error(), now);
    }
    one->outstanding.erase(found);
  }
}

void Advisors::remember_refused(One& one, Waiting refused, const Error& why, Instant now) {
  notices_.push_back({NoticeLevel::debug, one.name + ": advice about " + refused.subject +
                                              " was refused: " + std::string(name_of(why.code)) +
                                              ": " + why.message});
  std::erase_if(one.refused, [&](const Waiting& each) { return each.subject == refused.subject; });
  if (one.refused.size() >= options_.outstanding_max) one.refused.erase(one.refused.begin());
  refused.until = now + interval(one);
  one.refused.push_back(std::move(refused));
}

Instant Advisors::deadline() const {
  Instant next = Instant::max();
  for (const One& one : all_) {
    next = std::min(next, one.next);
    if (!one.outstanding.empty()) next = std::min(next, one.outstanding.front().until);
  }
  return next;
}

std::size_t Advisors::outstanding() const {
  std::size_t count = 0;
  for (const One& one : all_) count += one.outstanding.size();
  return count;
}

}  // namespace muster::node
