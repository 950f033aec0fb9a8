// Help for people and man pages, made from the tables. Pure: text in, text out.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace kra::cli {

std::string overview_help();                       // all commands by group
std::string command_help(const CommandRow& row);   // one command, at most 80 columns

std::string man_page();                            // kra(1) in roff
std::string settings_man_page();                   // kra.yaml(5) in roff
std::string_view group_title(Group group);

// "-m, --message TEXT"
std::string flag_usage(const Flag& flag);
// `text` in lines of at most `width` columns, each but the first with `indent` spaces in front.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace kra::cli
