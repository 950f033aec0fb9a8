// kra handoff: a workspace goes from one machine to another through a directory that both see. Whoever pushes says what he saw last, so that nobody's
// newer state is replaced unseen; whoever pulls gets a generation on top of his own, which stay.
#include "base/checksum.hpp"
#include "base/version.hpp"
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/audit.hpp"
#include "engine/import.hpp"
#include "os/process.hpp"
#include "os/scan.hpp"

namespace kra::cli {
namespace {

// What this machine knows of a shared directory: which one, and what it last put or found there, by name.
struct Shared {
  std::string directory;
  std::string file;   // of the save there
  std::string known;  // where the hash of its bytes stands that we know
};

std::string chosen_file(const Context& context) { return context.paths.handoff() + "/directory"; }

Result<std::string> directory_of(const Call& call, Context& context) {
  if (call.has("via")) {
    auto directory = real_path(call.value("via"));
    if (directory.empty()) return Error{Fault::not_found, cat("handoff: no directory ", printable(call.value("via")))};
    return directory;
  }
  auto chosen = context.disk.read(chosen_file(context), 1U << 16);
  if (!chosen && chosen.error().fault == Fault::not_found)
    return Error{Fault::usage, "handoff: through which directory? kra handoff push --via DIR; it is remembered"};
  return chosen;
}

Result<Shared> shared_of(const Call& call, Context& context, const std::string& name) {
  Shared shared{.directory = TRY(directory_of(call, context))};
  if (!context.disk.info(shared.directory)) return Error{Fault::not_found, cat("handoff: ", printable(shared.directory), " is not there; --via names another directory")};
  shared.file = cat(shared.directory, "/", name, ".kra");
  shared.known = cat(context.paths.handoff(), "/", directory_name(cat(context.server.socket, "\n", shared.file)));
  return shared;
}

Result<void> remember(Context& context, const Shared& shared, const std::string& bytes) {
  TRY(context.disk.make_directory(context.paths.handoff()));
  TRY(context.disk.replace(shared.known, hex(hash64(bytes), 16)));
  return context.disk.replace(chosen_file(context), shared.directory);
}

bool is_known(Context& context, const Shared& shared, const std::string& bytes) {
  const auto known = context.disk.read(shared.known, 64);
  return known && *known == hex(hash64(bytes), 16);
}

ExitCode push(const Call& call, Console& console, Context& context, History& history, const std::string& name) {
  OR_FAIL(existing_save(history, name));
  const auto shared = OR_FAIL(shared_of(call, context, name));
  auto generation = OR_FAIL(history.newest(name));
  const auto bytes = OR_FAIL(serialise(generation));
  const auto there = context.disk.read(shared.file, stored_limit);
  if (!there && there.error().fault != Fault::not_found) return fail(console, there.error());
  if (there && *there == bytes) return OR_FAIL(remember(context, shared, bytes)), console.line("unchanged: ", printable(shared.file)), ExitCode::done;
  if (there && !is_known(context, shared, *there) && !call.has("force"))
    return fail(console, {Fault::conflict, cat(printable(shared.file), " is not what was seen last; `kra handoff pull ", printable(name), "` takes it in, --force replaces it")});
  OR_FAIL(context.disk.replace(shared.file, bytes));
  OR_FAIL(remember(context, shared, bytes));
  note_act(context.disk, context.paths, "handoff", cat("push ", name, "@", generation.stamp.generation, " to ", shared.file));
  console.line("pushed ", printable(name), "@", generation.stamp.generation, " to ", printable(shared.file), ": ", text_of(count(generation.workspace)));
  return ExitCode::done;
}

ExitCode pull(const Call& call, Console& console, Context& context, History& history, const std::string& name) {
  const auto shared = OR_FAIL(shared_of(call, context, name));
  const auto bytes = context.disk.read(shared.file, stored_limit);
  if (!bytes && bytes.error().fault == Fault::not_found)
    return console.say(cat("nothing to pull: there is no ", printable(shared.file), "; `kra handoff push` on the other machine makes it")), ExitCode::nothing;
  if (!bytes) return fail(console, bytes.error());
  if (is_known(context, shared, *bytes)) return console.line("nothing new in ", printable(shared.file)), ExitCode::done;
  auto read = deserialise(*bytes);
  if (!read) return fail(console, std::move(read.error()).within(shared.file));
  auto generation = as_import(std::move(*read));
  generation.stamp.message = cat("from ", generation.workspace.host);
  generation.stamp.saved_at = wall_now().ms;
  generation.stamp.release = std::string(version());
  const auto before = history.latest(name);
  const auto written = OR_FAIL(history.write(name, generation.workspace, generation.stamp, Patience::of(Milliseconds(10'000))));
  OR_FAIL(remember(context, shared, *bytes));
  note_act(context.disk, context.paths, "handoff", cat("pull ", name, "@", written.generation, " from ", shared.file));
  console.line("pulled ", printable(name), "@", written.generation, " from ", printable(generation.workspace.host), ": ", text_of(count(generation.workspace)),
               "; `kra restore ", printable(name), "` brings it back", before ? cat(", ", printable(name), "@", before->stamp.generation, " was here before") : "");
  return ExitCode::done;
}

ExitCode run_handoff(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  const auto name = call.arguments.size() > 1 ? call.argument(1) : OR_FAIL(history.current_name());
  OR_FAIL(check_save_name(name));
  return call.argument(0) == "push" ? push(call, console, context, history, name) : pull(call, console, context, history, name);
}

}  // namespace

CommandRow handoff_command() {
  return {.name = "handoff",
          .group = Group::history,
          .usage = "push|pull [NAME]",
          .summary = "hand a save over to another machine, or take it from there",
          .detail = "Goes through a directory that both machines see (a network or a synchronised\n"
                    "one), as NAME.kra. `push` writes the newest generation; what another machine\n"
                    "pushed and this one has not pulled is not replaced (exit 4). `pull` adds it to\n"
                    "the history of NAME here, so nothing is lost, and nothing in it is started\n"
                    "unasked. Whoever can read the directory can read the save.",
          .examples = "kra handoff push --via ~/Sync\nkra handoff pull --via ~/Sync\nkra restore",
          .flags = {{0, "via", "DIR", "the directory; remembered for the next time", Completes::file}, {0, "force", "", "of push: replace what is there"}},
          .arguments = {{"ACTION", "what to do", "push|pull"}, {"NAME", "a save, else the current one", "", Completes::save}},
          .least = 1,
          .most = 2,
          .server = true,
          .run = run_handoff};
}

}  // namespace kra::cli
