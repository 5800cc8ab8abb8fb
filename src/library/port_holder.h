// Who has the port that a server was told to use.
#pragma once

#include <cstdint>
#include <string>

#include "muster/bytes.h"

namespace muster::library {

/// Names the Muster server that answers on this port of this machine, in plain words; empty if none
/// does. Takes up to half a second.
std::string who_holds(std::uint16_t port, const Bytes& secret);

}  // namespace muster::library
