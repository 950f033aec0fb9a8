#include "daemon/workspaces.hpp"

#include <malloc.h>

#include <algorithm>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/audit.hpp"
#include "os/socket.hpp"

namespace kra {

static constexpr Milliseconds editor_patience{500};
static constexpr Milliseconds save_patience{60'000};
static constexpr std::size_t leases_of_one = 16;
static constexpr const char* save_operation = "saves";

Workspaces::Workspaces(Server& clients, Lane& lane, EventJournal journal, SettingsFile& settings, Metrics& metrics, Disk& disk,
                       const Paths& paths, SaveFunction save_with)
    : clients_(clients), lane_(lane), journal_(std::move(journal)), settings_(settings), metrics_(metrics), disk_(disk), paths_(paths), save_(save_with) {
  for (const auto& server : journal_.pending_servers()) {
    auto& place = place_of(server);
    if (settings_.may_autosave()) place.debounce.poke(Clock::now());
  }
}

Workspaces::Place& Workspaces::place_of(const std::string& server) {
  auto [at, is_new] = places_.try_emplace(server);
  at->second.gone = false;
  if (!is_new) return at->second;
  at->second.server = find_server(server, "");
  at->second.debounce = Debounce(settings_.now().autosave.timeout, settings_.now().autosave.max_wait);
  at->second.retry.retime(settings_.now().retry.first, settings_.now().retry.longest);
  return at->second;
}

void Workspaces::apply_settings() {
  const auto& autosave = settings_.now().autosave;
  for (auto& [server, place] : places_) {
    place.debounce.retime(autosave.timeout, autosave.max_wait);
    place.retry.retime(settings_.now().retry.first, settings_.now().retry.longest);
    if (!settings_.may_autosave()) place.debounce.rest();
    if (settings_.may_autosave() && !place.debounce.due() && dirty(place) && !place.running) place.debounce.poke(Clock::now());
  }
}

Result<void> Workspaces::take(const Event& event) {
  auto taken = journal_.accept(event);
  if (taken && !*taken) return {};
  if (!event.server.empty()) {
    auto& place = place_of(event.server);
    if (event.source == "gone") {
      ended(place);
      drop_if_gone(place);
    }
    else if (settings_.may_autosave())
      place.debounce.poke(Clock::now());
  }
  if (!taken) return std::move(taken.error());
  return {};
}

// The server has ended: what was not saved of it can no longer be.
void Workspaces::ended(Place& place) {
  place.debounce.rest();
  place.retry.succeeded();
  place.held = false;
  place.gone = true;
  place.attended = false;
  (void)journal_.forget(place.server.socket);
}

// Nothing of it is left to do, and nothing is known of it that anybody would ask for.
void Workspaces::drop_if_gone(const Place& place) {
  if (!place.gone || place.running || !place.jobs.empty() || place.debounce.due() || place.retry.due() || dirty(place)) return;
  std::erase_if(places_, [&](const auto& entry) { return &entry.second == &place; });
}

Workspaces::Place* Workspaces::find_place(const std::string& socket) {
  for (auto& [server, place] : places_)
    if (place.server.socket == socket) return &place;
  return nullptr;
}

void Workspaces::save(const std::string& server, SaveRequest request, Reply reply) {
  add(place_of(server), {std::move(request), {reply}, false});
}

void Workspaces::flush(const std::string& server, const std::string& reason, Reply reply) {
  if (!server.empty()) return add_automatic(place_of(server), reason, reply);
  std::vector<Place*> wanted;
  for (auto& [socket, place] : places_)
    if (dirty(place)) wanted.push_back(&place);
  if (wanted.empty()) return reply.give(Value(Value::Map{{"changed", false}}));
  // The answer is that of the last one: by then the lane has done all before it.
  for (auto* place : wanted) add_automatic(*place, reason, place == wanted.back() ? reply : Reply());
}

void Workspaces::add(Place& place, Job job) {
  place.jobs.push_back(std::move(job));
  if (!place.running) begin(place);
}

// Automatic saves that have not begun are one.
void Workspaces::add_automatic(Place& place, const std::string& reason, Reply reply) {
  place.debounce.rest();
  place.held = false;
  for (std::size_t at = place.running ? 1 : 0; at < place.jobs.size(); ++at)
    if (place.jobs[at].automatic) return place.jobs[at].replies.push_back(reply);
  SaveRequest request;
  request.reason = reason;
  add(place, {std::move(request), {reply}, true});
}

void Workspaces::begin(Place& place) {
  place.running = true;
  place.debounce.rest();
  place.retry.ring(Instant::max());
  journal_.begin(place.server.socket);
  place.lease = leases_.grant(save_in_progress, place.server.socket, 0, save_patience, Clock::now());
  ask_editors(place);
  if (place.awaited.empty()) run_job(place);
}

static bool is_editor_of(const Client& client, const TmuxServer& server) {
  return client.hello.client == "nvim" && client.hello.tmux == server.socket && !client.hello.editor.empty();
}

void Workspaces::ask_editors(Place& place) {
  auto now = Clock::now();
  ++place.round;
  std::vector<Client*> asked;
  clients_.each([&](Client& client) {
    if (!is_editor_of(client, place.server)) return;
    // One that is stopped or stuck is not waited for a second time.
    client.late = client.heartbeat.abandoned(now);
    if (!client.late) asked.push_back(&client);
  });
  for (auto* client : asked) place.awaited.insert(client->id());
  if (!asked.empty()) place.answers_until = now + editor_patience;
  for (auto* client : asked) {
    client->ask_editor("capture", Value::Map{}, [this, server = place.server.socket, id = client->id(), round = place.round](Result<Value> state) {
      take_state(server, id, round, std::move(state));
    });
  }
}

// The answer to the last save's question is not the one that this save waits for.
void Workspaces::take_state(const std::string& server, std::uint64_t editor, std::uint64_t round, Result<Value> state) {
  auto* found = find_place(server);
  if (!found) return;
  auto& place = *found;
  if (auto* client = clients_.find(editor)) {
    Editor told;
    // What it told before is better than nothing.
    if (state && from_value(*state, told))
      client->state = std::move(told);
    else if (round == place.round)
      client->late = true;
  }
  if (round == place.round && place.awaited.erase(editor) > 0 && place.awaited.empty()) run_job(place);
}

std::vector<ConnectedEditor> Workspaces::editors_of(Place& place) {
  std::vector<ConnectedEditor> editors;
  clients_.each([&](Client& client) {
    if (!is_editor_of(client, place.server) || !client.state) return;
    auto& connected = editors.emplace_back(ConnectedEditor{*client.state, client.hello.pane, static_cast<pid_t>(client.hello.pid)});
    connected.editor.id = client.hello.editor;
  });
  return editors;
}

// One client call, only for those who look at it: `saved 14:05`.
static void show_status(const TmuxServer& server, const Patience& patience) {
  auto time = rfc3339(wall_now());
  TmuxScript script;
  script.command({"set-option", "-g", "@kra_status", "saved " + time.substr(time.find('T') + 1, 5)});
  (void)run_script(server, script, false, patience);
}

void Workspaces::measure(bool ok, std::int64_t duration_ms) {
  if (settings_.now().performance.monitor) metrics_.take(Value::Map{{"operation", save_operation}, {"ok", ok}, {"ms", duration_ms}}, day_of(wall_now()));
}

// While saves miss their target they come less often; the longest wait stays what it is.
void Workspaces::pace(Place& place) {
  const auto& now = settings_.now();
  auto factor = now.performance.adapt ? slow_factor(metrics_.percentile_us(save_operation, 95), now.performance.target.count()) : 1;
  auto quiet = std::chrono::duration_cast<Milliseconds>(now.autosave.timeout * factor);
  place.debounce.retime(std::min(quiet, std::max(now.autosave.timeout, now.autosave.max_wait)), now.autosave.max_wait);
}

static std::vector<std::string> lines_of(const std::vector<History::Finding>& findings) {
  std::vector<std::string> lines;
  for (const auto& finding : findings) lines.push_back(cat(finding.name, "@", finding.generation, " cannot be used: ", finding.trouble));
  return lines;
}

void Workspaces::run_job(Place& place) {
  for (auto late : std::exchange(place.awaited, {}))
    if (auto* client = clients_.find(late)) client->late = true;
  place.answers_until = std::nullopt;
  auto request = place.jobs.front().request;
  request.editors = editors_of(place);
  bool thin = place.thinning.poke(Clock::now());
  auto job = [save_with = save_, &disk = disk_, &paths = paths_, server = place.server, request = std::move(request), settings = settings_.now(), thin](std::stop_token stop) {
    History history(disk, paths.workspaces(server.key()), paths.corrupt());
    Patience patience{Clock::now() + save_patience, stop};
    auto report = save_with(history, disk, paths, server, request, settings, patience);
    // A tmux client that could not get through is no death while somebody listens there: it is told and tried again.
    if (!report && report.error().fault == Fault::unavailable && connect_to(server.socket)) report.error().fault = Fault::io;
    const auto& kept = settings.history;
    if (report && report->shows_status) show_status(server, patience);
    if (report) report->put_aside = lines_of(history.take_findings());
    if (report)
      for (const auto& line : report->put_aside) note_act(disk, paths, "damaged", line);
    if (report && thin) (void)history.thin(report->name, {kept.all_for, kept.hourly_for, kept.daily_for}, wall_now());
    return report;
  };
  lane_.post(std::move(job), [this, &place](Result<SaveReport> outcome) { finish(place, std::move(outcome)); });
}

static Value report_value(const SaveReport& report, std::size_t late) {
  auto value = value_of(report);
  value.set("editors_late", static_cast<std::uint64_t>(late));
  value.set("durability", "disk");
  return value;
}

void Workspaces::finish(Place& place, Result<SaveReport> outcome) {
  auto job = std::move(place.jobs.front());
  place.jobs.pop_front();
  place.running = false;
  leases_.release(place.lease, 0);
  // A save of one session leaves the others as they were.
  bool covers = outcome.ok() && !outcome->off && job.request.session.empty();
  (void)journal_.finish(place.server.socket, covers);
  std::size_t late = 0;
  clients_.each([&](Client& client) { late += is_editor_of(client, place.server) && client.late; });
  if (outcome && outcome->off) {
    place.retry.succeeded();
  } else if (outcome) {
    measure(true, outcome->duration_ms);
    place.attended = outcome->attended;
    pace(place);
    if (covers) {
      place.last = *outcome;
      place.saved_at = wall_now().ms;
    }
    place.retry.succeeded();
    if (!std::exchange(place.trouble, "").empty()) tell_editors(place, "solved", Value::Map{{"code", "save_failed"}});
    tell_editors(place, "saved", Value::Map{{"ok", true}, {"name", outcome->name}, {"generation", outcome->generation}, {"duration_ms", outcome->duration_ms}});
    for (const auto& line : outcome->put_aside) tell_editors(place, "problem", problem_of("damaged", line, "the save before it counts; kra verify checks all"));
  } else {
    failed(place, outcome.error(), job.automatic);
  }
  // It began in the place of an autosave, and has not done that one's work.
  if (!covers && !job.automatic && dirty(place) && settings_.may_autosave()) place.debounce.poke(Clock::now());
  auto answer = outcome ? Result<Value>(report_value(*outcome, late)) : Result<Value>(outcome.error());
  for (const auto& reply : job.replies) reply.give(answer);
  // What the save needed goes back to the system at once: the daemon rests most of its time.
  ::malloc_trim(0);
  if (!place.jobs.empty()) return begin(place);
  drop_if_gone(place);
}

void Workspaces::failed(Place& place, const Error& error, bool automatic) {
  measure(false, 0);
  if (error.fault == Fault::unavailable) return ended(place);
  // Once, not at each retry.
  if (std::exchange(place.trouble, error.what).empty())
    tell_editors(place, "problem", problem_of("save_failed", error.what, save_failed_cure));
  // A server without a session, or one that is being restored, will tell when that changes.
  bool pointless = error.fault == Fault::refused && place.retry.failures() >= 6;
  auto now = Clock::now();
  if (automatic && !pointless) place.retry.failed(now, static_cast<double>(now.time_since_epoch().count() % 1000) / 1000);
}

void Workspaces::tell_editors(const Place& place, const char* method, const Value& data) {
  clients_.each([&](Client& client) {
    if (is_editor_of(client, place.server)) client.tell_editor(method, data);
  });
}

bool Workspaces::dirty(const Place& place) const { return journal_.pending(place.server.socket) > 0; }

Result<std::uint64_t> Workspaces::grant(std::string_view name, const std::string& server, std::uint64_t holder, Milliseconds time) {
  if (leases_.count_of(holder) >= leases_of_one) return Error{Fault::busy, cat("this connection holds ", leases_of_one, " leases already")};
  return leases_.grant(name, server, holder, time, Clock::now());
}

void Workspaces::lease_ended(const Lease& lease) {
  auto found = places_.find(lease.server);
  if (found == places_.end() || leases_.forbids_autosave(lease.server)) return;
  if (std::exchange(found->second.held, false)) found->second.debounce.poke(Clock::now());
}

bool Workspaces::release(std::uint64_t lease, std::uint64_t holder) {
  auto ended = leases_.release(lease, holder);
  if (ended) lease_ended(*ended);
  return ended.has_value();
}

void Workspaces::client_gone(std::uint64_t id) {
  for (const auto& lease : leases_.drop_holder(id)) lease_ended(lease);
}

static void keep_earlier(std::optional<Instant>& first, std::optional<Instant> other) {
  if (other && (!first || *other < *first)) first = other;
}

std::optional<Instant> Workspaces::due() const {
  auto first = leases_.due();
  for (const auto& [server, place] : places_) {
    keep_earlier(first, place.debounce.due());
    keep_earlier(first, place.retry.due());
    keep_earlier(first, place.answers_until);
  }
  return first;
}

void Workspaces::ring(Instant now) {
  for (const auto& lease : leases_.ring(now)) lease_ended(lease);
  for (auto& [server, place] : places_) {
    if (place.answers_until && *place.answers_until <= now) run_job(place);
    bool rang = place.debounce.ring(now);
    if (!place.retry.ring(now) && !rang) continue;
    if (leases_.forbids_autosave(server))
      place.held = true;
    else
      add_automatic(place, "autosave", Reply());
  }
}

bool Workspaces::saving() const {
  return std::any_of(places_.begin(), places_.end(), [](const auto& entry) { return entry.second.running; });
}

bool Workspaces::attended() const {
  return std::any_of(places_.begin(), places_.end(), [](const auto& entry) { return entry.second.attended; });
}

std::vector<TmuxServer> Workspaces::servers() const {
  std::vector<TmuxServer> found;
  for (const auto& [server, place] : places_)
    if (!place.gone) found.push_back(place.server);
  return found;
}

bool Workspaces::busy() const {
  if (!leases_.all().empty()) return true;
  return std::any_of(places_.begin(), places_.end(), [](const auto& entry) {
    const auto& place = entry.second;
    return place.running || place.held || place.debounce.due() || place.retry.due();
  });
}

}  // namespace kra
