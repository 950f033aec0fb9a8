#include "tests/faults/support/failing_memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

static std::atomic<long> allowed{-1};
static std::atomic<bool> ran_out{false};

static bool one_more() {
  if (allowed.load(std::memory_order_relaxed) < 0) return true;
  // Threads may count on below 0 when it is over; it stays over.
  if (allowed.fetch_sub(1) > 0) return true;
  allowed = 0;
  ran_out = true;
  return false;
}

// noinline: else the compiler pairs the free() here with its own idea of new.
__attribute__((noinline)) void* operator new(std::size_t size) {
  void* memory = one_more() ? std::malloc(size == 0 ? 1 : size) : nullptr;
  if (memory) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace kra::faults {

void allow_allocations(long count) {
  ran_out = false;
  allowed = count;
}
bool memory_ran_out() { return ran_out; }

}  // namespace kra::faults
