// What clients are told of files that changed.
#include <algorithm>

#include "base/below.hpp"
#include "base/text.hpp"
#include "daemon/watching.hpp"
#include "engine/hunks.hpp"
#include "engine/privacy.hpp"

namespace kra {

static constexpr std::size_t binary_front = 8192, most_lines = 50'000, names_in_notice = 32, changes_in_message = 4000;
// git lets go of the index before it writes what it did.
static constexpr Milliseconds reflog_pause{50};

// Why hunks of this text are not told; empty when they are.
static std::string unfit(const std::string* text, const FileState& state) {
  if (!state.exists) return "gone";
  if (!text) return "large";
  if (std::string_view(*text).substr(0, binary_front).find('\0') != std::string_view::npos) return "binary";
  if (static_cast<std::size_t>(std::count(text->begin(), text->end(), '\n')) > most_lines) return "large";
  return "";
}

// Empty when they would be longer than the text.
static std::optional<Value> hunks_value(const std::string& before, const std::string& after) {
  Value::Array rows;
  std::size_t bytes = 0;
  for (const auto& hunk : hunks_between(before, after)) {
    Value::Array lines;
    for (auto line : hunk.lines) {
      lines.emplace_back(line);
      bytes += line.size() + 1;
    }
    bytes += 8;
    rows.push_back(Value::Array{static_cast<std::uint64_t>(hunk.first), static_cast<std::uint64_t>(hunk.last), std::move(lines)});
  }
  if (bytes > after.size() + 4096) return std::nullopt;
  return Value(std::move(rows));
}

void Watching::tell_holders(LoadedFile& file, ChangeKind kind, const std::string& from, const std::string& writer,
                            const Echo::Claimed& claimed, std::uint64_t began, const std::string* text) {
  ++file.seq;
  auto why = unfit(text, file.state);
  std::map<std::string, std::optional<Value>> hunks;  // by base: once for all who have it
  for (auto& [id, holder] : file.holders) {
    bool his = claimed.claimed && claimed.writer == id;
    // What he has written since this was read is what he has.
    if (his && began < holder.done) continue;
    auto base = std::exchange(holder.has, file.state.hash);
    if (his || (kind != ChangeKind::rename && !file.state.hash.empty() && base == file.state.hash)) continue;
    auto* client = clients_.find(id);
    if (!client) continue;
    Value data = Value::Map{{"path", holder.path},   {"root", file.root},           {"seq", file.seq},        {"kind", name_of(kind)},
                            {"identity", file.state.identity}, {"hash", file.state.hash}, {"size", file.state.size}, {"writer", writer}};
    if (kind == ChangeKind::rename) data.set("from", from);
    auto base_text = why.empty() ? texts_.find(base) : nullptr;
    auto reason = why.empty() && !base_text ? "base" : why;
    if (reason.empty()) {
      auto [known, is_new] = hunks.try_emplace(base);
      if (is_new) known->second = hunks_value(*base_text, *text);
      if (known->second) {
        data.set("base", base);
        data.set("hunks", *known->second);
        data.set("eol", text->empty() || text->ends_with('\n'));
      } else {
        reason = "hunks";
      }
    }
    if (!reason.empty()) data.set("read", reason);
    if (client->hello.client == "nvim") client->tell_editor("file_changed", std::move(data));
    else client->notify("file_changed", {std::move(data)});
  }
}

void Watching::add_change(const SettledChange& change, const std::string& writer, const FileState& state, const ToldChange& detail) {
  auto told = detail;
  told.kind = change.kind;
  told.path = change.path;
  told.from = change.from;
  told.writer = writer;
  told.hash = state.hash;
  told.size = state.size;
  told.at = wall_now().ms;
  if (told.writer == "external")
    if (auto noted = noted_by(told.path, told.at); !noted.empty()) told.writer = noted;
  for (const auto& [id, roots] : watchers_)
    for (const auto& [root, count] : roots)
      if (is_below(told.path, root) || is_below(told.from, root)) untold_[id][root].push_back(value_of(JournalChange{change.root, "", told}));
  for (const auto& path : {told.path, told.from})
    if (heard_ && !change.root.empty() && !path.empty()) heard_(change.root, path, state.size, writer);
  // What lies in no root and is loaded by somebody is his alone.
  if (!change.root.empty()) batches_.add(change.root, std::move(told), Clock::now(), change.of_git ? reflog_pause : Milliseconds(0));
}

// A hook before the edit has told us who it will be; one after it is read with the journal.
std::string Watching::noted_by(const std::string& path, std::int64_t at) {
  auto stamp = stamp_of(paths_.edit_notes()).brief();
  if (stamp != notes_stamp_) {
    notes_stamp_ = stamp;
    notes_ = edit_notes(disk_, paths_, WallTime{at - 60'000}).value_or({});
  }
  return notes_.empty() ? "" : noted_writer(notes_, path, at);
}

void Watching::tell_watchers() {
  for (auto& [id, roots] : std::exchange(untold_, {})) {
    for (auto& [root, changes] : roots) {
      for (std::size_t from = 0; from < changes.size(); from += changes_in_message) {
        auto* client = clients_.find(id);
        // An editor has its own notice.
        if (!client || client->hello.client == "nvim") break;
        auto to = std::min(changes.size(), from + changes_in_message);
        Value::Array some(std::make_move_iterator(changes.begin() + static_cast<std::ptrdiff_t>(from)), std::make_move_iterator(changes.begin() + static_cast<std::ptrdiff_t>(to)));
        client->notify("changed", {Value::Map{{"root", root}, {"changes", std::move(some)}, {"lost", false}}});
      }
    }
  }
}

void Watching::tell_lost() {
  if (heard_) heard_("", "", 0, "");
  for (const auto& [id, roots] : watchers_)
    for (const auto& [root, count] : roots)
      if (auto* client = clients_.find(id)) client->notify("changed", {Value::Map{{"root", root}, {"changes", Value::Array{}}, {"lost", true}}});
}

std::string cause_in_reflog(std::string_view line) {
  auto tab = line.find('\t');
  if (tab == line.npos) return "git";
  auto said = line.substr(tab + 1);
  auto word = said.substr(0, said.find_first_of(":( "));
  auto after = [&](std::string_view mark) {
    auto at = said.rfind(mark);
    return at == said.npos ? std::string_view() : said.substr(at + mark.size());
  };
  if (word == "checkout") {
    auto to = after(" to ");
    return to.empty() ? "git checkout" : cat("git checkout ", to);
  }
  if (word == "reset") {
    auto to = after("moving to ");
    return to.empty() ? "git reset" : cat("git reset ", to);
  }
  if (word == "merge") {
    auto of = said.substr(std::min<std::size_t>(6, said.size()));
    return cat("git merge ", of.substr(0, of.find(':')));
  }
  for (std::string_view known : {"pull", "rebase", "commit", "cherry-pick", "revert", "am", "clone"})
    if (word == known) return cat("git ", word);
  return "git";
}

static std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

std::string Watching::reflog_of(const std::string& root) {
  auto reflog = disk_.read(tree_->git_directory(root) + "/logs/HEAD", 64U << 20);
  return reflog ? last_line(std::move(*reflog)) : "";
}

// git writes its reflog when it has moved HEAD: a line that was not there before is what it did.
std::string Watching::cause_of(const ChangeBatch& batch) {
  if (std::all_of(batch.changes.begin(), batch.changes.end(), [](const ToldChange& change) { return change.writer == "sync"; })) return "sync";
  auto is_of_git = [](const ToldChange& change) { return change.writer == "git"; };
  if (std::none_of(batch.changes.begin(), batch.changes.end(), is_of_git)) return "";
  auto line = reflog_of(batch.root);
  if (line.empty() || std::exchange(reflogs_[batch.root], line) == line) return "git";
  return cause_in_reflog(line);
}

static Value notice_of(const ChangeBatch& batch, const std::string& cause) {
  Value::Array files;
  for (const auto& change : batch.changes) {
    if (files.size() == names_in_notice) break;
    Value row = Value::Map{{"path", change.path}, {"kind", name_of(change.kind)}, {"writer", change.writer}};
    if (!change.from.empty()) row.set("from", change.from);
    if (change.line > 0) row.set("line", change.line), row.set("added", change.added), row.set("removed", change.removed);
    files.push_back(std::move(row));
  }
  auto count = batch.changes.size();
  auto text = count == 1 ? batch.changes[0].path.substr(std::min(batch.root.size() + 1, batch.changes[0].path.size())) : cat(count, " files changed");
  if (!cause.empty()) text += ": " + cause;
  return Value::Map{{"root", batch.root}, {"count", static_cast<std::uint64_t>(count)}, {"files", std::move(files)}, {"text", text}, {"cause", cause},
                    {"single", batch.single && cause.empty()}};
}

void Watching::tell_batch(const ChangeBatch& batch) {
  auto cause = cause_of(batch);
  // A path that is private is not written down.
  auto kept = batch;
  Privacy privacy(settings_.now().privacy_exclude);
  std::erase_if(kept.changes, [&](const ToldChange& change) { return privacy.excludes(change.path, "/"); });
  if (!kept.changes.empty()) journal_lane_.post([this, kept = std::move(kept), cause](std::stop_token) { return journal_.add(kept, cause); }, [](const Result<void>&) {});
  std::optional<Value> of_all;
  for (auto id : editors_of(batch.root)) {
    auto* client = clients_.find(id);
    if (!client || client->hello.client != "nvim") continue;
    // What he has written himself is no news to him.
    auto is_his = [id](const ToldChange& change) { return change.by == id; };
    if (std::any_of(batch.changes.begin(), batch.changes.end(), is_his)) {
      auto news = batch;
      std::erase_if(news.changes, is_his);
      if (!news.changes.empty()) client->tell_editor("files_changed", notice_of(news, cause));
      continue;
    }
    if (!of_all) of_all = notice_of(batch, cause);
    client->tell_editor("files_changed", *of_all);
  }
}

// Those that have a file of the root loaded, and those that asked for it or for a directory above.
std::set<std::uint64_t> Watching::editors_of(const std::string& root) const {
  auto loaded = files_.clients_of(root);
  std::set<std::uint64_t> editors(loaded.begin(), loaded.end());
  for (const auto& [id, roots] : watchers_)
    for (const auto& [above, count] : roots)
      if (is_below(root, above)) editors.insert(id);
  return editors;
}

// --- status -------------------------------------------------------------------------------------------------------------------------------

Value Watching::status() const {
  auto tree = tree_ ? tree_->status() : WatchedTree::Status();
  auto names = [](const std::vector<std::string>& paths) {
    Value::Array rows;
    for (const auto& path : paths) rows.emplace_back(path);
    return rows;
  };
  return Value::Map{{"backend", !tree_ ? "none" : system_ ? "inotify" : "poll"},
                    {"directories", static_cast<std::uint64_t>(tree.directories)},
                    {"budget", static_cast<std::uint64_t>(tree.budget)},
                    {"files", static_cast<std::uint64_t>(files_.all().size())},
                    {"roots", names(tree.roots)},
                    {"limited", names(tree.limited)},
                    {"polled", names(tree.polled)},
                    {"silent", tree_ ? names({tree_->disbelieved().begin(), tree_->disbelieved().end()}) : Value::Array()},
                    {"refused", names(tree.refused)},
                    {"absent", names(tree.absent)},
                    {"unreadable", static_cast<std::uint64_t>(tree.unreadable)},
                    {"overflows", tree.overflows},
                    {"texts_bytes", static_cast<std::uint64_t>(texts_.bytes())}};
}

void Watching::add_problems(Value::Array& problems) const {
  if (!tree_) return;
  auto add = [&](const char* code, const std::string& text, const char* cure) { problems.push_back(Value::Map{{"code", code}, {"text", text}, {"cure", cure}}); };
  if (!system_) add("watch-none", cat("directories cannot be watched (", no_inotify_, "); loaded files are looked at every 2 s"), "raise fs.inotify.max_user_instances (sysctl), then `kra daemon restart`");
  auto tree = tree_->status();
  if (system_ && !tree.limited.empty())
    add("watch-limit", cat(tree.limited.front(), " has more directories than may be watched; only those of loaded files are"), "raise fs.inotify.max_user_watches (sysctl), then `kra daemon restart`");
  if (!tree.refused.empty())
    add("watch-refused", cat(tree.refused.front(), " may not be read; what changes there is not told, loaded files are looked at every 2 s"), "give yourself the right to read it (chmod u+rx): it is taken up at once; or name it in .gitignore");
  if (!tree.absent.empty())
    add("watch-absent", cat(tree.absent.front(), " is not there; it is looked for every second"), "bring it back, or close what is loaded from it");
  if (const auto& silent = tree_->disbelieved(); !silent.empty())
    add("watch-silent", cat(*silent.begin(), " was changed and the system did not tell; loaded files there are looked at every 2 s"), "mount it so that changes are told, or work on a local copy; `kra daemon restart` tries it again");
}

}  // namespace kra
