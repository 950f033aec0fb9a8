// What a snapshot promises, one case for each: where it shows, what outlives what, what is in it, and that nothing is in its way.
#include <atomic>
#include <thread>

#include "engine/rollback.hpp"
#include "tests/native/sync_devices.hpp"

using namespace kra;

namespace {

SnapshotMeta snapshot(GitWorld& world, const SnapshotRequest& request = {}) {
  auto store = world.store();
  auto taken = take_snapshot(store, request, git_patience());
  INFO((taken ? "" : taken.error().what));
  REQUIRE(taken);
  return taken->meta;
}

void back_to(GitWorld& world, const SnapshotMeta& meta) {
  auto store = world.store();
  auto done = roll_back(store, meta, "here", git_patience());
  INFO((done ? "" : done.error().what));
  REQUIRE(done);
  CHECK(done->left.empty());
}

std::string in_snapshot(GitWorld& world, const SnapshotMeta& meta, const std::string& path) {
  auto store = world.store();
  const auto blob = read_blobs(store.git(), {cat(meta.tree, ":", path)}, git_patience());
  return blob ? blob->front() : "(not there)";
}

void forget_everything(GitWorld& world) {
  world.git({"reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"});
  world.git({"gc", "-q", "--prune=now"});
}

// Tracked, staged and untracked work upon two commits.
void work(GitWorld& world) {
  world.write("a", "one\n"), world.commit("first"), world.write("a", "two\n"), world.commit("second");
  world.write("a", "staged\n"), world.git({"add", "a"}), world.write("a", "disk\n"), world.write("new/file", "untracked\n");
}

}  // namespace

TEST_CASE("a snapshot shows in no log, branch, tag, reflog or reference of the user's") {
  GitWorld world;
  work(world);
  const auto seen = [&] {
    std::string all;
    for (const auto& words : std::vector<std::vector<std::string>>{{"log", "--all", "--format=%H"}, {"branch", "-a"}, {"tag"}, {"stash", "list"}, {"reflog", "--all"}, {"for-each-ref"},
                                                                   {"fsck", "--unreachable", "--no-reflogs"}, {"count-objects"}, {"worktree", "list"}, {"status", "--porcelain"}})
      all += world.git(words);
    return all;
  };
  const auto before = seen();
  snapshot(world), snapshot(world, {.ignored = true});
  CHECK(seen() == before);
}

TEST_CASE("a snapshot outlives a gc that forgets everything") {
  GitWorld world;
  work(world);
  const auto before = world.manifest();
  const auto meta = snapshot(world);
  world.git({"reset", "-q", "--hard", "HEAD~1"}), world.git({"clean", "-qfd"});
  forget_everything(world);
  back_to(world, meta);
  CHECK(difference(before, world.manifest()).empty());
  CHECK(world.git({"fsck", "--full", "--strict"}).find("missing") == std::string::npos);
  // And what the rollback left behind is there after the next one.
  forget_everything(world);
  auto store = world.store();
  CHECK(list_snapshots(store, git_patience())->size() == 2);
}

TEST_CASE("no push takes a snapshot along") {
  GitWorld world;
  Scratch remote;
  world.git({"init", "-q", "--bare", remote / "r.git"}), world.git({"remote", "add", "origin", remote / "r.git"});
  work(world);
  snapshot(world);
  for (const auto& words : std::vector<std::vector<std::string>>{{"push", "-q", "--mirror", "origin"}, {"push", "-q", "--all", "origin"}, {"push", "-q", "--tags", "origin"}}) world.git(words);
  CHECK(world.git({"--git-dir", remote / "r.git", "for-each-ref", "--format=%(refname)"}) == "refs/heads/main\n");
  world.git({"bundle", "create", "-q", remote / "all.bundle", "--all"}), world.git({"clone", "-q", "--mirror", world.root, remote / "mirror.git"});
  CHECK(world.git({"bundle", "list-heads", remote / "all.bundle"}).find("kra") == std::string::npos);
  CHECK(world.git({"--git-dir", remote / "mirror.git", "for-each-ref", "--format=%(refname)"}).find("kra") == std::string::npos);
  CHECK(world.git({"--git-dir", remote / "r.git", "rev-list", "--objects", "--all"}).find("untracked") == std::string::npos);
}

TEST_CASE("a snapshot needs no lock of the user's, whoever holds it") {
  GitWorld world;
  work(world);
  for (const char* lock : {".git/index.lock", ".git/HEAD.lock", ".git/refs/heads/main.lock", ".git/packed-refs.lock", ".git/config.lock"}) world.write(lock, "");
  const auto meta = snapshot(world);
  CHECK(in_snapshot(world, meta, "a") == "disk\n");
  CHECK(in_snapshot(world, meta, "new/file") == "untracked\n");
  CHECK(world.has(".git/index.lock"));
}

