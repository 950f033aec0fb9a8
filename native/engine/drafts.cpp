#include "engine/drafts.hpp"

#include <algorithm>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "os/process.hpp"
#include "wire/msgpack.hpp"

namespace kra {

bool is_client_id(std::string_view id) {
  auto harmless = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), harmless);
}

std::string Drafts::first(const std::string& client) const { return cat(paths_.drafts(), "/", client, ending); }
std::string Drafts::second(const std::string& client) const { return cat(paths_.drafts_second(), "/", client, ending); }

std::string Drafts::id_of(const std::string& client, const std::string& buffer) { return hex(hash64(cat(client, "/", buffer)), 16); }

DraftOwner Drafts::owner_of(const std::string& client, const DraftJournal& journal) {
  const auto& said = journal.editor;
  DraftOwner owner{client, said["editor"].text_or(""), said["pane"].text_or(""), said["server"].text_or(""), said["cwd"].text_or(""), said["host"].text_or(""),
                   said["boot"].text_or("")};
  owner.pid = said["pid"].number_or(0);
  owner.start = static_cast<std::uint64_t>(said["start"].number_or(0));
  return owner;
}

DraftOwner::Life DraftOwner::life() const {
  if (pid <= 0 || (!host.empty() && host != host_name())) return Life::unknown;
  auto now = boot_id();
  if (!boot.empty() && !now.empty() && boot != now) return Life::ended;
  return still_runs(static_cast<pid_t>(pid), start) ? Life::runs : Life::ended;
}

// Of both places, sorted, each once.
Result<std::vector<std::string>> Drafts::clients() {
  std::set<std::string> found;
  for (const auto& directory : {paths_.drafts(), paths_.drafts_second()}) {
    auto names = disk_.list(directory);
    if (!names && names.error().fault != Fault::not_found) return std::move(names.error());
    for (const auto& name : names ? *names : std::vector<std::string>{}) {
      auto dot = name.rfind('.');
      auto client = name.substr(0, dot);
      bool known = dot != name.npos && (name.substr(dot) == ending || name.substr(dot) == net_ending);
      if (known && is_client_id(client)) found.insert(client);
    }
  }
  return std::vector<std::string>(found.begin(), found.end());
}

// Between two looks a text may have been folded into its journal.
static bool lacks_text(const DraftJournal& journal) {
  return !journal.text_files.empty() && std::any_of(journal.buffers.begin(), journal.buffers.end(), [](const auto& entry) { return entry.second.edits_lost > 0; });
}

Result<Drafts::Found> Drafts::read(const std::string& client, bool undo_texts) {
  // One that cannot be taken in does not hide what the journal has.
  (void)take_in(client);
  auto found = TRY(look(client, undo_texts));
  return lacks_text(found.journal) ? look(client, undo_texts) : std::move(found);
}

Result<Drafts::Found> Drafts::look(const std::string& client, bool undo_texts) {
  std::vector<std::string> bytes;
  Found found{client, {}, 0};
  for (const auto& path : {first(client), second(client)}) {
    auto file = disk_.read(path, draft_journal_limit);
    if (!file && file.error().fault == Fault::not_found) continue;
    // A link or a directory of that name is nothing of ours; the other place may still be right.
    if (!file) return std::move(file.error());
    if (auto info = disk_.info(path)) found.modified_ms = std::max(found.modified_ms, info->modified_ms);
    bytes.push_back(std::move(*file));
  }
  found.journal = replay({bytes.begin(), bytes.end()}, undo_texts, text_files());
  return found;
}

static std::string state_of(const DraftBuffer& buffer, const DraftOwner& owner, const DraftQuery& query) {
  if (buffer.why == "discarded" || buffer.why == "recovered") return buffer.why;
  if (!buffer.why.empty()) return "";
  auto life = owner.life();
  if (life == DraftOwner::Life::ended) return "left";
  return life == DraftOwner::Life::unknown || query.silent.contains(owner.client) ? "abandoned" : "open";
}

