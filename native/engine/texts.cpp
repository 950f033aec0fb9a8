#include "engine/texts.hpp"

namespace kra {

// What an item costs beside its text.
static constexpr std::size_t item_cost = 200;

void Texts::keep(const std::string& hash, std::string text) {
  if (hash.empty() || find(hash) || text.size() > budget_ / 4) return;
  text.shrink_to_fit();
  bytes_ += text.size() + item_cost;
  items_.push_front({hash, std::make_shared<const std::string>(std::move(text))});
  by_hash_[hash] = items_.begin();
  while (bytes_ > budget_) drop_oldest();
}

Texts::Text Texts::find(const std::string& hash) {
  auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return nullptr;
  items_.splice(items_.begin(), items_, found->second);
  return found->second->text;
}

void Texts::drop_oldest() {
  bytes_ -= items_.back().text->size() + item_cost;
  by_hash_.erase(items_.back().hash);
  items_.pop_back();
}

}  // namespace kra
