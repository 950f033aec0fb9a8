#include "daemon/handle.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace kra {

template <class T, class Owner>
static Handle<T> owned_by(Owner* owner) {
  Handle<T> handle(new T{});
  handle->data = owner;
  return handle;
}

Loop::Loop() {
  [[maybe_unused]] int made = uv_loop_init(&loop_);
  assert(made == 0);
}

Loop::~Loop() {
  uv_run(&loop_, UV_RUN_DEFAULT);
  [[maybe_unused]] int closed = uv_loop_close(&loop_);
  assert(closed == 0);
}

Watch::Watch(Loop& loop, int fd, std::function<void(int)> ready) : ready_(std::move(ready)), poll_(owned_by<uv_poll_t>(this)) {
  [[maybe_unused]] int made = uv_poll_init(loop.get(), poll_.get(), fd);
  assert(made == 0);
}

void Watch::want(int events) {
  if (events == wanted_) return;
  wanted_ = events;
  if (events == 0) return static_cast<void>(uv_poll_stop(poll_.get()));
  uv_poll_start(poll_.get(), events, [](uv_poll_t* poll, int status, int seen) {
    auto* watch = static_cast<Watch*>(poll->data);
    if (!watch) return;
    if (status >= 0) return watch->ready_(seen);
    // An error is met again, and told apart, by the read or write that follows; libuv has stopped looking, and one read may not get as far.
    int wanted = std::exchange(watch->wanted_, 0);
    watch->want(wanted);
    watch->ready_(wanted);
  });
}

Alarm::Alarm(Loop& loop, std::function<void()> ring) : ring_(std::move(ring)), timer_(owned_by<uv_timer_t>(this)) {
  uv_timer_init(loop.get(), timer_.get());
}

void Alarm::set(std::optional<Instant> due) {
  if (due == due_) return;
  due_ = due;
  if (!due) return static_cast<void>(uv_timer_stop(timer_.get()));
  auto left = std::max<std::int64_t>(0, std::chrono::ceil<Milliseconds>(*due - Clock::now()).count());
  uv_update_time(timer_->loop);
  auto rings = [](uv_timer_t* timer) {
    auto* alarm = static_cast<Alarm*>(timer->data);
    if (!alarm) return;
    alarm->due_ = std::nullopt;
    alarm->ring_();
  };
  uv_timer_start(timer_.get(), rings, static_cast<std::uint64_t>(left), 0);
}

BeforeWait::BeforeWait(Loop& loop, std::function<void()> call) : call_(std::move(call)), prepare_(owned_by<uv_prepare_t>(this)) {
  uv_prepare_init(loop.get(), prepare_.get());
  uv_prepare_start(prepare_.get(), [](uv_prepare_t* prepare) {
    if (auto* owner = static_cast<BeforeWait*>(prepare->data)) owner->call_();
  });
}

Signal::Signal(Loop& loop, int number, std::function<void()> caught) : caught_(std::move(caught)), signal_(owned_by<uv_signal_t>(this)) {
  uv_signal_init(loop.get(), signal_.get());
  auto catches = [](uv_signal_t* signal, int) {
    if (auto* owner = static_cast<Signal*>(signal->data)) owner->caught_();
  };
  uv_signal_start(signal_.get(), catches, number);
}

}  // namespace kra
