#include "net/link.h"

#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>
#include <variant>

#include "muster/check.h"
#include "net/address.h"
#include "net/loop.h"
#include "wire/control.h"

namespace muster::net {
namespace {

using boost::system::error_code;

constexpr int writes_per_turn_max = 4;  // Each up to SendBuffer::bytes_max, more or less.
constexpr int keepalive_probes = 3;
constexpr int keepalive_seconds_apart = 5;

void fill_with_randomness(wire::Nonce& nonce) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size())) !=
      1) {
    throw ErrorException({ErrorCode::internal, "the system gives no random numbers"});
  }
}

error_code last_error() {
  return {errno, boost::system::system_category()};
}

bool would_block(int number) {
  return number == EAGAIN || number == EWOULDBLOCK;
}

void set_option(int socket, int level, int name, int value) {
  // A refused option makes a link slower to notice trouble, not wrong: nothing to report.
  static_cast<void>(::setsockopt(socket, level, name, &value, sizeof value));
}

int in_milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::string seconds_text(Duration duration) {
  return std::to_string(in_milliseconds(duration)) + " ms";
}

}  // namespace

struct Link::Private {
  bool dialled{false};
};

struct Link::Opening {
  std::variant<wire::PrefaceDialer, wire::PrefaceAcceptor> preface;
};

std::shared_ptr<Link> Link::dialled(Loop& loop, boost::asio::ip::tcp::socket socket,
                                    wire::PrefaceDialer::Options preface,
                                    const LinkOptions& options, LinkObserver& observer) {
  fill_with_randomness(preface.nonce);
  auto link =
      std::make_shared<Link>(Private{.dialled = true}, loop, std::move(socket), options, observer);
  wire::PrefaceDialer dialer(std::move(preface));
  const Bytes hello = dialer.hello();
  link->start(std::make_unique<Opening>(Opening{std::move(dialer)}));
  link->queue({.type = {}, .lane = wire::Lane::urgent, .body = {SharedBytes(hello)}});
  return link;
}

std::shared_ptr<Link> Link::accepted(Loop& loop, boost::asio::ip::tcp::socket socket,
                                     wire::PrefaceAcceptor::Options preface,
                                     const LinkOptions& options, LinkObserver& observer) {
  fill_with_randomness(preface.nonce);
  auto link = std::make_shared<Link>(Private{}, loop, std::move(socket), options, observer);
  link->start(std::make_unique<Opening>(Opening{wire::PrefaceAcceptor(std::move(preface))}));
  return link;
}

Link::Link(const Private& how, Loop& loop, boost::asio::ip::tcp::socket socket,
           const LinkOptions& options, LinkObserver& observer)
    : loop_(loop),
      observer_(&observer),
      options_(options),
      number_(loop.next_link_number_++),
      socket_(std::move(socket)),
      dialled_(how.dialled),
      decoder_(loop.receive_buffer_, {.body_bytes_max = options.frame_body_bytes_max}) {
  ++loop_.open_links_;
  error_code error;  // A socket that is broken already shows it at the first read.
  remote_ = socket_.remote_endpoint(error);
}

Link::~Link() {
  if (state_ != State::closed) --loop_.open_links_;
}

void Link::start(std::unique_ptr<Opening> opening) {
  opening_ = std::move(opening);
  set_socket_options();
  set_deadline(options_.preface_timeout);
  wait_readable();
}

void Link::set_socket_options() {
  const int socket = socket_.native_handle();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.keepalive_after);
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(options_.unsent_bytes_max));
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(seconds.count()));
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_seconds_apart);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, in_milliseconds(options_.unacknowledged_max));
}

void Link::set_deadline(Duration after) {
  deadline_ = std::make_unique<boost::asio::steady_timer>(loop_.context(), after);
  const bool of_preface = state_ == State::opening;
  deadline_->async_wait([self = shared_from_this(), of_preface](const error_code& error) {
    // It may have gone off just before it was made void.
    if (error || self->state_ == State::closed) return;
    if (of_preface != (self->state_ == State::opening)) return;
    self->finish({ErrorCode::deadline_exceeded, "the other side did not say who it is within " +
                                                    seconds_text(self->options_.preface_timeout) +
                                                    "; is it Muster that listens there?"});
  });
}

