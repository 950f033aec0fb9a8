#include "cli/clone.hpp"

#include "engine/audit.hpp"
#include "peers/git_clone.hpp"

namespace kra::cli {

namespace {

enum class Answer { yes, no, stop };

Answer ask(const Repository& repository, const std::string& source, const Terminal& terminal, const Console& console) {
  constexpr char control_c = 3;
  auto question = cat("kra: ", console.bold(printable(repository.root)), " is gone. Clone it from ", printable(source), "? [y/N] ");
  const auto key = terminal.ask(question);
  if (!key || *key == control_c) return Answer::stop;
  return *key == 'y' || *key == 'Y' ? Answer::yes : Answer::no;
}

}  // namespace

bool offer_clones(Context& context, const std::vector<Repository>& missing, const Terminal& terminal, Console& console) {
  for (const auto& repository : missing) {
    auto source = clone_source(repository);
    if (!source) {
      console.say(cat(repository.root, " is gone: ", source.error().what));
      continue;
    }
    console.flush();
    const auto answer = ask(repository, *source, terminal, console);
    if (console.out_is_terminal()) console.line(answer == Answer::yes ? "yes" : answer == Answer::no ? "no" : "");
    console.flush();
    if (answer == Answer::stop) return false;
    if (answer == Answer::no) continue;
    auto cloned = clone_repository(context.disk, repository, terminal);
    if (!cloned && cloned.error().fault == Fault::timed_out) return false;
    if (!cloned) {
      console.say(cat(repository.root, " was not cloned: ", cloned.error().what));
      continue;
    }
    console.line("cloned ", printable(repository.root), cloned->empty() ? "" : "; ", *cloned);
    note_act(context.disk, context.paths, "clone", cat(printable(repository.root), " from ", printable(*source)));
  }
  return true;
}

}  // namespace kra::cli
