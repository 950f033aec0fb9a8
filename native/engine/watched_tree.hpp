// The directories that are watched and what is in them, so that every change has its right path whatever is moved, made or lost meanwhile.
//
//   held root       all directories below that are not ignored; a repository inside is a work tree of its own, with its own rules
//   held directory  one directory, of which only `loaded` files count (ignored or not)
//
// A directory is watched first and then read, so nothing falls between the two. Reading is work that is done in slices: nothing here takes long
// in one go but the first call for a directory with very many entries. When the system's queue ran over everything is read again and compared; the
// difference is told as if it had been seen. All paths are absolute and without links.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "engine/ignore.hpp"
#include "os/scan.hpp"
#include "os/watch.hpp"

namespace kra {

struct TreeEvent {
  enum class What { closed, touched, gone, moved, git_begins, git_ends, head_moved, returned };
  What what = What::closed;
  std::string path, from;  // of git's: empty; of returned: a held directory of which anything may have changed
  std::string root;        // the innermost work tree, or the held root, or empty
  bool known = false;      // the file was there before
};
using TreeEvents = std::vector<TreeEvent>;

class WatchedTree {
 public:
  // Of a file that is loaded somewhere, whether it was there when it was looked at last; nothing of others. A loaded file counts in every
  // watched directory.
  using Loaded = std::function<std::optional<bool>(const std::string& path)>;
  // A directory whose file system does not tell.
  using Polls = std::function<bool(const std::string& directory)>;
  // `watch` may be null: then held roots are `limited` from the start. At most `budget` directories are watched because of roots.
  WatchedTree(DirectoryWatch* watch, Disk& disk, std::size_t budget, Loaded loaded, Polls polls = needs_polling);

  // Counted: as many releases as holds.
  void hold_root(const std::string& root);
  void release_root(const std::string& root);
  void hold_directory(const std::string& directory);
  void release_directory(const std::string& directory);
  // Not so of one that got another name: its holds went along.
  bool holds_directory(const std::string& directory) const;
  // Something changed there and the system did not tell: it is not believed again.
  void disbelieve(const std::string& directory);
  const std::set<std::string>& disbelieved() const { return silent_; }
  // The system tells of files in this held directory; and how many held directories there are of which it does not.
  bool tells_of(const std::string& directory) const;
  int blind() const { return blind_; }

  // What the system has told since. Call work() after it. Where something was lost only that is found out: the rest is work, since it is much and
  // what it is about has to be looked at anyway.
  void drain(TreeEvents& out, Instant now);
  // Goes on with what was told and with directories that are to be read, until that moment; true when something is left.
  bool work(TreeEvents& out, Instant until);
  bool working() const { return next_told_ < told_.size() || !queue_.empty(); }
  // Something was lost, and not everything is compared again.
  bool doubtful() const { return doubtful_; }
  std::uint64_t overflows() const { return overflows_; }
  // Everything is to be looked at again (after an overflow, or a suspend); directories of loaded files first.
  void doubt();
  // For one who looks at the files of a held root himself: where something may have happened since the call before. Call drain() before it.
  struct Touched {
    bool everywhere = true;       // nobody knows: the first call, something was lost, not all directories are watched yet, or ever
    std::set<std::string> paths;  // files and directories, what is ignored too; a directory: anywhere below it
    std::uint64_t losses = 0;     // another number than before: not all directories are watched that were (watched_below())
  };
  Touched touched(const std::string& root);
  void forget_touched(const std::string& root) { touched_.erase(root); }
  // Directories of which the system tells, the root among them.
  std::set<std::string> watched_below(const std::string& root) const;
  // When ring() is due: a move whose other half did not come, a root that was gone.
  std::optional<Instant> due() const;
  void ring(TreeEvents& out, Instant now);

  struct Status {
    std::size_t directories = 0, budget = 0, unreadable = 0;
    std::uint64_t overflows = 0;
    bool doubtful = false;             // what was lost is not found yet
    std::vector<std::string> roots;    // held
    std::vector<std::string> limited;  // roots of which only directories of loaded files are watched: too many directories, or no inotify
    std::vector<std::string> polled;   // roots on file systems that do not tell
    std::vector<std::string> refused;  // of the unreadable directories the first few
    std::vector<std::string> absent;   // held, and not there now
  };
  Status status() const;
  bool is_limited(const std::string& root) const;
  // The system tells of this directory.
  bool is_watched(const std::string& directory) const;
  // The git directory of the innermost work tree at that root; empty when it has none.
  std::string git_directory(const std::string& root) const;

