// history_driver FIRST seed|run|verify: kra's history under the harness. RUN makes 42 changes of every kind from the FIRST on (6, 48 or 90; SEED
// made those before), each on its own History as a new process would, and says for each `ACK i` or `ERR i`; VERIFY judges with
// the product's own reading what was left.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "base/text.hpp"
#include "engine/history.hpp"

using namespace kra;

namespace {

constexpr int changes = 42;
constexpr int very_first = 6;
int first = very_first;  // set once by main()
constexpr std::int64_t hour = 3'600'000;

struct World {
  SystemDisk disk;
  std::string state = std::getenv("CP_STATE");
  History history{disk, state + "/workspaces/server", state + "/corrupt"};
};

Workspace numbered(int number) {
  Workspace made;
  made.host = "here";
  made.sessions.push_back({.name = cat("session ", number), .windows = {{.name = "w", .panes = {{.cwd = "/tmp", .argv = {"vi", cat(number)}}}}}});
  made.editors.push_back({.id = "e", .state = Value(std::string(3000, static_cast<char>('a' + number % 26)))});
  return made;
}

int number_in(const Workspace& workspace) {
  return workspace.sessions.empty() ? 0 : static_cast<int>(parse_int(std::string_view(workspace.sessions[0].name).substr(8)).value_or(0));
}

bool save(const std::string& name, int number, std::int64_t at = 0) {
  World world;
  return world.history.write(name, numbered(number), {.saved_at = at + number, .reason = "manual"}, Patience::of(Milliseconds(2000))).ok();
}

// Change i is of kind i % 6; a side save is made, renamed and removed by changes 1, 3 and 5 of its round.
std::string side(int i) { return cat("side ", i / 6); }
std::string moved(int i) { return cat("moved ", i / 6); }

bool change(int i) {
  World world;
  switch (i % 6) {
    case 1: return save(side(i), i);
    case 2: return world.history.set_current(cat("current ", i)).ok();
    case 3: return world.history.rename(side(i), moved(i)).ok();
    case 4:
      if (i % 12 == 10) return world.history.keep("work", 1).ok() && world.history.mark_restored_from("old", 3).ok();
      return world.history.thin("old", {.daily_for = std::chrono::hours(14 * 24)}, {100 * 24 * hour}).ok();
    case 5: return (i / 6) % 2 == 0 || world.history.remove(moved(i)).ok();
    default: return save("work", i);
  }
}

int end() { return first + changes; }

int seed() {
  for (int i = 1; i <= 20; ++i)
    if (!save("old", i, i * 24 * hour)) return 1;
  if (!save("work", 1)) return 1;
  for (int i = very_first; i < first; ++i)
    if (!change(i)) return 1;
  return 0;
}

int run() {
  for (int i = first; i < end(); ++i) std::printf("%s %d\n", change(i) ? "ACK" : "ERR", i), std::fflush(stdout);
  return 0;
}

// What was said about each change; one that is not in here was under way when the world stopped, or never began.
struct Said {
  std::set<int> acknowledged;
  int last = first - 1;
  bool acked(int i) const { return acknowledged.contains(i); }
  bool begun(int i) const { return i <= last + 1; }
};

Said what_was_said() {
  Said said;
  for (int i = very_first; i < first; ++i) said.acknowledged.insert(i);
  std::ifstream out(std::getenv("CP_OUT"));
  std::string word;
  for (int i = 0; out >> word >> i; said.last = i)
    if (word == "ACK") said.acknowledged.insert(i);
  return said;
}

struct Verdict {
  int exit = 0;
  void lost(const std::string& what) { say(1, what); }
  void missing(const std::string& what) { say(exit == 1 ? 1 : 2, what); }
  void say(int worse, const std::string& what) {
    std::fprintf(stderr, "    %s\n", what.c_str());
    exit = worse;
  }
};

void judge_bytes(World& world, const std::vector<std::string>& names, Verdict& verdict) {
  for (const auto& name : names) {
    auto findings = world.history.verify(name);
    if (!findings) verdict.lost(findings.error().what);
    else
      for (const auto& finding : *findings)
        if (!finding.trouble.empty()) verdict.lost(cat(name, "@", finding.generation, ": ", finding.trouble));
  }
}

void judge_work(World& world, const Said& said, Verdict& verdict) {
  auto newest = world.history.newest("work");
  if (!newest) return verdict.lost(newest.error().what);
  std::set<int> there;
  for (const auto& entry : world.history.log("work").value_or({}))
    if (auto loaded = world.history.load("work", entry.stamp.generation)) there.insert(number_in(loaded->workspace));
  for (int i = very_first; i < end(); i += 6) {
    if (said.acked(i) && !there.contains(i)) verdict.missing(cat("save ", i, " is not there"));
    if (!said.begun(i) && there.contains(i)) verdict.lost(cat("save ", i, " was never made"));
  }
  if (!there.empty() && number_in(newest->workspace) != *there.rbegin()) verdict.lost("the newest is not the newest");
}

void judge_sides(const Said& said, const std::vector<std::string>& names, Verdict& verdict) {
  std::set<std::string> there(names.begin(), names.end());
  for (int i = very_first; i < end(); i += 6) {
    bool made = said.acked(i + 1), at_side = there.contains(side(i)), at_moved = there.contains(moved(i));
    bool removing = (i / 6) % 2 == 1;
    bool may_be_gone = removing && said.begun(i + 5);
    if (made && !may_be_gone && !at_side && !at_moved) verdict.missing(cat(side(i), " is not there"));
    if (at_side && at_moved) verdict.lost(cat(side(i), " is there twice"));
    if (said.acked(i + 3) && at_side) verdict.missing(cat(side(i), " was renamed"));
    if (removing && said.acked(i + 5) && (at_side || at_moved)) verdict.missing(cat(moved(i), " was removed"));
  }
}

void judge_current(World& world, const Said& said, Verdict& verdict) {
  std::set<std::string> possible{"default"};
  for (int i = 8; i < end() && said.begun(i); i += 6) {
    if (said.acked(i)) possible.clear();
    possible.insert(cat("current ", i));
  }
  auto current = world.history.current_name();
  if (!current || !possible.contains(*current)) verdict.missing("another name is current");
}

// What change 10 marks, change 16 must not thin out.
void judge_marks(World& world, const Said& said, Verdict& verdict) {
  auto marked = [&](const std::string& name, std::uint64_t generation, bool LogEntry::* mark) {
    for (const auto& entry : world.history.log(name).value_or({}))
      if (entry.stamp.generation == generation) return entry.*mark;
    return false;
  };
  if (!said.acked(10)) return;
  if (!marked("work", 1, &LogEntry::kept)) verdict.missing("work@1 was kept");
  if (!marked("old", 3, &LogEntry::restored_from)) verdict.missing("old@3 was restored from");
  if (said.acked(16) && world.history.log("old").value_or({}).size() != 16) verdict.missing("old was thinned out");
}

// What was left must not be in the way of the next save, and a dead writer's files must go with it.
void judge_next(Verdict& verdict) {
  World world;
  if (!save("work", 999)) return verdict.lost("no save can be made any more");
  auto newest = world.history.newest("work");
  if (!newest || number_in(newest->workspace) != 999) verdict.lost("the next save is not the newest");
  for (const auto& file : world.disk.list(cat(world.state, "/workspaces/server/", directory_name("work"))).value_or({}))
    if (file.starts_with(temporary_prefix)) verdict.lost("a temporary file stays");
}

int verify() {
  World world;
  Verdict verdict;
  auto said = what_was_said();
  auto names = world.history.names().value_or({});
  judge_bytes(world, names, verdict);
  judge_work(world, said, verdict);
  judge_sides(said, names, verdict);
  judge_current(world, said, verdict);
  judge_marks(world, said, verdict);
  for (const auto& finding : world.history.take_findings()) verdict.lost(cat(finding.name, "@", finding.generation, ": ", finding.trouble));
  judge_next(verdict);
  // An interrupted call is no error: everything must have been done.
  const char* mode = std::getenv("CP_MODE");
  if (mode && mode == std::string("EINTR") && static_cast<int>(said.acknowledged.size()) != end() - very_first) verdict.missing("an interruption was taken for an error");
  return verdict.exit;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || !std::getenv("CP_STATE") || !std::getenv("CP_OUT")) return 3;
  first = std::atoi(argv[1]);
  std::string act = argv[2];
  return act == "seed" ? seed() : act == "run" ? run() : verify();
}
