#include "engine/carry_out.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <map>
#include <memory>

#include "base/text.hpp"
#include "os/process.hpp"
#include "wire/messages.hpp"

namespace kra {

std::string own_program() {
  char path[PATH_MAX];
  auto length = ::readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : "kra";
}

static std::string own_lease() { return cat(::getpid(), ".", static_cast<unsigned long long>(start_time_of(::getpid()).value_or(0))); }

bool restore_is_under_way(const std::string& restoring) {
  auto words = split(restoring, ".");
  auto pid = parse_int(words[0]);
  if (!pid || *pid <= 0) return false;
  auto started = start_time_of(static_cast<pid_t>(*pid));
  return started && words.size() == 2 && cat(static_cast<unsigned long long>(*started)) == words[1];
}

Result<Lock> lock_server(const Paths& paths, const TmuxServer& server, const Patience& patience) {
  auto lock = Lock::take(cat(paths.runtime, "/restore-", directory_name(server.socket), ".lock"), patience);
  if (!lock && lock.error().fault == Fault::busy) return Error{Fault::busy, "another restore is under way in this tmux server"};
  return lock;
}

namespace {

// Gives the server's flag back when the scripts did not come to their end.
class Flag {
 public:
  Flag(const TmuxServer& server, const Patience& patience) : server_(server), patience_(patience) {}
  ~Flag() {
    if (done_) return;
    TmuxScript script;
    script.command({"set-option", "-gu", "@kra_restoring"});
    (void)run_script(server_, script, false, patience_).ok();
  }
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;
  void done() { done_ = true; }

 private:
  const TmuxServer& server_;
  const Patience& patience_;
  bool done_ = false;
};

bool moves_clients(const Plan& plan) {
  return !plan.discards.empty() || std::any_of(plan.sessions.begin(), plan.sessions.end(), [](const auto& one) { return !one.swaps.empty(); });
}

// Who is attached by now: a client may have come while the panes were made, as it does when a server starts.
Result<std::vector<LiveClient>> clients_now(const TmuxServer& server, const Patience& patience) {
  TmuxScript script;
  script.command({"list-clients", "-F", "#{session_id} #{client_name}"});
  auto listed = TRY(run_script(server, script, false, patience));
  std::vector<LiveClient> clients;
  for (auto line : split(listed.output, "\n"))
    if (auto space = line.find(' '); space != line.npos) clients.push_back({std::string(line.substr(space + 1)), std::string(line.substr(0, space))});
  return clients;
}

bool made_nothing(const Made& made, Range range) {
  for (auto i = range.from; i < range.to; ++i)
    if (!made[i].id.empty()) return false;
  return true;
}

bool makes_something(const Plan& plan, Range range) {
  for (auto i = range.from; i < range.to; ++i)
    if (plan.sessions[i].follows < 0 && plan.sessions[i].joins.empty()) return true;
  return false;
}

// Of a plan in several ranges: its active session, made first, when it can take the place of the one made last.
std::optional<std::size_t> to_front(const Plan& plan, const Made& made, const std::vector<Range>& ranges) {
  if (ranges.size() < 2 || plan.active < 0) return {};
  auto at = static_cast<std::size_t>(plan.active);
  if (made[at].id.empty()) return {};
  return at;
}

}  // namespace

Result<std::optional<LiveServer>> look(const TmuxServer& server, const Patience& patience) {
  while (true) {
    auto live = read_server(server, patience);
    if (live) return std::optional<LiveServer>(std::move(*live));
    if (live.error().fault == Fault::unavailable) return std::optional<LiveServer>();
    if (live.error().fault != Fault::conflict || patience.over()) return std::move(live.error());
  }
}

Result<Carried> carry_out(const Plan& plan, const TmuxServer& server, bool start, const std::vector<Range>& ranges, const Patience& patience) {
  ScriptNames names{new_uuid(), own_program(), host_name(), own_lease()};
  Carried carried;
  carried.made.resize(plan.sessions.size());
  Flag flag(server, patience);
  ScriptOutcome said;
  for (auto range : ranges.empty() ? std::vector<Range>{{0, plan.sessions.size()}} : ranges) {
    auto built = TRY(run_script(server, build_script(plan, names, range), start, patience));
    read_made(built.output, carried.made);
    if (makes_something(plan, range) && made_nothing(carried.made, range))
      return Error{Fault::io, cat("tmux made none of the sessions: ", printable(built.errors.substr(0, built.errors.find('\n'))))};
    auto clients = moves_clients(plan) ? TRY(clients_now(server, patience)) : std::vector<LiveClient>();
    auto finished = TRY(run_script(server, finish_script(plan, carried.made, names, clients, range), false, patience));
    said.output += finished.output;
    said.errors += built.errors + finished.errors;
    start = false;
  }
  flag.done();
  if (auto at = to_front(plan, carried.made, ranges)) {
    auto front = TRY(run_script(server, front_script(plan, carried.made, names, *at), false, patience));
    if (auto id = front_said(front.output); !id.empty()) carried.made[*at].id = id;
  }
  carried.server = server_said(said.output);
  carried.counts = count_made(plan, carried.made);
  carried.failed = find_missing(plan, carried.made);
  carried.incomplete = !carried.failed.empty();
  for (auto& line : find_refused(plan, said)) carried.failed.push_back(std::move(line));
  return carried;
}

// Many panes share a directory or a program.
template <class Answer>
static std::function<Answer(const std::string&)> remembered(std::function<Answer(const std::string&)> ask) {
  return [ask, known = std::make_shared<std::map<std::string, Answer>>()](const std::string& about) {
    auto found = known->find(about);
    return found != known->end() ? found->second : known->emplace(about, ask(about)).first->second;
  };
}

PlanFacts facts_of(Disk& disk, const std::set<std::string>& fresh) {
  PlanFacts facts;
  facts.host = host_name();
  facts.is_directory = remembered<bool>([&disk](const std::string& path) {
    auto info = disk.info(path);
    return info && info->directory;
  });
  facts.program_name = remembered<std::string>(program_name_on_path);
  facts.is_fresh = [fresh](const LiveSession& session) { return fresh.count(session.id) > 0; };
  return facts;
}

}  // namespace kra
