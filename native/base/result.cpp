#include "base/result.hpp"

namespace kra {

Error Error::within(const std::string& attempt) && { return {fault, attempt + ": " + what}; }

Failure::Failure(Error error) : error_(new Error(std::move(error))) {}

Failure Failure::within(const std::string& attempt) && {
  *error_ = std::move(*error_).within(attempt);
  return std::move(*this);
}

void Failure::drop() { delete error_; }

}  // namespace kra
