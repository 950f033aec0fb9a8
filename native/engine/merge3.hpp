// Three-way merge of lines: what two sides made of a common text. Nothing here fails, and no byte is changed on the way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/lines.hpp"

namespace kra {

enum class MergeKind : std::uint32_t {
  ours = 1,      // only our side changed it
  theirs = 2,    // only their side did
  both = 3,      // both made the same of it
  conflict = 4,  // each made something else of it, or their changes touch
};

// A part of the three texts that is not the same in all; between two of them all three are equal. For kind `conflict` equal lines at
// both ends of ours and theirs are left out, so that `base` may reach further than what they replace.
struct MergePart {
  MergeKind kind;
  Range base, ours, theirs;
};

// In order. Conflicting are changes that overlap or touch and are not the same: the rule of `git merge-file`, with which this
// agrees on what is clean and what comes of it.
std::vector<MergePart> merge_parts(const std::vector<std::string_view>& base, const std::vector<std::string_view>& ours,
                                   const std::vector<std::string_view>& theirs);

struct Merged {
  int conflicts = 0;
  std::string text;  // ours stands where there is a conflict
};

// Lines count with their ends (lines_with_ends): a last line that lost its "\n" is another line.
Merged merge_texts(std::string_view base, std::string_view ours, std::string_view theirs);

// Lines as in an editor's buffer (lines_of_buffer). Taking the lines of `theirs` for each part of that kind, from the last to the first,
// makes ours the merged text.
std::vector<MergePart> merge_buffers(std::string_view base, std::string_view ours, std::string_view theirs);

}  // namespace kra
