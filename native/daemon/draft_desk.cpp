#include "daemon/draft_desk.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "daemon/workspaces.hpp"
#include "engine/draft_frame.hpp"
#include "wire/msgpack.hpp"

namespace kra {

static constexpr std::uint64_t compact_after = 4U << 20;  // bytes that were added
static constexpr auto expiry_interval = std::chrono::hours(6);
static constexpr const char* room_cure = "make room in the state directory, or give yourself the right to write there; it goes home by itself then";

DraftDesk::DraftDesk(Loop& loop, Server& clients, SettingsFile& settings, Disk& disk, const Paths& paths)
    : clients_(clients), settings_(settings), disk_(disk), paths_(paths), privacy_({}), next_expiry_(Clock::now() + expiry_interval), lane_(loop) {
  apply_settings();
  // What an earlier daemon, or an editor without one, could not bring home.
  auto homeless = disk_.list(paths_.drafts_second());
  auto waits = [](const auto& name) { return name.ends_with(".journal") || name == "texts"; };
  if (homeless && std::any_of(homeless->begin(), homeless->end(), waits)) retry_.failed(Clock::now());
}

void DraftDesk::apply_settings() {
  const auto& now = settings_.now();
  privacy_ = Privacy(now.privacy_exclude);
  retry_.retime(now.retry.first, now.retry.longest);
  clients_.each([&](Client& client) { client.heartbeat.retime(now.session.abandoned_after); });
}

DraftDesk::Journal& DraftDesk::journal_of(const std::string& client) {
  auto& journal = journals_[client];
  auto name = cat("/", client, ".journal");
  if (!journal)
    journal = std::make_unique<Journal>(DraftAppender(disk_, {paths_.drafts() + name, paths_.drafts_second() + name, paths_.drafts() + "/reserve"}));
  return *journal;
}

// --- taking in -------------------------------------------------------------------------------------------------------

// Records of one request, as [type, seq, payload] or as whole frames.
struct DraftDesk::Incoming {
  std::vector<DraftFrame> frames;

