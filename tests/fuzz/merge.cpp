// Three texts from any bytes: hunks make the one the other, a merge keeps every line that only one side touched, and both ways round agree.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "engine/hunks.hpp"
#include "engine/merge3.hpp"

using namespace kra;

static void must(bool holds) {
  if (!holds) std::abort();
}

static void hunks_apply(std::string_view before, std::string_view after) {
  auto lines = lines_of_buffer(before);
  const auto hunks = hunks_between(before, after);
  for (auto hunk = hunks.rbegin(); hunk != hunks.rend(); ++hunk) {
    must(hunk->first <= hunk->last && hunk->last <= lines.size());
    const auto place = lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(hunk->first), lines.begin() + static_cast<std::ptrdiff_t>(hunk->last));
    lines.insert(place, hunk->lines.begin(), hunk->lines.end());
  }
  must(lines == lines_of_buffer(after));
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto first = bytes.size() * data[0] / 256, second = first + (bytes.size() - first) * data[1] / 256;
  const auto base = bytes.substr(0, first), ours = bytes.substr(first, second - first), theirs = bytes.substr(second);
  hunks_apply(base, ours);
  hunks_apply(ours, theirs);
  const auto merged = merge_texts(base, ours, theirs), mirrored = merge_texts(base, theirs, ours);
  must((merged.conflicts == 0) == (mirrored.conflicts == 0));
  if (merged.conflicts == 0) must(merged.text == mirrored.text);
  must(merge_texts(base, ours, base).text == ours && merge_texts(base, base, theirs).text == theirs);
  must(merge_texts(base, ours, ours).text == ours);
  return 0;
}
