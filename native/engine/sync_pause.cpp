#include "engine/sync_pause.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/sync_store.hpp"
#include "wire/messages.hpp"
#include "wire/msgpack.hpp"

namespace kra {

Result<Lock> hold_tree(Disk& disk, const Paths& paths, const std::string& root, const Patience& patience) {
  const auto directory = sync_directory(paths, root);
  TRY(disk.make_directory(directory));
  return Lock::share(directory + "/hold", patience);
}

std::string held_by(Disk& disk, const Paths& paths, const std::string& root) {
  const auto directory = sync_directory(paths, root);
  for (const auto& pause : pauses_of(disk, directory)) return pause.reason.empty() ? "a pause" : pause.reason;
  const auto lock = Lock::try_take(directory + "/hold");
  if (!lock || *lock) return "";
  return disk.read(directory + "/hold-reason", 4096).value_or("a writer");
}

Result<Pause> pause_tree(Disk& disk, const Paths& paths, const std::string& root, Milliseconds time, const std::string& reason) {
  const auto directory = sync_directory(paths, root) + "/pauses";
  TRY(disk.make_directory(directory));
  Pause pause{new_uuid().substr(0, 8), reason, wall_now().ms + time.count()};
  TRY(disk.replace(cat(directory, "/", pause.id), pack(to_value(pause))));
  return pause;
}

std::vector<Pause> pauses_of(Disk& disk, const std::string& directory) {
  std::vector<Pause> pauses;
  const auto names = disk.list(directory + "/pauses");
  if (!names) return pauses;
  for (const auto& name : *names) {
    const auto path = cat(directory, "/pauses/", name);
    const auto bytes = disk.read(path, 64U << 10);
    const auto value = bytes ? unpack(*bytes) : Result<Value>(bytes.error());
    Pause pause;
    if (value && from_value(*value, pause) && pause.until > wall_now().ms) pauses.push_back(std::move(pause));
    else (void)disk.remove(path);
  }
  return pauses;
}

Result<std::uint64_t> resume_tree(Disk& disk, const Paths& paths, const std::string& root, const std::string& id) {
  const auto directory = sync_directory(paths, root);
  std::uint64_t count = 0;
  for (const auto& pause : pauses_of(disk, directory)) {
    if (!id.empty() && pause.id != id) continue;
    TRY(disk.remove(cat(directory, "/pauses/", pause.id)));
    ++count;
  }
  return count;
}

constexpr Milliseconds writers_patience{2'000};

// Of the services that registered themselves. What one left that has ended is taken away.
static bool all_have_seen(Disk& disk, const std::string& directory, const std::string& text) {
  const auto names = disk.list(directory);
  if (!names) return true;
  bool all = true;
  for (const auto& name : *names) {
    const auto pid = parse_int(name);
    const auto file = cat(directory, "/", name);
    if (!pid || *pid <= 0) continue;
    if (::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH) (void)disk.remove(file);
    else if (const auto said = disk.read(file, 4096); !said || *said != text) all = false;
  }
  return all;
}

ApplyTurn ApplyTurn::wait(Disk& disk, const std::string& directory, const std::string& git, Milliseconds at_most, const std::stop_token& stop) {
  ApplyTurn turn(disk);
  const Patience patience{Clock::now() + at_most, stop};
  while (!pauses_of(disk, directory).empty() && !patience.over()) std::this_thread::sleep_for(Milliseconds(patience.left_ms(20)));
  if (auto lock = disk.lock(directory + "/hold", patience)) turn.lock_ = std::move(*lock);
  const auto file = git + "/kra/pause";
  const auto text = cat(static_cast<long>(::getpid()), " ", wall_now().ms / 1000, " sync\n");
  if (!disk.replace(file, text)) return turn;
  turn.file_ = file;
  const Patience brief{std::min(patience.until, Clock::now() + writers_patience), stop};
  while (!all_have_seen(disk, git + "/kra/writers", text) && !brief.over()) std::this_thread::sleep_for(Milliseconds(brief.left_ms(10)));
  return turn;
}

ApplyTurn::~ApplyTurn() {
  if (!file_.empty()) (void)disk_->remove(file_);
}

}  // namespace kra
