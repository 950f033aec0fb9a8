// kra completions: a file for a shell, made from the table of commands.
#include "cli/completions.hpp"

#include "cli/table.hpp"
#include "model/config.hpp"

namespace kra::cli {

namespace {

// One word for bash and zsh, and for fish, where a quoted word knows a backslash.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out.append(c == '\'' ? std::string("'\\''") : std::string(1, c));
  return out + "'";
}
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out.append(c == '\'' || c == '\\' ? cat("\\", c) : std::string(1, c));
  return out + "'";
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const auto& row : command_table())
    if (!row.hidden) names.emplace_back(row.name);
  return names;
}

// What is offered for an argument or a flag's value: fixed words, what a command prints, or files.
struct Offer {
  std::vector<std::string> words;
  bool saves = false, files = false;
  bool any() const { return !words.empty() || saves || files; }
};

Offer offer_of(Completes completes, std::string_view choices) {
  Offer offer;
  if (!choices.empty())
    for (auto choice : split(choices, "|")) offer.words.emplace_back(choice);
  if (completes == Completes::command) offer.words = command_names();
  if (completes == Completes::option)
    for (const auto& row : option_table()) offer.words.emplace_back(row.name);
  offer.saves = completes == Completes::save;
  offer.files = completes == Completes::file;
  return offer;
}

// The argument that stands at a position; the last one of a row that takes any number stands at all that follow.
template <class Visit>
void each_offer(const CommandRow& row, Visit visit) {
  for (std::size_t at = 0; at < row.arguments.size(); ++at) {
    auto offer = offer_of(row.arguments[at].completes, row.arguments[at].choices);
    bool repeats = at + 1 == row.arguments.size() && row.most == any_number;
    if (offer.any()) visit(at + 1, repeats, offer);
  }
}

std::string bash_offer(const Offer& offer) {
  if (offer.files) return "compgen -f -- \"$3\"";
  if (offer.saves) return "kra list --names 2>/dev/null";
  return cat("printf '%s\\n' ", join(offer.words, " "));
}


std::string bash_case(const CommandRow& row) {
  std::string flags, values, out;
  for (const auto& flag : all_flags(row)) {
    flags.append(cat(" --", flag.name));
    if (!flag.value.empty())
      values.append(cat("      ", row.name, ":", flag.letter ? cat("-", flag.letter, " | ", row.name, ":") : "", "--", flag.name, ") ",
                        flag.completes == Completes::file ? "compgen -f -- \"$3\"" : ":", " ; return ;;\n"));
  }
  out.append(values.empty() ? "" : cat("    case $1:$4 in\n", values, "    esac\n"));
  out.append(cat("    case $3 in -*) printf '%s\\n'", flags, " ; return ;; esac\n"));
  std::string offers;
  each_offer(row, [&](std::size_t at, bool repeats, const Offer& offer) {
    offers.append(cat("      ", repeats ? "*" : cat(at), ") ", bash_offer(offer), " ;;\n"));
  });
  if (!offers.empty()) out.append(cat("    case $2 in\n", offers, "    esac\n"));
  return cat("  ", row.name, ")\n", out, "    ;;\n");
}

// A text inside [..] of an _arguments specification.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (char c : text) out.append(c == '[' || c == ']' || c == ':' ? cat("\\", c) : std::string(1, c));
  return out;
}

std::string zsh_action(const Offer& offer) {
  if (offer.files) return "_files";
  if (offer.saves) return "_kra_saves";
  return offer.words.empty() ? " " : cat("(", join(offer.words, " "), ")");
}

std::string zsh_case(const CommandRow& row) {
  std::string out = cat("    ", row.name, ")\n      _arguments -s -S");
  for (const auto& flag : all_flags(row)) {
    auto value = flag.value.empty() ? "" : cat(":", flag.value, ":", zsh_action(offer_of(flag.completes, "")));
    auto text = cat("[", zsh_text(flag.text), "]", value);
    if (flag.letter) out.append(cat(" \\\n        '(-", flag.letter, " --", flag.name, ")'{-", flag.letter, ",--", flag.name, "}", quoted(text)));
    else out.append(cat(" \\\n        ", quoted(cat("--", flag.name, text))));
  }
  each_offer(row, [&](std::size_t at, bool repeats, const Offer& offer) {
    auto name = zsh_text(row.arguments[at - 1].name);
    out.append(cat(" \\\n        ", quoted(cat(repeats ? "*" : cat(at), ":", name, ":", zsh_action(offer)))));
  });
  return out + " ;;\n";
}

