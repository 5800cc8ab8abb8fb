#include "net/listener.h"

#include <utility>

namespace muster::net {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

/// Unmapped, and without the interface that a link-local number came by.
boost::asio::ip::address plain(const boost::asio::ip::address& address) {
  const auto unmapped_address = unmapped(address);
  if (unmapped_address.is_v4()) return unmapped_address;
  return boost::asio::ip::address_v6(unmapped_address.to_v6().to_bytes());
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, const Options& options, OnLink on_link,
                                                 OnNotice on_notice) {
  std::unique_ptr<Listener> listener(
      new Listener(loop, options, std::move(on_link), std::move(on_notice)));
  auto acceptor = Acceptor::open(
      loop, {.bind = options.bind, .pause = options.pause},
      [self = listener.get()](tcp::socket socket) { self->take(std::move(socket)); },
      [self = listener.get()](const std::string& text) { self->notice(text); });
  if (!acceptor) return acceptor.error();
  listener->acceptor_ = std::move(*acceptor);
  listener->resolve_hosts();
  return listener;
}

Listener::Listener(Loop& loop, const Options& options, OnLink on_link, OnNotice on_notice)
    : loop_(loop),
      options_(options),
      on_link_(std::move(on_link)),
      notices_(options_.notices_apart, std::move(on_notice)) {}

Listener::~Listener() {
  if (acceptor_) close();
}

void Listener::close() {
  acceptor_->close();
  for (const auto& [number, link] : opening_) link->abort();
  opening_.clear();
}

void Listener::take(tcp::socket socket) {
  error_code error;
  const tcp::endpoint remote = socket.remote_endpoint(error);
  if (error) return;  // Gone already.
  const bool full = loop_.open_links() >= options_.links_max;
  if (full && opening_.empty()) {
    return notice("a connection from " + to_string(remote) + " was closed: all " +
                  std::to_string(options_.links_max) + " are in use");
  }
  if (full || opening_.size() >= options_.opening_max) drop_oldest_opening();
  const Admission& admission = options_.admission;
  wire::PrefaceAcceptor::Options preface{
      .versions = {}, .secret = admission.secret, .accept_without_secret = false, .nonce = {}};
  preface.accept_without_secret = needs_no_secret(remote.address());
  if (!admission.hosts.empty()) {
    preface.refusal = "this server lets in only the addresses in its entry file";
  }
  const auto link =
      Link::accepted(loop_, std::move(socket), std::move(preface), options_.link, *this);
  opening_.emplace(link->number(), link);
}

void Listener::resolve_hosts() {
  tcp::resolver resolver(loop_.context());
  for (const std::string& host : options_.admission.hosts) {
    error_code error;
    const auto found = resolver.resolve(host, "", error);
    if (error) {
      notice("the host '" + host + "' can't be resolved: " + error.message() +
             "; connections from it are not let in until this server is started again");
      continue;
    }
    for (const auto& entry : found) hosts_.insert(plain(entry.endpoint().address()));
  }
}

bool Listener::needs_no_secret(const boost::asio::ip::address& remote) const {
  const Admission& admission = options_.admission;
  if (!admission.secret.empty()) return false;
  return admission.open || is_local(remote) || hosts_.contains(plain(remote));
}

void Listener::drop_oldest_opening() {
  const auto oldest = opening_.begin();
  notice("the connection from " + oldest->second->remote_address() +
         " was dropped: too many are waiting to say who they are");
  oldest->second->abort();
  opening_.erase(oldest);
}

void Listener::notice(const std::string& text) {
  notices_.say(text, loop_.now());
}

void Listener::on_open(Link& link) {
  const std::shared_ptr<Link> opened = link.shared_from_this();
  opening_.erase(link.number());
  on_link_(opened);
}

void Listener::on_frame(Link& link, wire::Frame /*frame*/) {
  // Nobody took the link over.
  link.abort();
}

void Listener::on_close(Link& link, const Error& error) {
  opening_.erase(link.number());
  if (error.code == ErrorCode::unavailable) return;  // A port that was only tried: no news.
  notice("a connection from " + link.remote_address() + " was not let in: " + error.message);
}

}  // namespace muster::net
