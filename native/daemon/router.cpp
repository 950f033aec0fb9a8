#include "daemon/router.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/version.hpp"
#include "daemon/focus.hpp"
#include "engine/audit.hpp"
#include "peers/daemon_start.hpp"

namespace kra {

static constexpr Milliseconds disk_patience{10'000};

Router::Handler Router::handler_of(std::string_view method) {
  struct Row {
    std::string_view method;
    Handler handler;
  };
  static constexpr std::array<Row, 39> rows = {{
      {"hello", &Router::hello},
      {"event", &Router::event},
      {"events", &Router::events},
      {"save", &Router::save},
      {"flush", &Router::flush},
      {"pin", &Router::pin},
      {"pinned", &Router::pinned},
      {"status", &Router::status},
      {"lease", &Router::lease},
      {"release", &Router::release},
      {"session_put", &Router::session_put},
      {"session_get", &Router::session_get},
      {"session_list", &Router::session_list},
      {"watch_file", &Router::to_watching<&Watching::watch_file>},
      {"unwatch_file", &Router::to_watching<&Watching::unwatch_file>},
      {"claim", &Router::to_watching<&Watching::claim>},
      {"untold", &Router::to_watching<&Watching::untold>},
      {"watch_root", &Router::to_watching<&Watching::watch_root>},
      {"unwatch_root", &Router::to_watching<&Watching::unwatch_root>},
      {"changes", &Router::to_watching<&Watching::changes>},
      {"reload", &Router::reload},
      {"metrics", &Router::metrics},
      {"draft", &Router::draft},
      {"drafts", &Router::drafts},
      {"draft_take", &Router::draft_take},
      {"draft_end", &Router::draft_end},
      {"forget", &Router::forget},
      {"heartbeat", &Router::heartbeat},
      {"files", &Router::files},
      {"measure", &Router::measure},
      {"sync_reload", &Router::sync_reload},
      {"sync_now", &Router::to_syncs<&Syncs::sync_now>},
      {"snapshot_now", &Router::to_syncs<&Syncs::snapshot_now>},
      {"sync_prepare", &Router::to_turns<&SyncTurns::prepare>},
      {"sync_claim", &Router::to_turns<&SyncTurns::claim>},
      {"sync_applied", &Router::to_turns<&SyncTurns::applied>},
      {"sync_resume", &Router::to_turns<&SyncTurns::resume>},
      {"handover", &Router::handover},
      {"stop", &Router::stop},
  }};
  auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& known) { return known.method == method; });
  return row == rows.end() ? nullptr : row->handler;
}

void Router::handle(Client& client, Frame frame) {
  auto handler = handler_of(frame.method);
  const auto& param = only_param(frame.params);
  if (frame.kind == Frame::Kind::notification) {
    // Only what needs no answer; an unknown notification comes from a newer client.
    constexpr std::array<Handler, 11> unanswered = {&Router::event, &Router::reload, &Router::draft, &Router::heartbeat, &Router::files, &Router::measure, &Router::pinned,
                                                   &Router::to_watching<&Watching::claim>, &Router::to_watching<&Watching::untold>,
                                                   &Router::to_turns<&SyncTurns::claim>, &Router::to_turns<&SyncTurns::applied>};
    if (std::find(unanswered.begin(), unanswered.end(), handler) != unanswered.end() && handler) (this->*handler)(client, param, Reply());
    return;
  }
  Reply reply(parts_.clients, client.id(), frame.id);
  if (!handler) return reply.give(Error{Fault::usage, cat("no method ", printable(frame.method))});
  (this->*handler)(client, param, reply);
}

Value Router::editor_settings() const {
  Value::Map settings;
  for (const auto& setting : parts_.settings.loaded().all) settings.emplace_back(setting.name, setting.value);
  return settings;
}

void Router::hello(Client& client, const Value& param, Reply reply) {
  Hello hello;
  if (auto read = from_value(param, hello); !read) return reply.give(std::move(read.error()).within("hello"));
  if (hello.proto.size() == 2 && (hello.proto[0] > protocol_newest || hello.proto[1] < protocol_oldest))
    return reply.give(Error{Fault::refused, cat("the daemon is release ", version(), " and speaks protocol ", protocol_oldest, " to ", protocol_newest,
                                                ", the client another: update the older of the two")});
  if (parts_.settings.refresh()) apply_settings();
  client.hello = std::move(hello);
  Value answer = Value::Map{{"proto", protocol_newest},
                            {"version", version()},
                            {"commit", commit()},
                            {"pid", static_cast<std::int64_t>(::getpid())},
                            {"abi", abi},
                            {"replaced", program_is_replaced()}};
  if (client.hello.client == "nvim") answer.set("settings", editor_settings());
  reply.give(answer);
}

