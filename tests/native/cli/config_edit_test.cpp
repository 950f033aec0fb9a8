// One setting changed in a file, every other byte as it was.
#include "cli/config_edit.hpp"

#include "../catch.hpp"
#include "base/text.hpp"

using namespace kra;
using namespace kra::cli;

static std::string edited(const std::string& yaml, std::string_view name, const std::string& value) {
  auto text = with_setting("config.yaml", yaml, *find_option(name), value);
  return text.ok() ? *text : "refused: " + text.error().what;
}

TEST_CASE("a value is replaced where it stands, comments stay") {
  CHECK(edited("# mine\nautosave:\n  active: true   # why\n  timeout_ms: 5  # soon\n", "autosave.timeout_ms", "7") ==
        "# mine\nautosave:\n  active: true   # why\n  timeout_ms: 7  # soon\n");
  CHECK(edited("autosave: {active: true, timeout_ms: 5} # x\n", "autosave.active", "false") == "autosave: {active: false, timeout_ms: 5} # x\n");
  CHECK(edited("autosave: {timeout_ms: 5}\n", "autosave.timeout_ms", "6") == "autosave: {timeout_ms: 6}\n");
  CHECK(edited("notify:\n  command: 'it''s # so'  # c\n", "notify.command", "x") == "notify:\n  command: x  # c\n");
  CHECK(edited("notify:\n  command: \"a \\\" }\"  # c\n", "notify.command", "x") == "notify:\n  command: x  # c\n");
  CHECK(edited("restore: {programs: [a, \"]\", b], on_start: true}", "restore.programs", "[c]") == "restore: {programs: [c], on_start: true}\n");
}

TEST_CASE("a list over several lines is replaced as a whole") {
  CHECK(edited("restore:\n  programs:\n    - nvim\n    - less\n  on_start: true\n", "restore.programs", "[top]") ==
        "restore:\n  programs:\n    [top]\n  on_start: true\n");
}

TEST_CASE("what is not there yet is added") {
  CHECK(edited("", "autosave.active", "false") == "autosave:\n  active: false\n");
  CHECK(edited("# only this\n", "autosave.active", "false") == "# only this\n\nautosave:\n  active: false\n");
  CHECK(edited("autosave:\n    active: true\n", "autosave.timeout_ms", "7") == "autosave:\n    timeout_ms: 7\n    active: true\n");
  CHECK(edited("autosave: {}\n", "autosave.timeout_ms", "7") == "autosave: {timeout_ms: 7}\n");
  CHECK(edited("autosave: {active: true}\n", "autosave.timeout_ms", "7") == "autosave: {timeout_ms: 7, active: true}\n");
  CHECK(edited("autosave:\nnotify:\n  tmux: false\n", "autosave.timeout_ms", "7") == "autosave:\n  timeout_ms: 7\nnotify:\n  tmux: false\n");
  CHECK(edited("{autosave: {active: true}}\n", "notify.tmux", "false") == "{notify: {tmux: false}, autosave: {active: true}}\n");
  CHECK(edited("autosave: {active: true}", "notify.tmux", "false") == "autosave: {active: true}\n\nnotify:\n  tmux: false\n");
}

TEST_CASE("a file that is wrong is left alone") {
  CHECK(edited("autosave: {active: maybe}\n", "autosave.active", "true").starts_with("refused: config.yaml:1:20"));
  CHECK(edited("nonsense\n", "autosave.active", "true").starts_with("refused: "));
}

TEST_CASE("every setting can be written, and the sample is right") {
  auto defaults = load_settings("config.yaml", "");
  REQUIRE(defaults.ok());
  std::string text;
  for (const auto& row : option_table()) {
    auto next = with_setting("config.yaml", text, row, option_text(row, defaults->of(row.name).value));
    INFO(row.name);
    REQUIRE(next.ok());
    text = *next;
  }
  REQUIRE(load_settings("config.yaml", text).ok());
  CHECK(load_settings("config.yaml", sample_config()).ok());
  // All but the first line with their comment sign taken away.
  std::string opened;
  auto sample = sample_config();
  auto lines = split(sample, "\n");
  for (std::size_t at = 1; at < lines.size(); ++at) opened.append(cat(lines[at].substr(lines[at].empty() ? 0 : 1), "\n"));
  auto loaded = load_settings("config.yaml", opened);
  INFO(opened);
  REQUIRE(loaded.ok());
  for (const auto& setting : loaded->all) CHECK(setting.source == Source::file);
}
