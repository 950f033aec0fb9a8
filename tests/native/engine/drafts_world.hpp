// Journals of editors in a scratch directory, and what is made of them.
#pragma once

#include <string>

#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "engine/drafts.hpp"
#include "tests/native/catch.hpp"
#include "tests/native/scratch.hpp"
#include "wire/msgpack.hpp"

namespace kra {

struct DraftsWorld {
  Scratch scratch;
  SystemDisk disk;
  Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  Drafts drafts{disk, paths};
  std::uint64_t seq = 0;

  std::string journal(const std::string& client = "c") { return cat(paths.drafts(), "/", client, ".journal"); }
  void add(DraftType type, Value map, const std::string& client = "c") {
    std::string frame;
    append_frame(frame, type, pack(Value(Value::Array{++seq, std::move(map)})));
    DraftAppender appender(disk, {journal(client), cat(paths.drafts_second(), "/", client, ".journal"), ""});
    REQUIRE(appender.append(frame).ok());
  }
};

}  // namespace kra
