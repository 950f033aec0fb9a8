// A draft's text as the bytes of a file, as the editor would have written it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/value.hpp"

namespace kra {

// `text` as lines joined by line feeds, in UTF-8; `meta` says `fileformat` (unix, dos, mac), `eol`, `bomb` and `encoding`. refused: an encoding other
// than UTF-8 and latin1, or a character that latin1 does not have.
Result<std::string> draft_file(std::string_view text, const Value& meta);

}  // namespace kra
