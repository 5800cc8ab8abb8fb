// The network half of `muster doctor`.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <random>

#include "cli/doctor.h"
#include "client/question.h"
#include "net/listener.h"
#include "server/ports.h"
#include "wire/datagram.h"

namespace muster::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 20ms;
constexpr Duration wait_for_own = 1s;
constexpr Duration ask_timeout = 500ms;

bool all_heard(const std::vector<net::InterfaceState>& states) {
  return std::ranges::all_of(states, [](const net::InterfaceState& state) {
    return state.heard_own || !state.multicast || !state.sends;
  });
}

/// Runs the loop until every interface heard itself, or the time is over.
void wait_until_heard(net::Loop& loop, const net::Datagrams& datagrams) {
  const Instant end = loop.now() + wait_for_own;
  boost::asio::steady_timer timer(loop.context());
  std::function<void()> look = [&] {
    timer.expires_after(look_every);
    timer.async_wait([&](const boost::system::error_code& error) {
      if (error || loop.now() >= end || all_heard(datagrams.states())) return loop.stop();
      look();
    });
  };
  look();
  client::run_until_stopped(loop);
}

Bytes test_datagram() {
  std::random_device device;
  wire::Probe probe;
  probe.set_nonce((std::uint64_t{device()} << 32U) | device());
  return wire::encode_probe(probe, {}).value();
}

/// `listens`: the port for discovery is open, so that what was sent can be heard.
Finding finding_of(const net::InterfaceState& state, bool listens) {
  Finding finding{.check = "interfaces", .subject = state.name, .text = state.address};
  const auto is = [&](FindingLevel level, const std::string& text, const std::string& remedy = {}) {
    finding.level = level;
    finding.text += (finding.text.empty() ? "" : ": ") + text;
    finding.remedy = remedy;
    return finding;
  };
  if (!state.sends) {
    const std::string why = state.error.empty() ? "nothing could be sent" : state.error;
    return is(FindingLevel::warning, why,
              "leave it out by naming others with --interface, or use --seeds");
  }
  if (state.heard_others) {
    return is(FindingLevel::ok, "multicast sent and heard, also from other machines");
  }
  if (!listens) return is(FindingLevel::note, "sent; nothing is heard, as the port is not open");
  if (state.multicast && state.heard_own) return is(FindingLevel::ok, "multicast sent and heard");
  if (state.multicast) {
    return is(FindingLevel::warning, "multicast sent, but not heard here",
              "let UDP in on this interface, or use --discovery broadcast or --seeds");
  }
  return is(FindingLevel::note,
            "no multicast, broadcast sent" + (state.error.empty() ? "" : " (" + state.error + ")"));
}

bool works(const net::InterfaceState& state, bool listens) {
  return state.sends && (state.heard_own || state.broadcast || !listens);
}

/// Who answers there, if it is a Muster server.
std::string who_holds(net::Loop& loop, std::uint16_t port, const Bytes& secret) {
  const auto answer = client::ask(loop,
                                  {.servers = {"127.0.0.1:" + std::to_string(port)},
                                   .secret = secret,
                                   .server_timeout = ask_timeout,
                                   .timeout = ask_timeout},
                                  {.type = wire::FrameType::status_request, .body = {}});
  if (!answer) return "another program";
  return fmt::format("Muster server {} of group {}", answer->hello.name(), answer->hello.group());
}

bool is_free(net::Loop& loop, std::uint16_t port) {
  return net::Listener::open(
             loop, {.bind = {"", port}}, [](const std::shared_ptr<net::Link>&) {},
             [](const std::string&) {})
      .has_value();
}

bool looks_like_vpn(const net::Interface& interface) {
  constexpr std::array<std::string_view, 8> prefixes{"tun",       "tap", "wg",     "ppp",
                                                     "tailscale", "zt",  "nebula", "ipsec"};
  return std::ranges::any_of(
      prefixes, [&](std::string_view prefix) { return interface.name.starts_with(prefix); });
}

}  // namespace

Findings check_interfaces(net::Loop& loop, const net::Datagrams::Options& options) {
  const auto datagrams = net::Datagrams::open(loop, options, [](const auto&) {});
  if (!datagrams) throw ErrorException(datagrams.error());
  (*datagrams)->send_to_all(test_datagram());
  wait_until_heard(loop, **datagrams);
  Findings findings =
      findings_of((*datagrams)->states(), (*datagrams)->listen_error(), options.port);
  const Findings vpns = check_vpns((*datagrams)->machine());
  findings.insert(findings.end(), vpns.begin(), vpns.end());
  return findings;
}

Findings findings_of(const std::vector<net::InterfaceState>& states,
                     const std::string& listen_error, std::uint16_t port) {
  Findings findings;
  const std::string subject = fmt::format("UDP {}", port);
  const bool listens = listen_error.empty();
  if (listens) {
    findings.push_back({"interfaces", subject, FindingLevel::ok, "the port for discovery is open"});
  } else {
    findings.push_back({"interfaces", subject, FindingLevel::problem, listen_error,
                        "free the port, or give another --discovery-port on all machines"});
  }
  for (const net::InterfaceState& state : states) findings.push_back(finding_of(state, listens));
  if (std::ranges::none_of(states, [&](const auto& state) { return works(state, listens); })) {
    findings.push_back({"interfaces", "all", FindingLevel::problem,
                        "no interface passes datagrams, so that nobody is found",
                        "`ip link set lo up`, check `ip address`, or use --seeds HOST:PORT"});
  }
  return findings;
}

Findings check_ports(net::Loop& loop, const Bytes& secret) {
  Findings findings;
  bool free_pair = false;
  for (std::uint16_t port = server::first_port; port <= server::last_port; port += 2) {
    const auto peer_port = static_cast<std::uint16_t>(port + 1);
    const bool client_free = is_free(loop, port);
    const bool peer_free = is_free(loop, peer_port);
    const std::string pair = fmt::format("TCP {} and {}", port, peer_port);
    if (client_free && peer_free) {
      if (!free_pair) {
        findings.push_back({"ports", pair, FindingLevel::ok, "free: the next server takes them"});
      }
      free_pair = true;
      continue;
    }
    const std::string holder =
        client_free ? std::string("another program") : who_holds(loop, port, secret);
    findings.push_back({"ports", pair, FindingLevel::note, "taken by " + holder});
  }
  if (!free_pair) {
    findings.push_back({"ports", "all", FindingLevel::problem,
                        "every pair that servers choose by themselves is taken",
                        "stop a server, or give --tcp-port"});
  }
  return findings;
}

Findings check_vpns(const std::vector<net::Interface>& interfaces) {
  Findings findings;
  for (const net::Interface& interface : interfaces) {
    if (!interface.up || !looks_like_vpn(interface)) continue;
    findings.push_back({"surroundings", interface.name, FindingLevel::note,
                        "looks like a VPN: most pass no multicast",
                        "servers behind it are found with --seeds HOST:PORT"});
  }
  return findings;
}

}  // namespace muster::cli
