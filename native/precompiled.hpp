// Compiled once and put in front of every file, which saves a third of the build. It is a shortcut only: each file includes
// what it uses, and the fuzz build, which goes without this, proves it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/record.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/value.hpp"

// What nearly every file uses of the standard library is compiled once, in base/precompiled.cpp, and by no other file.
extern template class std::basic_string<char>;
extern template class std::vector<std::string>;
extern template class std::vector<std::string_view>;
