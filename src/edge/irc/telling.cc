// What a client is told: answers, and what happens where it follows.
#include <algorithm>
#include <utility>

#include "chat/words.h"
#include "edge/irc/impl.h"

namespace muster::edge::irc {
namespace {

constexpr std::size_t persons_told_max = 4'096;
constexpr std::string_view line_end = "\r\n";

bool is_speech(chat::Kind kind) {
  return kind == chat::Kind::message || kind == chat::Kind::action || kind == chat::Kind::notice ||
         kind == chat::Kind::tags || kind == chat::Kind::direct;
}

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool Connection::Impl::is_self(std::string_view name) const {
  return std::ranges::equal(name, nick_, {}, lower_case, lower_case);
}

// ---- Bytes --------------------------------------------------------------------------------------

void Connection::Impl::count(std::size_t bytes) {
  bytes_told_ += bytes;
  if (finished() || bytes_told_ - bytes_sent_ <= options_.send_queue_max) return;
  // What was not handed on yet would only wait behind the rest.
  put_run();
  put_text();
  for (const SharedBytes& piece : std::exchange(out_, {})) bytes_told_ -= piece.size();
  close("SendQ exceeded", true);
}

void Connection::Impl::put_text() {
  if (text_.empty()) return;
  // Its capacity goes too (that of `text_ = {}` would stay): most clients are told nothing mostly.
  const std::string text = std::exchange(text_, {});
  out_.push_back(SharedBytes::copy_of(as_bytes(text)));
}

void Connection::Impl::put_run() {
  if (run_ == nullptr) return;
  put_text();
  out_.push_back(run_->bytes.slice(run_begin_, run_end_ - run_begin_));
  run_.reset();
}

void Connection::Impl::put(std::string_view text) {
  if (text.empty() || finished()) return;
  put_run();
  text_ += text;
  count(text.size());
}

void Connection::Impl::put(const std::shared_ptr<const Encoded>& encoded, std::size_t begin,
                           std::size_t end) {
  if (begin == end || finished()) return;
  if (run_ == encoded && run_end_ == begin) {
    run_end_ = end;
  } else {
    put_run();
    put_text();
    run_ = encoded;
    run_begin_ = begin;
    run_end_ = end;
  }
  if (!told_since_ && !password_.empty()) told_since_ = now_;
  count(end - begin);
}

// ---- Lines --------------------------------------------------------------------------------------

void Connection::Impl::say_now(std::string line) {
  put(line.append(line_end));
}

void Connection::Impl::say(std::string line) {
  if (task_ == nullptr) return say_now(std::move(line));
  if (running_) return answer_line(std::move(line));
  then([this, line = std::move(line)] { answer_line(line); });
}

std::string Connection::Impl::numeric_line(std::string_view code,
                                           std::initializer_list<std::string_view> middle,
                                           std::optional<std::string_view> trailing) const {
  const std::string code_and_target = std::string(code) + " " + std::string(target());
  return format_line(options_.server_name, code_and_target, middle, trailing);
}

void Connection::Impl::numeric(std::string_view code,
                               std::initializer_list<std::string_view> middle,
                               std::optional<std::string_view> trailing) {
  say(numeric_line(code, middle, trailing));
}

void Connection::Impl::numeric_list(std::string_view code,
                                    std::initializer_list<std::string_view> middle,
                                    const std::vector<std::string>& words, char between) {
  const std::size_t around = numeric_line(code, middle, "").size() + line_end.size();
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty() && around + text.size() + 1 + word.size() > line_bytes_max) {
      numeric(code, middle, std::exchange(text, {}));
    }
    if (!text.empty()) text += between;
    text += word;
  }
  if (!text.empty()) numeric(code, middle, text);
}

void Connection::Impl::notice(std::string_view text) {
  say_now(format_line(options_.server_name, "NOTICE", {target()}, text));
}

