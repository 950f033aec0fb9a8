// Long texts that lie beside their journal, each in a file that one record names. Their client writes them, and removes those that it replaces; a file
// that no record names was being written when its client died.
#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "engine/drafts.hpp"

namespace kra {

// The better place first.
std::vector<std::string> Drafts::text_directories() const { return {paths_.drafts() + "/texts", paths_.drafts_second() + "/texts"}; }

TextFiles Drafts::text_files() const {
  return [this](const std::string& name) -> Result<std::string> {
    Result<std::string> bytes = Error{Fault::not_found, "there is no such text"};
    for (const auto& directory : text_directories())
      if (!bytes) bytes = disk_.read(cat(directory, "/", name), draft_journal_limit);
    return bytes;
  };
}

static std::string client_of(const std::string& name) { return name.substr(0, name.rfind('.')); }

std::vector<std::string> Drafts::text_names(const std::string& directory, const std::string& client) const {
  auto names = disk_.list(directory);
  if (!names) return {};
  if (!client.empty()) std::erase_if(*names, [&](const auto& name) { return client_of(name) != client; });
  return std::move(*names);
}

std::uint64_t Drafts::bytes_of_texts(const std::set<std::string>& names) const {
  std::uint64_t bytes = 0;
  for (const auto& directory : text_directories())
    for (const auto& name : names)
      if (auto info = disk_.info(cat(directory, "/", name))) bytes += info->size;
  return bytes;
}

Result<void> Drafts::remove_texts(const std::set<std::string>& names) {
  for (const auto& directory : text_directories())
    for (const auto& name : names) TRY(disk_.remove(cat(directory, "/", name)));
  return {};
}

// Of editors that live, and of journals that are not wholly understood, everything stays.
Result<void> Drafts::tidy_texts(Milliseconds age, WallTime now) {
  for (const auto& directory : text_directories()) {
    for (const auto& name : text_names(directory)) {
      auto path = cat(directory, "/", name);
      auto info = disk_.info(path);
      if (!info || std::abs(now.ms - info->modified_ms) < age.count()) continue;
      auto client = client_of(name);
      if (is_client_id(client)) {
        auto found = TRY(read(client));
        const auto& journal = found.journal;
        bool lives = !journal.editor.is_nil() && owner_of(client, journal).life() == DraftOwner::Life::runs;
        if (lives || journal.damaged_bytes > 0 || journal.text_files.contains(name)) continue;
      }
      TRY(disk_.remove(path));
    }
  }
  return {};
}

// One that no record names is still being written.
Result<void> Drafts::move_texts_home(const std::string& client) {
  auto away = text_directories().back(), home = text_directories().front();
  auto names = text_names(away, client);
  if (names.empty()) return {};
  auto found = TRY(read(client));
  for (const auto& name : names) {
    if (!found.journal.text_files.contains(name)) continue;
    auto bytes = TRY(disk_.read(cat(away, "/", name), draft_journal_limit));
    TRY(disk_.make_directory(home));
    TRY(disk_.replace(cat(home, "/", name), bytes));
    TRY(disk_.remove(cat(away, "/", name)));
  }
  return {};
}

static Result<void> sync_file(Disk& disk, const std::string& path) {
  auto file = TRY(disk.open_append(path));
  if (!file->sync()) TRY(renew_journal(disk, path));
  return {};
}

// The texts first: a record that is there says that its text is.
Result<void> Drafts::sync(const std::string& client) {
  auto texts = text_directories().front();
  auto names = text_names(texts, client);
  for (const auto& name : names) TRY(sync_file(disk_, cat(texts, "/", name)));
  if (!names.empty()) TRY(disk_.sync_directory(texts));
  if (disk_.info(first(client))) TRY(sync_file(disk_, first(client)));
  return {};
}

}  // namespace kra
