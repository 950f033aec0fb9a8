#include "daemon/loop_call.hpp"

namespace kra {

LoopCalls::LoopCalls(Loop& loop) : async_(new uv_async_t{}) {
  uv_async_init(loop.get(), async_.get(), [](uv_async_t* async) {
    if (auto* calls = static_cast<LoopCalls*>(async->data)) calls->answer();
  });
  async_->data = this;
}

bool LoopCalls::wait(std::function<void()> work, std::stop_token stop) {
  auto call = std::make_shared<Call>(Call{std::move(work)});
  std::unique_lock hold(mutex_);
  calls_.push_back(call);
  uv_async_send(async_.get());
  return some_.wait(hold, stop, [&] { return call->done; });
}

void LoopCalls::answer() {
  std::vector<std::shared_ptr<Call>> calls;
  {
    std::lock_guard hold(mutex_);
    calls.swap(calls_);
  }
  for (const auto& call : calls) {
    call->work();
    std::lock_guard hold(mutex_);
    call->done = true;
  }
  some_.notify_all();
}

}  // namespace kra
