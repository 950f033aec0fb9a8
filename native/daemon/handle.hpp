// Owners for libuv. A handle may be let go anywhere on the loop's thread: it is closed at once and freed when the loop says so, and its
// callbacks are over.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <optional>

#include "base/clock.hpp"

namespace kra {

template <class T>
struct CloseHandle {
  void operator()(T* handle) const {
    handle->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(handle), [](uv_handle_t* closed) { delete reinterpret_cast<T*>(closed); });
  }
};
template <class T>
using Handle = std::unique_ptr<T, CloseHandle<T>>;

class Loop {
 public:
  Loop();
  ~Loop();  // after all handles: lets those that are closing finish
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  uv_loop_t* get() { return &loop_; }
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
  void stop() { uv_stop(&loop_); }

 private:
  uv_loop_t loop_;
};

// The readiness of a descriptor, which its owner keeps open longer than this.
class Watch {
 public:
  Watch(Loop& loop, int fd, std::function<void(int events)> ready);
  // UV_READABLE and UV_WRITABLE; 0 is none.
  void want(int events);

 private:
  std::function<void(int)> ready_;
  int wanted_ = 0;
  Handle<uv_poll_t> poll_;
};

// The one timer: rings at the moment that was set last.
class Alarm {
 public:
  Alarm(Loop& loop, std::function<void()> ring);
  void set(std::optional<Instant> due);

 private:
  std::function<void()> ring_;
  std::optional<Instant> due_;
  Handle<uv_timer_t> timer_;
};

// Called each time before the loop waits.
class BeforeWait {
 public:
  BeforeWait(Loop& loop, std::function<void()> call);

 private:
  std::function<void()> call_;
  Handle<uv_prepare_t> prepare_;
};

class Signal {
 public:
  Signal(Loop& loop, int number, std::function<void()> caught);

 private:
  std::function<void()> caught_;
  Handle<uv_signal_t> signal_;
};

}  // namespace kra
