#include <utility>

#include "net/datagrams.h"

namespace muster::net {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

constexpr int ttl_max = 255;

Error invalid_option(const std::string& text) {
  return {ErrorCode::invalid_argument, text};
}

bool is_group(const std::string& text, bool v4) {
  error_code error;
  const auto address = ip::make_address(text, error);
  return !error && address.is_multicast() && address.is_v4() == v4;
}

Result<void> validate(const Datagrams::Options& options) {
  if (options.port == 0) return invalid_option("the port for discovery must be from 1 to 65535");
  if (options.ttl < 0 || options.ttl > ttl_max) {
    return invalid_option("a multicast TTL is from 0 (this machine only) to 255");
  }
  if (!is_group(options.group_v4, true) || !is_group(options.group_v6, false)) {
    return invalid_option("'" +
                          (is_group(options.group_v4, true) ? options.group_v6 : options.group_v4) +
                          "' is no multicast address: take one from 239.0.0.0 to 239.255.255.255");
  }
  error_code error;
  if (!options.bind.empty()) ip::make_address(options.bind, error);
  if (error) {
    return invalid_option("discovery needs the address to bind to as a number, not '" +
                          options.bind + "': `ip address` lists those of this machine");
  }
  return {};
}

}  // namespace

Result<void> Datagrams::set_group(Options& options, const std::string& text) {
  if (is_group(text, true)) {
    options.group_v4 = text;
  } else if (is_group(text, false)) {
    options.group_v6 = text;
  } else {
    return invalid_option("'" + text + "' is no multicast address: take one like " +
                          default_group_v4);
  }
  return {};
}

Result<std::unique_ptr<Datagrams>> Datagrams::open(Loop& loop, const Options& options,
                                                   OnDatagram on_datagram) {
  if (const Result<void> valid = validate(options); !valid) return valid.error();
  return std::unique_ptr<Datagrams>(new Datagrams(loop, options, std::move(on_datagram)));
}

}  // namespace muster::net