bool Link::send(wire::FrameType type, wire::Lane lane, std::vector<SharedBytes> body) {
  check(state_ != State::opening);
  if (state_ != State::open) return true;
  OutgoingFrame frame{.type = type, .lane = lane, .body = std::move(body)};
  const std::size_t reserve = lane == wire::Lane::urgent ? urgent_reserve_bytes : 0;
  if (queue_.bytes() + frame.bytes() > options_.queued_bytes_max + reserve) return false;
  queue(std::move(frame));
  return true;
}

bool Link::send(wire::FrameType type, wire::Lane lane, SharedBytes body) {
  std::vector<SharedBytes> parts;
  if (!body.empty()) parts.push_back(std::move(body));
  return send(type, lane, std::move(parts));
}

void Link::close() {
  if (state_ == State::opening || state_ == State::open) {
    begin_closing({ErrorCode::aborted, "closed by this side"});
  }
}

void Link::abort() {
  if (state_ != State::closed) close_socket();
}

std::string Link::remote_address() const {
  return to_string(remote_);
}

boost::asio::ip::address Link::remote_host() const {
  return unmapped(remote_.address());
}

// ---- Receiving ----------------------------------------------------------------------------------

bool Link::serves_a_client() const {
  return state_ == State::open && !dialled_ && agreement_.kind == wire::LinkKind::client;
}

bool Link::has_backlog() const {
  return serves_a_client() && queue_.bytes() > options_.backlog_bytes_max;
}

/// What goes on after something was taken in: frames that are left come first.
void Link::receive_on() {
  if (state_ == State::closed) return;
  held_back_ = has_backlog();
  if (held_back_) return;
  if (frames_left_) {
    deliver_later();
  } else {
    wait_readable();
  }
}

void Link::wait_readable() {
  socket_.async_wait(boost::asio::socket_base::wait_read,
                     [self = shared_from_this()](const error_code& error) {
                       if (self->state_ == State::closed) return;
                       self->loop_.step("receiving", [&] {
                         if (error) return self->ended(error);
                         if (!self->has_backlog()) self->read_some();
                         self->receive_on();
                       });
                     });
}

void Link::deliver_later() {
  boost::asio::post(loop_.context(), [self = shared_from_this()] {
    if (self->state_ == State::closed) return;
    self->loop_.step("receiving", [&] {
      self->frames_left_ = false;
      self->deliver_frames();
      self->receive_on();
    });
  });
}

void Link::read_some() {
  for (int round = 0; round < options_.reads_per_turn_max; ++round) {
    if (!read_once()) break;
  }
}

/// True if more may be there to read.
bool Link::read_once() {
  const std::span<std::byte> target =
      state_ == State::open ? decoder_.prepare() : loop_.receive_buffer_.span();
  const ssize_t got = ::recv(socket_.native_handle(), target.data(), target.size(), MSG_DONTWAIT);
  if (got < 0) {
    if (errno == EINTR) return true;
    if (!would_block(errno)) ended(last_error());
    return false;
  }
  if (got == 0) {
    ended({});
    return false;
  }
  take_in(target, static_cast<std::size_t>(got));
  return state_ != State::closed && !frames_left_ && static_cast<std::size_t>(got) == target.size();
}

void Link::take_in(std::span<std::byte> target, std::size_t bytes) {
  if (state_ == State::opening) return advance_preface(target.first(bytes));
  if (state_ != State::open) return;  // Closing: what still comes is thrown away.
  decoder_.commit(bytes);
  deliver_frames();
}

void Link::advance_preface(BytesView bytes) {
  wire::PrefaceStep step =
      std::visit([&](auto& preface) { return preface.feed(bytes); }, opening_->preface);
  if (!step.to_send.empty()) {
    queue({.type = {}, .lane = wire::Lane::urgent, .body = {SharedBytes(std::move(step.to_send))}});
  }
  if (step.error) return begin_closing(std::move(*step.error));
  if (!step.done) return;
  agreement_ =
      std::visit([](const auto& preface) { return preface.agreement(); }, opening_->preface);
  opening_.reset();
  deadline_.reset();
  state_ = State::open;
  decoder_.feed(bytes.subspan(step.consumed));  // Before the observer can use the buffer.
  observer_->on_open(*this);
  deliver_frames();
}

