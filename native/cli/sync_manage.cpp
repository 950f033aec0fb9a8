// kra sync enable, disable, status, and what deals with snapshots and conflicts.
#include <unistd.h>

#include <algorithm>

#include "base/record.hpp"
#include "cli/asking.hpp"
#include "cli/failure.hpp"
#include "cli/sync_context.hpp"
#include "engine/audit.hpp"
#include "engine/rollback.hpp"
#include "engine/sync_pause.hpp"
#include "engine/sync_run.hpp"
#include "os/terminal.hpp"

namespace kra::cli {
namespace {

std::string first_of(const std::vector<std::string>& arguments) { return arguments.empty() ? std::string() : arguments.front(); }

// The shell's directory is where the user means.
std::string full_name(const std::string& file) {
  char here[4096];
  return file.starts_with('/') ? file : cat(::getcwd(here, sizeof here) ? here : ".", "/", file);
}

bool agreed(const Call& call, Console& console, const SyncRecord& record) {
  if (record.mode != "track" || call.has("yes")) return true;
  auto terminal = Terminal::on(STDIN_FILENO);
  console.flush();
  if (!terminal) return false;
  const auto key = terminal->ask(cat("kra: every sync will commit to ", printable(record.branch), " and push it to ", printable(record.url), "\n     Go on? [y/N] "));
  console.line("");
  return key && (*key == 'y' || *key == 'Y');
}

Value value_of(const SnapshotMeta& meta) {
  return Value::Map{{"id", meta.id},       {"at", rfc3339({meta.at})}, {"reason", meta.reason},       {"head", meta.head},       {"branch", meta.branch},
                    {"files", meta.files}, {"changed", meta.changed},  {"operation", meta.operation}, {"held_by", meta.held_by}, {"skipped", to_value(meta.skipped)}};
}

}  // namespace

ExitCode run_sync_enable(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto place = OR_FAIL(place_of(context, first_of(arguments)));
  const auto mode = call.value("mode").empty() ? std::string("shadow") : call.value("mode");
  const auto record = OR_FAIL(new_record(context.disk, place, mode));
  if (!agreed(call, console, record)) {
    console.say(cat("not enabled: `track` commits to ", printable(record.branch), " and pushes to ", printable(record.url), "; --yes agrees to that"));
    return ExitCode::decision;
  }
  OR_FAIL(write_record(context.disk, context.paths, record));
  console.line("enabled: ", printable(record.root), " with ", printable(record.url), record.mode == "track" ? cat(", moving ", printable(record.branch)) : ", your branch and index stay as they are");
  return ExitCode::done;
}

ExitCode run_sync_disable(const Call&, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto place = OR_FAIL(place_of(context, first_of(arguments)));
  OR_FAIL(remove_record(context.disk, context.paths, place.root));
  console.line("disabled: ", printable(place.root), "; its snapshots are kept");
  return ExitCode::done;
}

ExitCode run_sync_status(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto place = OR_FAIL(place_of(context, first_of(arguments)));
  const auto record = read_record(context.disk, context.paths, place);
  const auto last = last_report(context.disk, context.paths, place.root);
  const auto pauses = pauses_of(context.disk, sync_directory(context.paths, place.root));
  const auto settings = OR_FAIL(context.settings());
  auto next = decide_sync(facts_of(context.disk, context.paths, place.root), settings.settings.sync, wall_now());
  // A daemon knows what has changed since.
  Value told;
  if (const auto daemon = ask_daemon(context, Start::never, "status", Value::Map{}, Milliseconds(2000)); daemon && *daemon && (**daemon)["syncs"].array())
    for (const auto& row : *(**daemon)["syncs"].array())
      if (row["root"].text_or("") == place.root) told = row;
  if (told.map()) next.why = told["why"].text_or("");
  if (const auto at = told.map() ? parse_when(told["next_at"].text_or(""), wall_now()) : std::nullopt) next.next_at = at->ms;
  if (call.json()) {
    Value::Map status{{"root", place.root}, {"enabled", record.ok()}, {"mode", record ? record->mode : ""}, {"url", record ? record->url : ""}, {"problem", record ? "" : record.error().what}};
    auto value = last ? to_value(*last) : Value();
    if (last) value.set("at", rfc3339({last->at}));
    status.emplace_back("last", std::move(value));
    status.emplace_back("why", next.why);
    status.emplace_back("next_at", next.next_at == 0 ? "" : rfc3339({next.next_at}));
    status.emplace_back("dirty_files", told["dirty_files"].number_or(0));
    status.emplace_back("pauses", to_value(pauses));
    console.json(std::move(status));
    return ExitCode::done;
  }
  if (!record) return console.line(printable(record.error().what)), ExitCode::done;
  console.line(printable(place.root), ": ", record->mode, " with ", printable(record->url));
  if (last) console.line("last sync ", ago({last->at}, wall_now()), ": "), tell(console, *last);
  else console.line("never synced");
  console.line("next sync: ", next.next_at == 0 ? "" : cat(rfc3339({next.next_at}).substr(11, 8), ", "), next.why);
  for (const auto& pause : pauses) console.line("paused by ", pause.id, pause.reason.empty() ? "" : cat(": ", printable(pause.reason)));
  return ExitCode::done;
}

// By the daemon when nothing is asked that only a store at hand can give.
static Result<SnapshotMeta> snapshot_of(const Call& call, Context& context, const RepositoryPlace& place, const Settings& settings) {
  const auto holder = held_by(context.disk, context.paths, place.root);
  if (!call.has("ignored") && call.value("bundle").empty())
    if (auto said = done_by_daemon(context, "snapshot_now", place.root, Value::Map{{"held_by", holder}})) {
      if (!*said) return std::move(said->error());
      SnapshotMeta meta;
      TRY(from_value((**said)["snapshot"], meta));
      return meta;
    }
  TRY(has_git());
  auto store = TRY(store_of(context, place));
  const auto taken = TRY(take_snapshot(store, {.held_by = holder, .ignored = call.has("ignored")}, sync_patience()));
  TRY(thin_snapshots(store, static_cast<std::uint64_t>(settings.sync.snapshots_kept), settings.history.daily_for, wall_now(), sync_patience()));
  if (!call.value("bundle").empty()) TRY(bundle_snapshot(store, taken.meta, full_name(call.value("bundle")), sync_patience()));
  return taken.meta;
}

ExitCode run_sync_snapshot(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto place = OR_FAIL(place_of(context, first_of(arguments)));
  OR_FAIL(read_record(context.disk, context.paths, place));
  const auto settings = OR_FAIL(context.settings());
  const auto meta = OR_FAIL(snapshot_of(call, context, place, settings.settings));
  if (call.json()) console.json(value_of(meta));
  else console.line("snapshot ", meta.id, ": ", meta.files, " files, ", meta.changed, " differ from HEAD");
  for (const auto& skipped : meta.skipped) console.say(cat(skipped.path, " is not in it: ", skipped.why));
  return ExitCode::done;
}

ExitCode run_sync_snapshots(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto place = OR_FAIL(place_of(context, first_of(arguments)));
  auto store = OR_FAIL(store_of(context, place));
  std::vector<std::vector<std::string>> rows;
  for (const auto& meta : OR_FAIL(list_snapshots(store, sync_patience()))) {
    if (call.json()) console.json(value_of(meta));
    else rows.push_back({meta.id, ago({meta.at}, wall_now()), meta.reason, meta.branch.empty() ? meta.head.substr(0, 12) : printable(meta.branch), cat(meta.changed, " changed")});
  }
  if (!call.json()) console.out(aligned(rows));
  return ExitCode::done;
}

ExitCode run_sync_cleanup(const Call&, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto kept = parse_int(first_of(arguments));
  if (!kept || *kept < 0) return fail(console, {Fault::usage, "cleanup needs the number of snapshots to keep"});
  const auto place = OR_FAIL(place_of(context, arguments.size() > 1 ? arguments[1] : ""));
  auto store = OR_FAIL(store_of(context, place));
  console.line(OR_FAIL(clean_snapshots(store, static_cast<std::uint64_t>(*kept), sync_patience())), " snapshots forgotten");
  return ExitCode::done;
}

static ExitCode go_back(Context& context, Console& console, SyncStore& store, const SnapshotMeta& target) {
  const auto device = OR_FAIL(device_name(context.disk, context.paths));
  const auto done = OR_FAIL(roll_back(store, target, device, sync_patience()));
  note_act(context.disk, context.paths, "rollback", cat(store.place().root, ": to ", target.id, ", undone by ", done.undo_id));
  console.line("back at ", target.id, ": ", done.files, " files changed; `kra sync undo` goes back before that");
  for (const auto& left : done.left) console.say(cat(left.path, " is as it was: ", left.why));
  return done.left.empty() ? ExitCode::done : ExitCode::decision;
}

ExitCode run_sync_rollback(const Call&, Context& context, Console& console, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return fail(console, {Fault::usage, "rollback needs the id of a snapshot, or a bundle of one; `kra sync snapshots` lists them"});
  const auto place = OR_FAIL(place_of(context, arguments.size() > 1 ? arguments[1] : ""));
  OR_FAIL(read_record(context.disk, context.paths, place));
  auto store = OR_FAIL(store_of(context, place));
  const bool bundled = arguments.front().ends_with(".bundle") || arguments.front().find('/') != std::string::npos;
  const auto target = bundled ? take_in_bundle(store, full_name(arguments.front()), sync_patience()) : find_snapshot(store, arguments.front(), sync_patience());
  if (!target && target.error().fault == Fault::not_found) return console.say(target.error().what), ExitCode::nothing;
  if (!target) return fail(console, target.error());
  return go_back(context, console, store, *target);
}

ExitCode run_sync_undo(const Call&, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto place = OR_FAIL(place_of(context, first_of(arguments)));
  OR_FAIL(read_record(context.disk, context.paths, place));
  auto store = OR_FAIL(store_of(context, place));
  for (const auto& meta : OR_FAIL(list_snapshots(store, sync_patience())))
    if (meta.reason == "rollback" || meta.reason == "sync") return go_back(context, console, store, meta);
  console.say("nothing to undo: no sync wrote anything here");
  return ExitCode::nothing;
}

ExitCode run_sync_conflicts(const Call& call, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto place = OR_FAIL(place_of(context, ""));
  auto store = OR_FAIL(store_of(context, place));
  const auto list = OR_FAIL(list_conflicts(store, sync_patience()));
  const auto word = first_of(arguments);
  if (word.empty() || word == "list") {
    for (const auto& conflict : list) {
      if (call.json()) console.json(to_value(conflict));
      else console.line(conflict.id, "  ", printable(conflict.path), "  ", conflict.what, conflict.copy.empty() ? "" : cat("; theirs is ", printable(conflict.copy)));
    }
    return ExitCode::done;
  }
  const auto id = arguments.size() > 1 ? arguments.back() : "";
  const auto found = std::find_if(list.begin(), list.end(), [&](const ConflictRecord& conflict) { return conflict.id == id || conflict.path == id; });
  if (found == list.end()) return console.say(cat("no conflict ", printable(id), "; `kra sync conflicts` lists them")), ExitCode::nothing;
  if (word == "show") {
    for (const auto& [name, entry] : {std::pair("base", &found->base), std::pair("ours", &found->ours), std::pair("theirs", &found->theirs)}) {
      if (!*entry) continue;
      const auto bytes = OR_FAIL(read_blobs(store.git(), {entry->oid}, sync_patience()));
      if (call.json()) console.json(Value::Map{{"path", found->path}, {"side", name}, {"mode", entry->mode}, {"oid", entry->oid}, {"text", bytes.front()}});
      else console.line("--- ", name), console.out(bytes.front());
    }
    return ExitCode::done;
  }
  const auto side = arguments.size() > 2 ? arguments[1] : "";
  if (word != "take" || (side != "ours" && side != "theirs" && side != "both"))
    return fail(console, {Fault::usage, "conflicts takes list, show ID, or take ours|theirs|both ID"});
  OR_FAIL(take_side(store, *found, side == "ours" ? Choice::ours : side == "theirs" ? Choice::theirs : Choice::both, sync_patience()));
  console.line("took ", side, " for ", printable(found->path));
  return ExitCode::done;
}

// A daemon that runs is told; one that does not run is started only where it is to do something.
static void tell_daemon(Context& context, Console& console, Start start) {
  auto told = ask_daemon(context, start, "sync_reload", Value::Map{}, Milliseconds(5000));
  if (start == Start::if_needed && (!told || !*told)) console.say("no daemon could be had: it begins with the next one");
}

ExitCode run_sync_start(const Call&, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto place = OR_FAIL(place_of(context, first_of(arguments)));
  OR_FAIL(read_record(context.disk, context.paths, place));
  const auto settings = OR_FAIL(context.settings());
  OR_FAIL(schedule_root(context.disk, context.paths, place.root, true));
  tell_daemon(context, console, Start::if_needed);
  console.line(printable(place.root), " is synced by itself every ", duration_text(settings.settings.sync.interval.count()));
  return ExitCode::done;
}

ExitCode run_sync_stop(const Call&, Context& context, Console& console, const std::vector<std::string>& arguments) {
  const auto place = OR_FAIL(place_of(context, first_of(arguments)));
  OR_FAIL(schedule_root(context.disk, context.paths, place.root, false));
  tell_daemon(context, console, Start::never);
  console.line(printable(place.root), " is synced when you ask for it");
  return ExitCode::done;
}

ExitCode run_sync_emergency_stop(const Call&, Context& context, Console& console, const std::vector<std::string>&) {
  std::size_t count = 0;
  for (const auto& record : all_records(context.disk, context.paths)) {
    OR_FAIL(schedule_root(context.disk, context.paths, record.root, false));
    ++count;
  }
  // Its end asks the sync that runs to end at its next step; saves are written first.
  (void)ask_daemon(context, Start::never, "stop", Value::Map{}, Milliseconds(5000));
  console.line("no sync happens by itself any more (", count, " work trees); `kra sync start` in each begins again");
  return ExitCode::done;
}

}  // namespace kra::cli
