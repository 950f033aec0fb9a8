#include "fake_disk.hpp"

#include "base/text.hpp"

namespace kra {

Result<void> FakeDisk::step(const std::string& what) {
  if (crashed_) return Error{Fault::io, "crashed"};
  int number = steps_++;
  if (trouble_ == Trouble::crash && number == at_) crashed_ = true;
  bool fails = crashed_ || (trouble_ == Trouble::fails_once && number == at_) || (trouble_ == Trouble::fails_from_now && number >= at_);
  return fails ? Result<void>(Error{Fault::io, what + ": no space left"}) : Result<void>{};
}

void FakeDisk::cut_power(Node& node, Cut cut) {
  if (cut == Cut::power) node.entries = node.synced_entries;
  node.synced_entries = node.entries;
  node.bytes = node.synced_bytes;
  for (auto& [name, child] : node.entries) cut_power(*child, cut);
}

void FakeDisk::revive(Cut cut) {
  crashed_ = false;
  trouble_ = Trouble::none;
  if (cut != Cut::kill) cut_power(*root_, cut);
}

static Error missing(const std::string& path) { return {Fault::not_found, path + ": no such file"}; }

Result<FakeDisk::NodePointer> FakeDisk::at(const std::string& path) {
  if (crashed_) return Error{Fault::io, "crashed"};
  auto node = root_;
  for (auto part : split(path, "/")) {
    if (part.empty()) continue;
    auto found = node->entries.find(std::string(part));
    if (found == node->entries.end()) return missing(path);
    node = found->second;
  }
  return node;
}

Result<FakeDisk::NodePointer> FakeDisk::file_at(const std::string& path) {
  auto node = TRY(at(path));
  if (node->directory) return Error{Fault::refused, path + " is no regular file"};
  return node;
}

Result<FakeDisk::NodePointer> FakeDisk::directory_at(const std::string& path) {
  auto node = TRY(at(path));
  if (!node->directory) return missing(path);
  return node;
}

Result<std::string> FakeDisk::read(const std::string& path, std::uint64_t limit) {
  auto node = TRY(file_at(path));
  if (node->bytes.size() > limit) return Error{Fault::refused, path + " is too long"};
  return node->bytes;
}

Result<std::string> FakeDisk::read_front(const std::string& path, std::uint64_t bytes) {
  return TRY(file_at(path))->bytes.substr(0, bytes);
}

// In two writes, so that a half can be all there is.
Result<void> FakeDisk::fill(Node& file, std::string_view bytes) {
  TRY(step("write"));
  file.bytes.append(bytes.substr(0, bytes.size() / 2));
  TRY(step("write"));
  file.bytes.append(bytes.substr(bytes.size() / 2));
  TRY(step("fsync"));
  file.synced_bytes = file.bytes;
  return {};
}

Result<void> FakeDisk::put(const std::string& path, std::string_view bytes, bool new_only) {
  auto directory = TRY(directory_at(directory_part(path)));
  auto temporary = cat(temporary_prefix, ++temporaries_);
  TRY(step("open"));
  auto file = std::make_shared<Node>();
  directory->entries[temporary] = file;
  auto outcome = fill(*file, bytes);
  if (outcome && new_only && directory->entries.contains(name_part(path))) outcome = Error{Fault::conflict, path + " exists"};
  if (outcome) outcome = step("rename");
  if (outcome) directory->entries[name_part(path)] = file;
  bool named = outcome.ok();
  if (!crashed_) directory->entries.erase(temporary);
  if (outcome) outcome = sync_directory(directory_part(path));
  if (!outcome && named && new_only && !crashed_) directory->entries.erase(name_part(path));
  return outcome;
}

Result<void> FakeDisk::replace(const std::string& path, std::string_view bytes) { return put(path, bytes, false); }
Result<void> FakeDisk::create(const std::string& path, std::string_view bytes) { return put(path, bytes, true); }

Result<void> FakeDisk::append(const std::string& path, std::string_view bytes, bool durable) {
  auto directory = TRY(directory_at(directory_part(path)));
  TRY(step("open"));
  auto& file = directory->entries[name_part(path)];
  if (!file) file = std::make_shared<Node>();
  if (durable && file->bytes.empty()) TRY(sync_directory(directory_part(path)));
  TRY(step("write"));
  file->bytes.append(bytes);
  if (durable) TRY(step("fdatasync"));
  if (durable) file->synced_bytes = file->bytes;
  return {};
}

Result<void> FakeDisk::truncate(const std::string& path, std::uint64_t size) {
  auto file = TRY(file_at(path));
  TRY(step("truncate"));
  file->bytes.resize(size);
  file->synced_bytes = file->bytes;
  return {};
}

Result<void> FakeDisk::make_directory(const std::string& path) {
  if (directory_at(path)) return {};
  if (path != "/") TRY(make_directory(directory_part(path)));
  auto parent = TRY(directory_at(directory_part(path)));
  TRY(step("mkdir"));
  parent->entries[name_part(path)] = std::make_shared<Node>(Node{.directory = true});
  return sync_directory(directory_part(path));
}

Result<std::vector<std::string>> FakeDisk::list(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& [name, node] : TRY(directory_at(directory))->entries) names.push_back(name);
  return names;
}

Result<FileInfo> FakeDisk::info(const std::string& path) {
  auto node = TRY(at(path));
  return FileInfo{.size = node->bytes.size(), .directory = node->directory};
}

Result<void> FakeDisk::rename(const std::string& from, const std::string& to) {
  auto node = TRY(at(from));
  auto target = TRY(directory_at(directory_part(to)));
  auto source = TRY(directory_at(directory_part(from)));
  TRY(step("rename"));
  source->entries.erase(name_part(from));
  target->entries[name_part(to)] = node;
  TRY(sync_directory(directory_part(to)));
  return source == target ? Result<void>{} : sync_directory(directory_part(from));
}

Result<void> FakeDisk::remove(const std::string& path) {
  auto directory = directory_at(directory_part(path));
  if (!directory || !(*directory)->entries.contains(name_part(path))) return {};
  TRY(step("unlink"));
  (*directory)->entries.erase(name_part(path));
  return {};
}

Result<void> FakeDisk::remove_tree(const std::string& path) {
  auto node = at(path);
  if (node && (*node)->directory)
    for (const auto& name : TRY(list(path))) TRY(remove_tree(cat(path, "/", name)));
  return remove(path);
}

Result<void> FakeDisk::sync_directory(const std::string& path) {
  auto directory = TRY(directory_at(path));
  TRY(step("fsync"));
  directory->synced_entries = directory->entries;
  return {};
}

Result<Lock> FakeDisk::lock(const std::string&, const Patience&) { return Lock::adopt(-1); }

}  // namespace kra
