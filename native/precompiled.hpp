// Compiled once and put in front of every file, which saves a third of the build. It is a shortcut only: each file includes
// what it uses, and the TSan and fuzz builds, which go without this, prove it.
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
