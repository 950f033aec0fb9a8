#include "daemon/sync_turns.hpp"

#include <algorithm>

namespace kra {

// An editor that is busy is not waited for: its files are compared before they are replaced in any case.
static constexpr Milliseconds editor_patience{200}, longest_turn{5'000};

void SyncTurns::tell_editors(const char* method, const Value& data) {
  clients_.each([&](Client& client) {
    if (client.hello.client == "nvim") client.tell_editor(method, data);
  });
}

void SyncTurns::prepare(Client& client, const Value& param, Reply reply) {
  const auto root = param["root"].text_or("");
  if (root.empty()) return reply.give(Error{Fault::usage, "sync_prepare needs a root"});
  client_gone(client.id());
  const auto now = Clock::now();
  auto& turn = turns_[client.id()];
  turn.number = next_++, turn.root = root, turn.reply = reply, turn.ends = now + longest_turn, turn.answer_by = now + editor_patience;
  std::vector<Client*> editors;
  clients_.each([&](Client& each) {
    if (each.hello.client == "nvim" && !each.heartbeat.abandoned(now)) editors.push_back(&each);
  });
  for (const auto* editor : editors) turn.awaited.insert(editor->id());
  if (editors.empty()) return answer(turn);
  const Value data = Value::Map{{"root", root}, {"turn", turn.number}, {"ttl_ms", longest_turn.count()}};
  for (auto* editor : editors)
    editor->ask_editor("sync_prepare", data, [this, sync = client.id(), number = turn.number, id = editor->id()](const Result<Value>& said) { take(sync, number, id, said); });
}

void SyncTurns::take(std::uint64_t sync, std::uint64_t number, std::uint64_t editor, const Result<Value>& said) {
  const auto found = turns_.find(sync);
  if (found == turns_.end() || found->second.number != number) return;
  auto& turn = found->second;
  turn.awaited.erase(editor);
  if (said && (*said)["busy"].array())
    for (const auto& path : *(*said)["busy"].array()) turn.busy.push_back(path);
  if (turn.awaited.empty()) answer(turn);
}

void SyncTurns::answer(Turn& turn) {
  if (!std::exchange(turn.answer_by, std::nullopt)) return;
  turn.reply.give(Value(Value::Map{{"turn", turn.number}, {"busy", turn.busy}, {"late", static_cast<std::uint64_t>(turn.awaited.size())}}));
}

void SyncTurns::claim(Client&, const Value& param, Reply reply) {
  if (const auto* files = param["files"].array())
    for (const auto& file : *files)
      if (const auto path = file["path"].text_or(""); path.starts_with('/'))
        watching_.claim_for_sync(path, file["hash"].text_or(""), static_cast<std::uint64_t>(file["size"].number_or(0)));
  reply.give(Value(Value::Map{}));
}

void SyncTurns::applied(Client& client, const Value& param, Reply reply) {
  const auto turn = turns_.find(client.id());
  if (turn != turns_.end()) tell_editors("sync_applied", Value::Map{{"root", turn->second.root}, {"turn", turn->second.number}, {"paths", param["paths"]}});
  reply.give(Value(Value::Map{}));
}

void SyncTurns::resume(Client& client, const Value&, Reply reply) {
  client_gone(client.id());
  reply.give(Value(Value::Map{}));
}

void SyncTurns::end(const Turn& turn) { tell_editors("sync_resume", Value::Map{{"root", turn.root}, {"turn", turn.number}}); }

void SyncTurns::client_gone(std::uint64_t id) {
  const auto turn = turns_.find(id);
  if (turn == turns_.end()) return;
  end(turn->second);
  turns_.erase(turn);
}

std::optional<Instant> SyncTurns::due() const {
  std::optional<Instant> first;
  for (const auto& [id, turn] : turns_) {
    const auto next = turn.answer_by ? std::min(*turn.answer_by, turn.ends) : turn.ends;
    if (!first || next < *first) first = next;
  }
  return first;
}

void SyncTurns::ring(Instant now) {
  for (auto at = turns_.begin(); at != turns_.end();) {
    auto& turn = at->second;
    if (turn.answer_by && *turn.answer_by <= now) answer(turn);
    const bool over = turn.ends <= now;
    if (over) end(turn);
    at = over ? turns_.erase(at) : std::next(at);
  }
}

}  // namespace kra
