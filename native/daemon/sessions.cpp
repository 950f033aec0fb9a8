#include "daemon/sessions.hpp"

#include <algorithm>

#include "base/record.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "engine/privacy.hpp"
#include "model/config.hpp"
#include "os/process.hpp"

namespace kra {

// The name of the one workspace in a session's directory.
static constexpr const char* session_name = "session";
// How many generations of a session are added before what the retention no longer wants is taken away.
static constexpr std::uint64_t thin_every = 32;

static std::string key_of(const Value& param) { return param["key"].text_or(param["cwd"].text_or("")); }

// Two editors may be open in one directory; what the first keeps there is not for the second to replace.
static Result<void> check_owner(History& history, const Value& param, const std::vector<std::string>& living) {
  if (living.empty() || param["take"].flag_or(false)) return {};
  const auto newest = history.newest(session_name);
  if (!newest || newest->workspace.editors.empty()) return {};
  const auto& owner = newest->workspace.editors.front().id;
  if (owner == param["editor"].text_or("") || std::find(living.begin(), living.end(), owner) == living.end()) return {};
  return Error{Fault::busy, "another editor that is open keeps this session"};
}

Result<Value> Sessions::put(const Value& param, const std::vector<std::string>& living, const Settings& settings, const Patience& patience) {
  auto key = key_of(param);
  if (key.empty()) return Error{Fault::usage, "session_put needs a key or a cwd"};
  Editor editor;
  if (param["state"].map()) TRY_TO("state", from_value(param["state"], editor));
  // The editor's own account of itself, when it sends one as it does for `capture`; else the state as it is.
  if (editor.state.is_nil()) editor.state = param["state"];
  Privacy(settings.privacy_exclude).clean(editor.state);
  editor.id = param["editor"].text_or("");
  editor.cwd = param["cwd"].text_or(editor.cwd);
  Stamp stamp{.saved_at = wall_now().ms, .reason = "session", .message = key, .release = std::string(version()), .cwd = editor.cwd};
  Workspace workspace{.host = host_name(), .editors = {std::move(editor)}};
  const auto& kept = settings.history;
  auto history = history_of(key);
  TRY(check_owner(history, param, living));
  auto written = TRY(history.write(session_name, workspace, stamp, patience));
  if (written.changed && written.generation % thin_every == 0) (void)history.thin(session_name, {kept.all_for, kept.hourly_for, kept.daily_for}, wall_now());
  return Value(Value::Map{{"changed", written.changed}, {"generation", written.generation}});
}

static Value state_of(const Workspace& workspace, const std::string& editor) {
  auto found = std::find_if(workspace.editors.begin(), workspace.editors.end(),
                            [&](const Editor& candidate) { return editor.empty() || candidate.id == editor; });
  return found == workspace.editors.end() ? Value() : found->state;
}

// SERVERKEY/NAMEDIRECTORY/GENERATION, perhaps followed by /PANE: parts that could leave the directory are no such thing.
Result<Generation> Sessions::generation_of(const std::string& id) {
  auto parts = split(id, "/");
  auto number = parts.size() >= 3 ? parse_int(parts[2]) : std::nullopt;
  bool plain = parts.size() >= 3 && std::none_of(parts.begin(), parts.end(), [](auto part) { return part.empty() || part.front() == '.'; });
  if (!plain || !number || *number <= 0) return Error{Fault::usage, cat("no generation: ", printable(id))};
  auto path = cat(paths_.workspaces(parts[0]), "/", parts[1], "/", generation_name(static_cast<std::uint64_t>(*number)), ".kra");
  return deserialise(TRY(disk_.read(path, stored_limit)));
}

Result<Value> Sessions::get(const Value& param) {
  auto editor = param["editor"].text_or("");
  auto id = param["generation"].text_or("");
  auto found = id.empty() ? history_of(key_of(param)).newest(session_name) : generation_of(id);
  if (!found && found.error().fault == Fault::not_found) return Value(Value::Map{{"state", Value()}});
  if (!found) return std::move(found.error());
  return Value(Value::Map{{"state", state_of(found->workspace, id.empty() ? "" : editor)}});
}

Result<Value> Sessions::list() {
  auto names = disk_.list(paths_.sessions());
  if (!names && names.error().fault == Fault::not_found) return Value(Value::Map{{"sessions", Value::Array{}}});
  Value::Array rows;
  for (const auto& name : TRY(std::move(names))) {
    History history(disk_, cat(paths_.sessions(), "/", name), paths_.corrupt());
    auto latest = history.latest(session_name);
    if (!latest || latest->counts.editors == 0) continue;
    auto cwd = std::move(latest->stamp.cwd);
    // Older releases wrote it into the body only.
    if (cwd.empty())
      if (auto newest = history.newest(session_name); newest && !newest->workspace.editors.empty()) cwd = newest->workspace.editors.front().cwd;
    rows.push_back(Value::Map{{"key", latest->stamp.message}, {"cwd", std::move(cwd)}, {"saved_at", rfc3339({latest->stamp.saved_at})}});
  }
  return Value(Value::Map{{"sessions", std::move(rows)}});
}

}  // namespace kra
