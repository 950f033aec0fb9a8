#include "engine/sync_writers.hpp"

#include <algorithm>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "base/version.hpp"

namespace kra {
namespace {

// Longer than the daemon waits for an editor.
constexpr Milliseconds patience_for_answers{1'000};
constexpr std::size_t most_in_message = 2'000;

Patience brief(const Patience& patience) { return {std::min(patience.until, Clock::now() + patience_for_answers), patience.stop}; }

}  // namespace

std::set<std::string> SyncWriters::prepare(const Patience& patience) {
  std::set<std::string> busy;
  auto daemon = reach(paths_, version(), Start::never, brief(patience), Hello{.client = "sync"});
  if (!daemon) return busy;
  daemon_.emplace(std::move(*daemon));
  const auto answer = daemon_->request("sync_prepare", Value::Map{{"root", root_}}, brief(patience));
  if (!answer) return daemon_.reset(), busy;
  const auto below = root_ + "/";
  if (const auto* paths = (*answer)["busy"].array())
    for (const auto& path : *paths)
      if (auto text = path.text_or(""); text.starts_with(below)) busy.insert(text.substr(below.size()));
  return busy;
}

void SyncWriters::claim(const std::string& path, const std::string* bytes) {
  if (!daemon_) return;
  claims_.push_back(Value::Map{{"path", cat(root_, "/", path)},
                               {"hash", bytes ? hex(hash64(*bytes), 16) : ""},
                               {"size", bytes ? static_cast<std::uint64_t>(bytes->size()) : 0}});
}

void SyncWriters::tell_claims(const Patience& patience) {
  auto claims = std::exchange(claims_, {});
  if (!daemon_ || claims.empty()) return;
  if (!daemon_->notify("sync_claim", Value::Map{{"files", std::move(claims)}}, brief(patience))) daemon_.reset();
}

void SyncWriters::applied(const std::vector<std::string>& paths, const Patience& patience) {
  for (std::size_t from = 0; daemon_ && from < paths.size(); from += most_in_message) {
    Value::Array some;
    for (auto at = from; at < std::min(paths.size(), from + most_in_message); ++at) some.emplace_back(paths[at]);
    if (!daemon_->notify("sync_applied", Value::Map{{"paths", std::move(some)}}, brief(patience))) daemon_.reset();
  }
}

}  // namespace kra
