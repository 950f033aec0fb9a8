// kra forget: every trace of a file goes.
#include <cstdlib>

#include "cli/asking.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/forget.hpp"

namespace kra::cli {

// The file may be gone already: only its directory is followed.
static std::string absolute(const std::string& path) {
  auto slash = path.rfind('/');
  auto directory = slash == path.npos ? std::string(".") : slash == 0 ? std::string("/") : path.substr(0, slash);
  char* real = ::realpath(directory.c_str(), nullptr);
  std::string out = real ? real : directory;
  std::free(real);
  return cat(out == "/" ? "" : out, "/", path.substr(slash == path.npos ? 0 : slash + 1));
}

static ExitCode run_forget(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto path = absolute(call.argument(0));
  // Editors that have the file open are told, so that they keep no more of it.
  auto asked = OR_FAIL(ask_daemon(context, Start::never, "forget", Value::Map{{"path", path}}, Milliseconds(30'000)));
  auto forgotten = OR_FAIL(forget(context.disk, context.paths, path));
  if (asked) forgotten.drafts += static_cast<int>((*asked)["drafts"].number_or(0));
  if (call.json()) {
    console.json(Value::Map{{"path", path}, {"drafts", forgotten.drafts}, {"saves", forgotten.saves}, {"contents", forgotten.contents}, {"others", forgotten.others}});
    return ExitCode::done;
  }
  console.line(printable(path), ": ", forgotten.drafts, " drafts, ", forgotten.saves, " saves, contents of ", forgotten.contents, " panes, ", forgotten.others,
               " other files");
  return ExitCode::done;
}

CommandRow forget_command() {
  return {.name = "forget",
          .usage = "PATH",
          .summary = "remove every trace of a file from what kra keeps",
          .detail = "From drafts, every generation of every save, contents of panes, marks, notes\n"
                    "and logs. The file itself is not touched. An editor that has it open keeps it\n"
                    "open, and what is typed after this is kept again; privacy.exclude prevents it.\n"
                    "This cannot be undone.",
          .examples = "kra forget notes/private.txt",
          .arguments = {{"PATH", "the file, which may be gone", "", Completes::file}},
          .least = 1,
          .most = 1,
          .json = true,
          .run = run_forget};
}

}  // namespace kra::cli
