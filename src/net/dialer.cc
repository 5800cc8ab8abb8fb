#include "net/dialer.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>
#include <vector>

#include "net/address.h"

namespace muster::net {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

/// An address that this machine can't even try proves nothing about the other one.
bool impossible_from_here(const error_code& error) {
  return error == boost::asio::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

DialResult failure(ErrorCode code, std::string message) {
  return {.link = nullptr, .refused = false, .error = Error{code, std::move(message)}};
}

}  // namespace

/// One dial: a chain of name, connection (for each address of the name) and preface. Whatever it
/// waits for, one operation and one timer are pending; `stop` voids both.
class Dialer::Dial : public std::enable_shared_from_this<Dial>, private LinkObserver {
 public:
  Dial(Dialer& dialer, DialId id, std::string address, OnDone on_done)
      : dialer_(dialer),
        id_(id),
        address_(std::move(address)),
        on_done_(std::move(on_done)),
        resolver_(dialer.loop_.context()),
        socket_(dialer.loop_.context()),
        timer_(dialer.loop_.context()) {}

  void start();
  /// Nothing is called any more.
  void stop();
  OnDone take_callback() { return std::move(on_done_); }

 private:
  void resolve(const Address& address);
  void resolved(const error_code& error, const tcp::resolver::results_type& found);
  void connect_next();
  void connected(const error_code& error);
  void address_failed(const std::string& reason);
  void begin_preface();
  void finish(DialResult result);
  void give_up_after(Duration time, void (Dial::*timed_out)());
  void resolve_timed_out();
  void connect_timed_out();
  void on_open(Link& link) override;
  void on_frame(Link& link, wire::Frame frame) override;
  void on_close(Link& link, const Error& error) override;

  Dialer& dialer_;
  const DialId id_;
  const std::string address_;
  OnDone on_done_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::vector<tcp::endpoint> endpoints_;
  std::size_t tried_{0};
  std::uint64_t waits_{0};  // Counts what is waited for; makes late answers void.
  std::size_t refusals_{0};
  std::size_t impossible_{0};
  std::string reasons_;
  std::shared_ptr<Link> link_;
  bool stopped_{false};
};

void Dialer::Dial::start() {
  if (dialer_.dials_.size() > dialer_.options_.dials_max) {
    return finish(failure(ErrorCode::resource_exhausted,
                          address_ + " was not dialled: too many dials are under way"));
  }
  const Result<Address> address = parse_address(address_);
  if (!address) return finish({.link = {}, .refused = false, .error = address.error()});
  error_code error;
  const auto number = boost::asio::ip::make_address(address->host, error);
  if (error) return resolve(*address);
  endpoints_ = {{number, address->port}};
  connect_next();
}

void Dialer::Dial::stop() {
  stopped_ = true;
  ++waits_;
  resolver_.cancel();
  timer_.cancel();
  error_code error;  // Whatever the kernel says, the descriptor is gone.
  socket_.close(error);
  if (link_) link_->abort();
  link_.reset();
}

void Dialer::Dial::resolve(const Address& address) {
  give_up_after(dialer_.options_.resolve_timeout, &Dial::resolve_timed_out);
  resolver_.async_resolve(address.host, std::to_string(address.port),
                          [self = shared_from_this(), wait = waits_](
                              const error_code& error, const tcp::resolver::results_type& found) {
                            if (wait == self->waits_) self->resolved(error, found);
                          });
}

void Dialer::Dial::resolved(const error_code& error, const tcp::resolver::results_type& found) {
  if (error) {
    return finish(failure(ErrorCode::unavailable,
                          "the host of " + address_ + " can't be resolved: " + error.message()));
  }
  for (const auto& entry : found) {
    if (endpoints_.size() < dialer_.options_.addresses_max) endpoints_.push_back(entry.endpoint());
  }
  connect_next();
}

void Dialer::Dial::connect_next() {
  if (tried_ == endpoints_.size()) {
    DialResult result =
        failure(ErrorCode::unavailable, "can't connect to " + address_ + ": " + reasons_);
    result.refused = refusals_ > 0 && refusals_ + impossible_ == endpoints_.size();
    return finish(std::move(result));
  }
  const tcp::endpoint& endpoint = endpoints_[tried_++];
  give_up_after(dialer_.options_.address_timeout, &Dial::connect_timed_out);
  error_code error;
  if (socket_.is_open()) socket_.close(error);
  socket_.async_connect(endpoint,
                        [self = shared_from_this(), wait = waits_](const error_code& outcome) {
                          if (wait == self->waits_) self->connected(outcome);
                        });
}

void Dialer::Dial::connected(const error_code& error) {
  if (error == boost::asio::error::connection_refused) ++refusals_;
  if (impossible_from_here(error)) ++impossible_;
  if (error) return address_failed(error.message());
  error_code ignored;
  // On one machine a dial to a port that nobody listens on may meet itself (RFC 9293, section
  // 3.5, simultaneous open) when the system chose that very port for this end.
  if (socket_.local_endpoint(ignored) == socket_.remote_endpoint(ignored)) {
    ++refusals_;
    return address_failed("nobody listens there");
  }
  begin_preface();
}

void Dialer::Dial::address_failed(const std::string& reason) {
  if (!reasons_.empty()) reasons_ += "; ";
  if (endpoints_.size() > 1) reasons_ += to_string(endpoints_[tried_ - 1]) + ": ";
  reasons_ += reason;
  connect_next();
}

void Dialer::Dial::begin_preface() {
  ++waits_;
  timer_.cancel();
  const Options& options = dialer_.options_;
  link_ =
      Link::dialled(dialer_.loop_, std::move(socket_),
                    {.kind = options.kind, .versions = {}, .secret = options.secret, .nonce = {}},
                    options.link, *this);
}

/// May come from within `start`, so the caller hears of it from the loop.
void Dialer::Dial::finish(DialResult result) {
  ++waits_;
  timer_.cancel();
  boost::asio::post(dialer_.loop_.context(),
                    [self = shared_from_this(), result = std::move(result)]() mutable {
                      if (!self->stopped_) self->dialer_.finish(self->id_, std::move(result));
                    });
}

void Dialer::Dial::give_up_after(Duration time, void (Dial::*timed_out)()) {
  ++waits_;
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this(), wait = waits_, timed_out](const error_code& error) {
    if (!error && wait == self->waits_) (*self.*timed_out)();
  });
}

