// draft_driver seed|run|verify: draft journals under the harness. RUN types 48 lines into a buffer as an editor and its daemon do: each record is
// appended, every other one synced and then said `ACK i`; what was refused is sent again with the next. In between the journal is folded,
// that of another editor, which is gone for long, expires, and a text beside a third one moves home from the second place and is folded in. VERIFY replays
// what is left: every acknowledged line is there, in order, once, and that text.
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "engine/drafts.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

constexpr int lines = 48;

struct World {
  SystemDisk disk;
  Paths paths{std::getenv("CP_STATE"), std::string(std::getenv("CP_STATE")) + "/run", ""};
  DraftPlaces places{paths.drafts() + "/c.journal", "", paths.drafts() + "/reserve"};
  DraftAppender appender{disk, places};
  Drafts drafts{disk, paths};
};

std::string frame(DraftType type, std::uint64_t seq, Value map) {
  std::string out;
  append_frame(out, type, pack(Value(Value::Array{seq, std::move(map)})));
  return out;
}

std::string line(int number) { return cat("line ", number, " ", std::string(static_cast<std::size_t>(number * 37 % 200), 'x')); }

// Record i + 2 adds line i.
std::string record(int i) {
  return frame(DraftType::edits, static_cast<std::uint64_t>(i) + 2, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{i, i, 1, line(i)}}}});
}

constexpr std::int64_t day_ms = 86'400'000;

// Nobody has touched it for a year, and what it holds is as old.
bool add_old(World& world) {
  auto path = world.paths.drafts() + "/old.journal";
  auto at = wall_now().ms - 365 * day_ms;
  DraftAppender appender(world.disk, {path, "", ""});
  auto bytes = frame(DraftType::editor, 1, Value::Map{{"id", "old"}, {"pid", 1}}) +
               frame(DraftType::text, 2, Value::Map{{"buffer", "o"}, {"scan", 1}, {"part", 0}, {"final", true}, {"text", "old"}, {"path", "/w/old"}, {"at", at}});
  const timespec then[2] = {{at / 1000, 0}, {at / 1000, 0}};
  return appender.append(bytes) && appender.appender()->sync() && ::utimensat(AT_FDCWD, path.c_str(), then, 0) == 0;
}

std::string long_text() { return std::string(40'000, 'x') + "\nend"; }

// As an editor leaves it that found no room in the first place.
bool add_beside(World& world) {
  auto path = world.paths.drafts_second() + "/texts/w.1";
  if (!world.disk.make_directory(directory_part(path)) || !world.disk.replace(path, long_text() + "\n")) return false;
  auto bytes = frame(DraftType::editor, 1, Value::Map{{"id", "w"}, {"pid", 1}}) +
               frame(DraftType::whole, 2, Value::Map{{"buffer", "b"}, {"text_file", "w.1"}, {"bytes", long_text().size()}, {"sum", crc32c(long_text())}});
  for (std::uint64_t seq = 3; seq < 8; ++seq)
    bytes += frame(DraftType::edits, seq, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{1, 2, 1, std::string(20'000, 'y')}}}});
  bytes += frame(DraftType::edits, 8, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{1, 2, 1, "end"}}}});
  DraftAppender appender(world.disk, {world.paths.drafts() + "/w.journal", "", ""});
  return appender.append(bytes) && appender.appender()->sync();
}

int seed() {
  World world;
  auto first = frame(DraftType::editor, 1, Value::Map{{"id", "c"}, {"pid", 1}}) +
               frame(DraftType::text, 2, Value::Map{{"buffer", "b"}, {"scan", 1}, {"part", 0}, {"final", true}, {"text", "line 0 "}, {"path", "/w/file"}});
  if (!world.appender.append(first) || !world.appender.appender()->sync() || !add_old(world) || !add_beside(world)) return 1;
  return make_draft_reserve(world.disk, world.places.reserve).ok() ? 0 : 1;
}

bool synced(World& world) { return world.appender.appender()->sync().ok() || world.appender.renew().ok(); }

// Nobody's promise, but it must not harm.
void housekeeping(World& world, int i) {
  if (i % 16 == 5) (void)world.drafts.compact("c", 1);
  if (i % 16 == 9) (void)make_draft_reserve(world.disk, world.places.reserve);
  if (i % 16 == 3) (void)world.drafts.move_home();
  if (i % 16 == 11) (void)world.drafts.compact("w", 1), (void)world.drafts.sync("w");
  if (i % 16 == 13) (void)world.drafts.forget("/w/none");
  // At two looks a day apart.
  if (i % 16 == 2 || i % 16 == 6) (void)world.drafts.expire(Milliseconds(30 * day_ms), {wall_now().ms + (i % 16 == 6 ? 2 * day_ms : 0)});
}

int run() {
  World world;
  std::string waiting;
  for (int i = 1; i <= lines; ++i) {
    waiting += record(i);
    bool added = world.appender.append(waiting).ok();
    if (added) waiting.clear();
    bool durable = added && i % 2 == 0 && synced(world);
    if (i % 2 == 0) std::printf("%s %d\n", durable ? "ACK" : "ERR", i), std::fflush(stdout);
    housekeeping(world, i);
  }
  return 0;
}

int last_acknowledged() {
  std::ifstream out(std::getenv("CP_OUT"));
  std::string word;
  int last = 0;
  for (int i = 0; out >> word >> i;)
    if (word == "ACK") last = i;
  return last;
}

int lost(const std::string& what) {
  std::fprintf(stderr, "    %s\n", what.c_str());
  return 1;
}

int verify() {
  World world;
  auto bytes = world.disk.read(world.places.path, draft_journal_limit);
  if (!bytes) return lost(bytes.error().what);
  auto journal = replay({*bytes});
  auto found = journal.buffers.find("b");
  if (found == journal.buffers.end() || !found->second.lines) return lost("the text is gone");
  const auto& text = *found->second.lines;
  auto there = static_cast<int>(text.size()) - 1;
  for (int i = 0; i <= there; ++i)
    if (text.line(static_cast<std::size_t>(i)) != (i == 0 ? "line 0 " : line(i))) return lost(cat("line ", i, " is another one"));
  if (there < last_acknowledged()) return lost(cat("line ", last_acknowledged(), " was acknowledged, ", there, " are there"));
  if (journal.damaged_bytes > 0) return lost("bytes in the middle are damaged");
  // What was left is not in the way of the next one.
  if (!world.appender.append(record(there + 1))) return lost("nothing can be added any more");
  auto again = world.disk.read(world.places.path, draft_journal_limit);
  if (!again || static_cast<int>(replay({*again}).buffers.at("b").lines->size()) != there + 2) return lost("what was added is not there");
  if (!world.drafts.list({})) return lost("the drafts cannot be listed");
  auto beside = world.drafts.take(Drafts::id_of("w", "b"));
  if (!beside || world.disk.read((*beside)["file"].text_or(""), draft_journal_limit).value_or("") != long_text()) return lost("the text beside a journal is another one");
  const char* mode = std::getenv("CP_MODE");
  return mode && mode == std::string("EINTR") && there != lines ? lost("an interruption was taken for an error") : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !std::getenv("CP_STATE") || !std::getenv("CP_OUT")) return 3;
  std::string act = argv[1];
  return act == "seed" ? seed() : act == "run" ? run() : verify();
}
