// Answers in the order of the lines that asked for them.
#include <utility>

#include "chat/words.h"
#include "edge/irc/impl.h"
#include "wire/utf8.h"

namespace muster::edge::irc {

void Connection::Impl::begin_task(const Message& message) {
  Task& task = tasks_.emplace_back();
  task.command = message.command;
  if (has(Capability::labeled_response) && has(Capability::batch)) {
    task.label = message.tag("label").value_or(std::string_view{});
    if (!wire::is_utf8(task.label)) task.label.clear();  // It could not be sent back.
  }
  task_ = &task;
}

// Steps of the step that runs come before those that were there already.
void Connection::Impl::step(Step step) {
  if (!running_) {
    task_->steps.push_back(std::move(step));
    return;
  }
  const auto place = static_cast<std::ptrdiff_t>(task_->inserted++);
  task_->steps.insert(task_->steps.begin() + place, std::move(step));
}

bool Connection::Impl::run_steps(Task& task) {
  while (!task.steps.empty() && !finished()) {
    Step step = std::move(task.steps.front());
    task.steps.pop_front();
    Task* const before = std::exchange(task_, &task);
    running_ = true;
    task.inserted = 0;
    task.held = false;
    const bool done = step();
    running_ = false;
    task_ = before;
    if (!done) {
      task.steps.push_front(std::move(step));
      return false;
    }
    // What comes later may take its time, and others may speak meanwhile.
    if (!task.lines.empty() && !task.steps.empty() && task.batch.empty()) open_batch(task);
  }
  return !finished();
}

// What waits for the group to decide lets others go first while it can't: there may be no end to
// that, and one may read. A PONG says that all before it is done.
void Connection::Impl::run_tasks() {
  if (running_) return;
  bool some_are_held = false;
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    if (some_are_held && task->command == "PING") return;
    if (run_steps(*task)) {
      finish_task(*task);
      task = tasks_.erase(task);
    } else if (finished() || writable_ || !task->held) {
      return;
    } else {
      some_are_held = true;
      ++task;
    }
  }
}

// ---- Labels (IRCv3 labeled-response) ------------------------------------------------------------

void Connection::Impl::answer_line(std::string line) {
  if (task_->label.empty()) return say_now(std::move(line));
  if (!task_->batch.empty()) return say_now(with_tag("batch=" + task_->batch, line));
  task_->lines.push_back(std::move(line));
}

void Connection::Impl::open_batch(Task& task) {
  task.batch = std::to_string(++batches_);
  say_now(
      with_tag("label=" + escape_tag(task.label),
               format_line(options_.server_name, "BATCH", {"+" + task.batch, "labeled-response"})));
  for (const std::string& line : std::exchange(task.lines, {})) {
    say_now(with_tag("batch=" + task.batch, line));
  }
}

void Connection::Impl::finish_task(Task& task) {
  if (task.label.empty()) return;
  const std::string label = "label=" + escape_tag(task.label);
  if (task.lines.size() > 1 && task.batch.empty() && !task.is_batch) open_batch(task);
  if (!task.batch.empty()) {
    say_now(format_line(options_.server_name, "BATCH", {"-" + task.batch}));
  } else if (task.lines.empty()) {
    say_now(with_tag(label, format_line(options_.server_name, "ACK", {})));
  } else {
    say_now(with_tag(label, task.lines.front()));
    for (std::size_t i = 1; i < task.lines.size(); ++i) say_now(task.lines[i]);
  }
}

// ---- Steps --------------------------------------------------------------------------------------

void Connection::Impl::then(std::function<void()> done) {
  step([done = std::move(done)] {
    done();
    return true;
  });
}

void Connection::Impl::await(SequenceNumber command,
                             std::function<void(const Native::Answer&)> done) {
  step([this, command, done = std::move(done)] {
    const auto answer = native_.answer_to(command);
    task_->held = !answer;
    if (!answer) return false;
    done(*answer);
    return true;
  });
}

