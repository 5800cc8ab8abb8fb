#include "wire/preface.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "muster/check.h"
#include "muster/codec.h"
#include "wire/limits.h"

namespace muster::wire {

namespace {

// A hello, 48 bytes: preface_magic, u8 lowest version, u8 highest version, u8 kind, u8
// authentication, u32 zero, nonce. An answer, 16 bytes: preface_magic, u8 step, u8 version, u8
// error code, u8 zero, u16 bytes of text, u16 zero; then a nonce, a proof, nothing, or the text.
// What stands before the versions never changes, so that programs of any two versions can tell each
// other.
constexpr std::size_t magic_bytes = 8;
constexpr std::array<std::uint8_t, magic_bytes> preface_magic{0x8d, 'M', 'U', 'S',
                                                              'T',  'E', 'R', '\n'};
constexpr std::size_t hello_bytes = 48;
constexpr std::size_t answer_bytes = 16;
constexpr std::size_t proof_bytes = 32;
constexpr std::string_view dialer_role = "muster preface: dialer";
constexpr std::string_view acceptor_role = "muster preface: acceptor";

enum class Authentication : std::uint8_t { none = 0, secret = 1 };
enum class AnswerStep : std::uint8_t { challenge = 1, accepted = 2, refused = 3 };

struct Answer {
  AnswerStep step{AnswerStep::refused};
  std::uint8_t version{0};
  std::uint8_t code{0};
  std::uint16_t text_bytes{0};
};

bool begins_like_magic(BytesView bytes) {
  const BytesView expected = std::as_bytes(std::span(preface_magic));
  const std::size_t size = std::min(bytes.size(), expected.size());
  return std::ranges::equal(bytes.first(size), expected.first(size));
}

Bytes encode_answer(const Answer& answer, BytesView rest) {
  Bytes bytes;
  bytes.reserve(answer_bytes + rest.size());
  Writer writer(bytes);
  writer.raw(std::as_bytes(std::span(preface_magic)));
  writer.integer(static_cast<std::uint8_t>(answer.step));
  writer.integer(answer.version);
  writer.integer(answer.code);
  writer.integer(std::uint8_t{0});
  writer.integer(answer.text_bytes);
  writer.integer(std::uint16_t{0});
  writer.raw(rest);
  return bytes;
}

/// RFC 2104 over everything both sides have said; `hello` holds the dialler's offer and nonce.
Bytes prove(BytesView secret, std::string_view role, std::uint8_t version, BytesView hello,
            BytesView acceptor_nonce) {
  Bytes said;
  said.reserve(2 * hello_bytes + acceptor_nonce.size());
  Writer writer(said);
  writer.sized(role);
  writer.integer(version);
  writer.raw(hello);
  writer.raw(acceptor_nonce);
  Bytes proof(proof_bytes);
  unsigned size = 0;
  const unsigned char* made = HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                                   reinterpret_cast<const unsigned char*>(said.data()), said.size(),
                                   reinterpret_cast<unsigned char*>(proof.data()), &size);
  check(made != nullptr && size == proof_bytes);
  return proof;
}

bool same_proof(BytesView a, BytesView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string to_text(VersionRange versions) {
  std::string lowest = std::to_string(versions.lowest);
  if (versions.lowest == versions.highest) return lowest;
  return lowest + " to " + std::to_string(versions.highest);
}

bool speaks(VersionRange versions, std::uint8_t version) {
  return versions.lowest <= version && version <= versions.highest;
}

/// Moves what is missing of a message from the front of `bytes` into `received`.
std::size_t take(Bytes& received, std::size_t wanted, BytesView bytes) {
  if (received.size() >= wanted) return 0;
  const BytesView taken = bytes.first(std::min(wanted - received.size(), bytes.size()));
  received.insert(received.end(), taken.begin(), taken.end());
  return taken.size();
}

Error no_muster() {
  return Error{ErrorCode::invalid_argument,
               "the other side does not speak Muster's protocol; check the address and port"};
}

/// What an answer is followed by, from its first 16 bytes. Nothing if they make no sense.
std::optional<std::size_t> bytes_behind(const Answer& answer, bool secret) {
  switch (answer.step) {
    case AnswerStep::challenge:
      return std::tuple_size_v<Nonce>;
    case AnswerStep::accepted:
      return secret ? proof_bytes : 0;
    case AnswerStep::refused:
      if (answer.text_bytes > refusal_text_bytes_max) return std::nullopt;
      return answer.text_bytes;
  }
  return std::nullopt;
}

Answer decode_answer(BytesView bytes) {
  Reader reader(bytes.subspan(magic_bytes));
  Answer answer;
  answer.step = static_cast<AnswerStep>(reader.integer<std::uint8_t>());
  answer.version = reader.integer<std::uint8_t>();
  answer.code = reader.integer<std::uint8_t>();
  reader.integer<std::uint8_t>();
  answer.text_bytes = reader.integer<std::uint16_t>();
  return answer;
}

}  // namespace

bool starts_preface(std::byte first) {
  return first == static_cast<std::byte>(preface_magic[0]);
}

PrefaceDialer::PrefaceDialer(Options options) : options_(std::move(options)) {
  check(options_.secret.size() <= secret_bytes_max);
  check(options_.versions.lowest <= options_.versions.highest);
}

Bytes PrefaceDialer::hello() const {
  Bytes bytes;
  bytes.reserve(hello_bytes);
  Writer writer(bytes);
  writer.raw(std::as_bytes(std::span(preface_magic)));
  writer.integer(options_.versions.lowest);
  writer.integer(options_.versions.highest);
  writer.integer(static_cast<std::uint8_t>(options_.kind));
  writer.integer(static_cast<std::uint8_t>(options_.secret.empty() ? Authentication::none
                                                                   : Authentication::secret));
  writer.integer(std::uint32_t{0});
  writer.raw(options_.nonce);
  check(bytes.size() == hello_bytes);
  return bytes;
}

PrefaceStep PrefaceDialer::feed(BytesView bytes) {
  check(!over_);
  PrefaceStep all;
  while (!all.done && !all.error) {
    std::size_t wanted = answer_bytes;
    if (received_.size() >= answer_bytes) {
      const auto behind = bytes_behind(decode_answer(received_), !options_.secret.empty());
      if (!behind) {
        all.error = no_muster();
        break;
      }
      wanted += *behind;
    }
    const std::size_t taken = take(received_, wanted, bytes);
    all.consumed += taken;
    bytes = bytes.subspan(taken);
    if (!begins_like_magic(received_)) {
      all.error = no_muster();
      break;
    }
    if (received_.size() < wanted) return all;
    if (wanted == answer_bytes &&
        bytes_behind(decode_answer(received_), !options_.secret.empty()) != std::size_t{0}) {
      continue;  // The header is complete; what follows it is not.
    }
    PrefaceStep step = answered();
    received_.clear();
    all.to_send.insert(all.to_send.end(), step.to_send.begin(), step.to_send.end());
    all.done = step.done;
    all.error = std::move(step.error);
    if (bytes.empty()) break;
  }
  over_ = all.done || all.error.has_value();
  return all;
}

PrefaceStep PrefaceDialer::answered() {
  const Answer answer = decode_answer(received_);
  const BytesView rest = BytesView(received_).subspan(answer_bytes);
  if (answer.step == AnswerStep::refused) {
    const ErrorCode code = error_code_from(answer.code).value_or(ErrorCode::internal);
    return failed(Error{code, std::string(as_text(rest))});
  }
  if (!speaks(options_.versions, answer.version)) {
    return failed(Error{ErrorCode::unimplemented,
                        "the server chose protocol version " + std::to_string(answer.version) +
                            ", but this program speaks " + to_text(options_.versions) +
                            "; use the same version of Muster on both sides"});
  }
  if (answer.step == AnswerStep::challenge) return challenged(answer.version, rest);
  return accepted(answer.version, rest);
}

PrefaceStep PrefaceDialer::challenged(std::uint8_t version, BytesView nonce) {
  if (options_.secret.empty() || challenge_) {
    return failed(
        Error{ErrorCode::invalid_argument, "the server asked for a proof that was not offered"});
  }
  challenge_.emplace();
  std::ranges::copy(nonce, challenge_->begin());
  PrefaceStep step;
  step.to_send = prove(options_.secret, dialer_role, version, hello(), nonce);
  return step;
}

PrefaceStep PrefaceDialer::accepted(std::uint8_t version, BytesView proof) {
  if (!options_.secret.empty()) {
    const Error unproven{ErrorCode::unauthenticated,
                         "the server has not proven that it knows the secret; check the address, "
                         "and that both sides use the same --secret-file"};
    if (!challenge_) return failed(unproven);
    const Bytes expected = prove(options_.secret, acceptor_role, version, hello(), *challenge_);
    if (!same_proof(proof, expected)) return failed(unproven);
  }
  agreement_ = PrefaceAgreement{
      .version = version, .kind = options_.kind, .secret_proven = !options_.secret.empty()};
  PrefaceStep step;
  step.done = true;
  return step;
}

PrefaceStep PrefaceDialer::failed(Error error) {
  PrefaceStep step;
  step.error = std::move(error);
  return step;
}

PrefaceAgreement PrefaceDialer::agreement() const {
  check(agreement_.has_value());
  return *agreement_;
}

PrefaceAcceptor::PrefaceAcceptor(Options options) : options_(std::move(options)) {
  check(options_.secret.size() <= secret_bytes_max);
  check(options_.versions.lowest <= options_.versions.highest);
}

PrefaceStep PrefaceAcceptor::feed(BytesView bytes) {
  check(!over_);
  PrefaceStep all;
  while (!all.done && !all.error) {
    const std::size_t wanted = hello_.empty() ? hello_bytes : proof_bytes;
    const std::size_t taken = take(received_, wanted, bytes);
    all.consumed += taken;
    bytes = bytes.subspan(taken);
    const bool foreign = hello_.empty() && !begins_like_magic(received_);
    if (!foreign && received_.size() < wanted) return all;

    PrefaceStep step = foreign ? refuse(no_muster()) : hello_.empty() ? greeted() : proven();
    received_.clear();
    all.to_send.insert(all.to_send.end(), step.to_send.begin(), step.to_send.end());
    all.done = step.done;
    all.error = std::move(step.error);
    if (bytes.empty()) break;
  }
  over_ = all.done || all.error.has_value();
  return all;
}

PrefaceStep PrefaceAcceptor::greeted() {
  hello_ = std::exchange(received_, {});
  Reader reader(BytesView(hello_).subspan(magic_bytes));
  VersionRange theirs;
  theirs.lowest = reader.integer<std::uint8_t>();
  theirs.highest = reader.integer<std::uint8_t>();
  const auto kind = reader.integer<std::uint8_t>();
  const auto authentication = reader.integer<std::uint8_t>();

  const std::uint8_t version = std::min(theirs.highest, options_.versions.highest);
  if (!speaks(options_.versions, version) || !speaks(theirs, version)) {
    return refuse(Error{ErrorCode::unimplemented,
                        "this server speaks protocol version " + to_text(options_.versions) +
                            ", the caller " + to_text(theirs) +
                            "; use the same version of Muster on both sides"});
  }
  if (kind != static_cast<std::uint8_t>(LinkKind::client) &&
      kind != static_cast<std::uint8_t>(LinkKind::peer)) {
    return refuse(Error{ErrorCode::invalid_argument,
                        "the caller asks for a kind of link that is neither client nor peer"});
  }
  agreement_ = PrefaceAgreement{
      .version = version, .kind = static_cast<LinkKind>(kind), .secret_proven = false};
  return authenticate(authentication);
}

PrefaceStep PrefaceAcceptor::authenticate(std::uint8_t authentication) {
  if (authentication == static_cast<std::uint8_t>(Authentication::none)) {
    if (options_.accept_without_secret) return accept({});
    return refuse(
        Error{ErrorCode::unauthenticated,
              !options_.refusal.empty() ? options_.refusal
              : options_.secret.empty()
                  ? "this server lets in only processes of its own machine; give all servers and "
                    "clients the same --secret-file, or start the server with --open"
                  : "this server asks for its group's secret; give it with --secret-file"});
  }
  if (authentication != static_cast<std::uint8_t>(Authentication::secret)) {
    return refuse(Error{ErrorCode::unimplemented,
                        "the caller wants a way to authenticate that this server does not know"});
  }
  if (options_.secret.empty()) {
    return refuse(Error{ErrorCode::failed_precondition,
                        "this server has no secret; start it with the same --secret-file, or "
                        "leave --secret-file away on the other side"});
  }
  PrefaceStep step;
  step.to_send = encode_answer(
      {.step = AnswerStep::challenge, .version = agreement_.version, .code = 0, .text_bytes = 0},
      options_.nonce);
  return step;
}

PrefaceStep PrefaceAcceptor::proven() {
  const Bytes expected =
      prove(options_.secret, dialer_role, agreement_.version, hello_, options_.nonce);
  if (!same_proof(received_, expected)) {
    return refuse(Error{ErrorCode::unauthenticated,
                        "the caller's secret is not this server's; use the same --secret-file on "
                        "both sides"});
  }
  agreement_.secret_proven = true;
  return accept(prove(options_.secret, acceptor_role, agreement_.version, hello_, options_.nonce));
}

PrefaceStep PrefaceAcceptor::accept(const Bytes& proof) {
  PrefaceStep step;
  step.to_send = encode_answer(
      {.step = AnswerStep::accepted, .version = agreement_.version, .code = 0, .text_bytes = 0},
      proof);
  step.done = true;
  done_ = true;
  return step;
}

PrefaceStep PrefaceAcceptor::refuse(Error error) {
  const BytesView message = as_bytes(error.message);
  const BytesView text = message.first(std::min(message.size(), refusal_text_bytes_max));
  PrefaceStep step;
  step.to_send = encode_answer({.step = AnswerStep::refused,
                                .version = options_.versions.highest,
                                .code = static_cast<std::uint8_t>(error.code),
                                .text_bytes = static_cast<std::uint16_t>(text.size())},
                               text);
  step.error = std::move(error);
  return step;
}

PrefaceAgreement PrefaceAcceptor::agreement() const {
  check(done_);
  return agreement_;
}

}  // namespace muster::wire