// The first lines with something on them, from the cursor's on.
static std::string preview_of(const DraftBuffer& buffer) {
  constexpr std::size_t lines_shown = 3, columns_shown = 120;
  if (!buffer.lines) return "";
  const auto& lines = *buffer.lines;
  std::size_t at = 0;
  if (const auto* cursor = buffer.meta["cursor"].array(); cursor && !cursor->empty())
    at = std::min<std::size_t>(lines.size() - 1, static_cast<std::size_t>(std::max<std::int64_t>(cursor->front().number_or(1) - 1, 0)));
  std::vector<std::string> shown;
  for (std::size_t tried = 0; tried < std::min<std::size_t>(lines.size(), 1000) && shown.size() < lines_shown; ++tried) {
    const auto& line = lines.line((at + tried) % lines.size());
    if (line.find_first_not_of(" \t") != line.npos) shown.push_back(printable(std::string_view(line).substr(0, columns_shown)));
  }
  return join(shown, "\n");
}

// Whether the file is another one than the buffer was read from. A time of change alone is no change when the content's hash is known and the same.
static void add_base(Value& row, const DraftBuffer& buffer, Disk& disk) {
  const auto& base = buffer.meta["base"];
  auto path = buffer.meta["path"].text_or("");
  if (!base.map() || path.empty()) return;
  row.set("base", base);
  auto info = disk.info(followed(path));
  row.set("gone", !info.ok());
  if (!info) return row.set("changed_on_disk", true);
  // The editor knows times as floating numbers.
  bool same_time = std::abs(base["mtime_ns"].number_or(0) - info->modified_ns) < 1000;
  bool same_size = base["size"].number_or(-1) == static_cast<std::int64_t>(info->size);
  bool changed = !same_size || !same_time;
  constexpr std::uint64_t compared = 64U << 20;
  if (same_size && !same_time && base["hash"].text() && info->size <= compared)
    if (auto bytes = disk.read(followed(path), compared)) changed = hex(hash64(*bytes), 16) != *base["hash"].text();
  row.set("changed_on_disk", changed);
}

Value Drafts::row(const Found& found, const DraftBuffer& buffer, const DraftQuery& query) {
  auto owner = owner_of(found.client, found.journal);
  auto state = state_of(buffer, owner, query);
  // A buffer of which nothing whole is known has nothing to give back.
  bool ended = state == "discarded" || state == "recovered";
  if (state.empty() || (!buffer.lines && !buffer.base_only) || (ended && !query.all)) return {};
  auto path = buffer.meta["path"].text_or("");
  auto cwd = buffer.meta["cwd"].text_or(owner.cwd);
  if (!query.path.empty() && query.path != path) return {};
  if (!query.cwd.empty() && query.cwd != cwd && !path.starts_with(query.cwd + "/")) return {};
  Value value = Value::Map{{"id", id_of(found.client, buffer.id)},
                           {"client", found.client},
                           {"editor", owner.editor},
                           {"buffer", buffer.id},
                           {"path", path},
                           {"name", buffer.meta["name"].text_or("")},
                           {"unnamed", path.empty()},
                           {"cwd", cwd},
                           {"at", buffer.at > 0 ? buffer.at : found.modified_ms},
                           {"bytes", buffer.lines ? buffer.lines->bytes() : 0},
                           {"lines", buffer.lines ? buffer.lines->size() : 0},
                           {"preview", preview_of(buffer)},
                           {"state", state},
                           {"why", buffer.why},
                           {"pid", owner.pid},
                           {"pane", owner.pane},
                           {"server", owner.server},
                           {"host", owner.host},
                           {"base_only", buffer.base_only},
                           {"damaged", buffer.edits_lost > 0}};
  add_base(value, buffer, disk_);
  return value;
}

Result<Value> Drafts::list(const DraftQuery& query) {
  Value::Array rows, damaged;
  for (const auto& client : TRY(clients())) {
    if (client == query.asker) continue;
    auto found = read(client);
    if (!found) {
      damaged.push_back(Value::Map{{"file", first(client)}, {"bytes", 0}, {"records", 0}, {"why", found.error().what}});
      continue;
    }
    const auto& journal = found->journal;
    if (journal.damaged_bytes > 0 || journal.lost_records > 0)
      damaged.push_back(Value::Map{{"file", first(client)}, {"bytes", journal.damaged_bytes}, {"records", journal.lost_records}});
    if (!query.editor.empty() && query.editor != owner_of(client, journal).editor) continue;
    for (const auto& [id, buffer] : journal.buffers)
      if (auto value = row(*found, buffer, query); !value.is_nil()) rows.push_back(std::move(value));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Value& left, const Value& right) { return left["at"].number_or(0) > right["at"].number_or(0); });
  return Value(Value::Map{{"drafts", std::move(rows)}, {"damaged", std::move(damaged)}});
}

