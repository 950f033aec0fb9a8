// stored_sweep [STEP]: a stored file cut at every byte and with each bit of every byte flipped; and the same flips with the checksums made right
// again, so that they reach what reads the content. Nothing may be believed that was damaged, nothing may crash. Every STEPth
// damage also lies on a disk as the newest generation: the one before must load.
// Prints one line of JSON; exit 1 when something was believed.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/text.hpp"
#include "engine/history.hpp"

using namespace kra;

namespace {

Workspace rich() {
  Workspace made{.host = "here", .tmux_version = "3.3a", .active_session = "a", .last_session = "b"};
  for (const char* name : {"a", "b;#(x)\xff"}) {
    Session session{.name = name, .path = "/tmp", .width = 80, .height = 24, .attached = true};
    for (int w = 0; w < 3; ++w) {
      Window window{.index = w, .name = "w", .layout = "b25d,80x24,0,0,0", .active = w == 1, .options = {{"monitor-bell", "on"}}};
      for (int p = 0; p < 2; ++p)
        window.panes.push_back({.index = p, .active = p == 0, .title = "t", .cwd = "/home/u/x", .argv = {"vi", "a b", ""}, .repository = {{"r", "main", "/x"}}});
      session.windows.push_back(window);
    }
    made.sessions.push_back(session);
  }
  Value state(Value::Map{{"tabs", Value(Value::Array{Value(1), Value(-70000), Value(2.5), Value(true), Value()})}, {"text", Value(std::string(300, 'x'))}});
  made.editors.push_back({.id = "e1", .cwd = "/", .tabs = 1, .buffers = {{"/x/y", true}}, .state = state});
  return made;
}

struct Tally {
  long damages = 0, believed = 0, mended = 0, on_disk = 0, lost = 0;
};

// The newest generation, 2, has these bytes; generation 1 is whole.
bool falls_back(const std::string& damaged) {
  std::string scratch = "/tmp/kra-XXXXXX";
  if (const char* base = std::getenv("TMPDIR")) scratch = std::string(base) + "/kra-XXXXXX";
  if (!mkdtemp(scratch.data())) return false;
  SystemDisk disk;
  History history(disk, scratch + "/s", scratch + "/corrupt");
  bool ok = history.write("work", rich(), {}, Patience::of(Milliseconds(1000))).ok() &&
            disk.create(cat(scratch, "/s/", directory_name("work"), "/00000002.kra"), damaged).ok();
  auto newest = history.newest("work");
  ok = ok && newest && newest->stamp.generation == 1 && newest->workspace == rich() && history.take_findings().size() == 1;
  std::filesystem::remove_all(scratch);
  return ok;
}

class Sweep {
 public:
  explicit Sweep(long step) : step_(step) {}

  void damaged(const std::string& bytes) {
    ++tally.damages;
    if (deserialise(bytes)) ++tally.believed;
    if (tally.damages % step_ != 0) return;
    ++tally.on_disk;
    if (!falls_back(bytes)) ++tally.lost;
  }
  // Content that was changed by somebody who can count: any answer is right as long as there is one.
  void changed(std::string_view front, std::string_view body) {
    ++tally.mended;
    (void)deserialise(sealed(front, body));
  }
  Tally tally;

 private:
  long step_;
};

std::string flipped(std::string_view bytes, std::size_t bit) {
  std::string out(bytes);
  out[bit / 8] = static_cast<char>(out[bit / 8] ^ 1 << bit % 8);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Sweep sweep(argc > 1 ? std::atol(argv[1]) : 500);
  auto file = serialise({{.generation = 2, .saved_at = 1, .reason = "manual", .server = "/tmp/s"}, rich()});
  if (!file || !deserialise(*file)) return 3;
  for (std::size_t length = 0; length < file->size(); ++length) sweep.damaged(file->substr(0, length));
  for (std::size_t bit = 0; bit < file->size() * 8; ++bit) sweep.damaged(flipped(*file, bit));
  auto parts = *unsealed(*file);
  for (std::size_t bit = 0; bit < parts.front.size() * 8; ++bit) sweep.changed(flipped(parts.front, bit), parts.body);
  for (std::size_t bit = 0; bit < parts.body.size() * 8; ++bit) sweep.changed(parts.front, flipped(parts.body, bit));
  for (std::size_t length = 0; length < parts.body.size(); ++length) sweep.changed(parts.front, parts.body.substr(0, length));
  const auto& tally = sweep.tally;
  std::printf("{\"bytes\":%zu,\"damages\":%ld,\"believed\":%ld,\"on_disk\":%ld,\"lost\":%ld,\"changed\":%ld}\n", file->size(), tally.damages, tally.believed,
              tally.on_disk, tally.lost, tally.mended);
  return tally.believed + tally.lost > 0;
}