std::string fish_lines(const CommandRow& row) {
  auto out = cat("complete -c kra -n '__kra_at \"\" 1' -a ", row.name, " -d ", fish_quoted(row.summary), "\n");
  for (const auto& flag : all_flags(row)) {
    out.append(cat("complete -c kra -n '__kra_in ", row.name, "'", flag.letter ? cat(" -s ", flag.letter) : "", " -l ", flag.name,
                   flag.value.empty() ? "" : flag.completes == Completes::file ? " -r -F" : " -x", " -d ", fish_quoted(flag.text), "\n"));
  }
  each_offer(row, [&](std::size_t at, bool repeats, const Offer& offer) {
    auto where = repeats ? cat("__kra_in ", row.name) : cat("__kra_at ", row.name, " ", at);
    auto what = offer.files ? " -F" : cat(" -a ", offer.saves ? "'(kra list --names 2>/dev/null)'" : fish_quoted(join(offer.words, " ")));
    out.append(cat("complete -c kra -n ", fish_quoted(where), what, "\n"));
  });
  return out;
}

}  // namespace

std::string bash_completions() {
  std::string out = "# Completions of kra for bash. Made by `kra completions bash`.\n"
                    "# _kra_offer COMMAND POSITION WORD BEFORE: what may stand there, one a line.\n"
                    "_kra_offer() {\n  case $1 in\n";
  out.append(cat("  '') printf '%s\\n' ", join(command_names(), " "), " --help --version ;;\n"));
  for (const auto& row : command_table())
    if (!row.hidden) out.append(bash_case(row));
  return out + "  esac\n}\n"
               "_kra() {\n"
               "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= position=0 at line\n"
               "  for ((at = 1; at < COMP_CWORD; at++)); do\n"
               "    case ${COMP_WORDS[at]} in\n"
               "      -*) ;;\n"
               "      *) if [[ -z $command ]]; then command=${COMP_WORDS[at]}; else ((position++)); fi ;;\n"
               "    esac\n"
               "  done\n"
               "  COMPREPLY=()\n"
               "  while IFS= read -r line; do\n"
               "    [[ $line == \"$word\"* ]] && COMPREPLY+=(\"$(printf '%q' \"$line\")\")\n"
               "  done < <(_kra_offer \"$command\" $((position + 1)) \"$word\" \"$before\")\n"
               "}\n"
               "complete -o bashdefault -F _kra kra\n";
}

std::string zsh_completions() {
  std::string out = "#compdef kra\n# Completions of kra for zsh. Made by `kra completions zsh`.\n"
                    "_kra_saves() {\n  local -a saves\n  saves=(${(f)\"$(kra list --names 2>/dev/null)\"})\n  compadd -a saves\n}\n"
                    "_kra_commands() {\n  local -a commands\n  commands=(\n";
  for (const auto& row : command_table())
    if (!row.hidden) out.append(cat("    ", quoted(cat(row.name, ":", row.summary)), "\n"));
  out.append("  )\n  _describe command commands\n}\n"
             "_kra() {\n  local curcontext=$curcontext state line\n"
             "  _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)--version[print the version]' '1:command:_kra_commands' '*::argument:->argument'\n"
             "  [[ $state == argument ]] || return\n  case $line[1] in\n");
  for (const auto& row : command_table())
    if (!row.hidden) out.append(zsh_case(row));
  return out + "  esac\n}\n"
               "if [[ $funcstack[1] == _kra ]]; then _kra \"$@\"; elif (( $+functions[compdef] )); then compdef _kra kra; fi\n";
}

std::string fish_completions() {
  std::string out = "# Completions of kra for fish. Made by `kra completions fish`.\n"
                    "function __kra_words\n"
                    "    for word in (commandline -opc)[2..-1]\n"
                    "        string match -q -- '-*' $word; or echo $word\n"
                    "    end\n"
                    "end\n"
                    "function __kra_in\n"
                    "    set -l words (__kra_words)\n"
                    "    test \"$words[1]\" = $argv[1]\n"
                    "end\n"
                    "function __kra_at\n"
                    "    set -l words (__kra_words)\n"
                    "    test \"$words[1]\" = \"$argv[1]\"; or return 1\n"
                    "    test -n \"$argv[1]\"; or return 0\n"
                    "    test (count $words) -eq $argv[2]\n"
                    "end\n"
                    "complete -c kra -f\n"
                    "complete -c kra -n '__kra_at \"\" 1' -s h -l help -d 'show help'\n"
                    "complete -c kra -n '__kra_at \"\" 1' -l version -d 'print the version'\n";
  for (const auto& row : command_table())
    if (!row.hidden) out.append(fish_lines(row));
  return out;
}

static ExitCode run_completions(const Call& call, Console& console) {
  auto shell = call.argument(0);
  console.out(shell == "bash" ? bash_completions() : shell == "zsh" ? zsh_completions() : fish_completions());
  return ExitCode::done;
}

CommandRow completions_command() {
  return {.name = "completions",
          .group = Group::plumbing,
          .usage = "zsh|bash|fish",
          .summary = "print a completion file for a shell",
          .examples = "eval \"$(kra completions bash)\"\n"
                      "kra completions zsh >\"${fpath[1]}/_kra\"\n"
                      "kra completions fish >~/.config/fish/completions/kra.fish",
          .arguments = {{"SHELL", "zsh, bash or fish", "zsh|bash|fish"}},
          .least = 1,
          .most = 1,
          .run = run_completions};
}

}  // namespace kra::cli
