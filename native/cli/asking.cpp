#include "cli/asking.hpp"

#include "base/version.hpp"

namespace kra::cli {

Result<std::optional<Value>> ask_daemon(const Context& context, Start start, std::string_view method, Value param, Milliseconds time) {
  auto patience = Patience::of(time);
  auto daemon = reach(context.paths, version(), start, patience);
  if (!daemon) return std::optional<Value>();
  return std::optional<Value>(TRY(daemon->request(method, std::move(param), patience)));
}

}  // namespace kra::cli
