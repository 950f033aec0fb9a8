// Files that change, from the system's word to what each client is told.
//
//   inotify -> tree (right paths) -> settle (complete, net) -> loaded somewhere? read on a lane -> echo? -> hunks, once -> those who have it
//                                                          \-> batches -> journal, one notice for each editor of the root
//   what came is read when all that clients had written to us by then is read: a claim is there before the write that it is about
#pragma once

#include <deque>
#include <map>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/lane.hpp"
#include "daemon/reply.hpp"
#include "daemon/settings_file.hpp"
#include "engine/change_batches.hpp"
#include "engine/change_journal.hpp"
#include "engine/echo.hpp"
#include "engine/loaded_files.hpp"
#include "engine/settle.hpp"
#include "engine/texts.hpp"
#include "engine/watched_tree.hpp"

namespace kra {

class Watching {
 public:
  Watching(Loop& loop, Server& clients, SettingsFile& settings, Disk& disk, const Paths& paths);

  // Requests (doc/protocol.md).
  void watch_file(Client& client, const Value& param, Reply reply);
  void unwatch_file(Client& client, const Value& param, Reply reply);
  void claim(Client& client, const Value& param, Reply reply);
  void watch_root(Client& client, const Value& param, Reply reply);
  void unwatch_root(Client& client, const Value& param, Reply reply);
  void untold(Client& client, const Value& param, Reply reply);
  void changes(Client& client, const Value& param, Reply reply);
  void client_gone(std::uint64_t id);
  void apply_settings();

  // For other parts of the daemon. Counted; a root that is held keeps its journal.
  void hold_root(const std::string& root);
  // Told of each change below a work tree; an empty path: anything may have changed, in all of them.
  using Heard = std::function<void(const std::string& root, const std::string& path, std::uint64_t size, const std::string& writer)>;
  void listen(Heard heard) { heard_ = std::move(heard); }
  // These bytes are about to be written there by a sync; no hash: the file is about to go.
  void claim_for_sync(const std::string& path, const std::string& hash, std::uint64_t size) { echo_.claim(0, path, hash, size, Clock::now()); }
  void release_root(const std::string& root);
  // Where something has happened below a held root, all that happened before this call among it (WatchedTree::touched()).
  WatchedTree::Touched touched(const std::string& root);
  std::set<std::string> watched_below(const std::string& root) const { return tree_ ? tree_->watched_below(root) : std::set<std::string>(); }

  std::optional<Instant> due() const;
  void ring(Instant now);
  // To be called before the loop waits: takes what the system has told.
  void take(Instant now);
  bool busy() const { return !arrived_.empty() || !unloaded_.empty() || files_lane_.unanswered() + slow_lane_.unanswered() > 0; }

  std::size_t files_of(std::uint64_t client) const { return files_.count_of(client); }
  Value status() const;
  void add_problems(Value::Array& problems) const;

 private:
  // A file that is to be read, and what is known of what happened to it.
  struct Look {
    std::string path, from;
    ChangeKind kind = ChangeKind::modify;
    bool of_git = false;
    std::string root;   // of a file that nobody has loaded
    std::string known;  // identity: nothing is to be read when it is still that
    bool after_loss = false;  // what the system tells of it is older than the look
    bool untold = false;      // somebody says that it is another one and nothing was told
  };
  struct Seen {
    Look look;
    ReadFile file;
    std::string hash;
    bool same = false;
  };
  struct Waiting {
    std::string root;
    Reply reply;
  };
  using Answered = void (Watching::*)(std::vector<Seen>, std::uint64_t began);

  static constexpr std::uint64_t text_limit = 4U << 20;
  // On a file system that may be slow to answer.
  static bool is_slow(const std::string& path);
  static std::string hash_of(const ReadFile& file);
  static FileState state_of(const ReadFile& file, const std::string& hash);

  bool start();
  void drain(Instant now);
  void take_events(TreeEvents events, Instant now);
  void settle(Instant now);
  void take_changes(Instant until);
  bool tells() const;
  void post(Lane& lane, std::vector<Look> looks);
  void take_seen(std::vector<Seen> seen, std::uint64_t began);
  void take_one(Seen seen, std::uint64_t began, Instant now);
  void take_unloaded(const Seen& seen, std::uint64_t began);
  void take_rename(const Look& look);
  void look_again(bool at_all);

  std::string load(std::uint64_t client, const std::string& named, const std::string& has);
  void unload(const std::vector<LoadedFiles::Unloaded>& files);
  void answer_watch(std::uint64_t client, Reply reply, std::vector<std::string> paths, std::vector<std::string> named);
  void answer_ready();
  bool keeps_out(const std::string& root) const;

  void tell_holders(LoadedFile& file, ChangeKind kind, const std::string& from, const std::string& writer, const Echo::Claimed& claimed, std::uint64_t began,
                    const std::string* text);
  void add_change(const SettledChange& change, const std::string& writer, const FileState& state, const ToldChange& detail);
  void tell_watchers();
  void tell_batch(const ChangeBatch& batch);
  std::set<std::uint64_t> editors_of(const std::string& root) const;
  void tell_lost();
  std::string reflog_of(const std::string& root);
  std::string cause_of(const ChangeBatch& batch);
  std::string noted_by(const std::string& path, std::int64_t at);

  Heard heard_;
  Loop& loop_;
  Server& clients_;
  SettingsFile& settings_;
  Disk& disk_;
  const Paths& paths_;
  std::optional<DirectoryWatch> system_;
  std::optional<WatchedTree> tree_;
  std::optional<Watch> readable_;
  std::string no_inotify_;  // why there is none
  bool told_ = false;       // the system has something for us
  // What was read is judged when all that clients had said by then is known.
  std::vector<std::function<void()>> arrived_;
  std::uint64_t overflows_ = 0;
  std::deque<SettledChange> unloaded_;  // of files that nobody has loaded: told in slices

  Settle settle_;
  Echo echo_;
  Texts texts_;
  LoadedFiles files_;
  ChangeBatches batches_;
  ChangeJournal journal_;
  std::map<std::string, int> held_;                               // roots of other parts
  std::map<std::uint64_t, std::map<std::string, int>> watchers_;  // clients that asked for roots
  std::map<std::uint64_t, std::map<std::string, Value::Array>> untold_;
  std::vector<Waiting> waiting_;
  std::map<std::string, Instant> put_off_;
  std::map<std::string, int> looking_;  // looks whose answers are to come
  std::map<std::string, std::string> reflogs_;
  std::optional<Instant> poll_;
  std::vector<EditNote> notes_;
  std::uint64_t notes_stamp_ = 0;
  Lane files_lane_, slow_lane_, journal_lane_;
};

// "git checkout main" from the last line of a reflog; "git" when it says nothing of use.
std::string cause_in_reflog(std::string_view line);

}  // namespace kra
