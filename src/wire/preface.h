// The first bytes of each connection: version, kind of link, and proof of the shared secret.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "muster/bytes.h"
#include "muster/error.h"

namespace muster::wire {

/// What a connection is for. The values go over the wire: append only.
enum class LinkKind : std::uint8_t {
  client = 1,  ///< A client talks to its home.
  peer = 2,    ///< Two servers of a group talk.
};

/// The protocol versions a program speaks, both ends included.
struct VersionRange {
  std::uint8_t lowest{1};
  std::uint8_t highest{1};
  friend bool operator==(const VersionRange&, const VersionRange&) = default;
};

/// Fresh random bytes, from a cryptographic source, for one connection only.
using Nonce = std::array<std::byte, 32>;

/// What to do after bytes were fed in.
struct PrefaceStep {
  Bytes to_send;            ///< To be sent now, also when `error` is set: it tells the other side.
  std::size_t consumed{0};  ///< How many of the bytes given belonged to the preface.
  bool done{false};         ///< The link is open; what was not consumed is the first frames.
  std::optional<Error> error;  ///< The link must be closed once `to_send` is sent.
};

/// What both sides have agreed on once a preface is done.
struct PrefaceAgreement {
  std::uint8_t version{};
  LinkKind kind{LinkKind::client};
  bool secret_proven{false};  ///< Both sides have proven that they know the secret.
  friend bool operator==(const PrefaceAgreement&, const PrefaceAgreement&) = default;
};

/// True for the first byte of a Muster connection. It is no printable character, so that HTTP and
/// text protocols can be told apart on the same port.
bool starts_preface(std::byte first);

/// The side that dialled. It sends a hello, answers a challenge, and checks the acceptor's proof.
///
/// With a secret each side proves that it knows it, without showing it: HMAC-SHA-256 (RFC 2104)
/// over its role, the versions offered and chosen, the kind, and both nonces. The dialler proves
/// first, so that a stranger who dials learns nothing that a secret could be guessed from. A
/// proof is bound to its role and both nonces: it can be neither reflected nor replayed. The
/// frames that follow are neither encrypted nor signed.
///
/// Sans-I/O. Thread-safety: none.
class PrefaceDialer {
 public:
  struct Options {
    LinkKind kind{LinkKind::client};
    VersionRange versions;
    Bytes secret;  ///< Empty: none. With a secret, an acceptor that cannot prove it is refused.
    Nonce nonce{};
  };

  /// Precondition: the secret is within `secret_bytes_max`, the range not empty.
  explicit PrefaceDialer(Options options);

  /// The bytes that open the connection; to be sent once.
  Bytes hello() const;
  /// Takes in what was received. Precondition: no step before was done or had an error.
  /// Errors: what the acceptor refused with; UNAUTHENTICATED if its proof is wrong or missing;
  /// INVALID_ARGUMENT if it speaks something else, or no version that this side does.
  [[nodiscard]] PrefaceStep feed(BytesView bytes);
  /// Precondition: a step was done.
  PrefaceAgreement agreement() const;

 private:
  PrefaceStep answered();
  PrefaceStep challenged(std::uint8_t version, BytesView nonce);
  PrefaceStep accepted(std::uint8_t version, BytesView proof);
  static PrefaceStep failed(Error error);

  const Options options_;
  Bytes received_;
  std::optional<Nonce> challenge_;
  std::optional<PrefaceAgreement> agreement_;
  bool over_{false};
};

/// The side that was dialled. See `PrefaceDialer` for the exchange.
///
/// Sans-I/O. Thread-safety: none.
class PrefaceAcceptor {
 public:
  struct Options {
    VersionRange versions;
    Bytes secret;  ///< Empty: none, and a dialler that wants one proven is refused.
    /// Whether a dialler without a secret is let in; the caller decides by its address.
    bool accept_without_secret{false};
    Nonce nonce{};
    /// What a dialler without a secret that is not let in is told; empty: who is, and the remedies.
    std::string refusal{};
  };

  /// Precondition: as for `PrefaceDialer`.
  explicit PrefaceAcceptor(Options options);

  /// Takes in what was received. Precondition: no step before was done or had an error.
  /// Errors (the dialler is told each of them): INVALID_ARGUMENT if it speaks something else;
  /// UNIMPLEMENTED without a common version; UNAUTHENTICATED if the secret is missing or wrong;
  /// FAILED_PRECONDITION if it wants a secret proven and there is none here.
  [[nodiscard]] PrefaceStep feed(BytesView bytes);
  /// Precondition: a step was done.
  PrefaceAgreement agreement() const;

 private:
  PrefaceStep greeted();
  PrefaceStep proven();
  PrefaceStep authenticate(std::uint8_t authentication);
  PrefaceStep accept(const Bytes& proof);
  PrefaceStep refuse(Error error);

  const Options options_;
  Bytes received_;
  Bytes hello_;  // As received; empty until it is complete.
  PrefaceAgreement agreement_;
  bool done_{false};
  bool over_{false};
};

}  // namespace muster::wire
