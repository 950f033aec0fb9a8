#include "cli/integration.hpp"

#include "../catch.hpp"
#include "base/text.hpp"

using namespace kra;
using namespace kra::cli;

TEST_CASE("a block comes and goes without a trace") {
  const Block block{"#", {"one", "two"}};
  for (const std::string text : {"", "a\n", "a", "a\n\n", "\n", "# >>> other >>>\n", "x # >>> kra >>>\n", "a\r\n"}) {
    for (const bool existed : {true, false}) {
      if (!existed && !text.empty()) continue;
      INFO(text);
      const auto with = with_block(text, block, existed);
      REQUIRE(with);
      CHECK(with->find("\none\ntwo\n# <<< kra <<<\n") != std::string::npos);
      CHECK(*with_block(*with, block, true) == *with);
      CHECK(*without_block(*with, block) == text);
      CHECK(was_made_by_us(*with) != existed);
      const auto renewed = with_block(*with, {"#", {"three"}}, true);
      CHECK(renewed->find("one") == std::string::npos);
      CHECK(*without_block(*renewed, block) == text);
      CHECK(*without_block(cat(*with, "more\n"), block) == cat(text, text.empty() || text.back() == '\n' ? "" : "\n", "more\n"));
    }
  }
  CHECK(*without_block("nothing of ours\n", block) == "nothing of ours\n");
  CHECK_FALSE(without_block("# >>> kra >>>\none\n", block).ok());
  CHECK_FALSE(with_block("# >>> kra >>>\none\n", block, true).ok());
}

TEST_CASE("a line of the user's own is seen, a comment and our block are not") {
  const Block block{"#", {"eval kra init"}};
  CHECK(holds_own_line("a\n  kra init zsh\n", block, "kra init"));
  CHECK_FALSE(holds_own_line("a\n # kra init zsh\n", block, "kra init"));
  CHECK_FALSE(holds_own_line(*with_block("a\n", block, true), block, "kra init"));
}

TEST_CASE("only what differs is shown") {
  CHECK(difference_of("a\nb\n", "a\nb\nc\n") == std::vector<std::string>{"+c"});
  CHECK(difference_of("a\nx\nb\n", "a\nb\n") == std::vector<std::string>{"-x"});
  CHECK(difference_of("a\n", "a\n").empty());
}
