// A lane: one worker thread and one queue. A job owns its data and gives a value; the value comes back on the loop's thread. Jobs of a
// lane run one after the other. The thread is started by the first job.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "daemon/handle.hpp"

namespace kra {

class Lane {
 public:
  explicit Lane(Loop& loop);
  // Asks the running job to stop and waits for it; queued jobs are dropped, and no answer comes any more.
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // job(stop) on the lane, answer(its result) on the loop.
  template <class Job, class Answer>
  void post(Job job, Answer answer) {
    add(std::make_unique<TaskOf<Job, Answer>>(std::move(job), std::move(answer)));
  }
  // Jobs whose answer has not been given.
  std::size_t unanswered() const { return unanswered_; }

 private:
  struct Task {
    virtual ~Task() = default;
    virtual void run(std::stop_token stop) = 0;
    virtual void deliver() = 0;
  };
  template <class Job, class Answer>
  struct TaskOf : Task {
    using Outcome = decltype(std::declval<Job&>()(std::stop_token()));
    TaskOf(Job does, Answer says) : job(std::move(does)), answer(std::move(says)) {}
    void run(std::stop_token stop) override { outcome.emplace(job(stop)); }
    void deliver() override { answer(std::move(*outcome)); }
    Job job;
    Answer answer;
    std::optional<Outcome> outcome;
  };

  void add(std::unique_ptr<Task> task);
  void work(std::stop_token stop);
  void deliver();

  std::mutex mutex_;  // of the two queues
  std::condition_variable_any some_;
  std::deque<std::unique_ptr<Task>> waiting_, done_;
  std::size_t unanswered_ = 0;  // of the loop's thread
  Handle<uv_async_t> async_;
  std::jthread thread_;
};

}  // namespace kra
