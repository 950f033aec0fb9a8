#include "engine/draft_file.hpp"

#include "base/text.hpp"

namespace kra {

// Two bytes of UTF-8 are one of latin1. What is no UTF-8 was a byte of its own in the editor too.
static Result<std::string> latin1(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto lead = static_cast<unsigned char>(text[at]);
    auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
    if ((lead == 0xc2 || lead == 0xc3) && (next & 0xc0U) == 0x80U) {
      out.push_back(static_cast<char>((lead & 3U) << 6U | (next & 0x3fU)));
      ++at;
    } else if (lead >= 0xc4 && lead <= 0xf4 && (next & 0xc0U) == 0x80U) {
      return Error{Fault::refused, "the text has characters that latin1 does not have; recover it in Neovim"};
    } else {
      out.push_back(text[at]);
    }
  }
  return out;
}

Result<std::string> draft_file(std::string_view text, const Value& meta) {
  auto format = meta["fileformat"].text_or("unix");
  auto encoding = meta["encoding"].text_or("");
  const std::string_view end = format == "dos" ? "\r\n" : format == "mac" ? "\r" : "\n";
  std::string out;
  for (char c : text) c == '\n' ? out.append(end) : out.append(1, c);
  // An empty buffer is an empty file.
  if (meta["eol"].flag_or(true) && !text.empty()) out.append(end);
  if (encoding == "latin1" || encoding == "iso-8859-1") return latin1(out);
  if (!encoding.empty() && encoding != "utf-8") return Error{Fault::refused, cat("the file was in ", printable(encoding), "; recover it in Neovim")};
  return meta["bomb"].flag_or(false) ? "\xef\xbb\xbf" + out : out;
}

}  // namespace kra
