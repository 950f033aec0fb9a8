// memory DIRECTORY [STEP]: every n-th allocation fails, for all n (each STEP-th), in each thing that is done with drafts, each time in a process of its own. Nothing that was
// acknowledged before is lost. What an editor's process does itself (through libkra.so) ends with an error or with std::bad_alloc, which the library
// catches; a daemon may end there.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "engine/drafts.hpp"
#include "tests/faults/support/failing_memory.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

std::string frame(DraftType type, std::uint64_t seq, Value map) {
  std::string out;
  append_frame(out, type, pack(Value(Value::Array{seq, std::move(map)})));
  return out;
}

struct World {
  explicit World(const std::string& directory) : paths{directory + "/state", directory + "/run", ""} {}
  SystemDisk disk;
  Paths paths;
  std::string path() const { return paths.drafts() + "/c.journal"; }
  DraftPlaces places() const { return {path(), paths.drafts_second() + "/c.journal", paths.drafts() + "/reserve"}; }

  void begin() {
    (void)disk.remove_tree(paths.state);
    (void)disk.remove_tree(paths.runtime);
    DraftAppender appender(disk, places());
    auto bytes = frame(DraftType::editor, 1, Value::Map{{"id", "c"}, {"pid", 1}}) +
                 frame(DraftType::text, 2, Value::Map{{"buffer", "b"}, {"scan", 1}, {"part", 0}, {"final", true}, {"text", std::string(3000, 'x')}, {"path", "/w/f"}});
    for (std::uint64_t seq = 3; seq < 40; ++seq)
      bytes += frame(DraftType::edits, seq, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{0, 1, 1, std::string(3000, 'y')}}}});
    if (!appender.append(bytes) || !appender.appender()->sync()) std::exit(2);
  }
  bool intact() {
    auto first = disk.read(path(), draft_journal_limit), second = disk.read(places().second, draft_journal_limit);
    if (!first) return false;
    auto journal = replay({*first, second ? std::string_view(*second) : std::string_view()});
    auto found = journal.buffers.find("b");
    return journal.damaged_bytes == 0 && journal.lost_records == 0 && found != journal.buffers.end() && found->second.lines &&
           found->second.lines->line(0) == std::string(3000, 'y');
  }
};

struct Deed {
  const char* name;
  bool in_editor;
  std::function<bool(World&)> act;  // true: it said that all went well
};

enum End { crashed = -1, told = 0, all_well = 7, not_done = 8 };

int attempt(World& world, const Deed& deed, long n) {
  auto child = ::fork();
  if (child == 0) {
    bool done = false;
    faults::allow_allocations(n);
    try {
      done = deed.act(world);
    } catch (const std::bad_alloc&) {
    }
    ::_exit(faults::memory_ran_out() ? told : done ? all_well : not_done);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) std::exit(2);
  return WIFEXITED(status) ? WEXITSTATUS(status) : crashed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 3;
  const long step = argc > 2 ? std::atol(argv[2]) : 1;
  World world(argv[1]);
  auto more = frame(DraftType::edits, 40, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{1, 1, 1, "more"}}}});
  auto id = Drafts::id_of("c", "b");
  const Deed deeds[] = {
      {"append", true, [&](World& w) { DraftAppender a(w.disk, w.places()); return a.append(more).ok() && a.appender()->sync().ok(); }},
      {"renew", true, [](World& w) { return renew_journal(w.disk, w.path()).ok(); }},
      {"compact", false, [](World& w) { return Drafts(w.disk, w.paths).compact("c", 1).ok(); }},
      {"list", false, [](World& w) { return Drafts(w.disk, w.paths).list({}).ok(); }},
      {"take", false, [&](World& w) { return Drafts(w.disk, w.paths).take(id).ok(); }},
      {"end", false, [&](World& w) { return Drafts(w.disk, w.paths).end(id, "recovered", {1}).ok(); }},
      {"forget", false, [](World& w) { return Drafts(w.disk, w.paths).forget("/w/none").ok(); }},
      {"expire", false, [](World& w) { return Drafts(w.disk, w.paths).expire(Milliseconds(1), {1}).ok(); }},
  };
  long points = 0, bad = 0;
  auto miss = [&](const Deed& deed, long n, const char* what) { ++bad, std::fprintf(stderr, "%s, allocation %ld fails: %s\n", deed.name, n, what); };
  for (const auto& deed : deeds) {
    for (long n = 0, status = 0; status != all_well; n += step) {
      world.begin();
      status = attempt(world, deed, n);
      ++points;
      if (!world.intact()) miss(deed, n, "something is lost");
      if (deed.in_editor && status == crashed) miss(deed, n, "the process died");
      if (status == not_done) miss(deed, n, "it does not succeed with all memory");
      if (status == not_done) break;
    }
  }
  std::printf("{\"points\":%ld,\"bad\":%ld}\n", points, bad);
  return bad == 0 ? 0 : 1;
}
