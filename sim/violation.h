// What the simulator throws when something that must always hold does not.
#pragma once

#include <stdexcept>
#include <string>

namespace muster::sim {

/// `invariant` is the checker's name; the text says what was seen. Ends the run.
class Violation : public std::runtime_error {
 public:
  Violation(std::string invariant, const std::string& what)
      : std::runtime_error(what), invariant_(std::move(invariant)) {}
  const std::string& invariant() const { return invariant_; }

 private:
  std::string invariant_;
};

}  // namespace muster::sim
