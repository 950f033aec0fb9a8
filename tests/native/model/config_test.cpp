// Settings: the table, the file's errors with their place, sources, and what must be harmless.
#include "model/config.hpp"

#include <cstdlib>

#include "../catch.hpp"
#include "base/text.hpp"

using namespace kra;

static std::string trouble(std::string_view yaml) {
  auto loaded = load_settings("config.yaml", yaml);
  if (loaded.ok()) return "";
  CHECK(loaded.error().fault == Fault::usage);
  CHECK(loaded.error().what.find('\n') == std::string::npos);
  return loaded.error().what;
}

TEST_CASE("an empty file gives the defaults, which are those of the struct") {
  auto loaded = load_settings("config.yaml", "");
  REQUIRE(loaded.ok());
  Settings made;
  CHECK(loaded->settings.autosave.timeout == made.autosave.timeout);
  CHECK(loaded->settings.autosave.max_wait == made.autosave.max_wait);
  CHECK(loaded->settings.autosave.editor_debounce == made.autosave.editor_debounce);
  CHECK(loaded->settings.restore.programs == made.restore.programs);
  CHECK(loaded->settings.restore.clone_missing == made.restore.clone_missing);
  CHECK(loaded->settings.history.all_for == made.history.all_for);
  CHECK(loaded->settings.history.hourly_for == made.history.hourly_for);
  CHECK(loaded->settings.history.daily_for == made.history.daily_for);
  CHECK(loaded->settings.session.per_directory == made.session.per_directory);
  CHECK(loaded->settings.session.abandoned_after == made.session.abandoned_after);
  CHECK(loaded->settings.notify_level == made.notify_level);
  CHECK(loaded->settings.notify_tmux == made.notify_tmux);
  REQUIRE(loaded->all.size() == option_table().size());
  for (const auto& setting : loaded->all) CHECK(setting.source == Source::fallback);
}

TEST_CASE("a file is read with its types") {
  auto loaded = load_settings("config.yaml",
                              "# mine\nautosave: {active: off, timeout_ms: 500}\nhistory:\n  all_for: 2d\n"
                              "restore:\n  programs:\n    - nvim\n    - 'my prog'\nsync:\n  conflict: {'*.md': union}\n");
  REQUIRE(loaded.ok());
  CHECK_FALSE(loaded->settings.autosave.active);
  CHECK(loaded->settings.autosave.timeout == Milliseconds(500));
  CHECK(loaded->settings.history.all_for == std::chrono::hours(48));
  CHECK(loaded->settings.restore.programs == std::vector<std::string>{"nvim", "my prog"});
  CHECK(loaded->of("autosave.timeout_ms").source == Source::file);
  CHECK(loaded->of("autosave.max_wait_ms").source == Source::fallback);
  CHECK(option_text(*find_option("sync.conflict"), loaded->of("sync.conflict").value) == "{\"*.md\": union}");
}

TEST_CASE("every error names file, line and column and what would be right") {
  CHECK(trouble("autosave:\n  timout_ms: 5\n") ==
        "config.yaml:2:3: unknown setting autosave.timout_ms; did you mean autosave.timeout_ms?");
  CHECK(trouble("autosav: {}\n") == "config.yaml:1:1: unknown section autosav; did you mean autosave?");
  CHECK(trouble("autosave: {active: true, active: false}\n") ==
        "config.yaml:1:26: autosave.active stands twice (first in line 1)");
  CHECK(trouble("autosave: {}\nrestore: {}\nautosave: {}\n") == "config.yaml:3:1: autosave stands twice (first in line 1)");
  CHECK(trouble("autosave: {timeout_ms: soon}\n") ==
        "config.yaml:1:24: autosave.timeout_ms: soon is not a number from 1 to 86400000");
  CHECK(trouble("history: {all_for: 3}\n") == "config.yaml:1:20: history.all_for: 3 is not a time such as 30s, 5m, 24h or 30d");
  CHECK(trouble("restore: {programs: nvim}\n") == "config.yaml:1:21: restore.programs is a list of texts: [one, two]");
  CHECK(trouble("restore: {clone_missing: always}\n") == "config.yaml:1:26: restore.clone_missing: always is not one of ask, never");
  CHECK(trouble("sync: {conflict: {'*': best}}\n").starts_with("config.yaml:1:18: sync.conflict: best is not one of copy"));
  CHECK(trouble("sync: {conflict: {a: copy, a: ours}}\n").find("stands twice") != std::string::npos);
  CHECK(trouble("- a\n").starts_with("config.yaml:1:1: sections"));
  CHECK(trouble("autosave: [1]\n").starts_with("config.yaml:1:11: autosave holds settings"));
  CHECK(trouble("autosave: {active: }\n").find("autosave.active is true or false") != std::string::npos);
}

