// A disk in memory that knows what a power cut would leave. Every operation consists of the steps of the real one; a step can fail
// (once or from then on) or be the moment of a crash, after which nothing happens any more until revive().
#pragma once

#include <map>
#include <memory>
#include <string>

#include "os/disk.hpp"

namespace kra {

class FakeDisk : public Disk {
 public:
  enum class Trouble { none, fails_once, fails_from_now, crash };
  enum class Cut {
    kill,         // the process only: everything that was done is there
    power,        // what was not synced is gone, content and names
    power_flushed // names are there, content that was not synced is not
  };

  // The step with this number, counted from now, meets the trouble.
  void plan(Trouble trouble, int step) { trouble_ = trouble, at_ = step, steps_ = 0; }
  int steps() const { return steps_; }
  bool crashed() const { return crashed_; }
  void revive(Cut cut);

  Result<std::string> read(const std::string& path, std::uint64_t limit) override;
  Result<std::string> read_front(const std::string& path, std::uint64_t bytes) override;
  Result<void> replace(const std::string& path, std::string_view bytes) override;
  Result<void> create(const std::string& path, std::string_view bytes) override;
  Result<void> append(const std::string& path, std::string_view bytes, bool durable) override;
  Result<void> truncate(const std::string& path, std::uint64_t size) override;
  Result<void> make_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<FileInfo> info(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> remove_tree(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<Lock> lock(const std::string& path, const Patience& patience) override;

 private:
  struct Node {
    bool directory = false;
    std::string bytes, synced_bytes;
    std::map<std::string, std::shared_ptr<Node>> entries, synced_entries;
  };
  using NodePointer = std::shared_ptr<Node>;

  Result<void> step(const std::string& what);
  Result<NodePointer> at(const std::string& path);
  Result<NodePointer> file_at(const std::string& path);
  Result<NodePointer> directory_at(const std::string& path);
  Result<void> put(const std::string& path, std::string_view bytes, bool new_only);
  Result<void> fill(Node& file, std::string_view bytes);
  static void cut_power(Node& node, Cut cut);

  NodePointer root_ = std::make_shared<Node>(Node{.directory = true});
  Trouble trouble_ = Trouble::none;
  int at_ = 0, steps_ = 0, temporaries_ = 0;
  bool crashed_ = false;
};

}  // namespace kra
