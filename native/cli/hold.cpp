// kra hold, pause, resume, write: how other programs take part in syncs. Nobody has to, for nothing to be lost.
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "cli/failure.hpp"
#include "cli/sync_context.hpp"
#include "cli/table.hpp"
#include "engine/sync_pause.hpp"
#include "os/job.hpp"

namespace kra::cli {
namespace {

constexpr std::int64_t longest_pause_s = 3600;

// The command inherits the lock, so that it holds as long as the command runs, whatever becomes of us.
ExitCode run_hold(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  const auto place = place_of(context, "");
  // No sync comes to where no repository is, so a script that holds works there too.
  if (!place) return console.flush(), fail(console, become({.argv = call.arguments}));
  const auto lock = OR_FAIL(hold_tree(context.disk, context.paths, place->root, Patience::of(Milliseconds(30'000))));
  // For the snapshots that are taken meanwhile; a hint, no more.
  (void)context.disk.replace(sync_directory(context.paths, place->root) + "/hold-reason", call.value("reason").empty() ? call.arguments.front() : call.value("reason"));
  const Fd kept(::dup(lock.fd()));  // without close-on-exec
  console.flush();
  return fail(console, become({.argv = call.arguments}));
}

ExitCode run_pause(const Call& call, Console& console) {
  const auto seconds = call.value("ttl").empty() ? std::optional<std::int64_t>(60) : parse_int(call.value("ttl"));
  if (!seconds || *seconds < 1 || *seconds > longest_pause_s) return fail(console, {Fault::usage, cat("--ttl takes seconds, at most ", longest_pause_s)});
  auto context = OR_FAIL(context_of(call));
  const auto place = OR_FAIL(place_of(context, ""));
  const auto pause = OR_FAIL(pause_tree(context.disk, context.paths, place.root, Milliseconds(*seconds * 1000), call.value("reason")));
  console.line(pause.id);
  return ExitCode::done;
}

ExitCode run_resume(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  const auto place = OR_FAIL(place_of(context, ""));
  if (OR_FAIL(resume_tree(context.disk, context.paths, place.root, call.argument(0))) > 0) return ExitCode::done;
  console.say("nothing is paused");
  return ExitCode::nothing;
}

Result<std::string> standard_input() {
  std::string bytes;
  char part[65536];
  while (true) {
    const auto got = ::read(STDIN_FILENO, part, sizeof part);
    if (got == 0) return bytes;
    if (got < 0 && errno != EINTR) return Error{Fault::io, "standard input cannot be read"};
    if (got > 0) bytes.append(part, static_cast<std::size_t>(got));
  }
}

Result<std::string> hash_of(const Git& git, const std::string& bytes) {
  auto text = TRY(git.ask({.arguments = {"hash-object", "--stdin", "--no-filters"}, .input = bytes}, sync_patience()));
  return text.substr(0, text.find('\n'));
}

ExitCode run_write(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  const auto path = call.argument(0), base = call.value("base");
  if (base.empty()) return fail(console, {Fault::usage, "write needs --base: the hash of what the file was (`git hash-object FILE`), or `none`"});
  const auto directory = path.find('/') == std::string::npos ? std::string(".") : directory_part(path.starts_with('/') ? path : "./" + path);
  const auto place = OR_FAIL(place_of(context, directory));
  char resolved[PATH_MAX];
  if (!::realpath(directory.c_str(), resolved)) return fail(console, {Fault::not_found, cat(printable(directory), " is not there")});
  const std::string_view below(resolved);
  auto inside = below.size() > place.root.size() ? cat(below.substr(place.root.size() + 1), "/", name_part("/" + path)) : name_part("/" + path);
  auto store = OR_FAIL(store_of(context, place));
  const auto bytes = OR_FAIL(standard_input());
  auto now = store.tree().read(inside, 1ULL << 30, Patience::of(Milliseconds(2000)));
  if (!now && now.error().fault != Fault::not_found) return fail(console, now.error());
  const auto there = now ? OR_FAIL(hash_of(store.git(), now->bytes)) : std::string("none");
  if (there != base) return console.say(cat(printable(path), " is not what it was: it is ", there)), ExitCode::decision;
  const WantedFile wanted{.bytes = bytes, .executable = now && now->look.executable()};
  if (auto put = store.tree().put(inside, wanted, now ? std::optional(*now) : std::nullopt, store.new_slot()); !put) return fail(console, put.error());
  console.line(OR_FAIL(hash_of(store.git(), bytes)));
  return ExitCode::done;
}

}  // namespace

CommandRow hold_command() {
  return {.name = "hold",
          .group = Group::plumbing,
          .usage = "-- CMD...",
          .summary = "let syncs wait while a command changes several files",
          .detail = "What a sync writes into this work tree waits until the command has ended, at\n"
                    "most sync.pause_max. Snapshots never wait. Outside a repository the command just\n"
                    "runs.",
          .examples = "kra hold -- make generate",
          .flags = {{0, "reason", "WHY", "what is being done"}},
          .arguments = {{"CMD", "the command and its arguments"}},
          .least = 1,
          .most = any_number,
          .run = run_hold};
}

CommandRow pause_command() {
  return {.name = "pause",
          .group = Group::plumbing,
          .usage = "",
          .summary = "let syncs wait until `kra resume`, or for a while",
          .detail = "For what cannot be put into `kra hold`. Prints an id. It ends by itself.",
          .examples = "id=$(kra pause --ttl 30); …; kra resume $id",
          .flags = {{0, "ttl", "SECONDS", "when it ends by itself (60)"}, {0, "reason", "WHY", "what is being done"}},
          .run = run_pause};
}

CommandRow resume_command() {
  return {.name = "resume",
          .group = Group::plumbing,
          .usage = "[ID]",
          .summary = "end a pause",
          .detail = "Without an id all pauses of this work tree. Ends with 3 when there is none.",
          .arguments = {{"ID", "what `kra pause` printed"}},
          .most = 1,
          .run = run_resume};
}

CommandRow write_command() {
  return {.name = "write",
          .group = Group::plumbing,
          .usage = "PATH --base HASH",
          .summary = "write a file if it still is what it was",
          .detail = "The new bytes come from standard input. HASH is what `git hash-object PATH`\n"
                    "says of the version that they were made from, `none` where there was no file.\n"
                    "Prints the new hash. Ends with 4, and writes nothing, when the file is not\n"
                    "what it was.",
          .examples = "sed s/a/b/ f | kra write f --base $(git hash-object f)",
          .flags = {{0, "base", "HASH", "of what is there, or none"}},
          .arguments = {{"PATH", "the file", "", Completes::file}},
          .least = 1,
          .most = 1,
          .run = run_write};
}

}  // namespace kra::cli