void Connection::Impl::fail(std::string_view command, std::string_view code,
                            std::initializer_list<std::string_view> context,
                            std::string_view text) {
  say(fail_line(command, code, context, text));
}

std::string Connection::Impl::fail_line(std::string_view command, std::string_view code,
                                        std::initializer_list<std::string_view> context,
                                        std::string_view text) const {
  const bool is_standard = has(Capability::standard_replies) ||
                           (command == "CHATHISTORY" && has(Capability::chathistory)) ||
                           (command == "SETNAME" && has(Capability::setname));
  if (!is_standard) {
    const std::string whole = std::string(command) + ": " + std::string(text);
    return format_line(options_.server_name, "NOTICE", {target()}, whole);
  }
  std::string words = "FAIL " + std::string(command) + " " + std::string(code);
  for (const std::string_view each : context) {
    words += " " + std::string(is_middle(each) ? each : std::string_view("*"));
  }
  return format_line(options_.server_name, words, {}, text);
}

// ---- Events -------------------------------------------------------------------------------------

// Topics come one after the other; of several the order of the log counts, so that nobody speaks
// after it has quit.
void Connection::Impl::tell_events() {
  if (events_.empty()) return;
  const auto frames = std::exchange(events_, {});
  if (frames.size() == 1) {
    tell_whole(frames.front());
  } else {
    std::vector<std::pair<const EncodedLine*, std::size_t>> lines;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      lines.reserve(lines.size() + frames[i]->lines.size());
      for (const EncodedLine& line : frames[i]->lines) lines.emplace_back(&line, i);
    }
    std::ranges::stable_sort(lines, {}, [](const auto& line) { return line.first->position; });
    for (const auto& [line, frame] : lines) tell(frames[frame], *line);
  }
  forget_persons_told();
}

// Most of what happens is not about who is told: then the bytes go out as they are.
void Connection::Impl::tell_whole(const std::shared_ptr<const Encoded>& encoded) {
  const auto follow = follows_.find(encoded->topic);
  if (follow == follows_.end()) return;
  const bool is_new = encoded->lines.front().position >= follow->second.from;
  const bool about_self = std::ranges::any_of(
      encoded->names, [this](const std::string& name) { return is_self(name); });
  if (is_new && !encoded->special && !about_self) {
    follow->second.from = wire::after(encoded->lines.back().position);
    return put(encoded, 0, encoded->bytes.size());
  }
  for (const EncodedLine& line : encoded->lines) tell(encoded, line);
}

void Connection::Impl::tell(const std::shared_ptr<const Encoded>& encoded,
                            const EncodedLine& line) {
  const auto found = follows_.find(encoded->topic);
  if (found == follows_.end() || line.position < found->second.from || finished()) return;
  found->second.from = wire::after(line.position);
  const Follow follow = found->second;
  if (follow.what == Follow::What::presence) return tell_presence(line, follow);
  if (is_told(line, follow)) {
    // A message to oneself is said and delivered: the answer is the echo, and that if wanted.
    const bool to_self = is_to_self(line.line);
    const bool echoes = !to_self || has(Capability::echo_message);
    Task* const task = echoes ? task_of(line) : nullptr;
    if (task != nullptr) {
      answer_event(*task, encoded, line);
    } else if (line.line.kind == chat::Kind::join && is_self(line.line.from)) {
      put(encoded, line.begin, line.first_end);
    } else {
      put(encoded, line.begin, line.end);
    }
    if (to_self && echoes) put(encoded, line.begin, line.end);
  }
  note(line, follow);
}

bool Connection::Impl::is_to_self(const chat::Line& line) const {
  return line.kind == chat::Kind::direct && is_self(line.from) && is_self(line.to);
}

/// Whose command with a label did this.
Task* Connection::Impl::task_of(const EncodedLine& line) {
  if (line.begin == line.end) return nullptr;
  for (Task& task : tasks_) {
    if (!task.label.empty() && task.places.contains(line.position.command)) return &task;
  }
  return nullptr;
}