  static Result<Incoming> from(const Value& param) {
    Incoming incoming;
    if (const auto* packed = param["packed"].text()) {
      if (!are_frames(*packed)) return Error{Fault::usage, "draft: `packed` holds something else than whole frames"};
      incoming.frames = find_frames(*packed).frames;
    }
    if (const auto* records = param["records"].array()) {
      for (const auto& record : *records) {
        const auto* parts = record.array();
        bool well_formed = parts && parts->size() == 3 && (*parts)[0].number() && (*parts)[2].text();
        auto seq = well_formed ? seq_of(*(*parts)[2].text()) : std::nullopt;
        if (!seq) return Error{Fault::usage, "draft: a record is [type, seq, payload], and the payload [seq, map]"};
        incoming.frames.push_back({static_cast<DraftType>(*(*parts)[0].number()), *seq, *(*parts)[2].text()});
      }
    }
    for (const auto& frame : incoming.frames)
      if (frame.seq == 0 || frame.type > DraftType::whole) return Error{Fault::usage, "draft: a record of no known type, or without a number"};
    return incoming;
  }
};

// Only what says which file it is needs to be looked into, and everything of a buffer that was refused.
bool DraftDesk::may_keep(Journal& journal, const DraftFrame& frame, std::set<std::string>& refused) {
  bool names = frame.type == DraftType::text || frame.type == DraftType::whole || frame.type == DraftType::file || frame.type == DraftType::meta;
  if (!names && journal.excluded.empty()) return true;
  auto value = unpack(frame.payload, {.depth = 16, .elements = 1U << 20, .text = 16U << 20, .total = 1U << 22});
  if (!value || !value->array() || value->array()->size() != 2) return true;
  const auto& map = (*value->array())[1];
  auto buffer = map["buffer"].text_or("");
  auto path = map["path"].text_or("");
  if (names && !path.empty()) {
    bool secret = privacy_.excludes(path, "/") || is_secret_file(path);
    if (secret && journal.excluded.insert(buffer).second) ++privacy_count_;
    // It was saved under another name.
    if (!secret) journal.excluded.erase(buffer);
  }
  if (!journal.excluded.contains(buffer)) return true;
  refused.insert(buffer);
  return false;
}

static const char* durability_of(DraftAppender::Place place) { return place == DraftAppender::Place::first ? "journal" : "second"; }

void DraftDesk::draft(Client& client, const Value& param, Reply reply) {
  auto id = param["client"].text_or(client.hello.id);
  if (!is_client_id(id)) return reply.give(Error{Fault::usage, "draft: no client, or a name that no file may have"});
  auto incoming = Incoming::from(param);
  if (!incoming) return reply.give(std::move(incoming.error()));
  auto& journal = journal_of(id);
  gone_.erase(id);
  std::string frames;
  std::set<std::string> refused;
  auto last = journal.last_seq;
  for (const auto& frame : incoming->frames) {
    if (frame.seq <= last) continue;
    last = frame.seq;
    journal.texts = journal.texts || frame.type == DraftType::whole;
    if (may_keep(journal, frame, refused)) append_frame(frames, frame.type, frame.payload);
    else append_frame(frames, DraftType::filler, pack(Value(Value::Array{frame.seq, Value::Map{}})));
  }
  auto now = Clock::now();
  Result<DraftAppender::Place> place = DraftAppender::Place::first;
  if (!frames.empty()) {
    place = journal.appender.append(frames, DraftAppender::Turn::kept);
    held_.insert(id);
    if (!place) {
      set_trouble(cat("unsaved text is only in the memory of its editor: ", place.error().what), "drafts_memory", now);
      return reply.give(std::move(place.error()));
    }
    if (*place == DraftAppender::Place::second) set_trouble(cat("unsaved text is at a second place, which a restart empties: ", journal.appender.trouble()), "drafts_second", now);
    if (auto told = told_.find(client.id()); told != told_.end()) told->second.oldest_ms = 0;
    journal.last_seq = last;
    journal.added += frames.size();
    if (*place == DraftAppender::Place::first) journal.commit.poke(now);
  }
  Value answer = Value::Map{{"seq", last}, {"durability", durability_of(*place)}};
  if (!refused.empty()) answer.set("excluded", Value::Array(refused.begin(), refused.end()));
  if (!param["sync"].flag_or(false) || !journal.commit.pending()) return reply.give(answer);
  journal.waiting.emplace_back(reply, std::move(answer));
  journal.commit.hurry(now);
}

// --- syncing ---------------------------------------------------------------------------------------------------------

void DraftDesk::sync(const std::string& client, Journal& journal, Instant now) {
  if (!journal.commit.ring(now)) return;
  auto appender = journal.appender.appender();
  if (!looked_after_) {
    looked_after_ = true;
    lane_.post([&disk = disk_, path = paths_.drafts() + "/reserve"](std::stop_token) { return make_draft_reserve(disk, path); }, [](Result<void>) {});
    next_expiry_ = now;
  }
  lane_.post(
      [&disk = disk_, appender, path = journal.appender.places().path, drafts = Drafts(disk_, paths_), client,
       texts = std::exchange(journal.texts, false)](std::stop_token) mutable -> Result<bool> {
        if (!appender) return true;
        if (texts) TRY(drafts.sync(client));
        if (appender->sync()) return true;
        // This descriptor is not asked a second time.
        TRY(renew_journal(disk, path));
        return false;
      },
      [this, client](Result<bool> outcome) {
        if (!outcome || !*outcome) journals_.at(client)->appender.let_go();
        if (!outcome) set_trouble(cat("unsaved text could not be synced: ", outcome.error().what), "drafts_sync", Clock::now());
        synced(client, outcome.ok());
      });
}

void DraftDesk::synced(const std::string& client, bool ok) {
  auto& journal = *journals_.at(client);
  journal.commit.done(ok, Clock::now());
  for (auto& [reply, answer] : std::exchange(journal.waiting, {})) {
    if (ok) answer.set("durability", "disk");
    reply.give(answer);
  }
  if (ok && journal.added > compact_after && !journal.compacting) compact(client, journal);
  let_go_of(client);
}

// An open file for each editor that ever was would be too much.
void DraftDesk::let_go_of(const std::string& client) {
  auto found = journals_.find(client);
  bool rests = found != journals_.end() && !found->second->commit.pending() && !found->second->compacting;
  if (rests && gone_.erase(client) > 0) journals_.erase(found);
}

void DraftDesk::compact(const std::string& client, Journal& journal) {
  journal.compacting = true;
  journal.added = 0;
  lane_.post([this, client](std::stop_token) { return Drafts(disk_, paths_).compact(client, compact_after); },
             [this, client](Result<std::uint64_t>) {
               journals_.at(client)->compacting = false;
               let_go_of(client);
             });
}

void DraftDesk::sync_all() {
  auto now = Clock::now();
  for (auto& [client, journal] : journals_) {
    journal->commit.hurry(now);
    sync(client, *journal, now);
  }
}

// --- giving out ------------------------------------------------------------------------------------------------------

template <class Job>
void DraftDesk::on_lane(Job job, Reply reply) {
  lane_.post([job = std::move(job), drafts = Drafts(disk_, paths_)](std::stop_token) mutable { return job(drafts); },
             [reply](Result<Value> outcome) { reply.give(outcome); });
}

void DraftDesk::drafts(Client& client, const Value& param, Reply reply) {
  DraftQuery query{.path = param["path"].text_or(""),
                   .cwd = param["cwd"].text_or(""),
                   .editor = param["editor"].text_or(""),
                   .asker = client.hello.id,
                   .all = param["all"].flag_or(false),
                   .silent = silent(Clock::now())};
  auto editors = query.path.empty() ? Value() : editors_with(query.path, client.id());
  on_lane(
      [query, editors = std::move(editors)](Drafts& drafts) -> Result<Value> {
        auto answer = TRY(drafts.list(query));
        if (!editors.is_nil()) answer.set("editors", editors);
        return answer;
      },
      reply);
}

void DraftDesk::take(Client&, const Value& param, Reply reply) {
  on_lane([id = param["id"].text_or("")](Drafts& drafts) { return drafts.take(id); }, reply);
}

void DraftDesk::end(Client&, const Value& param, Reply reply) {
  on_lane(
      [id = param["id"].text_or(""), why = param["why"].text_or("")](Drafts& drafts) -> Result<Value> {
        TRY(drafts.end(id, why, wall_now()));
        return Value(Value::Map{});
      },
      reply);
}

void DraftDesk::forget(const std::string& path, Reply reply) {
  tell_editors("forget", Value::Map{{"path", path}}, 0);
  on_lane(
      [path](Drafts& drafts) -> Result<Value> {
        auto forgotten = TRY(drafts.forget(path));
        return Value(Value::Map{{"drafts", forgotten}});
      },
      reply);
}

// --- who lives -------------------------------------------------------------------------------------------------------

void DraftDesk::heartbeat(Client& client, const Value& param) {
  auto& told = told_[client.id()];
  auto count = [&](const char* key) { return std::max<std::int64_t>(0, param[key].number_or(0)); };
  told.client = client.hello.id;
  told.unsaved = count("unsaved");
  told.bytes = count("bytes");
  told.oldest_ms = count("oldest_ms");
  told.excluded = param["excluded"].array() ? param["excluded"] : Value();
  told.at = Clock::now();
  client.heartbeat.retime(settings_.now().session.abandoned_after);
  client.heartbeat.expect(told.unsaved > 0);
  if (std::exchange(told.abandoned, false)) tell_editors("draft_returned", Value::Map{{"client", told.client}}, client.id());
}

void DraftDesk::files(Client& client, const Value& param) {
  auto& told = told_[client.id()];
  told.client = client.hello.id;
  told.files.clear();
  if (const auto* paths = param["paths"].array())
    for (const auto& path : *paths)
      if (path.text()) told.files.insert(*path.text());
}

void DraftDesk::client_gone(Client& client) {
  // Who has one of its files open would not look for text that it left.
  if (auto told = told_.find(client.id()); told != told_.end() && told->second.unsaved > 0)
    tell_editors("draft_left", Value::Map{{"client", told->second.client}, {"paths", Value::Array(told->second.files.begin(), told->second.files.end())}}, client.id());
  told_.erase(client.id());
  // It died without an event, perhaps. The descriptors of a process that ends go one after another.
  if (client.hello.client == "nvim" && is_client_id(client.hello.id))
    lane_.post(
        [drafts = Drafts(disk_, paths_), id = client.hello.id](std::stop_token) mutable -> Result<void> {
          TRY(drafts.take_in(id, Milliseconds(200)));
          TRY(drafts.sync(id));
          return drafts.move_home(id);
        },
        [this](Result<void> outcome) {
          if (!outcome && !retry_.due()) retry_.failed(Clock::now());
        });
  if (!journals_.contains(client.hello.id)) return;
  gone_.insert(client.hello.id);
  let_go_of(client.hello.id);
}

void DraftDesk::ring_heartbeats(Instant now) {
  for (auto& [id, told] : told_) {
    auto* client = clients_.find(id);
    if (!client || told.abandoned || !client->heartbeat.missed(now)) continue;
    told.abandoned = true;
    Value data = Value::Map{{"client", told.client},          {"pid", static_cast<std::int64_t>(client->peer().pid)}, {"pane", client->hello.pane},
                            {"server", client->hello.tmux},   {"cwd", client->hello.cwd},                             {"unsaved", told.unsaved},
                            {"silent_ms", client->heartbeat.silent_for(now).count()}};
    tell_editors("draft_abandoned", data, id);
  }
}

std::set<std::string> DraftDesk::silent(Instant now) const {
  std::set<std::string> found;
  for (const auto& [id, told] : told_)
    if (auto* client = clients_.find(id); client && client->heartbeat.missed(now)) found.insert(told.client);
  return found;
}

Value DraftDesk::editors_with(const std::string& path, std::uint64_t but) const {
  Value::Array editors;
  for (const auto& [id, told] : told_) {
    auto* client = clients_.find(id);
    if (!client || id == but || !told.files.contains(path)) continue;
    editors.push_back(Value::Map{{"editor", client->hello.editor},
                                 {"client", told.client},
                                 {"pid", static_cast<std::int64_t>(client->peer().pid)},
                                 {"pane", client->hello.pane},
                                 {"server", client->hello.tmux}});
  }
  return editors;
}

void DraftDesk::tell_editors(const char* method, const Value& data, std::uint64_t but) {
  clients_.each([&](Client& client) {
    if (client.hello.client == "nvim" && client.id() != but) client.tell_editor(method, data);
  });
}

// --- trouble ---------------------------------------------------------------------------------------------------------

// Told once, not at each record.
void DraftDesk::set_trouble(const std::string& trouble, const char* code, Instant now) {
  if (!retry_.due()) retry_.failed(now, static_cast<double>(now.time_since_epoch().count() % 1000) / 1000);
  bool is_new = trouble_.empty() || trouble_code_ != code;
  trouble_ = trouble;
  trouble_code_ = code;
  if (is_new) tell_editors("problem", problem_of(code, trouble, room_cure), 0);
}

// Is there room again? The journals that wait elsewhere are asked to go home.
void DraftDesk::ring_retry(Instant now) {
  if (!retry_.ring(now)) return;
  lane_.post(
      [this](std::stop_token) -> Result<std::uint64_t> {
        auto left = TRY(Drafts(disk_, paths_).move_home());
        // Text comes first: the reserve is made of what room is left.
        if (left == 0) (void)make_draft_reserve(disk_, paths_.drafts() + "/reserve");
        return left;
      },
      [this](Result<std::uint64_t> left) {
        auto then = Clock::now();
        if (!left || *left > 0) return retry_.failed(then, static_cast<double>(then.time_since_epoch().count() % 1000) / 1000);
        retry_.succeeded();
        tell_editors("solved", Value::Map{{"code", trouble_code_}}, 0);
        trouble_.clear();
        trouble_code_.clear();
      });
}

void DraftDesk::ring_expiry(Instant now) {
  if (now < next_expiry_) return;
  next_expiry_ = now + expiry_interval;
  lane_.post([this, age = settings_.now().drafts.max_age](std::stop_token) { return Drafts(disk_, paths_).expire(age, wall_now()); }, [](Result<int>) {});
}

// --- time ------------------------------------------------------------------------------------------------------------

std::optional<Instant> DraftDesk::due() const {
  std::optional<Instant> first;
  auto keep_earlier = [&](std::optional<Instant> other) {
    if (other && (!first || *other < *first)) first = other;
  };
  for (const auto& [client, journal] : journals_) keep_earlier(journal->commit.due());
  for (const auto& [id, told] : told_)
    if (auto* client = clients_.find(id); client && !told.abandoned) keep_earlier(client->heartbeat.due());
  keep_earlier(retry_.due());
  return first;
}

void DraftDesk::ring(Instant now) {
  for (auto& [client, journal] : journals_) sync(client, *journal, now);
  ring_heartbeats(now);
  ring_retry(now);
  // Whenever something else has woken us: nothing wakes up for this alone.
  ring_expiry(now);
}

void DraftDesk::rest() {
  for (const auto& client : std::exchange(held_, {}))
    if (auto found = journals_.find(client); found != journals_.end()) found->second->appender.rest();
}

bool DraftDesk::busy() const {
  return lane_.unanswered() > 0 || std::any_of(journals_.begin(), journals_.end(), [](const auto& entry) { return entry.second->commit.pending(); });
}

// --- status ----------------------------------------------------------------------------------------------------------

Value DraftDesk::status(Instant now) const {
  std::int64_t unsaved = 0, bytes = 0, oldest = 0, abandoned = 0;
  std::map<std::string, std::int64_t> reasons;
  for (const auto& [id, told] : told_) {
    unsaved += told.unsaved;
    bytes += told.bytes;
    abandoned += told.abandoned;
    if (told.oldest_ms > 0) oldest = std::max<std::int64_t>(oldest, told.oldest_ms + std::chrono::duration_cast<Milliseconds>(now - told.at).count());
    if (told.excluded.array())
      for (const auto& row : *told.excluded.array()) reasons[row["reason"].text_or("other")] += row["count"].number_or(1);
  }
  if (privacy_count_ > 0) reasons["privacy"] += static_cast<std::int64_t>(privacy_count_);
  Value::Array excluded;
  for (const auto& [reason, count] : reasons) excluded.push_back(Value::Map{{"reason", reason}, {"count", count}});
  return Value::Map{{"unsaved_buffers", unsaved}, {"bytes", bytes}, {"oldest_unacked_ms", oldest}, {"excluded", std::move(excluded)}, {"abandoned_editors", abandoned}};
}

void DraftDesk::add_problems(Value& problems) const {
  if (!trouble_.empty()) problems.array()->push_back(problem_of(trouble_code_.c_str(), trouble_, room_cure));
  for (const auto& [id, told] : told_) {
    auto* client = clients_.find(id);
    if (!told.abandoned || !client) continue;
    auto where = client->hello.pane.empty() ? std::string() : cat(" in pane ", client->hello.pane);
    problems.array()->push_back(problem_of("editor_silent", cat("the editor of process ", client->peer().pid, where, " does not answer and holds ", told.unsaved, told.unsaved == 1 ? " unsaved buffer" : " unsaved buffers"),
                                           "look at it; `kra drafts` shows its text"));
  }
}

}  // namespace kra
