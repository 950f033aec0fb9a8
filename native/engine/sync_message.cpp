#include "engine/sync_message.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra {

static constexpr std::string_view device_line = "Kra-Device: ", head_line = "Kra-Head: ";

std::string filled_message(std::string_view text, const Placeholders& values) {
  std::string out;
  while (!text.empty()) {
    const auto open = std::min(text.find('{'), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    const auto close = text.find('}');
    if (text.empty() || close == text.npos) return out.append(text).empty() ? "kra" : out;
    const auto name = text.substr(1, close - 1);
    const auto known = std::find_if(values.begin(), values.end(), [&](const auto& value) { return value.first == name; });
    // A brace that opens nothing is only that: another one may follow within.
    if (known == values.end()) out += '{', text.remove_prefix(1);
    else out += known->second, text.remove_prefix(close + 1);
  }
  return out.find_first_not_of(" \t\n") == out.npos ? "kra" : out;
}

std::string file_names(const std::vector<std::string>& paths) {
  constexpr std::size_t most = 5;
  std::string out;
  for (std::size_t at = 0; at < std::min(paths.size(), most); ++at) out += cat(at == 0 ? "" : ", ", printable(paths[at]));
  if (paths.size() > most) out += cat(", … and ", paths.size() - most, " more");
  return out;
}

std::string origin_lines(const CommitOrigin& origin) {
  return cat("\n\n", device_line, origin.device, origin.head.empty() ? "" : cat("\n", head_line, origin.head), "\n");
}

CommitOrigin origin_of(std::string_view commit) {
  CommitOrigin origin;
  for (const auto line : split(commit, "\n")) {
    // "committer NAME <MAIL> SECONDS ZONE", before the message.
    const auto words = split(line, " ");
    if (origin.seconds == 0 && line.starts_with("committer ") && words.size() > 3) origin.seconds = parse_int(words[words.size() - 2]).value_or(0);
    if (line.starts_with(device_line)) origin.device = printable(line.substr(device_line.size()));
    if (line.starts_with(head_line)) origin.head = line.substr(head_line.size());
  }
  std::erase_if(origin.device, [](char c) { return c == '/' || static_cast<unsigned char>(c) < 33; });
  return origin;
}

}  // namespace kra
