// Standard output and standard error. Output is gathered and written at the end or when much has come together; a write that failed
// is remembered, so that no command ends with 0 after its output was lost.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/value.hpp"

namespace kra::cli {

class Console {
 public:
  Console();
  ~Console() { flush(); }
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Data, on standard output.
  void out(std::string_view text);
  template <class... Pieces>
  void line(const Pieces&... pieces) { out(cat(pieces..., "\n")); }
  void json(const Value& value) { line(to_json(value)); }
  // A message, on standard error, with "kra: " in front.
  void say(std::string_view text);

  // What was written so far is out when this returns; false when some of it was lost.
  bool flush();
  // Why output was lost; empty when none was.
  const std::string& trouble() const { return trouble_; }

  bool out_is_terminal() const { return out_is_terminal_; }
  int width() const { return width_; }
  // Text in a colour when standard output shows colours (NO_COLOR, TERM=dumb and files do not).
  std::string bold(std::string_view text) const { return painted("1", text); }
  std::string faint(std::string_view text) const { return painted("2", text); }
  std::string red(std::string_view text) const { return painted("31", text); }
  std::string green(std::string_view text) const { return painted("32", text); }
  std::string yellow(std::string_view text) const { return painted("33", text); }

 private:
  std::string painted(std::string_view code, std::string_view text) const;
  std::string pending_, trouble_;
  bool out_is_terminal_ = false, colours_ = false;
  int width_ = 80;
};

}  // namespace kra::cli