Result<Drafts::One> Drafts::find(const std::string& id, bool undo_texts) {
  bool well_formed = id.size() >= 4 && id.size() <= 16 && id.find_first_not_of("0123456789abcdef") == id.npos;
  if (!well_formed) return Error{Fault::usage, cat("no draft is called ", printable(id), "; `kra drafts` lists them")};
  std::vector<std::pair<std::string, std::string>> matches;
  for (const auto& client : TRY(clients())) {
    auto found = read(client);
    if (!found) continue;
    for (const auto& [buffer, text] : found->journal.buffers)
      if (id_of(client, buffer).starts_with(id) && (text.lines || text.base_only)) matches.emplace_back(client, buffer);
  }
  if (matches.empty()) return Error{Fault::not_found, cat("there is no draft ", id, "; `kra drafts` lists what there is")};
  if (matches.size() > 1) return Error{Fault::usage, cat("several drafts begin with ", id, ": write more of it")};
  auto& [client, buffer] = matches.front();
  return One{TRY(read(client, undo_texts)), buffer};
}

Result<Value> Drafts::take(const std::string& id) {
  tidy_out(wall_now());
  auto one = TRY(find(id, true));
  auto& buffer = one.text();
  auto name = cat(paths_.drafts(), "/out/", id_of(one.found.client, buffer.id));
  auto make = [&](const char* kind, std::string_view bytes) -> Result<std::string> {
    auto path = cat(name, ".", kind);
    auto written = disk_.make_directory(directory_part(path));
    if (written) written = disk_.replace(path, bytes);
    if (written) return path;
    // On a disk that is full or read-only it is taken from the second place.
    path = cat(paths_.drafts_second(), "/out/", name_part(path));
    TRY(disk_.make_directory(directory_part(path)));
    TRY(disk_.replace(path, bytes));
    return path;
  };
  Value value = buffer.meta.is_nil() ? Value(Value::Map{}) : buffer.meta;
  value.set("id", id_of(one.found.client, buffer.id));
  value.set("client", one.found.client);
  value.set("buffer", buffer.id);
  value.set("at", buffer.at > 0 ? buffer.at : one.found.modified_ms);
  value.set("why", buffer.why);
  value.set("damaged", buffer.edits_lost > 0);
  value.set("base_only", buffer.base_only);
  if (buffer.base_only) value.set("edits", TRY(make("edits", join(buffer.edits, ""))));
  else value.set("file", TRY(make("text", buffer.lines->text())));
  // The name must be one, in our own directory.
  bool plain = !buffer.undo_file.empty() && buffer.undo_file.find('/') == std::string::npos && buffer.undo_file.front() != '.';
  auto undo = cat(paths_.drafts(), "/undo/", buffer.undo_file);
  if (plain && disk_.info(undo)) value.set("undo", Value::Map{{"file", undo}, {"text", TRY(make("undo-text", buffer.undo_text))}});
  return value;
}

Result<void> Drafts::end(const std::string& id, const std::string& why, WallTime now) {
  if (why != "recovered" && why != "discarded") return Error{Fault::usage, "a draft is recovered or discarded"};
  auto one = TRY(find(id, false));
  Value::Map mark{{"buffer", one.buffer}, {"why", why}, {"upto", one.text().last_seq}, {"at", now.ms}};
  std::string frame;
  append_frame(frame, DraftType::mark, pack(Value(Value::Array{0, std::move(mark)})));
  DraftAppender appender(disk_, {first(one.found.client), second(one.found.client), cat(paths_.drafts(), "/reserve")});
  if (TRY(appender.append(frame)) == DraftAppender::Place::first)
    if (!appender.appender()->sync()) TRY(appender.renew());
  auto made = cat(paths_.drafts(), "/out/", id_of(one.found.client, one.buffer));
  // The undo file stays: a discarded text may yet be taken back.
  for (const char* kind : {".text", ".edits", ".undo-text"})
    if (why == "discarded") (void)disk_.remove(made + kind);
  return {};
}

// What was made for somebody who took a draft is of no use a day later.
void Drafts::tidy_out(WallTime now) {
  constexpr std::int64_t day = 86'400'000;
  auto directory = paths_.drafts() + "/out";
  auto names = disk_.list(directory);
  for (const auto& name : names ? *names : std::vector<std::string>{}) {
    auto info = disk_.info(cat(directory, "/", name));
    if (info && std::abs(now.ms - info->modified_ms) > day) (void)disk_.remove(cat(directory, "/", name));
  }
}

}  // namespace kra
