// Passwords and tokens in what a program was started with. One table (secrets.cpp) of how programs take them; what it names is not stored.
// It errs on the side of hiding: a pane whose program is not stored comes back as a shell in its directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kra {

// An argument vector one of whose words, or two of them together, hand over a secret. A word that holds several (`sh -c "mysql -px"`,
// a title) is read as words of its own, without any shell's quoting.
bool carries_secret(const std::vector<std::string>& argv);
// A text for people: a title, or one word of a command line.
bool carries_secret(std::string_view text);

}  // namespace kra
