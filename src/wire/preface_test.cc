// Both sides of the preface against each other, byte by byte, and everything that may not match.
#include "wire/preface.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "wire/limits.h"
#include "wire/testing.h"

namespace muster::wire::preface_test {
namespace {

using testing::to_hex;

Nonce nonce_of(unsigned char value) {
  Nonce nonce;
  nonce.fill(static_cast<std::byte>(value));
  return nonce;
}

Bytes secret_of(std::string_view text) {
  const BytesView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

PrefaceDialer::Options dialer_with(std::string_view secret, LinkKind kind = LinkKind::client) {
  return {.kind = kind, .versions = {}, .secret = secret_of(secret), .nonce = nonce_of(0xdd)};
}

PrefaceAcceptor::Options acceptor_with(std::string_view secret, bool open = false) {
  return {.versions = {},
          .secret = secret_of(secret),
          .accept_without_secret = open,
          .nonce = nonce_of(0xaa)};
}

/// How a preface between two sides ends.
struct Ending {
  std::optional<Error> dialer_error;
  std::optional<Error> acceptor_error;
  bool dialer_done{false};
  bool acceptor_done{false};
};

/// Carries what each side says to the other, `step` bytes at a time, until both have finished.
Ending talk(PrefaceDialer& dialer, PrefaceAcceptor& acceptor, std::size_t step = 1'000) {
  Ending ending;
  Bytes to_acceptor = dialer.hello();
  Bytes to_dialer;
  const auto carry = [step](Bytes& from, Bytes& answers, auto& side, bool& done,
                            std::optional<Error>& error) {
    while (!from.empty() && !done && !error) {
      const std::size_t size = std::min(step, from.size());
      const PrefaceStep taken = side.feed(BytesView(from).first(size));
      EXPECT_EQ(taken.consumed, size);
      answers.insert(answers.end(), taken.to_send.begin(), taken.to_send.end());
      from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size));
      done = taken.done;
      error = taken.error;
    }
    from.clear();
  };
  while (!to_acceptor.empty() || !to_dialer.empty()) {
    carry(to_acceptor, to_dialer, acceptor, ending.acceptor_done, ending.acceptor_error);
    carry(to_dialer, to_acceptor, dialer, ending.dialer_done, ending.dialer_error);
  }
  return ending;
}

Ending talk(const PrefaceDialer::Options& dialing, const PrefaceAcceptor::Options& accepting) {
  PrefaceDialer dialer(dialing);
  PrefaceAcceptor acceptor(accepting);
  return talk(dialer, acceptor);
}

/// Both sides end with this error, and the dialler has the acceptor's words.
void expect_refused(const Ending& ending, ErrorCode code) {
  EXPECT_FALSE(ending.dialer_done || ending.acceptor_done);
  ASSERT_TRUE(ending.acceptor_error.has_value());
  EXPECT_EQ(ending.acceptor_error->code, code);
  EXPECT_EQ(ending.dialer_error, ending.acceptor_error);
}

TEST(PrefaceTest, HasTheLayoutOfTheHello) {
  std::string expected =
      "8d4d55535445520a"
      "01"
      "01"
      "01"
      "00"
      "00000000";
  for (int i = 0; i < 32; ++i) expected += "dd";
  EXPECT_EQ(to_hex(PrefaceDialer(dialer_with("")).hello()), expected);
}

TEST(PrefaceTest, IsToldFromTextByItsFirstByte) {
  EXPECT_TRUE(starts_preface(PrefaceDialer(dialer_with("")).hello().front()));
  EXPECT_FALSE(starts_preface(std::byte{'G'}));
}

TEST(PrefaceTest, AgreesWithoutASecretWhereThatIsAllowed) {
  PrefaceDialer dialer(dialer_with("", LinkKind::peer));
  PrefaceAcceptor acceptor(acceptor_with("", true));
  const Ending ending = talk(dialer, acceptor);
  EXPECT_TRUE(ending.dialer_done && ending.acceptor_done);
  const PrefaceAgreement expected{.version = 1, .kind = LinkKind::peer, .secret_proven = false};
  EXPECT_EQ(dialer.agreement(), expected);
  EXPECT_EQ(acceptor.agreement(), expected);
}

TEST(PrefaceTest, ProvesTheSecretHoweverTheBytesArrive) {
  for (const std::size_t step : {1U, 7U, 16U, 1'000U}) {
    PrefaceDialer dialer(dialer_with("open sesame"));
    PrefaceAcceptor acceptor(acceptor_with("open sesame"));
    const Ending ending = talk(dialer, acceptor, step);
    EXPECT_TRUE(ending.dialer_done && ending.acceptor_done) << "step " << step;
    EXPECT_TRUE(dialer.agreement().secret_proven);
    EXPECT_TRUE(acceptor.agreement().secret_proven);
  }
}

TEST(PrefaceTest, LeavesTheFirstFramesAlone) {
  PrefaceAcceptor acceptor(acceptor_with("", true));
  Bytes received = PrefaceDialer(dialer_with("")).hello();
  const std::size_t hello_bytes = received.size();
  received.resize(hello_bytes + 5, std::byte{0x77});
  const PrefaceStep step = acceptor.feed(received);
  EXPECT_TRUE(step.done);
  EXPECT_EQ(step.consumed, hello_bytes);

  PrefaceDialer dialer(dialer_with(""));
  Bytes answer = step.to_send;
  const std::size_t answer_bytes = answer.size();
  answer.resize(answer_bytes + 5, std::byte{0x77});
  const PrefaceStep last = dialer.feed(answer);
  EXPECT_TRUE(last.done);
  EXPECT_EQ(last.consumed, answer_bytes);
}

TEST(PrefaceTest, TellsBothSidesThatASecretIsNeeded) {
  expect_refused(talk(dialer_with(""), acceptor_with("s")), ErrorCode::unauthenticated);
  expect_refused(talk(dialer_with(""), acceptor_with("")), ErrorCode::unauthenticated);
}

TEST(PrefaceTest, TellsBothSidesThatTheSecretIsWrong) {
  expect_refused(talk(dialer_with("a"), acceptor_with("b")), ErrorCode::unauthenticated);
}

TEST(PrefaceTest, TellsBothSidesThatThereIsNoSecretToProve) {
  expect_refused(talk(dialer_with("a"), acceptor_with("", true)), ErrorCode::failed_precondition);
}

TEST(PrefaceTest, ChoosesTheHighestVersionThatBothSpeak) {
  PrefaceDialer::Options dialing = dialer_with("s");
  dialing.versions = {.lowest = 1, .highest = 3};
  PrefaceAcceptor::Options accepting = acceptor_with("s");
  accepting.versions = {.lowest = 2, .highest = 5};
  PrefaceDialer dialer(dialing);
  PrefaceAcceptor acceptor(accepting);
  EXPECT_TRUE(talk(dialer, acceptor).dialer_done);
  EXPECT_EQ(dialer.agreement().version, 3);
}

TEST(PrefaceTest, TellsBothSidesThatNoVersionIsCommon) {
  PrefaceDialer::Options dialing = dialer_with("");
  dialing.versions = {.lowest = 2, .highest = 3};
  expect_refused(talk(dialing, acceptor_with("", true)), ErrorCode::unimplemented);
  PrefaceAcceptor::Options accepting = acceptor_with("", true);
  accepting.versions = {.lowest = 4, .highest = 9};
  expect_refused(talk(dialing, accepting), ErrorCode::unimplemented);
}

TEST(PrefaceTest, RefusesAnotherProtocolAtItsFirstWrongByte) {
  PrefaceAcceptor acceptor(acceptor_with("", true));
  const PrefaceStep refused = acceptor.feed(as_bytes("GET / HTTP/1.1\r\n"));
  ASSERT_TRUE(refused.error.has_value());
  EXPECT_EQ(refused.error->code, ErrorCode::invalid_argument);
  EXPECT_FALSE(refused.to_send.empty());

  PrefaceDialer dialer(dialer_with(""));
  const PrefaceStep foreign = dialer.feed(as_bytes("HTTP/1.1 400 Bad Request\r\n"));
  ASSERT_TRUE(foreign.error.has_value());
  EXPECT_EQ(foreign.error->code, ErrorCode::invalid_argument);
}

TEST(PrefaceTest, DoesNotTrustAnAcceptorThatSkipsTheProof) {
  PrefaceAcceptor without(acceptor_with("", true));
  const Bytes accepted = without.feed(PrefaceDialer(dialer_with("")).hello()).to_send;
  PrefaceDialer dialer(dialer_with("s"));
  Bytes forged = accepted;
  forged.resize(forged.size() + 32);
  EXPECT_EQ(dialer.feed(forged).error->code, ErrorCode::unauthenticated);
}

TEST(PrefaceTest, DoesNotTakeItsOwnProofFromAnAcceptor) {
  PrefaceDialer dialer(dialer_with("s"));
  PrefaceAcceptor acceptor(acceptor_with("s"));
  const Bytes challenge = acceptor.feed(dialer.hello()).to_send;
  const Bytes proof = dialer.feed(challenge).to_send;
  Bytes reflected = acceptor.feed(proof).to_send;
  std::copy(proof.begin(), proof.end(), reflected.end() - 32);
  EXPECT_EQ(dialer.feed(reflected).error->code, ErrorCode::unauthenticated);
}

TEST(PrefaceTest, RefusesARefusalThatIsTooLong) {
  PrefaceDialer dialer(dialer_with(""));
  const Bytes header = testing::from_hex(
      "8d4d55535445520a"
      "03"
      "01"
      "06"
      "00"
      "0102"
      "0000");
  EXPECT_EQ(dialer.feed(header).error->code, ErrorCode::invalid_argument);
}

TEST(PrefaceTest, SurvivesAnyBytes) {
  const Bytes hello = PrefaceDialer(dialer_with("s")).hello();
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    Random random(seed);
    Bytes bytes = hello;
    const Bytes tail = testing::random_bytes(random, 100);
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    bytes[8 + random.below(8)] = static_cast<std::byte>(random.below(8));
    PrefaceAcceptor acceptor(acceptor_with("s"));
    EXPECT_FALSE(acceptor.feed(bytes).done);
    PrefaceDialer dialer(dialer_with("s"));
    EXPECT_FALSE(dialer.feed(bytes).done);
  }
}

}  // namespace
}  // namespace muster::wire::preface_test
