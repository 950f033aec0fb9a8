// One table makes help, completions and man page: nothing of a row is missing in any of them.
#include "cli/table.hpp"

#include <algorithm>

#include "../catch.hpp"
#include "cli/completions.hpp"
#include "cli/doctor.hpp"
#include "cli/help.hpp"

using namespace kra;
using namespace kra::cli;

static std::string roffed(std::string_view text) {
  std::string out;
  for (char c : text) out.append(c == '-' ? "\\-" : std::string(1, c));
  return out;
}

static bool holds(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

TEST_CASE("every row is whole") {
  for (const auto& row : command_table()) {
    INFO(row.name);
    CHECK_FALSE(row.summary.empty());
    CHECK(row.run != nullptr);
    CHECK(row.least <= row.most);
    const bool repeats = row.most == any_number || (!row.arguments.empty() && row.arguments.back().name == "…");
    CHECK((repeats ? row.arguments.size() > 0 : row.most <= row.arguments.size()));
    CHECK(find_command(row.name) == &row);
    for (const auto& argument : row.arguments) CHECK_FALSE(argument.text.empty());
    for (const auto& flag : all_flags(row)) CHECK_FALSE(flag.text.empty());
  }
}

TEST_CASE("names of commands and flags are given once") {
  for (const auto& row : command_table()) {
    INFO(row.name);
    CHECK(std::count_if(command_table().begin(), command_table().end(), [&](const auto& each) { return each.name == row.name; }) == 1);
    auto flags = all_flags(row);
    for (const auto& flag : flags) {
      CHECK(std::count_if(flags.begin(), flags.end(), [&](const auto& each) { return each.name == flag.name; }) == 1);
      if (flag.letter) CHECK(std::count_if(flags.begin(), flags.end(), [&](const auto& each) { return each.letter == flag.letter; }) == 1);
    }
  }
}

TEST_CASE("help fits a terminal of 80 columns and names every flag") {
  std::vector<std::string> pages{overview_help()};
  for (const auto& row : command_table()) {
    pages.push_back(command_help(row));
    for (const auto& flag : all_flags(row)) CHECK(holds(pages.back(), cat("--", flag.name)));
    for (const auto& argument : row.arguments) CHECK(holds(pages.back(), std::string(argument.name)));
  }
  for (const auto& page : pages)
    for (auto line : split(page, "\n")) {
      INFO(line);
      CHECK(line.size() <= 80);
    }
}

TEST_CASE("every command and flag is in each completion file and in the man page") {
  auto bash = bash_completions(), zsh = zsh_completions(), fish = fish_completions(), man = man_page();
  for (const auto& row : command_table()) {
    if (row.hidden) continue;
    INFO(row.name);
    CHECK(holds(bash, cat("  ", row.name, ")\n")));
    CHECK(holds(zsh, cat("    ", row.name, ")\n")));
    CHECK(holds(fish, cat("-a ", row.name, " -d")));
    CHECK(holds(man, cat(".SS kra ", roffed(row.name))));
    for (const auto& flag : all_flags(row)) {
      INFO(flag.name);
      CHECK(holds(bash, cat("--", flag.name)));
      CHECK(holds(zsh, cat("--", flag.name)));
      CHECK(holds(fish, cat(" -l ", flag.name)));
      if (flag.name != "help") CHECK(holds(man, roffed(cat("--", flag.name))));
    }
  }
}

TEST_CASE("every setting is in the second man page") {
  auto man = settings_man_page();
  for (const auto& row : option_table()) {
    auto dot = row.name.find('.');
    CHECK(holds(man, cat(".SS ", row.name.substr(0, dot))));
    CHECK(holds(man, cat(".B ", roffed(row.name.substr(dot + 1)), ":")));
  }
}

TEST_CASE("every check has a code of its own and a cure") {
  for (const auto& check : check_table()) {
    INFO(check.code);
    CHECK_FALSE(check.cure.empty());
    CHECK_FALSE(check.what.empty());
    CHECK(std::count_if(check_table().begin(), check_table().end(), [&](const auto& each) { return each.code == check.code; }) == 1);
  }
}

TEST_CASE("an unknown command is answered with the nearest") {
  CHECK(unknown_command("stauts") == "unknown command stauts; did you mean status?");
  CHECK(unknown_command("xyzzyxyzzy") == "unknown command xyzzyxyzzy; `kra help` lists what there is");
  CHECK(unknown_command("a\nb").find('\n') == std::string::npos);
}