void Connection::Impl::barrier() {
  step([this, asked = std::optional<std::uint64_t>{}]() mutable {
    if (!asked) asked = native_.ping();
    return native_.answered_ping(*asked);
  });
}

void Connection::Impl::ask_bytes(chat::Query query, std::function<void(const Native::Read&)> done) {
  step([this, query = std::move(query), done = std::move(done),
        asked = std::optional<std::uint64_t>{}]() mutable {
    if (!asked) asked = native_.read(query);
    const auto answer = native_.answer_to_read(*asked);
    if (!answer) return false;
    if (*answer) {
      done(**answer);
    } else {
      numeric(err_unknownerror, {command()}, answer->error().message);
    }
    return true;
  });
}

// A name that can't be one is nobody's: no question, and not an error.
void Connection::Impl::ask_person(const std::string& name,
                                  std::function<void(const chat::PersonState&)> done) {
  if (!chat::validate_person(name)) {
    return then([name, done = std::move(done)] { done({.name = name}); });
  }
  ask<chat::PersonState>(chat::AskPerson{name}, chat::decode_person,
                         [name, done = std::move(done)](chat::PersonState person, LogIndex) {
                           if (!person.signed_in) person.name = name;
                           done(person);
                         });
}

void Connection::Impl::ask_channel(const chat::AskChannel& query,
                                   std::function<void(const chat::Channel&)> done) {
  if (!chat::validate_room(query.room)) {
    return then([room = query.room, done = std::move(done)] { done({.room = room}); });
  }
  ask<chat::Channel>(
      query, chat::decode_channel,
      [done = std::move(done)](const chat::Channel& channel, LogIndex) { done(channel); });
}

void Connection::Impl::ask_members(std::function<void(const wire::Members&)> done) {
  step([this, done = std::move(done), asked = std::optional<std::uint64_t>{}]() mutable {
    if (!asked) asked = native_.ask_members();
    const auto members = native_.answer_to_members(*asked);
    if (!members) return false;
    done(*members);
    return true;
  });
}

void Connection::Impl::ask_status(std::function<void(const wire::Status&)> done) {
  step([this, done = std::move(done), answer = decltype(awaited_status_){}]() mutable {
    if (answer == nullptr) {
      answer = awaited_status_ = std::make_shared<std::optional<wire::Status>>();
      native_.ask_status();
    }
    if (!*answer) return false;
    done(**answer);
    return true;
  });
}

// ---- Commands of the group ----------------------------------------------------------------------

std::optional<SequenceNumber> Connection::Impl::write(const chat::Request& request) {
  if (!writable_) {
    refuse_write();
    return std::nullopt;
  }
  const SequenceNumber command = native_.send(request);
  task_->commands.push_back(command);
  return command;
}

// At once, before the answers to what was sent earlier: nobody knows when those come. And once for
// a line, however many rooms it names.
void Connection::Impl::refuse_write() {
  if (std::exchange(task_->refused, true)) return;
  const std::string line = fail_line(command(), "NO_QUORUM", {},
                                     "Not done, as the group can't decide now: " + why_unwritable_);
  if (task_->label.empty()) return say_now(line);
  // With other lines it is one answer.
  if (!task_->steps.empty()) return say(line);
  say_now(with_tag("label=" + escape_tag(std::exchange(task_->label, {})), line));
}

void Connection::Impl::order(const chat::Request& request, std::string subject,
                             std::function<void(const chat::Receipt&)> done) {
  const auto command = write(request);
  if (!command) return;
  await(*command,
        [this, subject = std::move(subject), done = std::move(done)](const Native::Answer& answer) {
          // What it did is told first, and so it is known whether that is the whole answer.
          barrier();
          if (!answer || !answer->refusals.empty()) {
            then([this, answer, subject] { tell_refusals(answer, subject); });
          } else if (done) {
            done(*answer);
          }
        });
}

}  // namespace muster::edge::irc
