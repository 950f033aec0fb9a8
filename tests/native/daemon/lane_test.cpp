// Jobs run off the loop, one after the other; answers come on the loop.
#include "daemon/lane.hpp"

#include <atomic>
#include <thread>

#include "../catch.hpp"

using namespace kra;
using namespace std::chrono_literals;

TEST_CASE("answers come in order, on the loop's thread") {
  Loop loop;
  Lane lane(loop);
  std::vector<int> answers;
  auto here = std::this_thread::get_id();
  for (int job = 0; job < 100; ++job)
    lane.post([job, here](std::stop_token) { return std::this_thread::get_id() == here ? -1 : job; },
              [&](int answer) {
                CHECK(std::this_thread::get_id() == here);
                answers.push_back(answer);
                if (answers.size() == 100) loop.stop();
              });
  CHECK(lane.unanswered() == 100);
  loop.run();
  CHECK(lane.unanswered() == 0);
  for (int job = 0; job < 100; ++job) CHECK(answers[static_cast<std::size_t>(job)] == job);
}

TEST_CASE("a lane that is let go stops its job and drops the rest") {
  Loop loop;
  std::atomic<bool> stopped = false, second = false;
  std::atomic<bool> began = false;
  {
    Lane lane(loop);
    lane.post(
        [&](std::stop_token stop) {
          began = true;
          while (!stop.stop_requested()) std::this_thread::yield();
          return stopped = true;
        },
        [](bool) { FAIL("an answer after the end"); });
    lane.post([&](std::stop_token) { return second = true; }, [](bool) { FAIL("an answer after the end"); });
    while (!began) std::this_thread::yield();
  }
  CHECK(stopped);
  CHECK_FALSE(second);
}

TEST_CASE("the alarm rings once, at the moment that was set last") {
  Loop loop;
  int rings = 0;
  auto begin = Clock::now();
  Alarm alarm(loop, [&] {
    ++rings;
    loop.stop();
  });
  alarm.set(begin + 1h);
  alarm.set(begin + 20ms);
  loop.run();
  CHECK(rings == 1);
  CHECK(Clock::now() - begin >= 20ms);
  alarm.set(Clock::now() - 1s);
  loop.run();
  CHECK(rings == 2);
}
