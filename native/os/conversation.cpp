#include "os/conversation.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.hpp"

namespace kra {

static constexpr std::size_t errors_limit = 64U << 10, answer_limit = 1U << 30;
static constexpr int look_again_ms = 100;  // how late a stop is noticed

Result<Conversation> Conversation::start(const Command& command) { return Conversation(command.argv.front(), TRY(spawn(command, true))); }

Conversation::Conversation(Conversation&& other) noexcept
    : name_(std::move(other.name_)), child_(std::move(other.child_)), heard_(std::move(other.heard_)), errors_(std::move(other.errors_)), at_(other.at_) {
  other.child_.pid = 0;
}

Conversation::~Conversation() {
  if (child_.pid <= 0) return;
  ::kill(-child_.pid, SIGKILL);
  reap(child_.pid);
}

Error Conversation::ended() const {
  const auto words = split(errors_, "\n");
  const auto last = std::find_if(words.rbegin(), words.rend(), [](std::string_view line) { return !line.empty(); });
  return {Fault::io, cat(name_, last == words.rend() ? " ended" : ": ", last == words.rend() ? "" : printable(*last))};
}

Result<void> Conversation::turn(std::string_view& to_say, const Patience& patience) {
  if (patience.over()) return Error{Fault::timed_out, cat(name_, " took too long")};
  std::array<pollfd, 3> set{{{child_.out.get(), POLLIN, 0}, {child_.err.get(), POLLIN, 0}, {to_say.empty() ? -1 : child_.in.get(), POLLOUT, 0}}};
  if (::poll(set.data(), set.size(), std::max(1, patience.left_ms(look_again_ms))) < 0 && errno != EINTR)
    return Error{Fault::io, cat("poll: ", std::strerror(errno))};
  if (child_.err && set[1].revents != 0) TRY(drain(child_.err, errors_, errors_limit));
  if (child_.out && set[0].revents != 0) TRY(drain(child_.out, heard_, heard_.size() + (1U << 20)));
  if (heard_.size() - at_ > answer_limit) return Error{Fault::refused, cat(name_, " answers without an end")};
  if (set[2].revents != 0) to_say = feed(child_.in, to_say);
  return {};
}

Result<void> Conversation::say(std::string_view bytes, const Patience& patience) {
  while (!bytes.empty()) {
    if (!child_.in || !child_.out) return ended();
    TRY(turn(bytes, patience));
  }
  return child_.in ? Result<void>{} : ended();
}

Result<void> Conversation::more(const Patience& patience) {
  std::string_view nothing;
  if (child_.out) return turn(nothing, patience);
  // What it said last may still be on its way.
  while (child_.err) TRY(turn(nothing, patience));
  return ended();
}

std::string Conversation::take(std::size_t count) {
  auto text = heard_.substr(at_, count);
  at_ += count;
  if (at_ == heard_.size()) heard_.clear(), at_ = 0;
  return text;
}

Result<std::string> Conversation::line(const Patience& patience) {
  for (auto from = at_;;) {
    const auto end = heard_.find('\n', from);
    if (end != std::string::npos) {
      auto text = take(end + 1 - at_);
      text.pop_back();
      return text;
    }
    from = heard_.size();
    TRY(more(patience));
  }
}

Result<std::string> Conversation::bytes(std::size_t count, const Patience& patience) {
  while (heard_.size() - at_ < count) TRY(more(patience));
  return take(count);
}

Result<int> Conversation::end(const Patience& patience) {
  child_.in.reset();
  std::string_view nothing;
  while (child_.out || child_.err) {
    TRY(turn(nothing, patience));
    heard_.clear(), at_ = 0;
  }
  return reap(std::exchange(child_.pid, 0));
}

}  // namespace kra
