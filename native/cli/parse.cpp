#include "cli/parse.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra::cli {

bool Call::has(std::string_view name) const {
  return std::any_of(options.begin(), options.end(), [&](const auto& option) { return option.first == name; });
}

std::string Call::value(std::string_view name) const {
  std::string found;
  for (const auto& [given, text] : options)
    if (given == name) found = text;
  return found;
}

std::vector<Flag> all_flags(const CommandRow& row) {
  auto flags = row.flags;
  if (row.json) flags.push_back({0, "json", "", "print JSON"});
  if (row.server) {
    flags.push_back({'L', "socket-name", "NAME", "the tmux server with this socket name"});
    flags.push_back({'S', "socket-path", "PATH", "the tmux server at this socket", Completes::file});
  }
  flags.push_back({'h', "help", "", "show this help"});
  return flags;
}

namespace {

std::string lower(std::string_view text) {
  std::string out;
  for (char c : text) out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return out;
}

// One pass over the words of a call.
class Parser {
 public:
  Parser(const CommandRow& row, const std::vector<std::string>& words) : row_(row), flags_(all_flags(row)), words_(words) {}

  Result<Call> parse() {
    bool only_arguments = false;
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      if (only_arguments || word.size() < 2 || word[0] != '-') call_.arguments.push_back(word);
      else if (word == "--") only_arguments = true;
      else if (word[1] == '-') TRY(long_option(word.substr(2)));
      else TRY(short_options(word.substr(1)));
    }
    return checked();
  }

 private:
  Result<void> long_option(const std::string& word) {
    auto equals = word.find('=');
    auto name = word.substr(0, equals);
    auto flag = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& each) { return each.name == name; });
    if (flag == flags_.end()) return unknown(cat("--", name));
    if (!flag->value.empty()) return equals == word.npos ? with_next(*flag) : give(*flag, word.substr(equals + 1));
    if (equals != word.npos) return wrong(cat("--", name, " takes no value"));
    return give(*flag, "");
  }

  Result<void> short_options(std::string letters) {
    while (!letters.empty()) {
      char letter = letters[0];
      letters.erase(0, 1);
      auto flag = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& each) { return each.letter == letter; });
      if (flag == flags_.end()) return unknown(cat("-", letter));
      if (!flag->value.empty()) return letters.empty() ? with_next(*flag) : give(*flag, letters);
      TRY(give(*flag, ""));
    }
    return {};
  }

  Result<void> with_next(const Flag& flag) {
    if (at_ == words_.size()) return wrong(cat("--", flag.name, " needs a value (", flag.value, ")"));
    return give(flag, words_[at_++]);
  }

  Result<void> give(const Flag& flag, std::string value) {
    call_.options.emplace_back(flag.name, std::move(value));
    return {};
  }

  Error wrong(const std::string& what) const {
    return {Fault::usage, cat(row_.name, ": ", what, "; `kra ", row_.name, " --help` lists what there is")};
  }

  Error unknown(const std::string& word) const {
    std::vector<std::string> known;
    for (const auto& flag : flags_) known.push_back(cat("--", flag.name));
    auto meant = nearest(word, known);
    if (!meant) return wrong(cat("unknown option ", printable(word)));
    return {Fault::usage, cat(row_.name, ": unknown option ", printable(word), "; did you mean ", *meant, "?")};
  }

  Result<Call> checked() {
    if (call_.has("help")) return std::move(call_);
    if (call_.arguments.size() < row_.least)
      return wrong(cat("needs ", row_.arguments[call_.arguments.size()].name, ": kra ", row_.name, " ", row_.usage));
    if (call_.arguments.size() > row_.most) return wrong(cat("unexpected ", printable(call_.arguments[row_.most])));
    for (std::size_t at = 0; at < call_.arguments.size() && at < row_.arguments.size(); ++at)
      TRY(check_choice(row_.arguments[at], call_.arguments[at]));
    return std::move(call_);
  }

  Result<void> check_choice(const Argument& argument, const std::string& word) const {
    if (argument.choices.empty()) return {};
    // A place where the command also takes a directory.
    if (argument.or_path && (word.find('/') != std::string::npos || word == "." || word == "..")) return {};
    std::vector<std::string> known;
    for (auto choice : split(argument.choices, "|")) known.emplace_back(choice);
    if (std::find(known.begin(), known.end(), word) != known.end()) return {};
    auto meant = nearest(word, known);
    return Error{Fault::usage, cat(row_.name, ": unknown ", lower(argument.name), " ", printable(word), "; ",
                                   meant ? cat("did you mean ", *meant, "?") : cat("there is ", join(known, ", ")))};
  }

  const CommandRow& row_;
  std::vector<Flag> flags_;
  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  Call call_;
};

}  // namespace

Result<Call> parse(const CommandRow& row, const std::vector<std::string>& words) { return Parser(row, words).parse(); }

}  // namespace kra::cli
