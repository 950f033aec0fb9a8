// The user of a simulated device, and his programs: saves of every kind, each of which happens at one moment, but for those that hold a file open.
// What he took away himself need not be there at the end; every other line that he saved must be.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace kra::simulation {

using Random = std::mt19937_64;
inline int below(Random& random, int limit) { return static_cast<int>(random() % static_cast<std::uint64_t>(limit)); }

// The lines of all devices that must not get lost.
struct Saves {
  std::set<std::string> wanted;
  int all = 0;
  void add(const std::string& line) { wanted.insert(line), ++all; }
  void forget(const std::string& text);
};

class Writer {
 public:
  Writer(std::string device, std::string tree, std::string beside, Saves& saves) : device_(std::move(device)), tree_(std::move(tree)), beside_(std::move(beside)), saves_(saves) {}

  // Does something at random, to that file when one is named; says what.
  std::string act(Random& random, const std::string& aimed_at = {});
  // The path that ends in this name; nothing when no writer knows it.
  static std::string path_of(const std::string& name);
  // Files that are held open are written to and closed.
  void finish();

 private:
  struct Held {
    Fd file;
    std::string line;
    std::uint64_t inode = 0;
    bool dropped = false;  // the user has deleted the file himself, or put another in its place
  };
  std::string at(const std::string& name) const { return tree_ + "/" + name; }
  std::string next_line() { return device_ + "-" + std::to_string(count_++); }
  std::string append(const std::string& name);
  std::string hold(const std::string& name);
  std::string write_held();
  std::string insert(const std::string& name, bool in_place, Random& random);
  std::string overwrite(const std::string& name);
  // One of the user's own lines becomes another of the same length: all that shows of it is the time.
  std::string retype(const std::string& name);
  std::string remove(const std::string& name);
  std::string move(const std::string& name, const std::string& to);
  std::string swap_kinds(const std::string& name);
  std::string link(const std::string& name, const std::string& target);
  std::string permit(const std::string& name);
  // The name, or all below it, is about to be gone by the user's own hand.
  void give_up(const std::string& name);
  void write_to(Held& held);

  std::string device_, tree_, beside_;
  Saves& saves_;
  int count_ = 0;
  std::vector<Held> held_;
};

}  // namespace kra::simulation
