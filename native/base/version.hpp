// What was built: the release and the commit, which the Makefile passes to one file.
#pragma once

#include <string_view>

namespace kra {

std::string_view version();  // "0.1.0"
std::string_view commit();   // twelve hex digits; empty when built outside a repository

}  // namespace kra