void Router::event(Client&, const Value& param, Reply reply) {
  Event event;
  if (auto read = from_value(param, event); !read) return reply.give(std::move(read.error()).within("event"));
  // Both are kept as long as somebody waits for a save, and stand in every base record of the journal.
  if (event.server.size() > 4096 || event.client.size() > 256) return reply.give(Error{Fault::usage, "event: too long a server or client"});
  auto taken = parts_.workspaces.take(event);
  tell_focus(parts_.clients, event);
  reply.give(taken ? Result<Value>(Value(Value::Map{})) : Result<Value>(taken.error()));
}

void Router::events(Client&, const Value&, Reply reply) {
  const auto& journal = parts_.workspaces.journal();
  Value::Array senders;
  for (const auto& [client, sender] : journal.senders())
    senders.push_back(Value::Map{{"client", client}, {"seq", sender.seq}, {"count", sender.count}});
  reply.give(Value(Value::Map{{"accepted", journal.accepted()}, {"pending", journal.pending()}, {"senders", std::move(senders)}}));
}

void Router::save(Client&, const Value& param, Reply reply) {
  auto server = param["server"].text_or("");
  if (server.empty()) return reply.give(Error{Fault::usage, "save needs the socket of a tmux server"});
  if (parts_.settings.refresh()) apply_settings();
  SaveRequest request{.name = param["name"].text_or(""),
                      .session = param["session"].text_or(""),
                      .message = param["message"].text_or(""),
                      .reason = param["reason"].text_or("manual")};
  if (!request.name.empty())
    if (auto checked = check_save_name(request.name); !checked) return reply.give(checked.error());
  parts_.workspaces.save(server, std::move(request), reply);
}

void Router::flush(Client&, const Value& param, Reply reply) {
  auto server = param["server"].text_or("");
  if (param["paths"].array() && !param["paths"].array()->empty()) return write_files(param["paths"], server, reply);
  if (parts_.settings.refresh()) apply_settings();
  parts_.workspaces.flush(server, "flush", reply);
}

// Asks all editors to write those of the files that they have modified; what each answered comes back, by editor.
void Router::write_files(const Value& paths, const std::string& server, Reply reply) {
  struct Gathered {
    Value::Array answers;
    std::size_t missing = 0;
  };
  auto gathered = std::make_shared<Gathered>();
  std::vector<Client*> editors;
  parts_.clients.each([&](Client& client) {
    if (client.hello.client == "nvim" && (server.empty() || client.hello.tmux == server)) editors.push_back(&client);
  });
  gathered->missing = editors.size();
  if (editors.empty()) return reply.give(Value(Value::Map{{"editors", Value::Array{}}, {"changed", false}}));
  for (auto* editor : editors) {
    editor->ask_editor("write", Value::Map{{"paths", paths}}, [gathered, reply, id = editor->hello.editor](Result<Value> answer) {
      gathered->answers.push_back(answer ? Value::Map{{"editor", id}, {"answer", std::move(*answer)}}
                                         : Value::Map{{"editor", id}, {"error", answer.error().what}});
      if (--gathered->missing == 0) reply.give(Value(Value::Map{{"editors", std::move(gathered->answers)}, {"changed", true}}));
    });
  }
}

// The editor in a pane does what :KraPin does.
void Router::pin(Client&, const Value& param, Reply reply) {
  const auto server = param["server"].text_or(""), pane = param["pane"].text_or("");
  Client* editor = nullptr;
  parts_.clients.each([&](Client& client) {
    if (client.hello.client == "nvim" && client.hello.tmux == server && client.hello.pane == pane && !pane.empty()) editor = &client;
  });
  if (editor == nullptr) return reply.give(Value(Value::Map{{"editor", false}}));
  editor->ask_editor("pin", Value::Map{}, [reply](Result<Value> answer) {
    if (!answer) return reply.give(std::move(answer.error()));
    reply.give(Value(Value::Map{{"editor", true}, {"said", (*answer)["said"].text_or("")}}));
  });
}

void Router::pinned(Client& client, const Value& param, Reply reply) {
  client.pinned = param["pinned"].flag_or(false);
  reply.give(Value(Value::Map{}));
}