void Link::deliver_frames() {
  std::size_t delivered = 0;
  while (state_ == State::open) {
    frames_left_ = serves_a_client() && delivered == options_.frames_per_turn_max;
    if (frames_left_) return;
    Result<std::optional<wire::Frame>> next = decoder_.next();
    if (!next) return refuse(next.error());
    if (!*next) return;
    ++delivered;
    observer_->on_frame(*this, std::move(**next));
  }
}

/// The other side is told what was wrong with what it sent.
void Link::refuse(const Error& error) {
  queue({.type = wire::FrameType::refused,
         .lane = wire::Lane::urgent,
         .body = {SharedBytes(wire::encode(wire::to_refused(error)))}});
  begin_closing(error);
}

// ---- Sending ------------------------------------------------------------------------------------

void Link::queue(OutgoingFrame frame) {
  queue_.push(std::move(frame));
  flush_later();
}

void Link::flush_later() {
  if (flush_pending_ || writable_pending_) return;
  flush_pending_ = true;
  loop_.flush_later(shared_from_this());
}

void Link::flush() {
  flush_pending_ = false;
  if (state_ == State::closed || state_ == State::draining || writable_pending_) return;
  SendBuffer& buffer = loop_.send_buffer_;
  for (int round = 0; !queue_.empty(); ++round) {
    if (round == writes_per_turn_max) return flush_later();
    queue_.gather(buffer);
    msghdr message{};
    message.msg_iov = buffer.pieces().data();
    message.msg_iovlen = buffer.pieces().size();
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (would_block(errno)) return wait_writable();
      return ended_later(last_error());
    }
    queue_.consume(buffer, static_cast<std::size_t>(sent));
    if (held_back_ && !has_backlog()) receive_on();
    if (static_cast<std::size_t>(sent) < buffer.bytes()) return wait_writable();
  }
  if (state_ == State::flushing) all_sent();
}

void Link::wait_writable() {
  writable_pending_ = true;
  socket_.async_wait(boost::asio::socket_base::wait_write,
                     [self = shared_from_this()](const error_code& error) {
                       self->writable_pending_ = false;
                       if (self->state_ == State::closed) return;
                       self->loop_.step("sending", [&] {
                         if (error) return self->ended(error);
                         self->flush();
                       });
                     });
}

// ---- Ending -------------------------------------------------------------------------------------

void Link::begin_closing(Error reason) {
  opening_.reset();
  closing_reason_ = std::move(reason);
  state_ = State::flushing;
  set_deadline(options_.flush_timeout);
  flush_later();
  frames_left_ = false;
  if (held_back_) receive_on();  // What comes in is thrown away, up to the end.
}

/// The sending half is shut and the rest read until the other side closes too: closing at once
/// with unread bytes would make the kernel reset the connection, and lose what is under way.
void Link::all_sent() {
  state_ = State::draining;
  error_code error;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
  if (error) ended_later(error);
}

/// Without an error: the other side has closed.
void Link::ended(const error_code& error) {
  finish({ErrorCode::unavailable, error ? "the connection broke: " + error.message()
                                        : "the other side closed the connection"});
}

void Link::ended_later(const error_code& error) {
  boost::asio::post(loop_.context(), [self = shared_from_this(), error] {
    if (self->state_ != State::closed) self->ended(error);
  });
}

/// The one way to `closed` that the observer hears of.
void Link::finish(const Error& error) {
  const Error reason = closing_reason_ ? *closing_reason_ : error;
  close_socket();
  observer_->on_close(*this, reason);
}

void Link::close_socket() {
  check(state_ != State::closed);
  state_ = State::closed;
  --loop_.open_links_;
  opening_.reset();
  deadline_.reset();
  queue_.clear();
  error_code error;  // Whatever the kernel says, the descriptor is gone.
  socket_.close(error);
}

}  // namespace muster::net
