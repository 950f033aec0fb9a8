// What a restore decides to do, and the tmux commands that come of it.
#include "engine/plan.hpp"

#include "../catch.hpp"
#include "base/text.hpp"
#include "engine/fresh.hpp"
#include "engine/restore_script.hpp"
#include "model/config.hpp"

using namespace kra;

namespace {

Pane pane(int index, std::string cwd, std::vector<std::string> argv = {}) {
  Pane one;
  one.index = index, one.cwd = std::move(cwd), one.argv = std::move(argv), one.active = index == 0;
  return one;
}

Session session(std::string name, std::vector<int> windows = {0}) {
  Session one;
  one.name = std::move(name), one.path = "/home", one.width = 80, one.height = 24;
  for (int index : windows) {
    Window window;
    window.index = index, window.name = cat("w", index), window.active = index == windows[0];
    window.panes = {pane(0, "/home")};
    one.windows.push_back(window);
  }
  return one;
}

struct Case {
  Generation generation;
  LiveServer live;
  RestoreOptions options;
  Settings settings;
  std::set<std::string> fresh, missing;

  explicit Case(std::vector<Session> sessions) {
    generation.workspace.host = "here";
    generation.workspace.sessions = std::move(sessions);
  }
  void run_already(const std::string& name, const std::string& id, bool is_fresh = false) {
    LiveSession one;
    one.session.name = name, one.id = id;
    live.sessions.push_back(one);
    if (is_fresh) fresh.insert(id);
  }
  Result<Plan> plan() {
    PlanFacts facts;
    facts.host = "here";
    facts.is_directory = [this](const std::string& path) { return missing.count(path) == 0; };
    facts.program_name = [](const std::string& program) { return program; };
    facts.is_fresh = [this](const LiveSession& one) { return fresh.count(one.id) > 0; };
    return make_plan(generation, {false, "k", "n", 7}, &live, options, settings, facts);
  }
  std::string scripts() {
    auto made = plan();
    REQUIRE(made);
    ScriptNames names{"T", "/bin/kra", "here", "1.2"};
    return build_script(*made, names, {0, made->sessions.size()}).text();
  }
};

using Names = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("free names are restored, the active session last") {
  Case one({session("a"), session("b"), session("c")});
  one.generation.workspace.active_session = "a", one.generation.workspace.last_session = "b";
  auto plan = one.plan();
  REQUIRE(plan);
  CHECK(plan->words.restored == Names{"a", "b", "c"});
  REQUIRE(plan->sessions.size() == 3);
  CHECK(plan->sessions[0].name == "c");
  CHECK(plan->sessions[1].name == "b");
  CHECK(plan->sessions[2].name == "a");
  CHECK((plan->active == 2 && plan->last == 1));
}

TEST_CASE("a taken name stays, a fresh session is taken over") {
  Case one({session("a"), session("b"), session("c")});
  one.run_already("a", "$1"), one.run_already("b", "$2", true);
  auto plan = one.plan();
  REQUIRE(plan);
  CHECK(plan->words.taken == Names{"a"});
  CHECK(plan->words.fresh == Names{"b"});
  CHECK(plan->words.restored == Names{"b", "c"});
  CHECK(plan->sessions[0].swaps == "$2");
  CHECK(plan->sessions[1].swaps.empty());
}

TEST_CASE("--replace swaps what is taken, fresh or not") {
  Case one({session("a"), session("b")});
  one.run_already("a", "$1"), one.run_already("b", "$2", true);
  one.options.replace = true;
  auto plan = one.plan();
  REQUIRE(plan);
  CHECK(plan->words.taken.empty());
  CHECK(plan->words.replaced == Names{"a"});
  CHECK(plan->words.fresh == Names{"b"});
}

TEST_CASE("--rename is for one session") {
  Case one({session("a"), session("b"), session("c")});
  one.run_already("a", "$1");
  one.options.rename = "old";
  auto plan = one.plan();
  REQUIRE(plan);
  CHECK(plan->words.restored == Names{"old", "b", "c"});
  one.run_already("b", "$2");
  CHECK(one.plan().error().fault == Fault::usage);
  one.options.session = "b";
  CHECK(one.plan()->words.restored == Names{"old"});
  one.options.rename = "a";
  CHECK(one.plan()->words.taken == Names{"a"});
}

TEST_CASE("--session takes one, and an unknown one lists what there is") {
  Case one({session("a"), session("b")});
  one.options.session = "b";
  CHECK(one.plan()->words.restored == Names{"b"});
  one.options.session = "x";
  auto plan = one.plan();
  CHECK(plan.error().fault == Fault::not_found);
  CHECK(has(plan.error().what, "a, b"));
}

TEST_CASE("what a bare tmux left makes room for the active session") {
  Case one({session("work")});
  one.run_already("0", "$0", true);
  CHECK(one.plan()->discards == "$0");
  one.options.session = "work";
  CHECK(one.plan()->discards.empty());
  one.options.session = "";
  one.fresh.clear();
  CHECK(one.plan()->discards.empty());
  one.live.sessions[0].session.name = "mine", one.fresh.insert("$0");
  CHECK(one.plan()->discards.empty());
}

TEST_CASE("a missing directory gives the nearest parent, and a clone is offered") {
  Case one({session("a")});
  auto& lost = one.generation.workspace.sessions[0].windows[0].panes[0];
  lost.cwd = "/src/repo/sub";
  lost.repository = {{"https://example.org/r", "main", "/src/repo"}};
  one.missing = {"/src/repo/sub", "/src/repo"};
  auto plan = one.plan();
  CHECK(plan->sessions[0].windows[0].panes[0].cwd == "/src");
  REQUIRE(plan->words.notes.size() == 2);
  CHECK(has(plan->words.notes[0], "/src/repo/sub"));
  CHECK(has(plan->words.notes[1], "git clone -- https://example.org/r /src/repo"));
  one.missing.insert("/src");
  CHECK(one.plan()->sessions[0].windows[0].panes[0].cwd == "/");
  // Each repository once, outer ones first.
  const auto inner = lost;
  auto outer = inner;
  outer.cwd = "/src", outer.repository[0].root = "/src";
  one.generation.workspace.sessions[0].windows[0].panes = {inner, outer, inner};
  plan = one.plan();
  REQUIRE(plan->words.missing.size() == 2);
  CHECK(plan->words.missing[0].root == "/src");
  CHECK(plan->words.missing[1] == inner.repository[0]);
  one.settings.restore.clone_missing = "never";
  CHECK(one.plan()->words.missing.empty());
}

TEST_CASE("a directory that is not absolute never comes out") {
  Case one({session("a")});
  one.generation.workspace.sessions[0].windows[0].panes[0].cwd = "x/y";
  one.missing = {"x/y", "x", ""};
  CHECK(one.plan()->sessions[0].windows[0].panes[0].cwd == "/");
}

TEST_CASE("programs start as jobs of a loaded shell, else below our helper") {
  Case one({session("a"), session("b")});
  one.generation.workspace.sessions[0].windows[0].panes = {pane(0, "/home"), pane(1, "/home", {"less", "f"}), pane(2, "/home", {"nvim"})};
  one.generation.workspace.sessions[0].windows[0].panes[2].shell_loaded = true;
  one.generation.workspace.sessions[1].windows[0].panes = {pane(0, "/home", {"ssh", "x"})};
  auto plan = one.plan();
  const auto& panes = plan->sessions[0].windows[0].panes;
  CHECK(panes[0].start == PaneStart::shell);
  CHECK((panes[1].start == PaneStart::helper && panes[1].id == "k/n/7/1"));
  CHECK((panes[2].start == PaneStart::job && panes[2].id == "k/n/7/2"));
  CHECK(plan->sessions[1].windows[0].panes[0].id == "k/n/7/3");
  REQUIRE(plan->words.programs.size() == 3);
  CHECK(plan->words.programs[2].asks);
  CHECK(plan->words.programs[1].pane == "a:0.2");
  one.options.programs = false;
  CHECK(one.plan()->sessions[0].windows[0].panes[1].start == PaneStart::shell);
}

TEST_CASE("links are made once, groups share the windows of their first") {
  Case one({session("a", {0, 1}), session("b", {4}), session("g")});
  auto& sessions = one.generation.workspace.sessions;
  sessions[0].windows[1].link = 1, sessions[1].windows[0].link = 1;
  auto plan = one.plan();
  CHECK_FALSE(plan->sessions[0].windows[1].linked);
  CHECK(plan->sessions[1].windows[0].linked);
  sessions[0].group = sessions[2].group = "a";
  plan = one.plan();
  CHECK(plan->sessions[2].follows == 0);
  CHECK(plan->sessions[2].windows[0].linked);
}

TEST_CASE("what replaces a member of a live group gets its own windows, whoever else is in that group") {
  Case one({session("a"), session("b")});
  one.run_already("a", "$1"), one.run_already("other", "$2");
  for (auto& saved : one.generation.workspace.sessions) saved.group = "a";
  for (auto& live : one.live.sessions) live.session.group = "a";
  auto plan = one.plan();
  REQUIRE(plan->sessions.size() == 1);
  CHECK(plan->sessions[0].name == "b");
  CHECK(plan->sessions[0].joins == "$2");
  one.options.replace = true;
  plan = one.plan();
  REQUIRE(plan->sessions.size() == 2);
  for (const auto& made : plan->sessions) {
    CHECK(made.joins.empty());
    // tmux would put a group of the live one's name together with it.
    CHECK(made.session.group == "a-2");
  }
  CHECK_FALSE(plan->sessions[0].windows[0].linked);
  CHECK(plan->sessions[1].follows == 0);
}

TEST_CASE("lazy: the active session at once, sharing ones too") {
  Case one({session("a"), session("b"), session("c"), session("d")});
  auto& sessions = one.generation.workspace.sessions;
  sessions[1].windows[0].link = sessions[3].windows[0].link = 1;
  one.generation.workspace.active_session = "c";
  one.options.lazy = true;
  auto plan = one.plan();
  CHECK(plan->sessions[0].name == "c");
  CHECK(plan->words.lazy == Names{"a"});
  CHECK(plan->sessions[1].lazy_id == "k/n/7/0");
}

TEST_CASE("no text of a save becomes a word of a command") {
  Case one({session("#(touch x)"), session("b")});
  auto& window = one.generation.workspace.sessions[0].windows[0];
  window.name = "#{E:@x}';\"", window.panes[0].title = "$(y)", window.panes[0].cwd = "/a/#(z)";
  auto plan = one.plan();
  ScriptNames names{"T", "/bin/kra", "here", "1.2"};
  auto build = build_script(*plan, names, {0, 2}).text();
  Made made(2);
  read_made(cat("kra 0 0 0 $1 @1 %1\nkra 1 0 0 $2 @2 %2\nsomething else\nkra 9 0 0 $9 @9 %9\n"), made);
  CHECK(made[0].id == "$1");
  auto finish = finish_script(*plan, made, names, {}, {0, 2}).text();
  auto all = build + finish;
  for (auto line : split(all, "\n"))
    for (const char* text : {"touch", "E:@x", "(y)", "(z)"})
      if (has(std::string(line), text)) CHECK(line.rfind("set-option -g @kra_x ", 0) == 0);
}

TEST_CASE("a window with many panes is tiled before tmux has no space") {
  Case one({session("a")});
  auto& panes = one.generation.workspace.sessions[0].windows[0].panes;
  for (int i = 1; i < 12; ++i) panes.push_back(pane(i, "/home"));
  auto script = one.scripts();
  std::size_t splits = 0, tiled = 0;
  for (auto line : split(script, "\n")) splits += has(std::string(line), "split-window"), tiled += has(std::string(line), "tiled");
  CHECK(splits == 11);
  CHECK((tiled > 2 && tiled < 11));
}

TEST_CASE("what was not made is told") {
  Case one({session("a", {0, 3}), session("b")});
  auto plan = one.plan();
  Made made(2);
  read_made("kra 0 0 0 $1 @1 %1\n", made);
  auto missing = find_missing(*plan, made);
  REQUIRE(missing.size() == 2);
  CHECK(has(missing[0], "a:3"));
  CHECK(has(missing[1], "session b"));
  auto counts = count_made(*plan, made);
  CHECK((counts.sessions == 1 && counts.windows == 1 && counts.panes == 1));
  auto refused = find_refused(*plan, {"", "open terminal failed: not a terminal\ninvalid window name: x\n"});
  CHECK(refused == Names{"tmux: invalid window name: x"});
}

TEST_CASE("a layout's shape does not depend on sizes and ids") {
  CHECK(layout_shape("95e4,120x40,0,0{60x40,0,0,0,59x40,61,0[59x20,61,0,1,59x19,61,21,2]}") ==
        layout_shape("d6e5,80x24,0,0{40x24,0,0,7,39x24,41,0[39x12,41,0,8,39x11,41,13,9]}"));
  CHECK(layout_shape("x,120x40,0,0{60x40,0,0,0,59x40,61,0,1}") != layout_shape("x,120x40,0,0[120x20,0,0,0,120x19,0,21,1]"));
  CHECK(is_layout("95e4,120x40,0,0,0"));
  CHECK_FALSE(is_layout("#(touch x)"));
  CHECK_FALSE(is_layout(""));
}

TEST_CASE("a fresh session has one idle pane and one prompt") {
  LiveSession live;
  live.windows.resize(1), live.windows[0].panes.resize(1);
  CHECK(may_be_fresh(live));
  auto other = live;
  other.windows[0].panes[0].history_size = 3;
  CHECK_FALSE(may_be_fresh(other));
  other = live, other.windows[0].panes.resize(2);
  CHECK_FALSE(may_be_fresh(other));
  other = live, other.windows[0].panes[0].pane.command = {"htop"};
  CHECK_FALSE(may_be_fresh(other));
  other = live, other.windows[0].panes[0].cursor_y = 9;
  CHECK_FALSE(may_be_fresh(other));

  CHECK(shows_one_prompt("$ ", 0));
  CHECK_FALSE(shows_one_prompt("$ cd x\n$ ", 1));
  CHECK(shows_one_prompt("\n~/dir on main\n> ", 2));
  CHECK(shows_one_prompt("Welcome\n$ ", 1));
}

TEST_CASE("a cleared screen does not make a used shell fresh") {
  LiveSession live;
  live.windows.resize(1), live.windows[0].panes.resize(1);
  live.session.path = "/", live.created = 1000;
  ProcessPast past{.started_ms = 1'000'200, .cwd = "/", .input_ms = 1'000'200, .last_ran_ms = 300};
  const WallTime now{1'060'000};
  CHECK(shows_no_use(live, InFront::shell, past, 11, now));
  CHECK_FALSE(shows_no_use(live, InFront::other, past, 11, now));

  auto used = past;
  used.cwd = "/usr";
  CHECK_FALSE(shows_no_use(live, InFront::shell, used, 11, now));
  CHECK_FALSE(shows_no_use(live, InFront::us, used, 11, now));
  used = past, used.children = {77};
  CHECK_FALSE(shows_no_use(live, InFront::shell, used, 11, now));
  CHECK(shows_no_use(live, InFront::us, used, 11, now));
  used.children.push_back(78);
  CHECK_FALSE(shows_no_use(live, InFront::us, used, 11, now));
  used = past, used.input_ms = 1'008'000;
  CHECK_FALSE(shows_no_use(live, InFront::shell, used, 11, now));
  // Another shell than the session began with.
  used = past, used.started_ms = used.input_ms = 1'020'000;
  CHECK_FALSE(shows_no_use(live, InFront::shell, used, 11, now));
  CHECK_FALSE(shows_no_use(live, InFront::us, past, 11, {past.started_ms + 3'600'000}));

  // Keys besides those of `kra restore`; a shell whose start-up starts programs waits for these too.
  used = past, used.waits = 31;
  CHECK(shows_no_use(live, InFront::us, used, 11, now));
  used.waits = 90;
  CHECK_FALSE(shows_no_use(live, InFront::us, used, 11, now));
  used.reaped_children = true;
  CHECK(shows_no_use(live, InFront::us, used, 11, now));
  used.waits = 400;
  CHECK_FALSE(shows_no_use(live, InFront::us, used, 11, now));

  // It ran later than its start-up takes, unless a client made it draw its prompt again.
  used = past, used.last_ran_ms = 5000;
  CHECK_FALSE(shows_no_use(live, InFront::shell, used, 11, now));
  live.last_attached = 1004;
  CHECK(shows_no_use(live, InFront::shell, used, 11, now));
  live.last_attached = 0;
  used.last_ran_ms = 1000;
  CHECK(shows_no_use(live, InFront::shell, used, 11, now));
  used.reaped_children = true;
  CHECK_FALSE(shows_no_use(live, InFront::shell, used, 11, now));
  used.last_ran_ms.reset();
  live.windows[0].activity = 1001;
  CHECK(shows_no_use(live, InFront::shell, used, 11, now));
  live.windows[0].activity = 1009;
  CHECK_FALSE(shows_no_use(live, InFront::shell, used, 11, now));
}
