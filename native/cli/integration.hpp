// A marked block at the end of a text that belongs to somebody else. Its first line remembers what the text was like, so that taking the block
// away gives back exactly the bytes from before, whatever the user has changed around it since.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace kra::cli {

struct Block {
  std::string comment;  // what begins a comment in that language
  std::vector<std::string> lines;
};

// The text with the block at its end, or with the block that it holds already brought up to date in its place. `existed`: there was
// such a file. refused: a block in it has a beginning and no end.
Result<std::string> with_block(const std::string& text, const Block& block, bool existed);
// The text without the block; as it is when it holds none. refused as above.
Result<std::string> without_block(const std::string& text, const Block& block);
// The file held nothing but our block, and was not there before it.
bool was_made_by_us(const std::string& text);
// A line outside the block, no comment, that holds `sign`.
bool holds_own_line(const std::string& text, const Block& block, std::string_view sign);
// Lines that went, with a '-' in front, then lines that came, with a '+'.
std::vector<std::string> difference_of(const std::string& before, const std::string& after);

}  // namespace kra::cli
