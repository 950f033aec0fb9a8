// Settings. One table of options (model/options.cpp) holds name, type, default, limits and text; validation, `kra config`, the sample
// file, completion and the documentation come from it. Reading YAML is model/config_yaml.cpp alone.
#pragma once

#include <cstdint>
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
  std::vector<std::string> privacy_exclude;
  std::string notify_level = "warn";
  bool notify_tmux = true;
  std::string notify_command;
};

enum class OptionType { flag, count, duration, text, choice, text_list, map };

struct OptionRow {
  std::string_view name;         // "autosave.timeout_ms"
  OptionType type;
  std::string_view fallback;     // as it is written in config.yaml
  std::string_view choices;      // of a choice, separated by '|'
  std::string_view text;         // one line for people
};
const std::vector<OptionRow>& option_table();

// A setting with where it comes from: default, config.yaml, @kra-*, setup() or environment.
struct Setting {
  std::string name;
  Value value;
  std::string source;
};

struct LoadedSettings {
  Settings settings;
  std::vector<Setting> all;  // one for each row of the table, in its order
};
// From the text of config.yaml ("" = defaults) and the environment's KRA_AUTOSAVE_TIMEOUT_MS and the like.
// usage: file, line, column, what is wrong and what would be right.
Result<LoadedSettings> load_settings(const std::string& file_name, std::string_view yaml);

}  // namespace kra