TEST_CASE("repositories inside, with and without commits, are named and in nobody's way") {
  GitWorld world;
  work(world);
  for (const char* inner : {"inner", "deep/er/inner"}) {
    world.git({"init", "-q", world.at(inner)}), world.write(cat(inner, "/x"), "x\n");
    world.git({"-C", inner, "-c", "user.name=A", "-c", "user.email=a@a", "commit", "-q", "--allow-empty", "-m", "x"});
  }
  world.git({"init", "-q", world.at("empty")});
  const auto meta = snapshot(world);
  std::string named;
  for (const auto& skipped : meta.skipped) named += cat(skipped.path, ":", skipped.why, " ");
  CHECK(named == "deep/er/inner:nested empty:nested inner:nested ");
  world.remove("a"), world.write("inner/x", "later\n");
  back_to(world, meta);
  CHECK(world.read("a") == "disk\n");
  CHECK(world.read("inner/x") == "later\n");
  CHECK(world.has("empty/.git"));
}

TEST_CASE("a file that is rewritten all the time is in a snapshot whole, or named") {
  GitWorld world;
  work(world);
  const auto text = [](char letter) { return std::string(300'000, letter) + "\n"; };
  world.write("busy", text('a'));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (char letter = 'a'; !stop; letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1)) world.write("busy", text(letter));
  });
  int whole = 0, named = 0;
  for (int n = 0; n < 20; ++n) {
    const auto meta = snapshot(world);
    if (!meta.skipped.empty()) {
      ++named;
      continue;
    }
    const auto bytes = in_snapshot(world, meta, "busy");
    whole += bytes.size() == 300'001 && bytes == text(bytes[0]);
  }
  stop = true, writer.join();
  CHECK(whole + named == 20);
}

TEST_CASE("bytes are kept as they lie on disk, whatever git would make of them") {
  GitWorld world;
  world.git({"config", "filter.x.clean", "tr a-z A-Z"}), world.git({"config", "filter.x.smudge", "tr A-Z a-z"}), world.git({"config", "core.autocrlf", "true"});
  world.write(".gitattributes", "*.x filter=x\n*.id ident\n*.u16 working-tree-encoding=UTF-16\n*.t text\n");
  world.write("f.x", "lower\n"), world.write("f.id", "$Id: mine $\n"), world.write("f.t", "one\r\ntwo\n"), world.write("f.u16", std::string("\xff\xfe") + std::string("a\0\n\0", 4));
  world.write("plain", "\r\nmixed\n");
  world.commit();
  const auto before = world.manifest();
  const auto meta = snapshot(world);
  for (const char* name : {"f.x", "f.id", "f.t", "f.u16", "plain"}) world.write(name, "damaged");
  back_to(world, meta);
  CHECK(difference(before, world.manifest()).empty());
}

TEST_CASE("what a sparse checkout leaves out stays out, and is not deleted") {
  GitWorld world;
  world.write("here/a", "a\n"), world.write("away/b", "b\n"), world.commit();
  world.git({"sparse-checkout", "set", "here"});
  REQUIRE(!world.has("away/b"));
  const auto before = world.manifest();
  const auto meta = snapshot(world);
  world.write("here/a", "damaged\n"), world.git({"sparse-checkout", "disable"});
  back_to(world, meta);
  CHECK(difference(before, world.manifest()).empty());
  CHECK(world.git({"ls-files", "-t", "away/b"}) == "S away/b\n");
}

TEST_CASE("directories without files come back, and those that came later go") {
  GitWorld world;
  work(world);
  std::filesystem::create_directories(world.at("empty/in/empty")), ::chmod(world.at("empty").c_str(), 0700);
  const auto before = world.manifest();
  const auto meta = snapshot(world);
  world.remove("empty"), std::filesystem::create_directories(world.at("later/on"));
  back_to(world, meta);
  CHECK(difference(before, world.manifest()).empty());
}

TEST_CASE("an operation that git has not finished comes back with its files") {
  struct Row {
    const char* name;
    std::vector<std::string> begin, end;
  };
  for (const auto& row : {Row{"merge", {"merge", "side"}, {"merge", "--abort"}}, Row{"rebase", {"rebase", "side"}, {"rebase", "--abort"}},
                          Row{"cherry-pick", {"cherry-pick", "side"}, {"cherry-pick", "--abort"}}, Row{"revert", {"revert", "--no-edit", "HEAD~1"}, {"revert", "--abort"}},
                          Row{"bisect", {"bisect", "start", "HEAD", "HEAD~1"}, {"bisect", "reset"}}}) {
    INFO(row.name);
    GitWorld world;
    world.write("f", "base\n"), world.commit(), world.git({"checkout", "-qb", "side"}), world.write("f", "side\n"), world.commit("side");
    world.git({"checkout", "-q", "main"}), world.write("f", "main\n"), world.commit("main"), world.write("f", "main again\n"), world.commit("again");
    world.git(row.begin);
    const auto before = world.manifest();
    const auto meta = snapshot(world);
    CHECK(meta.operation == row.name);
    world.git(row.end), world.git({"branch", "-qD", "side"});
    forget_everything(world);
    back_to(world, meta);
    INFO(difference(before, world.manifest()));
    CHECK(difference(before, world.manifest()).empty());
    // git itself can end it.
    world.git(row.end);
    CHECK(world.read("f") == "main again\n");
  }
}

