// Texts by their hash, as many as fit: what a file held before it changed. The one that nobody asked for the longest goes first.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace kra {

class Texts {
 public:
  using Text = std::shared_ptr<const std::string>;
  explicit Texts(std::size_t budget) : budget_(budget) {}

  // Kept unless it is larger than a quarter of the budget.
  void keep(const std::string& hash, std::string text);
  // nullptr: not here.
  Text find(const std::string& hash);
  std::size_t bytes() const { return bytes_; }

 private:
  struct Item {
    std::string hash;
    Text text;
  };
  void drop_oldest();
  std::size_t budget_, bytes_ = 0;
  std::list<Item> items_;  // the last one used is in front
  std::unordered_map<std::string, std::list<Item>::iterator> by_hash_;
};

}  // namespace kra
