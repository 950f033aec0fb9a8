// A question that a lane asks the loop's thread while its job runs. The lane waits; the loop never waits for it.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "daemon/handle.hpp"

namespace kra {

class LoopCalls {
 public:
  explicit LoopCalls(Loop& loop);
  LoopCalls(const LoopCalls&) = delete;
  LoopCalls& operator=(const LoopCalls&) = delete;

  // From a lane: what `question()` gives on the loop's thread; nothing when the lane is to stop before that.
  template <class Question>
  auto ask(Question question, std::stop_token stop) {
    using Answer = decltype(question());
    auto answer = std::make_shared<std::optional<Answer>>();
    const bool answered = wait([answer, question = std::move(question)] { answer->emplace(question()); }, stop);
    return answered ? std::move(*answer) : std::optional<Answer>();
  }

 private:
  struct Call {
    std::function<void()> work;
    bool done = false;
  };
  bool wait(std::function<void()> work, std::stop_token stop);
  void answer();

  std::mutex mutex_;
  std::condition_variable_any some_;
  std::vector<std::shared_ptr<Call>> calls_;
  Handle<uv_async_t> async_;
};

}  // namespace kra
