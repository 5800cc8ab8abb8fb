// One whole server as a pure function of its inputs and the time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "methods/registry.h"
#include "muster/error.h"
#include "muster/machine.h"
#include "node/io.h"
#include "node/options.h"
#include "node/report.h"

namespace muster::node {

/// Makes the services, each in its state before the first command. Called once at the start and
/// once for each snapshot that is restored.
using MachineFactory = std::function<std::vector<std::unique_ptr<service::Machine>>()>;

/// A server without its sockets, files, threads and clocks: `net`, `storage` and `server` give it
/// those, the simulator gives it simulated ones. It finds its group, takes part in consensus,
/// applies the log to the services, and serves clients.
///
/// Same inputs at the same times, same outputs, on every machine. Thread-safety: none.
class Node {
 public:
  /// What the disk gave back at the start is taken as durable. Errors in it were found by storage;
  /// a log or snapshot whose contents don't decode throws `ErrorException`.
  Node(Options options, Restart restart, MachineFactory machines, Now now);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Takes in one event. What follows from it waits for `drain`, so that many events of one turn of
  /// the loop share batches, messages and disk jobs.
  /// Precondition: `now` never goes back.
  void step(Input input, Now now);
  /// What is to be done now. Call after every turn of the loop that stepped something.
  Outputs drain(Now now);
  /// When `Tick` is due next.
  Instant deadline() const;

  /// For status, tests and the simulator's checkers; changes nothing.
  Report report() const;

  /// What a client may have this server tell or do by name. Those of the node are there from the
  /// start; layers around it add and complete.
  methods::Registry& methods();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::node
