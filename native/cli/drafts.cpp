// kra drafts: unsaved text of editors, living and dead; what to do with it. Works with and without a daemon.
#include <cstdlib>

#include "cli/asking.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/draft_file.hpp"
#include "engine/drafts.hpp"

namespace kra::cli {

static constexpr std::uint64_t text_limit = 1ULL << 30;

static std::string absolute(const std::string& path) {
  if (path.empty() || path.starts_with('/')) return path;
  char* here = ::realpath(".", nullptr);
  auto out = cat(here ? here : "", "/", path);
  std::free(here);
  return out;
}

static Result<Value> listed(const Call& call, Context& context) {
  auto path = absolute(call.value("path"));
  Value param = Value::Map{{"all", call.has("all")}, {"path", path}};
  // Only the daemon knows who has gone silent.
  auto answer = ask_daemon(context, Start::never, "drafts", param, Milliseconds(10'000));
  // One that is busy, with texts of 100 MB perhaps, is not waited for: the files are there.
  if (!answer && answer.error().fault != Fault::timed_out) return std::move(answer.error());
  if (answer && *answer) return std::move(**answer);
  DraftQuery query;
  query.path = path;
  query.all = call.has("all");
  return Drafts(context.disk, context.paths).list(query);
}

static std::string name_of(const Value& row) {
  auto path = row["path"].text_or("");
  if (!path.empty()) return printable(path);
  auto name = row["name"].text_or("");
  return name.empty() ? "(unnamed)" : printable(name);
}

static ExitCode run_list(const Call& call, Console& console, Context& context) {
  auto answer = OR_FAIL(listed(call, context));
  if (call.json()) return console.json(answer), ExitCode::done;
  const auto& rows = *answer["drafts"].array();
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    auto preview = row["preview"].text_or("");
    auto marks = cat(row["changed_on_disk"].flag_or(false) ? " file changed" : "", row["damaged"].flag_or(false) ? " incomplete" : "");
    cells.push_back({console.bold(row["id"].text_or("").substr(0, 8)), row["state"].text_or(""), ago({row["at"].number_or(0)}, wall_now()),
                     row["base_only"].flag_or(false) ? "edits" : size_text(static_cast<std::uint64_t>(row["bytes"].number_or(0))), cat(name_of(row), marks),
                     console.faint(preview.substr(0, std::min<std::size_t>(preview.find('\n'), 60)))});
  }
  if (rows.empty()) console.say("no unsaved text that waits for anybody");
  for (const auto& damage : *answer["damaged"].array())
    console.say(cat(printable(damage["file"].text_or("")), ": ", damage["bytes"].number_or(0), " bytes are damaged and ", damage["records"].number_or(0),
                    " records are missing; what is whole around them is used"));
  return console.out(aligned(cells)), ExitCode::done;
}

// The text of a draft and what is known about it.
static Result<std::pair<std::string, Value>> taken(Context& context, const std::string& id) {
  auto meta = TRY(Drafts(context.disk, context.paths).take(id));
  if (meta["base_only"].flag_or(false))
    return Error{Fault::refused, cat("only what was changed in ", printable(meta["path"].text_or("")), " is known; `:Kra drafts` in Neovim puts it together")};
  auto text = TRY(context.disk.read(meta["file"].text_or(""), text_limit));
  return std::pair{std::move(text), std::move(meta)};
}

static ExitCode run_show(const Call& call, Console& console, Context& context) {
  auto [text, meta] = OR_FAIL(taken(context, call.argument(1)));
  if (call.json()) {
    meta.set("text", text);
    return console.json(meta), ExitCode::done;
  }
  console.out(text);
  if (!text.empty()) console.out("\n");
  return ExitCode::done;
}

static ExitCode run_discard(const Call& call, Console& console, Context& context) {
  OR_FAIL(Drafts(context.disk, context.paths).end(call.argument(1), "discarded", wall_now()));
  console.say("discarded; `kra drafts --all` lists it until it expires");
  return ExitCode::done;
}

static ExitCode run_recover(const Call& call, Console& console, Context& context) {
  if (call.arguments.size() < 3) return fail(console, {Fault::usage, "drafts recover: needs the file to write to: kra drafts recover ID FILE"});
  auto [text, meta] = OR_FAIL(taken(context, call.argument(1)));
  auto bytes = OR_FAIL(draft_file(text, meta));
  // A file that is there stays as it is: exit 4.
  OR_FAIL(context.disk.create(absolute(call.argument(2)), bytes));
  OR_FAIL(Drafts(context.disk, context.paths).end(meta["id"].text_or(""), "recovered", wall_now()));
  return ExitCode::done;
}

static ExitCode run_drafts(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto what = call.arguments.empty() ? "list" : call.argument(0);
  if (what == "list") return run_list(call, console, context);
  bool known = what == "show" || what == "discard" || what == "recover";
  if (!known) return fail(console, {Fault::usage, cat("drafts: ", printable(what), " is none of list, show, discard, recover")});
  if (call.arguments.size() < 2) return fail(console, {Fault::usage, cat("drafts ", what, ": needs the ID of a draft; `kra drafts` lists them")});
  if (what == "show") return run_show(call, console, context);
  return what == "discard" ? run_discard(call, console, context) : run_recover(call, console, context);
}

CommandRow drafts_command() {
  return {.name = "drafts",
          .usage = "[list | show ID | discard ID | recover ID FILE]",
          .summary = "list unsaved text of editors, and take it back",
          .detail = "open: its editor lives. left: its editor has ended. abandoned: its editor is\n"
                    "stopped, stuck or on a machine that is gone. discarded, recovered: shown with\n"
                    "--all until they expire (drafts.max_age). The beginning of an ID is enough.\n"
                    "recover writes a new file as the editor would have; one that is there stays\n"
                    "as it is (exit 4). `:Kra drafts` in Neovim does all of this with undo and diff.",
          .examples = "kra drafts\nkra drafts show 3fa9\nkra drafts recover 3fa9 notes.txt",
          .flags = {{'a', "all", "", "discarded and recovered ones too"}, {0, "path", "FILE", "of this file only", Completes::file}},
          .arguments = {{"WHAT", "list when nothing is given", "list|show|discard|recover", Completes::choice},
                        {"ID", "a draft, as the list names it"},
                        {"FILE", "to be made", "", Completes::file}},
          .most = 3,
          .json = true,
          .run = run_drafts};
}

static ExitCode run_draft_take(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  console.json(OR_FAIL(Drafts(context.disk, context.paths).take(call.argument(0))));
  return ExitCode::done;
}

CommandRow draft_take_command() {
  return {.name = "draft-take",
          .group = Group::plumbing,
          .usage = "ID",
          .summary = "put a draft's text into a file, for Neovim without a daemon",
          .detail = "Prints one line of JSON that names the file.",
          .arguments = {{"ID", "a draft"}},
          .least = 1,
          .most = 1,
          .hidden = true,
          .run = run_draft_take};
}

}  // namespace kra::cli
