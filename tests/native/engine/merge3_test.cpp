// The merge: what git merge-file says, and what an editor can apply.
#include "engine/merge3.hpp"

#include "../catch.hpp"
#include "../scratch.hpp"
#include "diff_texts.hpp"
#include "os/command.hpp"
#include "os/disk.hpp"

using namespace kra;

TEST_CASE("changes of different places come together") {
  const auto merged = merge_texts("a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n");
  CHECK(merged.conflicts == 0);
  CHECK(merged.text == "A\nb\nc\nd\nE\n");
}

TEST_CASE("what both did alike is no conflict") {
  const auto merged = merge_texts("a\nb\nc\n", "a\nx\nc\n", "a\nx\nc\n");
  CHECK(merged.conflicts == 0);
  CHECK(merged.text == "a\nx\nc\n");
}

TEST_CASE("a conflict keeps ours, and is as small as it can be") {
  const auto merged = merge_texts("a\nb\nc\n", "a\nours\nmore\nc\n", "a\ntheirs\nmore\nc\n");
  CHECK(merged.conflicts == 1);
  CHECK(merged.text == "a\nours\nmore\nc\n");
  const auto parts = merge_buffers("a\nb\nc\n", "a\nours\nmore\nc\n", "a\ntheirs\nmore\nc\n");
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].kind == MergeKind::conflict);
  CHECK(parts[0].ours == Range{1, 2});
  CHECK(parts[0].theirs == Range{1, 2});
}

TEST_CASE("an end of the file that went away is a change, of the text but not of the buffer") {
  CHECK(merge_texts("a\n", "a\n", "a").text == "a");
  CHECK(merge_texts("a\n", "a\nb\n", "a").conflicts == 1);
  CHECK(merge_buffers("a\n", "a\nb\n", "a").size() == 1);
  CHECK(merge_texts("", "", "").text.empty());
  CHECK(merge_texts("", "a\n", "").text == "a\n");
  CHECK(merge_texts("x\r\ny\n", "x\r\ny\n", "x\ny\n").text == "x\ny\n");
}

TEST_CASE("theirs applied to ours, part by part, is the merged text") {
  test::DiffTexts texts(4);
  for (int round = 0; round < 2000; ++round) {
    const auto [base, ours, theirs] = texts.next();
    auto lines = lines_with_ends(ours);
    const auto their_lines = lines_with_ends(theirs);
    const auto parts = merge_parts(lines_with_ends(base), lines, their_lines);
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (part->kind != MergeKind::theirs) continue;
      const auto at = [](const auto& all, std::size_t index) { return all.begin() + static_cast<std::ptrdiff_t>(index); };
      const auto place = lines.erase(at(lines, part->ours.first), at(lines, part->ours.last));
      lines.insert(place, at(their_lines, part->theirs.first), at(their_lines, part->theirs.last));
    }
    std::string text;
    for (auto line : lines) text += line;
    REQUIRE(text == merge_texts(base, ours, theirs).text);
    // The other way round the same parts conflict.
    REQUIRE((merge_texts(base, theirs, ours).conflicts == 0) == (merge_texts(base, ours, theirs).conflicts == 0));
  }
}

TEST_CASE("git merge-file says the same") {
  Scratch scratch;
  SystemDisk disk;
  test::DiffTexts texts(5, test::DiffTexts::Bytes::no_nul);  // NUL makes a file binary to git
  int clean = 0;
  for (int round = 0; round < 150; ++round) {
    const auto [base, ours, theirs] = texts.next();
    CAPTURE(round, base, ours, theirs);
    for (const auto& [name, text] : {std::pair{"base", &base}, {"ours", &ours}, {"theirs", &theirs}})
      REQUIRE(disk.replace(scratch / name, *text).ok());
    const auto said = run({.argv = {"git", "merge-file", "-p", scratch / "ours", scratch / "base", scratch / "theirs"}},
                          Patience::of(Milliseconds(10'000)));
    REQUIRE(said.ok());
    const auto merged = merge_texts(base, ours, theirs);
    REQUIRE((said->status == 0) == (merged.conflicts == 0));
    if (said->status != 0) continue;
    REQUIRE(said->output == merged.text);
    ++clean;
  }
  CHECK(clean > 30);
}
