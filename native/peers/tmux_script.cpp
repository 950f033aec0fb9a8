// How text gets into tmux: every word of a command file in a form that its parser reads back byte for byte, and what may hold anything
// through a user option, whose value tmux expands once and then leaves alone.
#include "base/text.hpp"
#include "peers/tmux.hpp"
#include "peers/tmux_client.hpp"

namespace kra {
namespace {

constexpr std::string_view carrier = "@kra_x";
constexpr std::string_view carried = "\x01";
constexpr std::string_view expansion = "'#{@kra_x}'";
constexpr std::string_view name_carrier = "@kra_n";
constexpr std::string_view carried_name = "\x02";
constexpr std::string_view name_expansion = "'#{@kra_n}'";

void append_words(std::string& out, const std::vector<std::string>& words, bool carries) {
  for (const auto& word : words) {
    if (!out.empty() && out.back() != '\n') out += ' ';
    // Quoted, since `$3` would be a variable, `#` a comment and `{` a block.
    if (carries && word == carried) out += expansion;
    else if (carries && word == carried_name) out += name_expansion;
    else out += tmux_quoted(word);
  }
}

}  // namespace

std::string tmux_quoted(std::string_view word) {
  std::string out = "\"";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    // 0xff reads as the end of the file, `~` at the start as a home directory, the others end or change the quoted word.
    if (byte < 0x20 || byte == 0x7f || byte == 0xff || c == '~' || c == '#' || c == '"' || c == '\\' || c == '$') {
      out += {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)), static_cast<char>('0' + (byte & 7))};
    } else {
      out += c;
    }
  }
  return out += '"';
}

TmuxScript& TmuxScript::command(const std::vector<std::string>& words) {
  append_words(text_, words, false);
  text_ += '\n';
  return *this;
}

void TmuxScript::carry(const std::string& text) {
  if (carried_ == text) return;
  text_ += cat("set-option -g ", carrier, " ", tmux_quoted(text), "\n");
  carried_ = text;
}

TmuxScript& TmuxScript::with_name(const std::string& name) {
  text_ += cat("set-option -g ", name_carrier, " ", tmux_quoted(name), "\n");
  names_ = true;
  return *this;
}

TmuxScript& TmuxScript::command_with(const std::string& text, const std::vector<std::string>& words) {
  carry(text);
  append_words(text_, words, true);
  text_ += '\n';
  return *this;
}

TmuxScript& TmuxScript::command_running(const std::string& text, const std::vector<std::string>& words,
                                        const std::vector<std::string>& argv) {
  command_with(text, words);
  if (argv.empty()) return *this;
  text_.pop_back();
  text_ += " --";
  // tmux hands a single word to a shell; two or more it executes.
  if (argv.size() == 1 && argv[0].find('=') == std::string::npos) text_ += " env";
  if (argv.size() == 1 && argv[0].find('=') != std::string::npos) text_ += " sh -c 'exec \"$0\"'";
  for (const auto& word : argv) text_ += cat(" ", tmux_quoted(word));
  text_ += '\n';
  return *this;
}

std::string TmuxScript::clean_up() const {
  return cat("set-option -gu ", carrier, "\n", names_ ? cat("set-option -gu ", name_carrier, "\n") : "");
}

TmuxScript& TmuxScript::command_block(const std::vector<std::string>& words, const TmuxScript& block) {
  append_words(text_, words, false);
  text_ += cat(" {\n", block.text_, "}\n");
  // Whether the block was run, and so what the option holds, is not known here.
  carried_.reset();
  return *this;
}

Result<ScriptOutcome> run_script(const TmuxServer& server, const TmuxScript& script, bool start, const Patience& patience) {
  std::vector<std::string> words;
  if (start) words = {"start-server", ";"};
  words.insert(words.end(), {"source-file", "-"});
  auto outcome = TRY(tmux_client(server, words, script.text() + script.clean_up(), patience));
  return ScriptOutcome{std::move(outcome.output), std::move(outcome.errors)};
}

}  // namespace kra
