// Work shared between processes, so that a full run takes what the processors allow.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <type_traits>
#include <vector>

namespace kra::bench {

// Each of `workers` processes calls work(number), whose plain figures are added up. Nothing when one of them died.
template <class Sum, class Work>
std::optional<Sum> in_processes(int workers, Work work) {
  static_assert(std::is_trivially_copyable_v<Sum>);
  std::vector<int> ends;
  for (int worker = 0; worker < workers; ++worker) {
    int pipe[2];
    if (::pipe(pipe) != 0) return std::nullopt;
    const pid_t child = ::fork();
    if (child == 0) {
      const Sum sum = work(worker);
      ::_exit(::write(pipe[1], &sum, sizeof sum) == sizeof sum ? 0 : 2);
    }
    ::close(pipe[1]);
    ends.push_back(pipe[0]);
  }
  std::optional<Sum> all = Sum{};
  for (const int end : ends) {
    Sum sum;
    if (::read(end, &sum, sizeof sum) != sizeof sum) all.reset();
    else if (all) *all += sum;
    ::close(end);
  }
  while (::wait(nullptr) > 0) {}
  return all;
}

}  // namespace kra::bench
