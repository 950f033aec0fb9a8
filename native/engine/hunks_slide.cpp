// A run of changed lines between two equal ones can stand in several places: [b a] b and b [a b] are the same change.
#include "engine/hunks_search.hpp"

namespace kra {

namespace {

// A run of changed lines, perhaps an empty one: there is one before each unchanged line and one at the end. The runs of two sides go
// in pairs, since both have the same unchanged lines.
class Run {
 public:
  explicit Run(std::vector<char>& changed) : changed_(changed) { find_end(); }

  std::size_t start() const { return start_; }
  std::size_t end() const { return end_; }
  std::size_t size() const { return end_ - start_; }
  bool empty() const { return start_ == end_; }

  bool next() {
    if (end_ == changed_.size()) return false;
    start_ = end_ + 1;
    end_ = start_;
    find_end();
    return true;
  }
  bool previous() {
    if (start_ == 0) return false;
    end_ = start_ - 1;
    start_ = end_;
    find_start();
    return true;
  }

  // Moves the run by one line and takes in those that it then touches. False when the lines do not allow it.
  bool up(const std::vector<std::uint32_t>& lines) {
    if (start_ == 0 || lines[start_ - 1] != lines[end_ - 1]) return false;
    changed_[--start_] = 1;
    changed_[--end_] = 0;
    find_start();
    return true;
  }
  bool down(const std::vector<std::uint32_t>& lines) {
    if (end_ == changed_.size() || lines[start_] != lines[end_]) return false;
    changed_[start_++] = 0;
    changed_[end_++] = 1;
    find_end();
    return true;
  }

 private:
  void find_start() { while (start_ > 0 && changed_[start_ - 1]) --start_; }
  void find_end() { while (end_ < changed_.size() && changed_[end_]) ++end_; }

  std::vector<char>& changed_;
  std::size_t start_ = 0, end_ = 0;
};

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

// To the top and then to the bottom, until no other run was taken in on the way.
void slide(Run& run, Run& beside, const std::vector<std::uint32_t>& lines) {
  std::size_t size, highest_end, touching;
  do {
    size = run.size();
    while (run.up(lines)) beside.previous();
    highest_end = run.end();
    touching = beside.empty() ? nowhere : run.end();
    while (run.down(lines)) {
      beside.next();
      if (!beside.empty()) touching = run.end();
    }
  } while (run.size() != size);
  if (run.end() == highest_end || touching == nowhere) return;
  while (beside.empty()) {
    run.up(lines);
    beside.previous();
  }
}

}  // namespace

void slide_runs(DiffSide& side, const DiffSide& other) {
  auto others = other.changed;  // only read: a Run is able to write
  Run run(side.changed), beside(others);
  do {
    if (!run.empty()) slide(run, beside, side.lines);
    beside.next();
  } while (run.next());
}

}  // namespace kra
