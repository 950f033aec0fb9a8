// What clients ask about files (doc/protocol.md).
#include <algorithm>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "daemon/watching.hpp"
#include "os/process.hpp"

namespace kra {

static constexpr std::size_t files_of_one = 10'000;

// A whole home or system is nobody's project: there only the directories of loaded files are watched.
bool Watching::keeps_out(const std::string& root) const { return root.empty() || root == "/" || root == real_path(user_home()); }

std::string Watching::load(std::uint64_t client, const std::string& named, const std::string& has) {
  auto path = real_path(named);
  if (path.empty()) path = named;
  auto directory = directory_part(path);
  auto root = files_.find(path) ? files_.find(path)->root : work_tree_of(disk_, directory).root;
  if (!files_.hold(path, root, client, named, has)) return path;
  tree_->hold_directory(directory);
  if (!keeps_out(root)) tree_->hold_root(root);
  return path;
}

void Watching::unload(const std::vector<LoadedFiles::Unloaded>& files) {
  for (const auto& file : files) {
    tree_->release_directory(directory_part(file.path));
    if (!keeps_out(file.root)) tree_->release_root(file.root);
  }
}

void Watching::watch_file(Client& client, const Value& param, Reply reply) {
  const auto* files = param["files"].array();
  if (!files) return reply.give(Error{Fault::usage, "watch_file needs files"});
  if (files_.count_of(client.id()) + files->size() > files_of_one) return reply.give(Error{Fault::busy, cat("more than ", files_of_one, " files")});
  start();
  std::vector<std::string> named, paths;
  for (const auto& file : *files) {
    auto path = file["path"].text_or("");
    if (!path.starts_with('/')) return reply.give(Error{Fault::usage, cat("no absolute path: ", printable(path))});
    named.push_back(path);
    paths.push_back(load(client.id(), path, file["hash"].text_or("")));
  }
  answer_watch(client.id(), reply, std::move(paths), std::move(named));
}

static Value value_of(const std::string& named, const LoadedFile& file) {
  const auto& state = file.state;
  return Value::Map{{"path", named}, {"root", file.root}, {"exists", state.exists}, {"identity", state.identity}, {"hash", state.hash}, {"size", state.size}, {"seq", file.seq}};
}

bool Watching::is_slow(const std::string& path) { return needs_polling(directory_part(path)); }

std::string Watching::hash_of(const ReadFile& file) { return file.read ? hex(hash64(file.bytes), 16) : ""; }

// A directory or a pipe in the place of a file is no file.
FileState Watching::state_of(const ReadFile& file, const std::string& hash) {
  return {file.stamp.regular, file.stamp.identity(), hash, file.stamp.size};
}

void Watching::answer_watch(std::uint64_t client, Reply reply, std::vector<std::string> paths, std::vector<std::string> named) {
  // A file that was looked at and is watched is known.
  std::vector<Look> looks;
  for (const auto& path : paths) looks.push_back({.path = path});
  auto began = echo_.now();
  auto read = [looks = std::move(looks)](std::stop_token) {
    std::vector<Seen> seen;
    for (const auto& look : looks) {
      Seen one{look, read_stable(look.path, text_limit), {}};
      one.hash = hash_of(one.file);
      seen.push_back(std::move(one));
    }
    return seen;
  };
  bool slow = std::any_of(paths.begin(), paths.end(), is_slow);
  auto answer = [this, client, reply, named = std::move(named), began](std::vector<Seen> seen) {
    Value::Array answers;
    for (std::size_t at = 0; at < seen.size(); ++at) {
      auto* file = files_.find(seen[at].look.path);
      if (!file) {
        LoadedFile gone;
        gone.state = state_of(seen[at].file, seen[at].hash);
        answers.push_back(value_of(named[at], gone));
        continue;
      }
      // Others who have it are told what is new to them; he is told by the answer.
      if (auto holder = file->holders.find(client); holder != file->holders.end()) holder->second.has = seen[at].hash;
      take_one(std::move(seen[at]), began, Clock::now());
      answers.push_back(value_of(named[at], *file));
    }
    reply.give(Value(Value::Map{{"files", std::move(answers)}}));
  };
  (slow ? slow_lane_ : files_lane_).post(std::move(read), [this, answer = std::move(answer)](std::vector<Seen> seen) {
    arrived_.push_back([answer, seen = std::move(seen)]() mutable { answer(std::move(seen)); });
  });
}

void Watching::unwatch_file(Client& client, const Value& param, Reply reply) {
  if (const auto* paths = param["paths"].array(); paths && !paths->empty()) {
    for (const auto& path : *paths) unload(files_.release(client.id(), path.text_or("")));
  } else {
    unload(files_.release_all(client.id()));
  }
  reply.give(Value(Value::Map{}));
}

void Watching::claim(Client& client, const Value& param, Reply reply) {
  auto path = real_path(param["path"].text_or(""));
  auto hash = param["hash"].text_or("");
  auto state = param["state"].text_or("");
  if (path.empty() || hash.empty()) return reply.give(Error{Fault::usage, "claim needs path and hash"});
  if (state == "failed") {
    echo_.withdraw(client.id(), path, hash);
  } else if (state == "done") {
    echo_.done(client.id(), path, hash);
    // These are the bytes that he has, whatever was told meanwhile.
    if (auto* file = files_.find(path))
      if (auto holder = file->holders.find(client.id()); holder != file->holders.end()) holder->second.has = hash, holder->second.done = echo_.now();
  } else {
    echo_.claim(client.id(), path, hash, static_cast<std::uint64_t>(param["size"].number_or(0)), Clock::now());
  }
  reply.give(Value(Value::Map{}));
}

// Files of which nothing is to come any more are read; where that finds other bytes the file system is not believed again.
void Watching::untold(Client&, const Value& param, Reply reply) {
  auto path = real_path(param["path"].text_or(""));
  if (files_.find(path) && looking_.count(path) == 0 && !settle_.unsettled(path)) post(is_slow(path) ? slow_lane_ : files_lane_, {{.path = path, .untold = true}});
  reply.give(Value(Value::Map{}));
}

void Watching::watch_root(Client& client, const Value& param, Reply reply) {
  auto root = real_path(param["root"].text_or(""));
  if (root.empty() || !stamp_of(root).directory) return reply.give(Error{Fault::not_found, cat("no directory ", printable(param["root"].text_or("")))});
  start();
  tree_->hold_root(root);
  ++watchers_[client.id()][root];
  waiting_.push_back({root, reply});
}

void Watching::unwatch_root(Client& client, const Value& param, Reply reply) {
  auto root = real_path(param["root"].text_or(""));
  auto watcher = watchers_.find(client.id());
  if (watcher != watchers_.end() && watcher->second.count(root)) {
    tree_->release_root(root);
    if (--watcher->second[root] == 0) watcher->second.erase(root);
    if (watcher->second.empty()) watchers_.erase(watcher);
  }
  reply.give(Value(Value::Map{}));
}

void Watching::answer_ready() {
  for (auto& [root, reply] : std::exchange(waiting_, {})) {
    auto status = tree_->status();
    bool limited = tree_->is_limited(root);
    reply.give(Value(Value::Map{{"root", root}, {"directories", static_cast<std::uint64_t>(status.directories)}, {"backend", system_ && !needs_polling(root) ? "inotify" : "poll"}, {"limited", limited}}));
  }
}

void Watching::changes(Client&, const Value& param, Reply reply) {
  ChangeQuery query{.root = param["root"].text_or(""), .by = param["by"].text_or(""), .since = param["since"].number_or(0), .limit = 1000};
  query.limit = static_cast<std::size_t>(std::clamp<std::int64_t>(param["limit"].number_or(1000), 1, 5000));
  // On the lane that writes it: nothing is read while it is written.
  journal_lane_.post([this, query](std::stop_token) { return journal_.read(query); }, [reply](Result<std::vector<JournalChange>> found) {
    if (!found) return reply.give(found.error());
    Value::Array rows;
    for (const auto& entry : *found) rows.push_back(value_of(entry));
    reply.give(Value(Value::Map{{"changes", std::move(rows)}}));
  });
}

void Watching::client_gone(std::uint64_t id) {
  unload(files_.release_all(id));
  echo_.drop_writer(id);
  untold_.erase(id);
  auto watcher = watchers_.find(id);
  if (watcher == watchers_.end()) return;
  for (const auto& [root, count] : watcher->second)
    for (int left = count; left > 0; --left) tree_->release_root(root);
  watchers_.erase(watcher);
}

void Watching::hold_root(const std::string& root) {
  start();
  if (held_[root]++ == 0) tree_->hold_root(root);
}

WatchedTree::Touched Watching::touched(const std::string& root) {
  // Directories that are new have to be watched first: for a while; one who looks at everything needs nobody's word.
  constexpr Milliseconds longest{100};
  if (!tree_) return {};
  const auto until = Clock::now() + longest;
  drain(Clock::now());
  while (tree_->working() && Clock::now() < until) {
    TreeEvents events;
    tree_->work(events, until);
    take_events(std::move(events), Clock::now());
  }
  return tree_->touched(root);
}

void Watching::release_root(const std::string& root) {
  auto held = held_.find(root);
  if (held == held_.end() || --held->second > 0) return;
  held_.erase(held);
  tree_->forget_touched(root);
  tree_->release_root(root);
}

}  // namespace kra
