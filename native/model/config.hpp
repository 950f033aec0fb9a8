// Settings. One table of options (model/options.cpp) holds name, type, default, limits and text; validation, `kra config`, the manual
// page, completion and the documentation come from it. Reading YAML is model/config_yaml.cpp alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/value.hpp"

namespace kra {

// The settings that the engine needs, typed. Defaults are those of the table.
struct Settings {
  struct Autosave {
    bool active = true;
    Milliseconds timeout{20'000}, max_wait{120'000}, editor_debounce{500};
    bool write_files = false;
  } autosave;
  struct Restore {
    bool on_start = false;
    std::vector<std::string> programs{"nvim", "vim", "less", "man", "htop", "top", "tail"};
    bool scrollback = false;
    std::string clone_missing = "ask";
  } restore;
  struct History {
    Milliseconds all_for = std::chrono::hours(24), hourly_for = std::chrono::hours(24 * 7), daily_for = std::chrono::hours(24 * 30);
  } history;
  struct Session {
    bool per_directory = true, per_branch = false, auto_restore = false;
    Milliseconds heartbeat{30'000}, abandoned_after{90'000};
  } session;
  struct Drafts {
    bool active = true;
    Milliseconds max_age = std::chrono::hours(24 * 30);
  } drafts;
  struct Performance {
    bool monitor = true;
    Milliseconds target{50};
    bool adapt = true;
    Milliseconds max_age = std::chrono::hours(24 * 30);
  } performance;
  struct Retry {
    Milliseconds first{1'000}, longest{60'000};
  } retry;
  struct Sync {
    Milliseconds interval = std::chrono::hours(1), min_interval = std::chrono::minutes(5), poll = std::chrono::minutes(5), quiet{20'000};
    Milliseconds lock_timeout = std::chrono::minutes(10), pause_max = std::chrono::minutes(5);
    std::int64_t max_changed_files = 50, auto_commit_threshold = 10, snapshots_kept = 10;
    std::vector<std::pair<std::string, std::string>> conflict{{"**", "copy"}};  // glob -> what becomes of a conflict; the first that matches
    std::vector<std::string> exclude{"*.tmp", "*.log", ".DS_Store", "node_modules/"};
    bool alert_on_failure = true;
    std::string sign = "inherit", hooks = "verify";
    Milliseconds hook_timeout{30'000};
    std::string message = "kra: {host} {reason} ({count} files)";
  } sync;
  std::vector<std::string> privacy_exclude;
  std::string notify_level = "warn";
  bool notify_tmux = true;
  std::string notify_command;
  std::vector<std::string> fixed;  // names of options that the environment gave: no server and no file says otherwise
};

// flag: true or false. count: a whole number. duration: "24h", "30d". choice: one of `choices`. text_list: a list of texts. map: one of
// `choices`, or a map from glob to one of them.
enum class OptionType { flag, count, duration, text, choice, text_list, map };

struct OptionRow {
  std::string_view name;         // "autosave.timeout_ms"
  OptionType type;
  std::string_view fallback;     // as it is written in config.yaml
  std::string_view choices;      // of a choice, separated by '|'
  std::string_view text;         // one line for people
  std::int64_t least = 0;        // of a count
  std::int64_t most = 2'147'483'647;
  void (*store)(Settings& settings, const Value& value) = nullptr;  // into the typed member; none where no part reads it yet
  std::string_view server_option = {};  // the tmux option that says otherwise for one server
};
const std::vector<OptionRow>& option_table();
const OptionRow* find_option(std::string_view name);
// "a number from 0 to 100", "one of ask, never": what may stand there.
std::string option_kind(const OptionRow& row);
// The value that `text` means (of a list: separated by commas), as an environment variable or `kra config set` gives it; usage: what would be right.
Result<Value> option_value(const OptionRow& row, std::string_view text);
// The value as it is written in config.yaml.
std::string option_text(const OptionRow& row, const Value& value);
// "autosave.timeout_ms" -> "KRA_AUTOSAVE_TIMEOUT_MS".
std::string option_variable(std::string_view name);
// "250ms", "30s", "5m", "24h", "30d", "2w"; nothing when it is none of these.
std::optional<Milliseconds> parse_duration(std::string_view text);

// A setting with where it comes from, and its value as option_value() makes it (a duration stays text).
enum class Source { fallback, file, server, editor, environment };  // a later one wins over an earlier one
std::string_view source_name(Source source);  // "default", "config.yaml", "@kra-*", "setup()", "environment"

struct Setting {
  std::string name;
  Value value;
  Source source = Source::fallback;
};

struct LoadedSettings {
  Settings settings;
  std::vector<Setting> all;  // one for each row of the table, in its order

  // Takes the value unless a stronger source gave one already. `text` as option_value() reads it.
  Result<void> give(const OptionRow& row, std::string_view text, Source source);
  void give_value(const OptionRow& row, Value value, Source source);
  const Setting& of(std::string_view name) const;  // a name of the table
};

constexpr std::size_t config_limit = 64U << 10;
constexpr std::size_t config_read_limit = 1U << 20;  // readers take this much, so that a file above config_limit is refused by name

// From the text of config.yaml ("" = defaults) and the environment's KRA_AUTOSAVE_TIMEOUT_MS and the like. KRA_SERVER_AUTOSAVE_ACTIVE and
// its like are what kra.tmux found in a server's options, for the programs in that server; one that is no value counts as not given.
// usage: file, line, column, what is wrong and what would be right.
Result<LoadedSettings> load_settings(const std::string& file_name, std::string_view yaml);

// The settings in force in one tmux server: what its options (@kra-autosave and the like, with their texts) say goes before everything but the
// environment. A text that is no value counts as not given; lists may be written with blanks.
struct ServerOption {
  std::string name, text;
};
Settings in_server(Settings settings, const std::vector<ServerOption>& options);

// The tree of a YAML text, scalars as they stand there. Refuses anchors, aliases, tags, several documents and texts above config_limit;
// usage: "FILE:LINE:COLUMN: what is wrong".
struct ConfigNode {
  enum class Kind { nothing, scalar, list, map };
  Kind kind = Kind::nothing;
  std::string text;               // of a scalar
  int line = 1, column = 1;       // counted from 1
  std::vector<ConfigNode> keys;   // of a map
  std::vector<ConfigNode> items;  // of a map or list
};
Result<ConfigNode> parse_yaml(const std::string& file_name, std::string_view yaml);

}  // namespace kra