TEST_CASE("anchors, aliases, tags and second documents are refused") {
  CHECK(trouble("privacy: {exclude: &a [x]}\n").find("anchors") != std::string::npos);
  CHECK(trouble("notify: {command: !!str x}\n").find("tags") != std::string::npos);
  CHECK(trouble("autosave: {}\n---\nautosave: {}\n").find("second document") != std::string::npos);
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char name = 'b'; name <= 'z'; ++name) {
    std::string one(1, static_cast<char>(name - 1));
    bomb += cat(name, ": &", name, " [*", one, ",*", one, ",*", one, ",*", one, ",*", one, ",*", one, ",*", one, ",*", one, "]\n");
  }
  auto before = Clock::now();
  CHECK(trouble(bomb).find("anchors") != std::string::npos);
  CHECK(Clock::now() - before < std::chrono::seconds(1));
}

TEST_CASE("size, depth, bytes and broken text are refused") {
  CHECK(trouble("# " + std::string(config_limit, 'x')).find("larger than 65536 bytes") != std::string::npos);
  CHECK_FALSE(trouble("privacy: {exclude: " + std::string(60'000, '[')).empty());
  CHECK_FALSE(trouble("privacy: {exclude: [[[[[[[[[[[[x]]]]]]]]]]]]}").empty());
  CHECK(trouble("notify: {command: \"\xff\"}").find("UTF-8") != std::string::npos);
  CHECK(trouble("notify:\n\tcommand: x\n").starts_with("config.yaml:2:"));
  CHECK(trouble("notify: {command: 'x\n").starts_with("config.yaml:"));
}

TEST_CASE("the environment wins over the file") {
  ::setenv("KRA_AUTOSAVE_TIMEOUT_MS", "77", 1);
  auto loaded = load_settings("config.yaml", "autosave: {timeout_ms: 5}");
  ::setenv("KRA_AUTOSAVE_TIMEOUT_MS", "x", 1);
  auto wrong = load_settings("config.yaml", "");
  ::unsetenv("KRA_AUTOSAVE_TIMEOUT_MS");
  REQUIRE(loaded.ok());
  CHECK(loaded->settings.autosave.timeout == Milliseconds(77));
  CHECK(source_name(loaded->of("autosave.timeout_ms").source) == "environment");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().what.starts_with("environment KRA_AUTOSAVE_TIMEOUT_MS: autosave.timeout_ms: x is not"));
}

TEST_CASE("a tmux server's options win over the file, and the environment over them") {
  ::setenv("KRA_SERVER_RESTORE_SCROLLBACK", "1", 1);
  ::setenv("KRA_SERVER_AUTOSAVE_ACTIVE", "perhaps", 1);
  ::setenv("KRA_SERVER_RESTORE_PROGRAMS", "nvim less,man", 1);
  ::setenv("KRA_RESTORE_PROGRAMS", "top", 1);
  const auto loaded = load_settings("config.yaml", "restore: {scrollback: false}\nautosave: {active: false}");
  for (const char* name : {"KRA_SERVER_RESTORE_SCROLLBACK", "KRA_SERVER_AUTOSAVE_ACTIVE", "KRA_SERVER_RESTORE_PROGRAMS", "KRA_RESTORE_PROGRAMS"}) ::unsetenv(name);
  REQUIRE(loaded.ok());
  CHECK(loaded->settings.restore.scrollback);
  CHECK(loaded->of("restore.scrollback").source == Source::server);
  CHECK_FALSE(loaded->settings.autosave.active);
  CHECK(loaded->settings.restore.programs == std::vector<std::string>{"top"});

  const auto other = in_server(loaded->settings, {{"@kra-scrollback", "off"}, {"@kra-autosave", "1"}, {"@kra-programs", "nvim  less, man"}, {"@kra-menu-key", "K"}});
  CHECK_FALSE(other.restore.scrollback);
  CHECK(other.autosave.active);
  CHECK(other.restore.programs == std::vector<std::string>{"top"});
  CHECK(in_server(Settings{}, {{"@kra-programs", "nvim  less, man"}}).restore.programs == std::vector<std::string>{"nvim", "less", "man"});
  CHECK(in_server(Settings{}, {{"@kra-autosave", ""}, {"@kra-autosave", "x"}}).autosave.active);
}

TEST_CASE("a weaker source does not replace a stronger one") {
  auto loaded = load_settings("config.yaml", "autosave: {active: true}");
  REQUIRE(loaded.ok());
  const auto& row = *find_option("autosave.active");
  REQUIRE(loaded->give(row, "off", Source::server).ok());
  CHECK_FALSE(loaded->settings.autosave.active);
  REQUIRE(loaded->give(row, "on", Source::file).ok());
  CHECK_FALSE(loaded->settings.autosave.active);
}

TEST_CASE("each row's default is written as it is read, and its text is there") {
  auto loaded = load_settings("config.yaml", "");
  REQUIRE(loaded.ok());
  for (const auto& row : option_table()) {
    INFO(row.name);
    CHECK_FALSE(row.text.empty());
    CHECK(row.name.find('.') != row.name.npos);
    CHECK(option_text(row, loaded->of(row.name).value) == row.fallback);
  }
}

TEST_CASE("durations") {
  CHECK(parse_duration("90m") == Milliseconds(5'400'000));
  CHECK(parse_duration("250ms") == Milliseconds(250));
  CHECK(parse_duration("0") == Milliseconds(0));
  for (const char* bad : {"", "h", "-1h", "1.5h", "5", "1y", "99999999999d"}) CHECK_FALSE(parse_duration(bad));
}
