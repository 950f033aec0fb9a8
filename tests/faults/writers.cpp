// writers KIND seed|run|verify: the test of the harness. Five ways to write a file of 10 KB with a checksum in three writes, versions 2 to 5,
// of which the harness must find exactly the faults that each has.
//   truncate     in place                        rename       temporary file, renamed, never synced
//   fsync        ... synced before the rename    durable      ... and the directory synced after it
//   generations  ... and the old one kept under another name
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

static std::string state, kind;

static std::uint64_t sum_of(const std::string& bytes) {
  std::uint64_t sum = 14695981039346656037ULL;
  for (unsigned char c : bytes) sum = (sum ^ c) * 1099511628211ULL;
  return sum;
}

static std::string version_file(int version) {
  std::string body = "version " + std::to_string(version) + "\n";
  body.append(10'000, static_cast<char>('a' + version));
  return std::to_string(sum_of(body)) + "\n" + body;
}

// 0 when there is no whole version there.
static int version_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string sum;
  std::getline(file, sum);
  std::ostringstream body;
  body << file.rdbuf();
  if (sum != std::to_string(sum_of(body.str()))) return 0;
  return std::atoi(body.str().c_str() + 8);
}

static bool write_thirds(int fd, const std::string& bytes) {
  std::size_t third = bytes.size() / 3;
  for (std::size_t at = 0, part = 0; part < 3; ++part) {
    std::size_t length = part == 2 ? bytes.size() - at : third;
    if (::write(fd, bytes.data() + at, length) != static_cast<ssize_t>(length)) return false;
    at += length;
  }
  return true;
}

static bool write_in_place(const std::string& bytes) {
  int fd = ::open((state + "/file").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  return fd >= 0 && write_thirds(fd, bytes) && ::close(fd) == 0;
}

static bool write_beside(const std::string& bytes) {
  auto file = state + "/file", temporary = state + "/temporary";
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  bool ok = fd >= 0 && write_thirds(fd, bytes);
  if (ok && kind != "rename") ok = ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (ok && kind == "generations") {
    ::unlink((state + "/old").c_str());
    ok = ::link(file.c_str(), (state + "/old").c_str()) == 0 || errno == ENOENT;
  }
  if (ok) ok = ::rename(temporary.c_str(), file.c_str()) == 0;
  if (ok && (kind == "durable" || kind == "generations")) {
    int directory = ::open(state.c_str(), O_RDONLY | O_DIRECTORY);
    ok = ::fsync(directory) == 0;
    ::close(directory);
  }
  return ok;
}

static bool write_version(int version) {
  auto bytes = version_file(version);
  return kind == "truncate" ? write_in_place(bytes) : write_beside(bytes);
}

static int last_acknowledged() {
  std::ifstream out(std::getenv("CP_OUT"));
  std::string word;
  int last = 1, number = 0;
  while (out >> word >> number) last = number;
  return last;
}

static int verify() {
  int version = version_in(state + "/file");
  if (version == 0 && kind == "generations") version = version_in(state + "/old");
  if (version == 0) return 1;
  return version < last_acknowledged() ? 2 : 0;
}

int main(int argc, char** argv) {
  if (argc != 3 || !std::getenv("CP_STATE") || !std::getenv("CP_OUT")) return 3;
  kind = argv[1], state = std::getenv("CP_STATE");
  std::string act = argv[2];
  if (act == "verify") return verify();
  for (int version = act == "seed" ? 1 : 2; version <= (act == "seed" ? 1 : 5); ++version)
    if (write_version(version) && act == "run") std::printf("ACK %d\n", version), std::fflush(stdout);
  return 0;
}
