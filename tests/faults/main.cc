// muster-registers: servers and clients of the simulator's registers, for faults on real processes.
//
//     muster-registers serve OPTION...                runs a server until SIGTERM
//     muster-registers load OPTION...                 runs a client until SIGTERM
//     muster-registers follow OPTION...               follows the registers to the end
//     muster-registers end OPTION... HISTORY...       writes the last event, and reads all keys
//     muster-registers judge HISTORY... --told FILE...   holds all of it against what must hold
//
// Options are `--NAME VALUE`. Exits 1 if something is not as it must be, 2 for bad usage.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "faults/judge.h"
#include "faults/load.h"
#include "muster/server.h"
#include "sim/register.h"

namespace muster::faults {
namespace {

/// What was typed: options by name, and the other words; those behind `--told` are its values.
class Words {
 public:
  explicit Words(const std::vector<std::string>& arguments) {
    bool is_told = false;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      const std::string& word = arguments[i];
      if (word == "--told") {
        is_told = true;
      } else if (word.starts_with("--")) {
        if (i + 1 == arguments.size()) throw std::invalid_argument(word + " has no value");
        options_[word.substr(2)] = arguments[++i];
      } else {
        (is_told ? told_ : plain_).push_back(word);
      }
    }
  }

  std::string text(const std::string& name) const {
    const auto found = options_.find(name);
    if (found == options_.end()) throw std::invalid_argument("give --" + name);
    return found->second;
  }
  std::uint64_t number(const std::string& name) const { return std::stoull(text(name)); }
  Duration milliseconds(const std::string& name) const {
    return std::chrono::milliseconds{number(name)};
  }
  bool has(const std::string& name) const { return options_.contains(name); }
  const std::vector<std::string>& plain() const { return plain_; }
  const std::vector<std::string>& told() const { return told_; }

 private:
  std::map<std::string, std::string> options_{};
  std::vector<std::string> plain_{};
  std::vector<std::string> told_{};
};

Bytes secret(const Words& words) {
  std::ifstream file(words.text("secret-file"));
  std::string line;
  if (!std::getline(file, line)) throw std::invalid_argument("--secret-file can't be read");
  const BytesView bytes = as_bytes(line);
  return {bytes.begin(), bytes.end()};
}

ServerOptions server_options(const Words& words) {
  ServerOptions options;
  options.services = services_of<sim::Register>();
  options.group = words.text("group");
  options.name = words.text("name");
  options.client_port = static_cast<std::uint16_t>(words.number("tcp-port"));
  options.peer_port = static_cast<std::uint16_t>(words.number("peer-port"));
  options.data_folder = words.text("data");
  options.discovery.port = static_cast<std::uint16_t>(words.number("discovery-port"));
  options.expect = words.number("expect");
  options.failure_timeout = words.milliseconds("failure-timeout");
  options.handover_after = words.milliseconds("handover-after");
  options.session_timeout = words.milliseconds("session-timeout");
  options.secret = secret(words);
  return options;
}

int serve(const Words& words) {
  sigset_t signals;  // Blocked before the server's threads begin, so that only this one takes them.
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Server server = Server::start(server_options(words)).value();
  Result<void> end;
  std::thread watching([&] {
    end = server.wait();
    kill(getpid(), SIGTERM);  // It ended by itself: nobody else would tell.
  });
  if (const auto ready = server.wait_until_ready(std::chrono::hours{1})) {
    std::cout << "ready group=" << ready->group << " server=" << ready->name
              << " number=" << ready->number.value << std::endl;
  }
  int signal = 0;
  sigwait(&signals, &signal);  // Not sigwaitinfo: SIGCONT would end that too.
  server.stop();
  watching.join();
  if (end) return 0;
  std::cerr << end.error().message << '\n';
  return 1;
}

ClientOptions client_options(const Words& words) {
  ClientOptions options;
  options.name = words.text("name");
  options.group = words.text("group");
  options.discovery.port = static_cast<std::uint16_t>(words.number("discovery-port"));
  options.secret = secret(words);
  if (words.has("timeout")) options.timeout = words.milliseconds("timeout");
  if (words.has("session-timeout")) options.session_timeout = words.milliseconds("session-timeout");
  if (words.has("heartbeat-interval")) {
    options.heartbeat_interval = words.milliseconds("heartbeat-interval");
  }
  return options;
}

int load(const Words& words) {
  LoadOptions options;
  options.client = client_options(words);
  options.history = words.text("history");
  options.number = static_cast<std::uint32_t>(words.number("number"));
  options.seed = words.number("seed");
  return run_load(options);
}

void print(const Judgement& judgement) {
  std::cout << "{\"writes\":" << judgement.writes << ",\"sets\":" << judgement.sets
            << ",\"reads\":" << judgement.reads << ",\"queries\":" << judgement.queries
            << ",\"refused\":" << judgement.refused << ",\"notDone\":" << judgement.not_done
            << ",\"unanswered\":" << judgement.unanswered << ",\"events\":" << judgement.events
            << ",\"gaps\":" << judgement.gaps << ",\"keys\":" << judgement.keys
            << ",\"undecided\":" << judgement.undecided << ",\"steps\":" << judgement.steps
            << ",\"longestPauseMs\":" << judgement.longest_pause.count() / 1000
            << ",\"pauseEndedMs\":" << judgement.pause_ended.time_since_epoch().count() / 1000
            << ",\"violations\":" << judgement.violations.size() << "}" << std::endl;
  for (const std::string& violation : judgement.violations) {
    std::cout << "violation: " << violation << '\n';
  }
}

int judge_files(const Words& words) {
  std::vector<Recorded> operations;
  for (const std::string& path : words.plain()) {
    std::vector<Recorded> some = read_history(path).value();
    operations.insert(operations.end(), std::make_move_iterator(some.begin()),
                      std::make_move_iterator(some.end()));
  }
  std::vector<std::vector<Told>> followers;
  followers.reserve(words.told().size());
  for (const std::string& path : words.told()) followers.push_back(read_told(path).value());
  const Judgement judgement = judge(operations, followers);
  print(judgement);
  return judgement.violations.empty() ? 0 : 1;
}

int run(const std::vector<std::string>& arguments) {
  const std::string what = arguments.empty() ? "" : arguments.front();
  const Words words(arguments);
  if (what == "serve") return serve(words);
  if (what == "load") return load(words);
  if (what == "follow") return run_follower(client_options(words), words.text("told-file"));
  if (what == "end") return run_end(client_options(words), words.text("history"), words.plain());
  if (what == "judge") return judge_files(words);
  throw std::invalid_argument("the first word is one of serve, load, follow, end, judge");
}

}  // namespace
}  // namespace muster::faults

int main(int count, char** arguments) try {
  return muster::faults::run({arguments + 1, arguments + count});
} catch (const std::invalid_argument& problem) {
  std::cerr << "muster-registers: " << problem.what() << '\n';
  return 2;
} catch (const std::exception& problem) {
  std::cerr << "muster-registers: " << problem.what() << '\n';
  return 1;
}
