// What changed between two workspaces, for people and as data. Pure.
#pragma once

#include <string>
#include <vector>

#include "model/workspace.hpp"

namespace kra::cli {

struct Change {
  enum class Kind { added, removed, changed };
  Kind kind;
  std::string where;  // "work", "work:2", "work:2.1"
  std::string what;   // "window", "directory", "program", ...
  std::string before, after;
};

std::vector<Change> difference(const Workspace& before, const Workspace& after);
std::string_view kind_name(Change::Kind kind);

}  // namespace kra::cli
