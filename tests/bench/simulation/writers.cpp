#include "tests/bench/simulation/writers.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace kra::simulation {
namespace fs = std::filesystem;

namespace {

// Never waits for a lease: a writer that would have to tries another time.
constexpr int careful = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

const char* const names[] = {"a", "b", "dir/c", "dir/deep/d", "e.txt", "union", "new/f"};

std::string slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::uint64_t inode_of(int fd) {
  struct stat info;
  return ::fstat(fd, &info) == 0 ? info.st_ino : 0;
}

bool write_all(int fd, const std::string& text) { return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()); }

void make_parents(const std::string& path) {
  std::error_code ignored;
  fs::create_directories(fs::path(path).parent_path(), ignored);
}

bool is_file(const std::string& path) { return fs::is_regular_file(fs::symlink_status(path)); }

}  // namespace

std::string Writer::path_of(const std::string& name) {
  for (const std::string path : names)
    if (path.substr(path.rfind('/') + 1) == name) return path;
  return "";
}

void Saves::forget(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) wanted.erase(line);
}

std::string Writer::act(Random& random, const std::string& aimed_at) {
  const std::string name = aimed_at.empty() ? names[below(random, 7)] : aimed_at;
  // No lease keeps away who reads and renames.
  constexpr int kinds = 22, insert_and_rename = 7;
  switch (!aimed_at.empty() && below(random, 2) == 0 ? insert_and_rename : below(random, kinds)) {
    case 0:
    case 1:
    case 2:
    case 3: return "append " + append(name);
    case 4:
    case 5:
    case 6: return "insert in place " + insert(name, true, random);
    case insert_and_rename:
    case 8:
    case 9: return "insert and rename " + insert(name, false, random);
    case 10:
    case 11: return "hold " + hold(name);
    case 12:
    case 13:
    case 14: return "write what is held " + write_held();
    case 15: return "overwrite " + overwrite(name);
    case 16: return "delete " + remove(name);
    case 17: return "move " + move(name, names[below(random, 7)]);
    case 18:
    case 19: return "retype " + retype(name);
    case 20: return below(random, 2) ? "swap kinds " + swap_kinds(name) : "link " + link(name, names[below(random, 7)]);
    default: return "permit " + permit(name);
  }
}

std::string Writer::append(const std::string& name) {
  make_parents(at(name));
  Fd file(::open(at(name).c_str(), O_WRONLY | O_APPEND | O_CREAT | careful, 0644));
  const auto line = next_line();
  if (!file || !write_all(file.get(), line + "\n")) return name + ": not now";
  saves_.add(line);
  return name + " " + line;
}

std::string Writer::hold(const std::string& name) {
  Fd file(::open(at(name).c_str(), O_WRONLY | O_APPEND | careful));
  if (!file) return name + ": not now";
  const auto inode = inode_of(file.get());
  held_.push_back({std::move(file), next_line(), inode});
  return name + " " + held_.back().line;
}

void Writer::write_to(Held& held) {
  if (write_all(held.file.get(), held.line + "\n") && !held.dropped) saves_.add(held.line);
}

std::string Writer::write_held() {
  if (held_.empty()) return "";
  auto held = std::move(held_.back());
  held_.pop_back();
  write_to(held);
  return held.line;
}

void Writer::finish() {
  for (auto& held : held_) write_to(held);
  held_.clear();
}

std::string Writer::insert(const std::string& name, bool in_place, Random& random) {
  if (!is_file(at(name))) return name + ": no file";
  // Who renames over it only reads what is there, which no lease keeps him from.
  Fd file(::open(at(name).c_str(), (in_place ? O_RDWR : O_RDONLY) | careful));
  if (!file) return name + ": not now";
  const auto text = slurp(at(name)), line = next_line();
  auto place = text.empty() ? 0 : text.find('\n', random() % text.size());
  place = place == std::string::npos ? text.size() : place + (text.empty() ? 0 : 1);
  const auto next = text.substr(0, place) + (place > 0 && text[place - 1] != '\n' ? "\n" : "") + line + "\n" + text.substr(place);
  if (in_place) {
    if (::pwrite(file.get(), next.data(), next.size(), 0) != static_cast<ssize_t>(next.size())) return name + ": not now";
  } else {
    std::ofstream(beside_, std::ios::binary) << next;
    // The lines of the old file are in the new one; only who holds the old one open writes into nothing.
    const auto wanted = saves_.wanted;
    give_up(name);
    saves_.wanted = wanted;
    fs::rename(beside_, at(name));
  }
  saves_.add(line);
  return name + " " + line;
}

std::string Writer::overwrite(const std::string& name) {
  if (!is_file(at(name))) return name + ": no file";
  const auto old = slurp(at(name)), line = next_line();
  Fd file(::open(at(name).c_str(), O_WRONLY | O_TRUNC | careful));
  if (!file) return name + ": not now";
  saves_.forget(old);
  if (write_all(file.get(), line + "\n")) saves_.add(line);
  return name + " " + line;
}

std::string Writer::retype(const std::string& name) {
  if (!is_file(at(name))) return name + ": no file";
  Fd file(::open(at(name).c_str(), O_WRONLY | careful));
  if (!file) return name + ": not now";
  const auto text = "\n" + slurp(at(name)), line = next_line();
  for (auto at = text.find('\n'); at != std::string::npos && at + 1 < text.size(); at = text.find('\n', at + 1)) {
    const auto old = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    if (old.size() != line.size() || !old.starts_with(device_ + "-")) continue;
    // The text here begins with a line end that the file does not have.
    if (::pwrite(file.get(), line.data(), line.size(), static_cast<off_t>(at)) != static_cast<ssize_t>(line.size())) return name + ": not now";
    saves_.forget(old), saves_.add(line);
    return name + " " + old + " " + line;
  }
  return name + ": no line of its own";
}

void Writer::give_up(const std::string& name) {
  std::error_code ignored;
  const auto one = [&](const std::string& path) {
    if (!is_file(path)) return;
    saves_.forget(slurp(path));
    struct stat info;
    if (::lstat(path.c_str(), &info) != 0) return;
    for (auto& held : held_) held.dropped = held.dropped || held.inode == info.st_ino;
  };
  one(at(name));
  if (!fs::is_directory(fs::symlink_status(at(name), ignored))) return;
  for (const auto& entry : fs::recursive_directory_iterator(at(name))) one(entry.path().string());
}

std::string Writer::remove(const std::string& name) {
  give_up(name);
  std::error_code ignored;
  fs::remove_all(at(name), ignored);
  return name;
}

std::string Writer::move(const std::string& name, const std::string& to) {
  if (!is_file(at(name)) || fs::exists(fs::symlink_status(at(to)))) return name + ": no";
  make_parents(at(to));
  std::error_code failed;
  fs::rename(at(name), at(to), failed);
  return name + " " + to;
}

std::string Writer::swap_kinds(const std::string& name) {
  const bool file = is_file(at(name));
  remove(name);
  const auto path = file ? name + "/below" : name;
  return append(path);
}

std::string Writer::link(const std::string& name, const std::string& target) {
  remove(name);
  make_parents(at(name));
  return ::symlink(target.c_str(), at(name).c_str()) == 0 ? name : name + ": no";
}

std::string Writer::permit(const std::string& name) {
  if (is_file(at(name))) ::chmod(at(name).c_str(), 0755);
  return name;
}

}  // namespace kra::simulation