void Router::lease(Client& client, const Value& param, Reply reply) {
  auto name = param["name"].text_or("");
  auto time = std::clamp<std::int64_t>(param["ttl_ms"].number_or(60'000), 1, 3'600'000);
  if (!is_lease_name(name)) return reply.give(Error{Fault::usage, cat("no lease ", printable(name))});
  auto id = parts_.workspaces.grant(name, param["server"].text_or(""), client.id(), Milliseconds(time));
  if (!id) return reply.give(std::move(id.error()));
  reply.give(Value(Value::Map{{"lease", *id}}));
}

void Router::release(Client& client, const Value& param, Reply reply) {
  bool released = parts_.workspaces.release(static_cast<std::uint64_t>(param["lease"].number_or(0)), client.id());
  reply.give(Value(Value::Map{{"released", released}}));
}

template <class Job>
void Router::on_lane(Job job, Reply reply) {
  auto run = [job = std::move(job), sessions = Sessions(parts_.disk, parts_.paths)](std::stop_token stop) mutable {
    return job(sessions, Patience{Clock::now() + disk_patience, stop});
  };
  parts_.lane.post(std::move(run), [reply](Result<Value> outcome) { reply.give(outcome); });
}

void Router::session_put(Client& asker, const Value& param, Reply reply) {
  std::vector<std::string> living;
  parts_.clients.each([&](Client& client) {
    if (client.hello.client == "nvim" && client.id() != asker.id() && !client.hello.editor.empty()) living.push_back(client.hello.editor);
  });
  on_lane([param, living = std::move(living), settings = parts_.settings.now()](Sessions& sessions, const Patience& patience) {
    return sessions.put(param, living, settings, patience);
  }, reply);
}

void Router::session_get(Client&, const Value& param, Reply reply) {
  on_lane([param](Sessions& sessions, const Patience&) { return sessions.get(param); }, reply);
}

void Router::session_list(Client&, const Value&, Reply reply) {
  on_lane([](Sessions& sessions, const Patience&) { return sessions.list(); }, reply);
}

void Router::reload(Client&, const Value&, Reply reply) {
  if (parts_.settings.refresh()) apply_settings();
  const auto& problem = parts_.settings.problem();
  reply.give(problem.empty() ? Result<Value>(Value(Value::Map{})) : Result<Value>(Error{Fault::usage, problem}));
}

void Router::apply_settings() {
  parts_.workspaces.apply_settings();
  parts_.watching.apply_settings();
  parts_.desk.apply_settings();
  parts_.syncs.apply_settings();
  // An editor that greets us now gets them with its answer.
  parts_.clients.each([told = editor_settings()](Client& client) {
    if (client.hello.client == "nvim") client.tell_editor("settings", told);
  });
}

void Router::metrics(Client&, const Value&, Reply reply) { reply.give(figures()); }

void Router::draft(Client& client, const Value& param, Reply reply) { parts_.desk.draft(client, param, reply); }
void Router::drafts(Client& client, const Value& param, Reply reply) { parts_.desk.drafts(client, param, reply); }
void Router::draft_take(Client& client, const Value& param, Reply reply) { parts_.desk.take(client, param, reply); }
void Router::draft_end(Client& client, const Value& param, Reply reply) { parts_.desk.end(client, param, reply); }
void Router::forget(Client&, const Value& param, Reply reply) { parts_.desk.forget(param["path"].text_or(""), reply); }

void Router::heartbeat(Client& client, const Value& param, Reply reply) {
  parts_.desk.heartbeat(client, param);
  reply.give(Value(Value::Map{}));
}

void Router::files(Client& client, const Value& param, Reply reply) {
  parts_.desk.files(client, param);
  reply.give(Value(Value::Map{}));
}

void Router::measure(Client&, const Value& param, Reply reply) {
  if (parts_.settings.now().performance.monitor) {
    const auto day = day_of(wall_now());
    if (const auto* list = param["list"].array())
      for (const auto& measured : *list) parts_.metrics.take(measured, day);
    else
      parts_.metrics.take(param, day);
  }
  reply.give(Value(Value::Map{}));
}

void Router::sync_reload(Client&, const Value&, Reply reply) {
  parts_.syncs.reload();
  reply.give(Value(Value::Map{{"running", parts_.syncs.running()}}));
}

void Router::handover(Client&, const Value& param, Reply reply) {
  auto theirs = param["version"].text_or("");
  if (older_release(theirs, version())) return reply.give(Error{Fault::refused, cat("this daemon is newer (", version(), ")")});
  note_act(parts_.disk, parts_.paths, "daemon", cat("hands over to release ", theirs));
  parts_.stop(reply, "handover");
}

void Router::stop(Client&, const Value&, Reply reply) { parts_.stop(reply, "stop"); }

}  // namespace kra
