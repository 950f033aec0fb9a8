// daemon_memory DIRECTORY [STEP]: every n-th allocation fails, and all after it, for all n (each STEP-th), from the first instruction of a daemon to
// its end, each time in a process of its own. It may end with an error or by std::terminate, never hang; what was kept before is intact, and the
// next daemon starts as if nothing had been.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "base/text.hpp"
#include "daemon/main.hpp"
#include "engine/draft_appender.hpp"
#include "engine/drafts.hpp"
#include "tests/faults/support/failing_memory.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

constexpr unsigned longest_seconds = 20;

std::string frame(DraftType type, std::uint64_t seq, Value map) {
  std::string out;
  append_frame(out, type, pack(Value(Value::Array{seq, std::move(map)})));
  return out;
}

// A journal, and one that waits at the second place, so that a start has something to bring home.
struct World {
  explicit World(const std::string& directory) : paths{directory + "/state", directory + "/run", directory + "/config"} {}
  SystemDisk disk;
  Paths paths;

  void keep(const std::string& path) {
    DraftAppender appender(disk, {path, "", ""});
    auto bytes = frame(DraftType::editor, 1, Value::Map{{"id", "c"}, {"pid", 1}}) +
                 frame(DraftType::text, 2, Value::Map{{"buffer", "b"}, {"scan", 1}, {"part", 0}, {"final", true}, {"text", "kept"}, {"path", "/w/f"}});
    if (!appender.append(bytes) || !appender.appender()->sync()) std::exit(2);
  }
  void begin() {
    for (const auto& directory : {paths.state, paths.runtime}) (void)disk.remove_tree(directory);
    if (!disk.make_directory(paths.runtime)) std::exit(2);
    keep(paths.drafts() + "/c.journal");
    keep(paths.drafts_second() + "/d.journal");
  }
  bool intact() {
    auto listed = Drafts(disk, paths).list({});
    return listed && (*listed)["drafts"].array()->size() == 2 && (*listed)["damaged"].array()->empty();
  }
};

void* uv_memory(std::size_t size) {
  try {
    return ::operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
// The length of a block that grows is not known here: in front of each.
struct Block {
  static constexpr std::size_t head = 16;
  static void* make(std::size_t size) {
    auto* block = static_cast<char*>(uv_memory(size + head));
    if (!block) return nullptr;
    *reinterpret_cast<std::size_t*>(block) = size;
    return block + head;
  }
  static void end(void* memory) {
    if (memory) ::operator delete(static_cast<char*>(memory) - head);
  }
  static void* grow(void* memory, std::size_t size) {
    auto* made = static_cast<char*>(make(size));
    if (!made || !memory) return made;
    auto before = *reinterpret_cast<std::size_t*>(static_cast<char*>(memory) - head);
    std::copy_n(static_cast<char*>(memory), std::min(before, size), made);
    end(memory);
    return made;
  }
  static void* zeros(std::size_t count, std::size_t size) {
    auto* made = static_cast<char*>(make(count * size));
    if (made) std::fill_n(made, count * size, '\0');
    return made;
  }
};

enum End { well = 0, told = 3, other = 4 };

// How a daemon ended of which the n-th allocation failed; below 0: none did.
int live(long n) {
  auto child = ::fork();
  if (child == 0) {
    ::alarm(longest_seconds);
    // What std::terminate says is not of interest a thousand times.
    if (n >= 0) (void)!::freopen("/dev/null", "w", stderr);
    ::uv_replace_allocator(Block::make, Block::grow, Block::zeros, Block::end);
    faults::allow_allocations(n);
    bool done = false;
    try {
      done = run_daemon(false).ok();
    } catch (const std::bad_alloc&) {
    }
    bool ran_out = faults::memory_ran_out();
    ::_exit(ran_out ? told : done ? well : other);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) std::exit(2);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 3;
  const long step = argc > 2 ? std::atol(argv[2]) : 1;
  World world(argv[1]);
  ::setenv("KRA_STATE_DIR", world.paths.state.c_str(), 1);
  ::setenv("KRA_RUNTIME_DIR", world.paths.runtime.c_str(), 1);
  ::setenv("KRA_CONFIG_DIR", world.paths.config.c_str(), 1);
  ::setenv("KRA_IDLE_MS", "1", 1);
  long points = 0, bad = 0;
  auto miss = [&](long n, const char* what) { ++bad, std::fprintf(stderr, "a daemon of which allocation %ld fails: %s\n", n, what); };
  for (long n = 0;; n += step) {
    world.begin();
    auto status = live(n);
    ++points;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) miss(n, "it hangs");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) miss(n, "it reads where nothing is");
    if (WIFEXITED(status) && WEXITSTATUS(status) == other) miss(n, "it does not start with all memory");
    if (!world.intact()) miss(n, "something is lost");
    auto next = live(-1);
    if (!WIFEXITED(next) || WEXITSTATUS(next) != well) miss(n, "the next one does not start");
    if (!world.intact()) miss(n, "something is lost with the next one");
    if (WIFEXITED(status) && WEXITSTATUS(status) != told) break;
  }
  std::printf("{\"points\":%ld,\"bad\":%ld}\n", points, bad);
  return bad == 0 ? 0 : 1;
}