// Its answer is this line, if there is nothing more to come: after the barrier that it waits for,
// or, if its turn has not come, from its receipt.
bool Connection::Impl::is_whole_answer(const Task& task, const EncodedLine& line) const {
  if (!task.batch.empty() || !task.lines.empty() || task.steps.size() > 1) return false;
  if (&task == &tasks_.front()) return true;
  return line.line.kind != chat::Kind::join &&
         std::ranges::all_of(task.commands, [this](SequenceNumber command) {
           const Native::Answer* const answer = native_.peek(command);
           return answer != nullptr && *answer && (*answer)->refusals.empty() &&
                  (*answer)->away.empty();
         });
}

/// What is answered has its place from now on, also if its turn comes only later.
void Connection::Impl::take_places() {
  for (Task& task : tasks_) {
    if (task.label.empty()) continue;
    for (const SequenceNumber command : task.commands) {
      const Native::Answer* const answer = native_.peek(command);
      if (answer != nullptr && *answer) task.places.insert((*answer)->position);
    }
  }
}

// What a command with a label does is part of its answer, in its place among what others do.
void Connection::Impl::answer_event(Task& task, const std::shared_ptr<const Encoded>& encoded,
                                    const EncodedLine& line) {
  const bool joins = line.line.kind == chat::Kind::join;
  std::string_view text = as_text(encoded->bytes.view())
                              .substr(line.begin, (joins ? line.first_end : line.end) - line.begin);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find(line_end);
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + line_end.size());
  }
  if (lines.size() == 1 && is_whole_answer(task, line)) {
    say_now(with_tag("label=" + escape_tag(std::exchange(task.label, {})), lines.front()));
    return;
  }
  if (task.batch.empty()) open_batch(task);
  for (const std::string& each : lines) say_now(with_tag("batch=" + task.batch, each));
}

bool Connection::Impl::is_told(const EncodedLine& event, const Follow& follow) {
  const chat::Line& line = event.line;
  if (event.begin == event.end && !event.of_person) return false;
  if (event.of_person && !persons_told_.emplace(event.position.command, line.kind).second) {
    return false;
  }
  const bool own = is_self(line.from);
  if (is_speech(line.kind)) {
    const bool to_self = line.kind == chat::Kind::direct && is_self(line.to);
    return !own || to_self || has(Capability::echo_message);
  }
  switch (line.kind) {
    case chat::Kind::quit:
    case chat::Kind::away:
      return !own;
    case chat::Kind::invite:
      return !own && (follow.what != Follow::What::room || !is_self(line.to));
    default:
      return true;
  }
}

// What it changes for this connection itself.
void Connection::Impl::note(const EncodedLine& event, const Follow& follow) {
  const chat::Line& line = event.line;
  const bool own = is_self(line.from);
  switch (line.kind) {
    case chat::Kind::nick:
      if (own) nick_ = line.text;
      return;
    case chat::Kind::mode:
      if (own && follow.what == Follow::What::inbox) note_own_modes(event);
      return;
    case chat::Kind::host:
      if (own && follow.what == Follow::What::inbox) note_own_host(line.text);
      return;
    case chat::Kind::kill:
      return note_kill(line);
    case chat::Kind::leave:
      if (own && follow.what == Follow::What::room) leave_room(line.room);
      return;
    case chat::Kind::kick:
      if (is_self(line.to) && follow.what == Follow::What::room) leave_room(line.room);
      return;
    default:
      return;
  }
}

// A person's event comes once for each room that is shared, in any order; once all of them are told
// further it can't come again.
void Connection::Impl::forget_persons_told() {
  if (persons_told_.empty()) return;
  const std::optional<Position> told = told_up_to();
  while (!persons_told_.empty() && (persons_told_.size() > persons_told_max ||
                                    (told && persons_told_.begin()->first < *told))) {
    persons_told_.erase(persons_told_.begin());
  }
}

}  // namespace muster::edge::irc
