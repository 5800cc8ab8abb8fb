#include "chat/credential.h"

#include <utility>

#include "muster/bytes.h"

namespace muster::chat {
namespace {

constexpr std::string_view client_key = "Client Key";  // RFC 5802, section 3.

}  // namespace

wire::Sha256 oper_proof(std::string_view password, std::string_view salt,
                        std::uint32_t iterations) {
  return wire::hmac_sha256(wire::pbkdf2_sha256(password, salt, iterations), as_bytes(client_key));
}

OperCredential make_credential(std::string_view password, std::string salt) {
  const wire::Sha256 proof = oper_proof(password, salt, oper_iterations);
  return {
      .salt = std::move(salt), .iterations = oper_iterations, .stored_key = wire::sha256(proof)};
}

Result<void> validate(const OperCredential& credential) {
  const bool may_be = !credential.salt.empty() && credential.salt.size() <= salt_bytes_max &&
                      credential.iterations >= oper_iterations &&
                      credential.iterations <= oper_iterations_max &&
                      credential.stored_key != wire::Sha256{};
  if (may_be) return {};
  return Error{ErrorCode::invalid_argument,
               "no password of an IRC operator is kept like that; make it anew with muster rmi "
               "chat.oper"};
}

bool proves(const wire::Sha256& proof, const OperCredential& credential) {
  return wire::sha256(proof) == credential.stored_key;
}

}  // namespace muster::chat