TEST_CASE("a snapshot says what it was, when and of whom") {
  GitWorld world;
  work(world);
  const auto before = wall_now().ms;
  const auto meta = snapshot(world, {.held_by = "codegen"});
  CHECK((meta.at >= before && meta.at <= wall_now().ms));
  CHECK(meta.head + "\n" == world.git({"rev-parse", "HEAD"}));
  CHECK(meta.branch == "main");
  CHECK(meta.changed == 2);
  CHECK(meta.held_by == "codegen");
  CHECK(meta.id.starts_with(rfc3339({meta.at}).substr(0, 4)));
}

TEST_CASE("a bundle brings everything back where neither .git nor the store is left") {
  GitWorld world;
  work(world);
  const auto before = world.manifest();
  const auto file = world.scratch / "kept.bundle";
  {
    const auto meta = snapshot(world);
    auto store = world.store();
    REQUIRE(bundle_snapshot(store, meta, file, git_patience()));
  }
  // With kra.
  world.remove(".git"), world.write("a", "damaged\n"), world.remove("new");
  std::filesystem::remove_all(world.scratch / "state");
  world.git({"init", "-q", "-b", "main"});
  {
    auto store = world.store();
    const auto meta = take_in_bundle(store, file, git_patience());
    INFO((meta ? "" : meta.error().what));
    REQUIRE(meta);
    REQUIRE(roll_back(store, *meta, "here", git_patience()));
    CHECK(take_in_bundle(store, world.scratch / "none.bundle", git_patience()).error().fault == Fault::not_found);
    world.git({"bundle", "create", "-q", world.scratch / "other.bundle", "main"});
    CHECK(take_in_bundle(store, world.scratch / "other.bundle", git_patience()).error().fault == Fault::refused);
  }
  CHECK(difference(before, world.manifest()).empty());
  CHECK(world.git({"log", "--format=%s"}) == "second\nfirst\n");
  // With git alone: files below W/, the commits as they were.
  Scratch elsewhere;
  world.git({"init", "-q", elsewhere / "by-hand"});
  const auto there = elsewhere / "by-hand";
  world.git({"fetch", "-q", file, "refs/kra/snapshots/*:refs/snapshot/*"}, there);
  const auto ref = world.git({"for-each-ref", "--format=%(refname)"}, there);
  CHECK(world.git({"show", cat(ref.substr(0, ref.size() - 1), ":W/a")}, there) == "disk\n");
  CHECK(world.git({"show", cat(ref.substr(0, ref.size() - 1), ":W/new/file")}, there) == "untracked\n");
  CHECK(world.git({"show", cat(ref.substr(0, ref.size() - 1), "^:a")}, there) == "two\n");
}

TEST_CASE("the newest snapshots stay, older ones thin out and go with age") {
  GitWorld world;
  world.write("a", "1\n"), world.commit();
  const auto meta = snapshot(world);
  auto store = world.store();
  const auto tip = *resolve(store.git(), cat(snapshot_refs, meta.id), git_patience());
  const std::int64_t now = 1'900'000'000'000, minute = 60'000, hour = 60 * minute, day = 24 * hour;
  std::vector<RefChange> made{{cat(snapshot_refs, meta.id), "", ""}};
  const auto add = [&](std::int64_t age) {
    auto id = rfc3339({now - age}).substr(0, 19);
    std::erase_if(id, [](char c) { return c == '-' || c == ':'; }), id[8] = '-';
    made.push_back({cat(snapshot_refs, id, "-abcdef"), tip, ""});
  };
  for (int n = 0; n < 6; ++n) add(n * 10 * minute);
  for (int n = 0; n < 6; ++n) add(5 * hour + n * minute);
  for (int n = 0; n < 6; ++n) add(3 * day + n * hour / 4);
  for (int n = 0; n < 6; ++n) add(40 * day + n * day);
  REQUIRE(change_refs(store.git(), made, git_patience()));
  const auto count = [&] { return list_refs(store.git(), std::string(snapshot_refs), git_patience())->size(); };
  REQUIRE(count() == 24);
  // The gap of days counts as one, so what was there before a long rest is not gone with the first sync after it.
  REQUIRE(thin_snapshots(store, 5, Milliseconds(30 * day), {now}, git_patience()));
  const auto left = count();
  CHECK(left >= 8);
  CHECK(left <= 5 + 1 + 2 + 2 + 6);
  REQUIRE(thin_snapshots(store, 5, Milliseconds(30 * day), {now}, git_patience()));
  CHECK(count() == left);
  REQUIRE(thin_snapshots(store, 3, Milliseconds(hour), {now}, git_patience()));
  CHECK(count() >= 3);
}