 private:
  struct Entry {
    std::string name;
    std::uint64_t stamp = 0;
    int child = -1;  // a directory that is watched because of a root
    bool named_only = false;  // nobody has looked at the file: its inode stands for the stamp, and the time at which its directory was read
  };
  struct Directory {
    std::string name;  // a whole path when there is no parent
    int parent = -1, watch = -1, tree = -1;
    int held = 0, held_as_root = 0;
    std::int64_t read_ns = 0;  // file_clock_ns() before it was read
    std::uint64_t inode = 0, serial = 0;  // the serial tells two that have the same place here one after the other
    bool used = true, inside = false, scanned = false, queued = false;
    bool announces = false;  // what the next look finds is news
    bool deep = false;       // and is to look at all below as well: other rules count
    bool limited = false, polled = false, absent = false, unreadable = false;
    bool silent = false;  // disbelieved
    IgnoreRules rules;
    std::vector<Entry> entries;  // by name
  };
  struct Tree {
    WorkTree place;
    int watch = -1, users = 0;
    bool locked = false;
  };
  struct Move {
    std::uint32_t cookie = 0;
    int parent = -1, child = -1;
    std::uint64_t serial = 0;  // of the child
    std::string name, path;
    bool told = false;  // the file counted where it was
    Instant at;
  };

  struct Touching {
    bool complete = false;
    std::set<std::string> paths;
  };
  void touch(const std::string& path);
  void doubt_touched();
  void add_watched(int node, std::set<std::string>& paths) const;
  std::string path_of(int node) const;
  std::string path_in(int node, const std::string& name) const;
  std::string root_of(int node) const;
  int find(const std::string& path) const;
  int add_node(int parent, const std::string& name);
  void free_node(int node);
  void enqueue(int node, bool announces, bool first = false);
  void enter_tree(int node, int tree);
  Entry* entry_of(int node, const std::string& name);
  Entry& entry_for(int node, const std::string& name);
  void erase_entry(int node, const std::string& name);

  bool counts(int node, const std::string& name, bool directory) const;
  std::string below_tree(int node) const;
  void enter_root(int node);
  int tree_for(const WorkTree& place);
  void leave_tree(int node);
  void detach(int node);
  void remove(int node, TreeEvents& out);
  void shrink(int node);
  void limit(int node);
  int top_of(int node) const;
  static bool is_blind(const Directory& directory);
  // Whatever may make a directory a blind one, or one that tells, is done in here: they are counted.
  template <class How>
  void change(int node, How how) {
    auto& directory = nodes_[static_cast<std::size_t>(node)];
    blind_ -= is_blind(directory) ? 1 : 0;
    how(directory);
    blind_ += is_blind(directory) ? 1 : 0;
  }
  void hold(int node, int more);
  void refuse(int node, bool refused);
  void set_watch(int node, int watch);
  enum class Started { yes, gone, full };
  Started start_watch(int node);
  void stop_watch(int node);
  void look_at_lock(int tree, TreeEvents& out);
  void take_lock(int tree, bool locked, TreeEvents& out);
  void read_all_again();

  void scan(int node, TreeEvents& out);
  void take_rules(int node, bool has_git, bool has_ignore_file, TreeEvents& out);
  bool is_other(const Entry& known, const FoundEntry& found, std::int64_t read_ns) const;
  void take_found(int node, std::vector<FoundEntry> found, bool announces, TreeEvents& out);
  int child_for(int node, const std::string& name, int known, bool announces);
  bool is_within(int node, int above) const;
  void lose(Entry& entry, int node, bool silently, TreeEvents& out);
  void vanish(int node, TreeEvents& out);

  void fetch();
  bool take_told(TreeEvents& out, Instant until);
  void take(const DirectoryEvent& event, TreeEvents& out, Instant now);
  void take_of_git(int tree, const DirectoryEvent& event, TreeEvents& out);
  void take_of_directory(int node, const DirectoryEvent& event, TreeEvents& out, Instant now);
  void take_of_file(int node, const DirectoryEvent& event, TreeEvents& out, Instant now);
  void moved_directory(const Move& move, int node, const std::string& name, TreeEvents& out);
  void moved_away(const Move& move, TreeEvents& out);
  void give_up_move(int node, const std::string& name, TreeEvents& out);
  std::optional<Move> take_move(std::uint32_t cookie);
  void files_below(int node, std::vector<std::string>& paths) const;
  void tell(TreeEvents& out, TreeEvent::What what, int node, std::string path, bool known, std::string from = {});

  DirectoryWatch* watch_;
  Disk& disk_;
  std::size_t budget_;
  Loaded loaded_;
  Polls polls_;
  std::vector<Directory> nodes_;
  std::vector<int> free_;
  std::vector<Tree> trees_;
  std::map<std::string, int> tops_;
  std::unordered_map<int, int> by_watch_, git_by_watch_;
  std::deque<int> queue_;
  std::vector<DirectoryEvent> told_;  // not taken yet from next_told_ on
  std::size_t next_told_ = 0;
  std::vector<Move> moves_;
  std::optional<Instant> retry_;  // absent tops are looked for
  std::size_t watched_ = 0;
  int blind_ = 0;
  std::set<std::string> silent_;
  std::uint64_t next_serial_ = 1;
  std::uint64_t overflows_ = 0;
  std::map<std::string, Touching> touched_;  // by held root, of those who asked
  std::uint64_t losses_ = 0;                 // of watches
  bool doubtful_ = false;
  std::int64_t clock_offset_ns_ = file_clock_offset_ns(), set_back_ns_ = 0;  // by how much somebody has set the clock back since
};

}  // namespace kra
