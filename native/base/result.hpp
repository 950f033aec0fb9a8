// Failure as a value. A function that can fail returns Result<T>; TRY hands an error to the caller and unwraps the rest.
// An Error reads outermost first: "save work: rename: no space left on device".
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace kra {

enum class Fault { io, timed_out, not_found, conflict, corrupt, busy, refused, usage, unavailable, internal };

struct Error {
  Fault fault;
  std::string what;

  // The same error with what was being tried put in front.
  Error within(const std::string& attempt) &&;
};

// An Error on its way up: one pointer, so that the way costs a caller that has none of it next to nothing.
class Failure {
 public:
  Failure() noexcept = default;
  Failure(Error error);
  Failure(Failure&& other) noexcept : error_(std::exchange(other.error_, nullptr)) {}
  Failure& operator=(Failure&& other) noexcept { return std::swap(error_, other.error_), *this; }
  ~Failure() {
    if (error_) drop();
  }

  explicit operator bool() const { return error_; }
  Error& operator*() { return *error_; }
  const Error& operator*() const { return *error_; }
  Failure within(const std::string& attempt) &&;

 private:
  void drop();

  Error* error_ = nullptr;
};

// A union of its own: std::variant takes the compiler ten times as long, in each file anew.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : ok_(true), value_(std::move(value)) {}
  Result(Error error) : ok_(false), failure_(std::move(error)) {}
  Result(Failure failure) : ok_(false), failure_(std::move(failure)) {}
  Result(Result&& other) noexcept : ok_(other.ok_) { take(other); }
  Result& operator=(Result&& other) noexcept {
    if (this == &other) return *this;
    drop();
    ok_ = other.ok_;
    take(other);
    return *this;
  }
  ~Result() { drop(); }

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }

  T& operator*() { return value_; }
  const T& operator*() const { return value_; }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

  Error& error() { return *failure_; }
  const Error& error() const { return *failure_; }
  Failure failure() && { return std::move(failure_); }

  T value_or(T otherwise) && { return ok_ ? std::move(value_) : std::move(otherwise); }

 private:
  void take(Result& other) {
    if (ok_)
      std::construct_at(&value_, std::move(other.value_));
    else
      std::construct_at(&failure_, std::move(other.failure_));
  }
  void drop() noexcept {
    static_assert(std::is_nothrow_move_constructible_v<T>);
    if (ok_)
      std::destroy_at(&value_);
    else
      std::destroy_at(&failure_);
  }

  bool ok_;
  union {
    T value_;
    Failure failure_;
  };
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failure_(std::move(error)) {}
  Result(Failure failure) : failure_(std::move(failure)) {}

  bool ok() const { return !failure_; }
  explicit operator bool() const { return ok(); }
  Error& error() { return *failure_; }
  const Error& error() const { return *failure_; }
  Failure failure() && { return std::move(failure_); }

 private:
  Failure failure_;
};

template <class T>
T take(Result<T>& result) {
  return std::move(*result);
}
inline void take(Result<void>&) {}

}  // namespace kra

// The one macro of the house (a statement expression, so it works inside an expression too).
#define TRY(...)                                                   \
  __extension__({                                                  \
    auto try_result = (__VA_ARGS__);                               \
    if (!try_result) return std::move(try_result).failure();       \
    ::kra::take(try_result);                                       \
  })

#define TRY_TO(attempt, ...)                                                       \
  __extension__({                                                                  \
    auto try_result = (__VA_ARGS__);                                               \
    if (!try_result) return std::move(try_result).failure().within(attempt);       \
    ::kra::take(try_result);                                                       \
  })
