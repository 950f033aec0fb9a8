#include "peers/git_session.hpp"

#include "base/text.hpp"
#include "os/disk.hpp"

namespace kra {

// What a writer knows of all that it ever wrote grows without an end.
static constexpr std::size_t imports_of_one = 1000;
static constexpr std::string_view all_read = "progress kra";

static Error unreadable(const char* what) { return {Fault::corrupt, cat("git ", what, ": an answer that kra cannot read")}; }

Result<Conversation*> GitSession::start(std::optional<Conversation>& with, std::vector<std::string> arguments) {
  if (!with) with.emplace(TRY(Conversation::start(git_.command({.arguments = std::move(arguments)}))));
  return &*with;
}

// Where an answer went wrong nobody knows what comes next.
template <class Answer>
Result<Answer> GitSession::or_drop(std::optional<Conversation>& with, Result<Answer> answer) {
  if (!answer) with.reset();
  return answer;
}

Result<std::vector<GitSession::Object>> GitSession::objects(const std::vector<std::string>& names, bool with_bytes, const Patience& patience) {
  if (names.empty()) return std::vector<Object>{};
  TRY(bring_to_disk(patience));
  auto* reader = TRY(start(reader_, {"cat-file", "--batch-command"}));
  return or_drop(reader_, ask(*reader, names, with_bytes, patience));
}

Result<std::vector<GitSession::Object>> GitSession::ask(Conversation& reader, const std::vector<std::string>& names, bool with_bytes, const Patience& patience) {
  std::string questions;
  for (const auto& name : names) {
    if (name.find('\n') != std::string::npos) return Error{Fault::refused, "no name of an object"};
    questions += cat(with_bytes ? "contents " : "info ", name, "\n");
  }
  TRY(reader.say(questions, patience));
  std::vector<Object> objects;
  for (std::size_t at = 0; at < names.size(); ++at) {
    const auto line = TRY(reader.line(patience));
    const auto words = split(line, " ");
    const bool there = words.size() == 3 && line.find_first_not_of("0123456789abcdef") == words.front().size() && words.front().size() >= 40;
    if (!there) {
      objects.emplace_back();
      continue;
    }
    const auto size = parse_int(words[2]);
    if (!size) return unreadable("cat-file");
    objects.push_back({std::string(words[0]), std::string(words[1]), static_cast<std::uint64_t>(*size), {}});
    if (!with_bytes) continue;
    objects.back().bytes = TRY(reader.bytes(static_cast<std::size_t>(*size) + 1, patience));
    objects.back().bytes.pop_back();
  }
  return objects;
}

// A writer keeps its packs from being joined until it ends; one that was killed leaves that behind, and git does not make a pack whose mark is
// there already.
static void remove_keeps(const std::string& directory) {
  SystemDisk disk;
  const auto packs = directory + "/objects/pack";
  const auto names = disk.list(packs);
  if (!names) return;
  for (const auto& name : *names)
    if (name.ends_with(".keep")) (void)disk.remove(cat(packs, "/", name));
}

Result<void> GitSession::bring_to_disk(const Patience& patience) {
  if (!owes_) return {};
  if (!writer_) return owes_ = false, Error{Fault::io, "git fast-import ended before what it had was on disk"};
  TRY(or_drop(writer_, write(*writer_, "", 0, patience, false)));
  return {};
}

Result<std::vector<std::string>> GitSession::import(std::string_view stream, std::size_t answers, const Patience& patience, bool later) {
  if (owes_ && !writer_) TRY(bring_to_disk(patience));
  if (++imports_ % imports_of_one == 0 && writer_) {
    TRY(bring_to_disk(patience));
    (void)writer_->say("done\n", patience);
    (void)writer_->end(patience);
    writer_.reset();
  }
  if (!writer_) remove_keeps(git_.directory());
  auto* writer = TRY(start(writer_, {"fast-import", "--quiet", "--done", "--force", "--date-format=raw"}));
  return or_drop(writer_, write(*writer, stream, answers, patience, later));
}

Result<std::vector<std::string>> GitSession::write(Conversation& writer, std::string_view stream, std::size_t answers, const Patience& patience, bool later) {
  if (later) owes_ = true;
  TRY(writer.say(stream, patience));
  TRY(writer.say(cat(later ? "" : "checkpoint\n", all_read, "\n"), patience));
  std::vector<std::string> lines;
  while (true) {
    auto line = TRY(writer.line(patience));
    if (line == all_read) break;
    lines.push_back(std::move(line));
  }
  if (lines.size() != answers) return unreadable("fast-import");
  if (!later) owes_ = false;
  return lines;
}

Result<void> GitSession::change_refs(std::string_view lines, const Patience& patience) {
  TRY(bring_to_disk(patience));
  auto* mover = TRY(start(mover_, {"update-ref", "--no-deref", "--stdin"}));
  return or_drop(mover_, move(*mover, lines, patience));
}

Result<void> GitSession::move(Conversation& mover, std::string_view lines, const Patience& patience) {
  TRY(mover.say(cat("start\n", lines, "prepare\ncommit\n"), patience));
  for (const auto* step : {"start: ok", "prepare: ok", "commit: ok"})
    if (TRY(mover.line(patience)) != step) return unreadable("update-ref");
  return {};
}

void GitSession::close() {
  const auto patience = Patience::of(Milliseconds(2000));
  if (writer_) (void)writer_->say("done\n", patience);
  for (auto* each : {&writer_, &mover_, &reader_}) {
    if (*each) (void)(*each)->end(patience);
    each->reset();
  }
}

}  // namespace kra
