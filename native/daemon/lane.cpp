#include "daemon/lane.hpp"

#include <pthread.h>
#include <signal.h>

namespace kra {

Lane::Lane(Loop& loop) : async_(new uv_async_t{}) {
  uv_async_init(loop.get(), async_.get(), [](uv_async_t* async) {
    if (auto* lane = static_cast<Lane*>(async->data)) lane->deliver();
  });
  async_->data = this;
}

Lane::~Lane() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Lane::add(std::unique_ptr<Task> task) {
  ++unanswered_;
  {
    std::lock_guard hold(mutex_);
    waiting_.push_back(std::move(task));
  }
  some_.notify_one();
  if (thread_.joinable()) return;
  // Signals are the loop's: the new thread begins with all of them blocked.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Lane::work(std::stop_token stop) {
  for (;;) {
    std::unique_lock hold(mutex_);
    if (!some_.wait(hold, stop, [this] { return !waiting_.empty(); }) || stop.stop_requested()) return;
    auto task = std::move(waiting_.front());
    waiting_.pop_front();
    hold.unlock();
    task->run(stop);
    hold.lock();
    done_.push_back(std::move(task));
    hold.unlock();
    uv_async_send(async_.get());
  }
}

void Lane::deliver() {
  std::deque<std::unique_ptr<Task>> done;
  {
    std::lock_guard hold(mutex_);
    done.swap(done_);
  }
  for (auto& task : done) {
    --unanswered_;
    task->deliver();
  }
}

}  // namespace kra
