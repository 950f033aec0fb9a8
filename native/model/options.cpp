// The one table of settings, and how a single value is read and written.
#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "model/config.hpp"

namespace kra {

static Milliseconds duration_of(const Value& value) {
  if (value.number()) return Milliseconds(*value.number());
  return parse_duration(value.text_or("")).value_or(Milliseconds(0));
}

static std::vector<std::string> texts_of(const Value& value) {
  std::vector<std::string> texts;
  if (value.array())
    for (const auto& item : *value.array()) texts.push_back(item.text_or(""));
  return texts;
}

// One word is for all files.
static void store_conflict(Settings& settings, const Value& value) {
  settings.sync.conflict.clear();
  if (value.text()) settings.sync.conflict.emplace_back("**", *value.text());
  if (!value.map()) return;
  for (const auto& [glob, strategy] : *value.map()) settings.sync.conflict.emplace_back(glob, strategy.text_or(""));
}

// Each of these makes the `store` of a row from members of Settings.
template <auto section, auto member>
void store(Settings& settings, const Value& value) {
  auto& target = (settings.*section).*member;
  using Target = std::remove_reference_t<decltype(target)>;
  if constexpr (std::is_same_v<Target, bool>) target = value.flag_or(target);
  else if constexpr (std::is_same_v<Target, Milliseconds>) target = duration_of(value);
  else if constexpr (std::is_same_v<Target, std::string>) target = value.text_or(target);
  else if constexpr (std::is_same_v<Target, std::int64_t>) target = value.number_or(target);
  else target = texts_of(value);
}

using S = Settings;
using Kind = OptionType;
constexpr std::int64_t day_ms = 86'400'000;

const std::vector<OptionRow>& option_table() {
  static const std::vector<OptionRow> rows = {
      {"autosave.active", Kind::flag, "true", "", "save by itself after changes", 0, 0, store<&S::autosave, &S::Autosave::active>,
       "@kra-autosave"},
      {"autosave.timeout_ms", Kind::count, "20000", "", "quiet time after the last event before a save", 1, day_ms,
       store<&S::autosave, &S::Autosave::timeout>},
      {"autosave.max_wait_ms", Kind::count, "120000", "", "longest time that events may put a save off", 1, day_ms,
       store<&S::autosave, &S::Autosave::max_wait>},
      {"autosave.editor_debounce_ms", Kind::count, "500", "", "quiet time in an editor before it tells of its files", 1, day_ms,
       store<&S::autosave, &S::Autosave::editor_debounce>},
      {"autosave.write_files", Kind::flag, "false", "", "also write modified files at a save", 0, 0,
       store<&S::autosave, &S::Autosave::write_files>},
      {"restore.on_start", Kind::flag, "false", "", "restore when a tmux server starts", 0, 0, store<&S::restore, &S::Restore::on_start>},
      {"restore.programs", Kind::text_list, "[nvim, vim, less, man, htop, top, tail]", "", "programs that are started again by themselves", 0, 0,
       store<&S::restore, &S::Restore::programs>, "@kra-programs"},
      {"restore.scrollback", Kind::flag, "false", "", "keep the contents of panes", 0, 0, store<&S::restore, &S::Restore::scrollback>,
       "@kra-scrollback"},
      {"restore.clone_missing", Kind::choice, "ask", "ask|never", "offer to clone a repository that is missing", 0, 0,
       store<&S::restore, &S::Restore::clone_missing>},
      {"history.all_for", Kind::duration, "24h", "", "how long every generation is kept", 0, 0, store<&S::history, &S::History::all_for>},
      {"history.hourly_for", Kind::duration, "7d", "", "how long one generation an hour is kept", 0, 0,
       store<&S::history, &S::History::hourly_for>},
      {"history.daily_for", Kind::duration, "30d", "", "how long one generation a day is kept", 0, 0,
       store<&S::history, &S::History::daily_for>},
      {"drafts.active", Kind::flag, "true", "", "keep unsaved text of editors", 0, 0, store<&S::drafts, &S::Drafts::active>},
      {"drafts.debounce_ms", Kind::count, "300", "", "quiet time after typing before text is kept", 1, day_ms},
      {"drafts.max_wait_ms", Kind::count, "1000", "", "longest time that typing may put that off", 1, day_ms},
      {"drafts.undo", Kind::flag, "true", "", "keep the undo history with the text"},
      {"drafts.max_buffer_bytes", Kind::count, "104857600", "", "larger buffers are left out", 0, 1LL << 40},
      {"drafts.max_age", Kind::duration, "30d", "", "how long text of editors that are gone is kept", 0, 0, store<&S::drafts, &S::Drafts::max_age>},
      {"session.per_directory", Kind::flag, "true", "", "outside tmux, one editor session for each directory", 0, 0,
       store<&S::session, &S::Session::per_directory>},
      {"session.per_branch", Kind::flag, "false", "", "and for each branch", 0, 0, store<&S::session, &S::Session::per_branch>},
      {"session.auto_restore", Kind::flag, "false", "", "restore it when an editor starts without files", 0, 0,
       store<&S::session, &S::Session::auto_restore>},
      {"session.heartbeat_ms", Kind::count, "30000", "", "how often an editor says that it lives", 1, day_ms,
       store<&S::session, &S::Session::heartbeat>},
      {"session.abandoned_after_ms", Kind::count, "90000", "", "silence after which an editor counts as gone", 1, day_ms,
       store<&S::session, &S::Session::abandoned_after>},
      {"performance.monitor", Kind::flag, "true", "", "measure how long operations take", 0, 0,
       store<&S::performance, &S::Performance::monitor>},
      {"performance.target_ms", Kind::count, "50", "", "time that an operation should take at most", 1, day_ms,
       store<&S::performance, &S::Performance::target>},
      {"performance.adapt", Kind::flag, "true", "", "save less often while the target is missed", 0, 0,
       store<&S::performance, &S::Performance::adapt>},
      {"performance.max_age", Kind::duration, "30d", "", "how long what was measured is kept", 0, 0,
       store<&S::performance, &S::Performance::max_age>},
      {"retry.first_ms", Kind::count, "1000", "", "wait before the first retry", 1, day_ms, store<&S::retry, &S::Retry::first>},
      {"retry.max_ms", Kind::count, "60000", "", "longest wait between retries", 1, day_ms, store<&S::retry, &S::Retry::longest>},
      {"sync.interval", Kind::duration, "60m", "", "time between syncs", 0, 0,
       store<&S::sync, &S::Sync::interval>},
      {"sync.min_interval", Kind::duration, "5m", "", "shortest time between syncs, unless many files have changed", 0, 0,
       store<&S::sync, &S::Sync::min_interval>},
      {"sync.poll", Kind::duration, "5m", "", "how often a remote is asked", 0, 0,
       store<&S::sync, &S::Sync::poll>},
      {"sync.max_changed_files", Kind::count, "50", "", "this many changed files lead to a sync", 1, 1'000'000,
       store<&S::sync, &S::Sync::max_changed_files>},
      {"sync.quiet_ms", Kind::count, "20000", "", "quiet time in the tree before a sync", 0, day_ms,
       store<&S::sync, &S::Sync::quiet>},
      {"sync.conflict", Kind::map, "copy", "copy|manual|ours|theirs|union|markers|newest", "what becomes of a conflict; or a map from glob to one of these", 0, 0,
       store_conflict},
      {"sync.hooks", Kind::choice, "verify", "none|verify|full", "hooks that run in mode track: pre-push, with full pre-commit and commit-msg too", 0, 0,
       store<&S::sync, &S::Sync::hooks>},
      {"sync.hook_timeout", Kind::duration, "30s", "", "longest time for a hook", 0, 0,
       store<&S::sync, &S::Sync::hook_timeout>},
      {"sync.sign", Kind::choice, "inherit", "inherit|never|require", "whether commits are signed in mode track; inherit: as commit.gpgSign says", 0, 0,
       store<&S::sync, &S::Sync::sign>},
      {"sync.auto_commit_threshold", Kind::count, "10", "", "mode track: a sync by itself leaves more changed files than these to one by hand", 1, 1'000'000,
       store<&S::sync, &S::Sync::auto_commit_threshold>},
      {"sync.lock_timeout", Kind::duration, "10m", "", "longest time that a sync holds its lock", 0, 0,
       store<&S::sync, &S::Sync::lock_timeout>},
      {"sync.pause_max", Kind::duration, "5m", "", "longest time that a writer may hold a sync back", 0, 0,
       store<&S::sync, &S::Sync::pause_max>},
      {"sync.snapshots_kept", Kind::count, "10", "", "snapshots kept for each root", 1, 1'000'000,
       store<&S::sync, &S::Sync::snapshots_kept>},
      {"sync.exclude", Kind::text_list, R"(["*.tmp", "*.log", .DS_Store, node_modules/])", "", "files that are never synced", 0, 0,
       store<&S::sync, &S::Sync::exclude>},
      {"sync.alert_on_failure", Kind::flag, "true", "", "tell of a sync that failed", 0, 0,
       store<&S::sync, &S::Sync::alert_on_failure>},
      {"sync.message", Kind::text, "\"kra: {host} {reason} ({count} files)\"", "", "message of commits; {host} {device} {reason} {count} {branch} {date} {time} {files} stand for what they say", 0, 0,
       store<&S::sync, &S::Sync::message>},
      {"live.active", Kind::flag, "true", "", "bring changes of files on disk into buffers"},
      {"live.follow", Kind::choice, "off", "off|window|current", "show where others write"},
      {"live.delete_delay_ms", Kind::count, "100", "", "wait before a deletion counts", 0, day_ms},
      {"live.throttle_ms", Kind::count, "100", "", "shortest time between two updates of a buffer", 0, day_ms},
      {"live.follow_dwell_ms", Kind::count, "1500", "", "how long follow stays at a change", 0, day_ms},
      {"live.highlight_ms", Kind::count, "5000", "", "how long a change is highlighted", 0, day_ms},
      {"live.sidecars", Kind::text_list, "[]", "", "pairs of files that are renamed together"},
      {"blocks.active", Kind::flag, "false", "", "run live blocks"},
      {"blocks.cache_bytes", Kind::count, "67108864", "", "size of the cache of results", 0, 1LL << 40},
      {"blocks.evict_unwatched_after_ms", Kind::count, "30000", "", "how long an unwatched result is kept", 0, day_ms},
      {"privacy.exclude", Kind::text_list, "[]", "", "globs of files whose text never leaves its buffer", 0, 0,
       [](Settings& settings, const Value& value) { settings.privacy_exclude = texts_of(value); }},
      {"notify.level", Kind::choice, "warn", "debug|info|warn|error|off", "from which level on the user is told", 0, 0,
       [](Settings& settings, const Value& value) { settings.notify_level = value.text_or(""); }},
      {"notify.tmux", Kind::flag, "true", "", "show messages in tmux", 0, 0,
       [](Settings& settings, const Value& value) { settings.notify_tmux = value.flag_or(true); }},
      {"notify.command", Kind::text, "\"\"", "", "program that is given each message, with its arguments", 0, 0,
       [](Settings& settings, const Value& value) { settings.notify_command = value.text_or(""); }},
  };
  return rows;
}

const OptionRow* find_option(std::string_view name) {
  const auto& rows = option_table();
  auto found = std::find_if(rows.begin(), rows.end(), [&](const OptionRow& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace kra
