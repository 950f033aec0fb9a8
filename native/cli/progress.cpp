#include "cli/progress.hpp"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/text.hpp"

namespace kra::cli {

static void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(STDERR_FILENO, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

Progress::Progress(std::string what) {
  if (::isatty(STDERR_FILENO) == 0) return;
  thread_ = std::jthread([what = std::move(what)](const std::stop_token& stop) {
    constexpr std::chrono::milliseconds quiet{500}, step{1000};
    const auto began = std::chrono::steady_clock::now();
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    const auto over = [&](std::chrono::milliseconds time) {
      wake.wait_for(lock, stop, time, [] { return false; });
      return stop.stop_requested();
    };
    if (over(quiet)) return;
    do {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began).count();
      write_all(cat("\r\033[Kkra: ", what, ", ", static_cast<long long>(seconds), " s"));
    } while (!over(step));
    write_all("\r\033[K");
  });
}

}  // namespace kra::cli
