// Failure as a value. A function that can fail returns Result<T>; TRY hands an error to the caller and unwraps the rest.
// An Error reads outermost first: "save work: rename: no space left on device".
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace kra {

enum class Fault { io, timed_out, not_found, conflict, corrupt, busy, refused, usage, unavailable, internal };

struct Error {
  Fault fault;
  std::string what;

  // The same error with what was being tried put in front.
  Error within(const std::string& attempt) && { return {fault, attempt + ": " + what}; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() { return *std::get_if<0>(&state_); }
  const T& operator*() const { return *std::get_if<0>(&state_); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  Error& error() { return *std::get_if<1>(&state_); }
  const Error& error() const { return *std::get_if<1>(&state_); }

  T value_or(T otherwise) && { return ok() ? std::move(**this) : std::move(otherwise); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  Error& error() { return *error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

template <class T>
T take(Result<T>& result) {
  return std::move(*result);
}
inline void take(Result<void>&) {}

}  // namespace kra

// The one macro of the house (a statement expression, so it works inside an expression too).
#define TRY(...)                                               \
  __extension__({                                              \
    auto try_result = (__VA_ARGS__);                           \
    if (!try_result) return std::move(try_result.error());     \
    ::kra::take(try_result);                                   \
  })

#define TRY_TO(attempt, ...)                                                    \
  __extension__({                                                               \
    auto try_result = (__VA_ARGS__);                                            \
    if (!try_result) return std::move(try_result.error()).within(attempt);      \
    ::kra::take(try_result);                                                    \
  })
