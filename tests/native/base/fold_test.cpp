#include "base/fold.hpp"

#include "tests/native/catch.hpp"

using kra::folded;

TEST_CASE("names that some file systems take for one") {
  struct Row {
    const char *one, *other;
  };
  for (const auto& [one, other] : {Row{"README", "readme"}, Row{"Stra\u00dfe", "STRASSE"}, Row{"\u00e4", "A\u0308"}, Row{"\u00c5ngstr\u00f6m", "a\u030angstro\u0308m"},
                                   Row{"\u0419\u043e\u0434", "\u0438\u0306\u043e\u0434"}, Row{"\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03c3\u03b9\u0301\u03c3\u03c5\u03c6\u03bf\u03c3"},
                                   Row{"\u1ed9", "o\u0323\u0302"}, Row{"\u304c", "\u304b\u3099"}, Row{"\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af"}, Row{"\ufb01le", "FILE"}}) {
    INFO(one << " " << other);
    CHECK(folded(one) == folded(other));
    CHECK(folded(folded(one)) == folded(one));
  }
}

TEST_CASE("names that no file system takes for one") {
  for (const char* other : {"a", "b", "ab", "\u00e5", "\u00e4b", "\xff", "\u4e2d", "\U0001f600"}) CHECK(folded(other) != folded("\u00e4"));
  CHECK(folded("a/B c.txt") == "a/b c.txt");
  CHECK(folded("\xff\xfe") == "\xff\xfe");
  CHECK(folded("\u4e2d\u6587\U0001f600") == "\u4e2d\u6587\U0001f600");
}
