// Hunks: applied from the last to the first they make the one buffer the other, and they are no longer than need be.
#include "engine/hunks.hpp"

#include "../catch.hpp"
#include "diff_texts.hpp"

using namespace kra;

namespace {

using Lines = std::vector<std::string_view>;

Lines applied(Lines lines, const std::vector<Hunk>& hunks) {
  for (auto hunk = hunks.rbegin(); hunk != hunks.rend(); ++hunk) {
    const auto place = lines.begin() + static_cast<std::ptrdiff_t>(hunk->first);
    lines.insert(lines.erase(place, lines.begin() + static_cast<std::ptrdiff_t>(hunk->last)), hunk->lines.begin(), hunk->lines.end());
  }
  return lines;
}

std::string repeated(std::size_t count, const std::string& word) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += word + std::to_string(i) + "\n";
  return text;
}

// The length of a longest common part, the slow way.
std::size_t longest_common(const Lines& a, const Lines& b) {
  std::vector<std::vector<std::size_t>> best(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
  for (auto i = a.size(); i-- > 0;)
    for (auto j = b.size(); j-- > 0;) best[i][j] = a[i] == b[j] ? best[i + 1][j + 1] + 1 : std::max(best[i + 1][j], best[i][j + 1]);
  return best[0][0];
}

}  // namespace

TEST_CASE("lines are exact bytes") {
  CHECK(lines_with_ends("a\r\nb\n") == Lines{"a\r\n", "b\n"});
  CHECK(lines_with_ends("a\n\nb") == Lines{"a\n", "\n", "b"});
  CHECK(lines_with_ends("").empty());
  CHECK(lines_of_buffer("") == Lines{""});
  CHECK(lines_of_buffer("\n") == Lines{""});
  CHECK(lines_of_buffer("\n\n") == Lines{"", ""});
  CHECK(lines_of_buffer("a\nb") == lines_of_buffer("a\nb\n"));
  CHECK(lines_of_buffer({"a\0b\n", 4}) == Lines{{"a\0b", 3}});
}

TEST_CASE("equal lines get equal numbers, however many there are") {
  const auto text = repeated(5000, "x") + repeated(5000, "x");
  LineNumbers numbers(1);
  const auto all = numbers.of(lines_of_buffer(text));
  CHECK(numbers.size() == 5000);
  CHECK(std::equal(all.begin(), all.begin() + 5000, all.begin() + 5000));
}

TEST_CASE("a hunk is the smallest edit") {
  CHECK(hunks_between("a\nb\n", "a\nb\n").empty());
  CHECK(hunks_between("a\nb", "a\nb\n").empty());
  auto hunks = hunks_between("a\nb\nc\n", "a\nx\nc\n");
  REQUIRE(hunks.size() == 1);
  CHECK(hunks[0].first == 1);
  CHECK(hunks[0].last == 2);
  CHECK(hunks[0].lines == Lines{"x"});
  hunks = hunks_between("a\n", "a\nb\n");
  REQUIRE(hunks.size() == 1);
  CHECK(hunks[0].first == 1);
  CHECK(hunks[0].last == 1);
  // An empty buffer has one line, which is replaced.
  hunks = hunks_between("", "a\nb\n");
  REQUIRE(hunks.size() == 1);
  CHECK(hunks[0].last == 1);
  CHECK(hunks[0].lines == Lines{"a", "b"});
}

TEST_CASE("a run that can stand in several places stands where people see it") {
  // A function was added behind another one: its end is new, not that of the one before.
  auto hunks = hunks_between("f {\n}\ng {\n}\n", "f {\n}\nnew {\n}\ng {\n}\n");
  REQUIRE(hunks.size() == 1);
  CHECK(hunks[0].first == 2);
  CHECK(hunks[0].lines == Lines{"new {", "}"});
}

TEST_CASE("hunks make one buffer the other") {
  const auto seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  test::DiffTexts texts(static_cast<std::uint64_t>(seed));
  std::size_t kept = 0, best = 0;
  for (int round = 0; round < 1000; ++round) {
    const auto [base, ours, theirs] = texts.next();
    const auto before = lines_of_buffer(ours), after = lines_of_buffer(theirs);
    const auto hunks = hunks_between(ours, theirs);
    REQUIRE(applied(before, hunks) == after);
    std::size_t end = 0, gone = 0;
    for (const auto& hunk : hunks) {
      REQUIRE((&hunk == hunks.data() || hunk.first > end));
      REQUIRE((hunk.last > hunk.first || !hunk.lines.empty()));
      end = hunk.last;
      gone += hunk.last - hunk.first;
    }
    kept += before.size() - gone;
    best += longest_common(before, after);
  }
  // Lines that are everywhere may be set aside; that costs little.
  CHECK(kept <= best);
  CHECK(static_cast<double>(kept) > 0.98 * static_cast<double>(best));
}

TEST_CASE("large texts with nothing in common come to an end") {
  const auto one = repeated(20000, "a"), other = repeated(20000, "b");
  const auto hunks = hunks_between(one, other);
  REQUIRE(hunks.size() == 1);
  CHECK(hunks[0].last == 20000);
  // Many lines that both have, in another order.
  std::string shuffled_one, shuffled_other;
  for (int i = 0; i < 6000; ++i) {
    shuffled_one += "w" + std::to_string(i * 7919 % 3001) + "\n";
    shuffled_other += "w" + std::to_string(i * 104729 % 2999) + "\n";
  }
  CHECK(applied(lines_of_buffer(shuffled_one), hunks_between(shuffled_one, shuffled_other)) == lines_of_buffer(shuffled_other));
}
