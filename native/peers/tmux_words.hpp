// How tmux writes texts in what it prints, and back. Only peers/tmux*.cpp use this.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kra {

// "3.3a" -> 303, "next-3.8" -> 308; 0 when there is no number in it.
int tmux_release(std::string_view version);

// A session's or window's name as it was before tmux made it visible (`\\`, `\t`, `\001`): setting the result gives the shown name
// again. A name that tmux cannot have made visible is given back as it is.
std::string decoded_name(std::string_view shown, int release);
// A pane's title: since 3.7 it is shown with doubled backslashes.
std::string decoded_title(std::string_view shown, int release);

// The words of a line that tmux wrote for its own parser (pane_start_command, show-options); empty when it is none.
std::vector<std::string> tmux_words(std::string_view line);

// A layout that depends on nothing but shapes: panes numbered from 0 in place of their ids, checksum made anew. tmux reads it as the
// same layout. A text that is no layout stays as it is.
std::string normal_layout(std::string_view layout);

}  // namespace kra