void Dialer::Dial::resolve_timed_out() {
  resolver_.cancel();
  finish(failure(ErrorCode::unavailable,
                 "the host of " + address_ + " can't be resolved: no name server answers"));
}

void Dialer::Dial::connect_timed_out() {
  ++waits_;
  address_failed("no answer");
}

void Dialer::Dial::on_open(Link& /*link*/) {
  const auto self = shared_from_this();
  dialer_.finish(id_, {.link = std::move(link_), .refused = false, .error = {}});
}

void Dialer::Dial::on_frame(Link& link, wire::Frame /*frame*/) {
  // Nobody took the link over.
  link.abort();
}

void Dialer::Dial::on_close(Link& /*link*/, const Error& error) {
  const auto self = shared_from_this();
  link_.reset();
  dialer_.finish(
      id_,
      {.link = {}, .refused = false, .error = Error{error.code, address_ + ": " + error.message}});
}

Dialer::Dialer(Loop& loop, Options options) : loop_(loop), options_(std::move(options)) {}

Dialer::~Dialer() {
  for (const auto& [id, dial] : dials_) dial->stop();
}

Dialer::DialId Dialer::dial(const std::string& address, OnDone on_done) {
  const DialId id = next_id_++;
  const auto dial = std::make_shared<Dial>(*this, id, address, std::move(on_done));
  dials_.emplace(id, dial);
  dial->start();
  return id;
}

void Dialer::cancel(DialId id) {
  const auto found = dials_.find(id);
  if (found == dials_.end()) return;
  found->second->stop();
  dials_.erase(found);
}

void Dialer::finish(DialId id, DialResult result) {
  const auto found = dials_.find(id);
  if (found == dials_.end()) return;
  const OnDone on_done = found->second->take_callback();
  dials_.erase(found);
  on_done(std::move(result));
}

}  // namespace muster::net
