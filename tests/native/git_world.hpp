// A repository in a scratch directory, and the store that kra keeps of it.
#pragma once

#include "tests/native/catch.hpp"
#include "tests/native/git_scratch.hpp"

namespace kra {

struct GitWorld : GitScratch {
  SyncStore store() {
    auto place = find_repository(disk, root);
    REQUIRE(place);
    auto opened = SyncStore::open(disk, paths, *place, git_patience());
    INFO((opened ? "" : opened.error().what));
    REQUIRE(opened);
    REQUIRE(opened->set_excludes({}));
    return std::move(*opened);
  }
};

}  // namespace kra
