// What `kra status --json` shows of the daemon.
#include <unistd.h>

#include <cstdio>

#include "base/text.hpp"
#include "base/version.hpp"
#include "daemon/router.hpp"

namespace kra {

// Bytes of ours that are in memory now.
static std::int64_t resident_bytes() {
  long size = 0, resident = 0;
  if (auto* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<std::int64_t>(resident) * ::sysconf(_SC_PAGESIZE);
}

Value Router::clients_status() {
  Value::Array rows;
  auto now = Clock::now();
  parts_.clients.each([&](Client& client) {
    const auto& hello = client.hello;
    auto files = client.state ? client.state->buffers.size() : 0;
    rows.push_back(Value::Map{{"id", hello.id},
                              {"kind", hello.client},
                              {"pid", static_cast<std::int64_t>(client.peer().pid)},
                              {"pane", hello.pane},
                              {"server", hello.tmux},
                              {"editor", hello.editor},
                              {"cwd", hello.cwd},
                              {"version", hello.version},
                              {"files", static_cast<std::uint64_t>(files)},
                              {"pinned", client.pinned},
                              {"late", client.late},
                              {"silent_ms", client.heartbeat.silent_for(now).count()}});
  });
  return rows;
}

// The daemon's own saves always have a row.
Value Router::figures() const {
  auto all = parts_.metrics.summary();
  if (all["saves"].is_nil()) all.set("saves", Durations().summary());
  return all;
}

Value Router::problems() const {
  auto found = parts_.workspaces.problems();
  parts_.desk.add_problems(found);
  parts_.watching.add_problems(*found.array());
  parts_.syncs.add_problems(*found.array());
  if (!parts_.settings.problem().empty()) found.array()->push_back(problem_of("settings", parts_.settings.problem(), "kra config check"));
  const auto& performance = parts_.settings.now().performance;
  if (!performance.monitor) return found;
  for (const auto& [name, ms] : parts_.metrics.above(performance.target.count()))
    found.array()->push_back(problem_of("slow", cat(name, ": 5 in 100 took ", ms, " ms or more, the target is ", performance.target.count(), " ms"),
                                        "`kra metrics` shows it; a slow disk or a busy machine is the usual reason, performance.target_ms sets the target"));
  return found;
}

void Router::status(Client&, const Value& param, Reply reply) {
  auto now = Clock::now();
  const auto& workspaces = parts_.workspaces;
  auto uptime = std::chrono::duration_cast<Milliseconds>(now - began_).count();
  reply.give(Value(Value::Map{
      {"daemon", Value::Map{{"running", true},
                            {"pid", static_cast<std::int64_t>(::getpid())},
                            {"version", version()},
                            {"commit", commit()},
                            {"uptime_ms", static_cast<std::int64_t>(uptime)},
                            {"rss", resident_bytes()}}},
      {"workspace", workspaces.workspace_status(param["server"].text_or(""), now)},
      {"servers", workspaces.servers_status(now)},
      {"clients", clients_status()},
      {"events", Value::Map{{"accepted", workspaces.journal().accepted()}, {"pending", workspaces.journal().pending()}}},
      {"leases", workspaces.leases_status(now)},
      {"metrics", figures()},
      {"drafts", parts_.desk.status(now)},
      {"watching", parts_.watching.status()},
      {"syncs", parts_.syncs.status()},
      {"problems", problems()},
  }));
}

}  // namespace kra
