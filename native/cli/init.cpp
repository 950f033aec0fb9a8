// kra init: prints a shell file, which is part of the program so that the two always fit.
#include <unistd.h>

#include <climits>

#include "cli/failure.hpp"
#include "cli/table.hpp"

// The files themselves, taken in by the assembler: C++20 has no way to do it. Paths count from the root of the tree.
#ifdef __APPLE__
#define KRA_READ_ONLY ".const_data"
#define KRA_SYMBOL "_"
#else
#define KRA_READ_ONLY ".section .rodata"
#define KRA_SYMBOL ""
#endif
#define KRA_SHELL_FILE(shell)                                                                                                  \
  asm(KRA_READ_ONLY "\n.globl " KRA_SYMBOL "kra_shell_" #shell ", " KRA_SYMBOL "kra_shell_" #shell "_end\n" KRA_SYMBOL         \
                    "kra_shell_" #shell ":\n.incbin \"shell/kra." #shell "\"\n" KRA_SYMBOL "kra_shell_" #shell "_end:\n.text\n"); \
  extern "C" const char kra_shell_##shell[], kra_shell_##shell##_end[]

KRA_SHELL_FILE(zsh);
KRA_SHELL_FILE(bash);
KRA_SHELL_FILE(fish);

namespace kra::cli {

static std::string_view shell_file(std::string_view shell) {
  auto between = [](const char* begin, const char* end) { return std::string_view(begin, static_cast<std::size_t>(end - begin)); };
  if (shell == "zsh") return between(kra_shell_zsh, kra_shell_zsh_end);
  if (shell == "bash") return between(kra_shell_bash, kra_shell_bash_end);
  return between(kra_shell_fish, kra_shell_fish_end);
}

static std::string own_path() {
  char path[PATH_MAX];
  auto length = ::readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : "kra";
}

// fish knows two escapes between single quotes, a POSIX shell none.
static std::string fish_quoted(std::string_view word) {
  std::string out = "'";
  for (char c : word) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

static ExitCode run_init(const Call& call, Console& console) {
  auto shell = call.argument(0);
  auto program = own_path();
  console.line(shell == "fish" ? cat("set -g __kra_bin ", fish_quoted(program)) : cat("__kra_bin=", shell_quoted(program)));
  console.out(shell_file(shell));
  return ExitCode::done;
}

CommandRow init_command() {
  return {.name = "init",
          .group = Group::settings,
          .usage = "zsh|bash|fish",
          .summary = "print what a shell evaluates at its start",
          .detail = "With it a change of directory leads to a save, and the program of a restored\n"
                    "pane becomes a job of the shell. Only interactive shells inside of tmux do\n"
                    "anything; KRA_DISABLE=1 turns it off. The same text lies in shell/.",
          .examples = "eval \"$(kra init zsh)\"     in ~/.zshrc\n"
                      "eval \"$(kra init bash)\"    in ~/.bashrc\n"
                      "kra init fish | source     in ~/.config/fish/config.fish",
          .arguments = {{"SHELL", "which shell", "zsh|bash|fish", Completes::choice}},
          .least = 1,
          .most = 1,
          .run = run_init};
}

}  // namespace kra::cli
